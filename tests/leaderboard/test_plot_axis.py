"""Which variable a picture is drawn along, and on which scale: one rule for the command and the site."""

import dataclasses

import pandas as pd
import pytest
from made import made_up_task

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.tasks.suite import load_suite, load_task
from scalingbench.leaderboard.plot_axis import PlotAxis, axis_of, axis_of_collection, axis_of_task, is_log

ROWS = pd.DataFrame({"run": ["a", "b"], "tokens": [1.0, 1.0], "mix_a": [0.0, 0.5], "params": [1e8, None], "flops": [1e18, 1e19]})


@pytest.mark.parametrize(
    ("wanted", "axis"),
    [
        (("flops", "mix_a"), PlotAxis("flops", True)),
        ((None, "run", "gone", "tokens", "params", "mix_a"), PlotAxis("mix_a", False)),  # text, absent, constant, one value
        (("tokens",), PlotAxis(None, False)),
    ],
)
def test_the_first_that_holds_numbers_and_varies(wanted, axis):
    assert axis_of(ROWS, wanted) == axis


def test_logarithmic_where_every_known_value_is_positive():
    assert is_log(pd.Series([1.0, None, 2.0])) and not is_log(pd.Series([0.0, 1.0]))


def test_a_task_is_drawn_along_what_it_extrapolates_in():
    assert axis_of_task(load_task("rectified_sft/loss/frontier-samples-204800")).variable == "samples"
    mixture = next(t for t in load_suite("v3").build(collections=("olmix_swarm",)) if t.id.endswith("/dclm"))
    assert axis_of_task(mixture) == PlotAxis("mix_dclm_adult_content", False)  # most mixtures have none of it


def test_a_scale_variable_goes_before_a_share():
    task = made_up_task("chinchilla", "mixture")
    X = pd.DataFrame({"mix_a": [0.1, 0.2], "tokens": [1e9, 2e9]})
    fold = dataclasses.replace(task.folds[0], X_train=X, X_test=X)
    spec = task.spec.model_copy(update={"variables": ("mix_a", "tokens")})  # its split is along params, which the rows lack
    assert axis_of_task(dataclasses.replace(task, spec=spec, folds=(fold,))) == PlotAxis("tokens", True)


def test_a_collection_is_drawn_along_its_compute():
    suite = load_suite("v3")
    rows = load_collection("porian").table
    assert axis_of_collection(rows, suite.build(collections=("porian",))) == PlotAxis("flops", True)


def test_rows_are_numbered_where_nothing_varies():
    assert list(PlotAxis(None, False).values(ROWS)) == [1.0, 2.0] and PlotAxis(None, False).label == "row"
    assert PlotAxis("flops", True).label == "flops (FLOP)" and PlotAxis("mix_a", False).label == "mix_a"
