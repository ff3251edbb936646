"""The one rule of which columns a predictor reads."""

import pandas as pd
import pytest

from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.contract import columns_read, missing_methods, positive_only
from scalingbench.predictors.registry import make

COLUMNS = ["run", "tokens", "mix_web", "mix_code", "params"]
NUMERIC = ["tokens", "mix_web", "mix_code", "params"]


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        (None, ("tokens", "mix_web", "mix_code", "params")),  # every numeric column, in the order of the table
        (("params", "tokens"), ("params", "tokens")),  # as declared
        (("run", "tokens"), ("run", "tokens")),  # text where it is named
        (("mix_*",), ("mix_code", "mix_web")),  # a prefix is every such column, by name
        (("tokens", "mix_*"), ("tokens", "mix_code", "mix_web")),
        (("params", "experts"), None),  # one that is missing is enough
        (("params", "obs_*"), None),  # so is a prefix without a column
        (("*",), None),  # several columns, where the only one is asked for
        ((), ()),
    ],
)
def test_columns_are_those_declared_or_none_where_one_is_missing(declared, found):
    assert columns_read(declared, COLUMNS, NUMERIC) == found


def test_truth_values_and_text_are_no_numeric_columns():
    X = pd.DataFrame({"decayed": [True, False], "params": [1, 2], "run": ["a", "b"], "tokens": [1.0, None]})
    assert numeric_columns(X) == ["params", "tokens"]
    assert numeric_columns(X.convert_dtypes()) == ["params", "tokens"]


def test_the_only_column_is_the_only_numeric_one_whatever_its_name():
    assert columns_read(("*",), ["run", "samples"], ["samples"]) == ("samples",)
    assert columns_read(("*",), ["run"], []) is None
    assert columns_read(["*"], ["samples"], ["samples"]) == ("samples",)


def test_a_star_after_a_prefix_is_not_the_only_column():
    assert columns_read(("mix_*",), ["params"], ["params"]) is None
    assert columns_read(("params", "*"), ["params", "run"], ["params"]) == ("params", "params", "run")


def test_positive_values_are_asked_for_by_tags():
    assert positive_only(make("chinchilla[huber-log]")) and not positive_only(make("chinchilla[l2]"))
    assert not positive_only(object())

    class Foreign:
        def __sklearn_tags__(self):
            raise RuntimeError("of another version")

    assert not positive_only(Foreign())


def test_missing_methods_are_named():
    assert missing_methods(object()) == ["fit", "predict"] and missing_methods(make("mean")) == []
