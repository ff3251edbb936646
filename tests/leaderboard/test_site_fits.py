"""Lines of fitted laws: the formula at the stored constants, near the rows, and only where these give the stored predictions."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.evaluation.results import FoldResult
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.leaderboard.plot_axis import PlotAxis
from scalingbench.leaderboard.site.fits import fitted_lines
from scalingbench.predictors.laws.compute import Chinchilla

CONSTANTS = {"E": 1.5, "A": 400.0, "alpha": 0.34, "B": 410.0, "beta": 0.28}
LAW = "chinchilla[huber-log]"
AXIS = PlotAxis("params", log=True)


def inputs(params, tokens):
    return pd.DataFrame({"params": params, "tokens": tokens}, dtype=float)


def fold_of(train, test):
    return Fold("all", train, np.ones(len(train)), test, np.ones(len(test)), np.ones(len(test), bool), np.ones(len(test)))


@pytest.fixture
def fold():
    grid = [(n, d) for d in (1e9, 1e10, 1e11) for n in (1e7, 1e8, 1e9)]
    train, test = inputs(*zip(*grid, strict=True)), inputs([1e10, 1e10], [1e10, 1e11])
    return fold_of(train, test)


def result(fold, constants=CONSTANTS, status="ok"):
    return FoldResult("all", status, "", Chinchilla().at(fold.X_test, CONSTANTS), {}, constants)


def test_a_law_of_two_variables_is_drawn_in_three_places_of_the_other(fold):
    lines = fitted_lines(fold, AXIS, {LAW: result(fold)})
    assert [line["at"] for line in lines] == [1e9, 1e10, 1e11]
    assert [min(line["x"]) for line in lines] == pytest.approx([1e7, 1e7, 1e8])
    assert [max(line["x"]) for line in lines] == pytest.approx([1e9, 1e10, 1e10])
    for line in lines:
        expected = Chinchilla().at(inputs(line["x"], line["at"]), CONSTANTS)
        assert line["y"][LAW] == pytest.approx(expected)


def test_constants_that_do_not_give_the_predictions_draw_nothing(fold):
    assert fitted_lines(fold, AXIS, {LAW: result(fold, {**CONSTANTS, "E": 1.51})}) == []


@pytest.mark.parametrize("constants", [{}, {"E": 1.5}])
def test_incomplete_constants_draw_nothing(fold, constants):
    assert fitted_lines(fold, AXIS, {LAW: result(fold, constants)}) == []


def test_failures_and_predictors_without_a_formula_draw_nothing(fold):
    others = {name: result(fold) for name in ("gaussian-process", "a-submission")}
    assert fitted_lines(fold, AXIS, {LAW: result(fold, status="failed"), **others}) == []


def test_a_law_of_one_variable_is_one_line():
    x = pd.DataFrame({"tokens": [1e6, 1e7, 1e8, 1e9]})
    f = FoldResult("all", "ok", "", 2.0 * x["tokens"].to_numpy()[3:] ** -0.1, {}, {"a": 2.0, "b": 0.1})
    (line,) = fitted_lines(fold_of(x[:3], x[3:]), PlotAxis("tokens", log=True), {"power-law": f})
    assert line["at"] is None and line["y"]["power-law"] == pytest.approx([2.0 * v**-0.1 for v in line["x"]])
