"""Inputs that are another metric, of the same run or of another curve."""

import numpy as np
import pandas as pd
import pytest
from made import FROM_C4, built, held_out, made, only, trained

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.common.errors import TaskError


def joined(**columns):
    """Return five runs with a loss and, in the same order, what `columns` say of another loss."""
    runs = ["r1", "r2", "r3", "r4", "r5"]
    loss = pd.DataFrame({"run": runs, "params": [1.0, 2, 3, 10, 11], "metric": "loss", "value": [9.0, 8, 7, 6, 5], "curve": "all"})
    other = loss.assign(metric="loss_c4", value=[4.9, 4.8, 4.7, 4.6, 4.5]).assign(**columns)
    return Collection("chinchilla", normalise(pd.concat([loss, other])), load_card("chinchilla"))


JOIN = {"variables": ["params", "source_loss"], "inputs": {"source_loss": "loss_c4"}}


def test_another_metric_of_the_same_run_at_the_same_point_becomes_an_input():
    _, fold = only(joined(), **JOIN)
    assert fold.X_train["source_loss"].tolist() == [4.9, 4.8, 4.7] and fold.X_test["source_loss"].tolist() == [4.6, 4.5]
    assert trained(fold) == [9.0, 8.0, 7.0] and list(fold.X_train) == ["params", "source_loss"]


def test_a_row_whose_input_was_not_measured_at_its_point_or_is_flagged_takes_no_part():
    _, fold = only(joined(params=[1.0, 2.5, 3, 10, 11]), **JOIN)
    assert trained(fold) == [9.0, 7.0]
    _, fold = only(joined(run=["r1", "r2", "r3", "r4", "r9"]), **JOIN)
    assert held_out(fold) == [6.0]
    _, fold = only(joined(curve=["all", "all", "b", "all", "all"]), **JOIN)
    assert trained(fold) == [9.0, 8.0]
    _, fold = only(joined(flag=["outlier", "", "", "", ""]), **JOIN)
    assert trained(fold) == [8.0, 7.0]


def corpora(**changes):
    """Return runs of the same sizes trained on two corpora, in curves of their own."""
    columns = {
        "curve": ["c4", "c4", "c4", "pile", "pile", "pile", "pile"],
        "params": [1, 2, 9, 1, 2, 9, 3],
        "tokens": [5.0, 5, 5, 5, 5, 5, 5],
        "value": [3.0, 2.5, 2.0, 3.3, 2.7, 2.1, 2.6],
    }
    return made(**{**columns, **changes})


def test_a_run_of_another_curve_that_matches_becomes_an_input():
    _, fold = only(corpora(), **FROM_C4)
    assert fold.name == "pile"
    assert list(zip(fold.X_train["source_loss"], fold.y_train, strict=True)) == [(3.0, 3.3), (2.5, 2.7)]
    assert list(zip(fold.X_test["source_loss"], fold.y_test, strict=True)) == [(2.0, 2.1)]
    table = corpora().table
    assert (table["curve"].to_numpy()[fold.train_rows] == "pile").all()


def test_no_row_is_its_own_input():
    pooled = only(corpora(), **FROM_C4, pooled=True)[1]
    assert len(pooled.y_train) == 2  # those of the curve it is taken from would hold what is asked
    columns = {"metric": ["loss_a"] * 3 + ["loss_b"] * 4, "curve": ["c4"] * 7, "run": list("abcabcd")}
    _, other = only(
        corpora(**columns), **{**FROM_C4, "inputs": {"source_loss": {"metric": "loss_a", "curve": "c4", "by": ["run"]}}}, metric="loss_b"
    )
    assert trained(other) == [3.3, 2.7] and other.X_train["source_loss"].tolist() == [3.0, 2.5]


def test_a_flagged_row_of_the_other_curve_is_no_input():
    _, fold = only(corpora(flag=["outlier", "", "", "", "", "", ""]), **FROM_C4)
    assert fold.X_train["source_loss"].tolist() == [2.5]


def test_a_row_of_the_other_curve_without_the_keys_is_no_input():
    lacking = corpora(tokens=[np.nan, 5.0, 5.0, np.nan, 5.0, 5.0, 5.0])
    _, fold = only(lacking, **FROM_C4)
    assert fold.X_train["source_loss"].tolist() == [2.5]  # nothing is known to be the same where both are missing


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"curve": "c5"}, "inputs: 'source_loss': curve 'c5' has no 'loss' with params, tokens"),
        ({"metric": "loss_x"}, "the collection has no metric 'loss_x'"),
        ({"by": ["width"]}, "inputs: 'source_loss': the collection has no variable 'width'"),
        ({"by": ["tokens"]}, "inputs: 'source_loss': curve 'c4' has several 'loss' at tokens 5.0; name more in 'by'"),
    ],
)
def test_an_input_of_another_curve_that_cannot_be_found_is_named_with_the_reason(source, message):
    inputs = {"source_loss": {**FROM_C4["inputs"]["source_loss"], **source}}
    with pytest.raises(TaskError, match=message):
        built(corpora(), **{**FROM_C4, "inputs": inputs})


def test_seeds_are_joined_with_their_own():
    loss = pd.DataFrame({"run": "r", "seed": [0.0, 1, 0, 1], "params": [1.0, 1, 10, 10], "metric": "loss", "value": [9.0, 8, 7, 6]})
    other = loss.assign(metric="loss_c4", value=[4.9, 4.8, 4.7, 4.6])
    _, fold = only(Collection("chinchilla", normalise(pd.concat([loss, other])), load_card("chinchilla")), **JOIN)
    assert dict(zip(fold.y_train, fold.X_train["source_loss"], strict=True)) == {9.0: 4.9, 8.0: 4.8}
    assert dict(zip(fold.y_test, fold.X_test["source_loss"], strict=True)) == {7.0: 4.7, 6.0: 4.6}


def test_a_point_measured_twice_is_joined_once():
    rows = joined()
    twice = pd.concat([rows.table, rows.table[rows.table["metric"] == "loss_c4"].assign(value=4.0)])
    _, fold = only(Collection("chinchilla", normalise(twice), rows.card), **JOIN)
    assert len(fold.y_train) == 3 and len(fold.y_test) == 2


def test_what_is_not_known_before_a_run_is_missing_on_held_out_rows_only():
    _, fold = only(joined(), **JOIN, inputs_at_test=False)
    assert fold.X_train["source_loss"].tolist() == [4.9, 4.8, 4.7] and fold.X_test["source_loss"].isna().all()
    assert fold.X_test["params"].tolist() == [10.0, 11.0]
