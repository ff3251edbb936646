"""The AutoLaw of November 2026: what it makes of the errors of its candidates, by hand, and what it makes of real ones."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stub_laws import BEYOND, Stub, X, Y, broken, quiet, stub, truth

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.autolaw.autolaw_2026_11 import AutoLaw202611 as AutoLaw
from scalingbench.predictors.autolaw.weights import nearest_axis
from scalingbench.predictors.axes import ALL, INTERPOLATION
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.downstream import LossToAccuracy

pytestmark = pytest.mark.full  # superseded

GRID = pd.DataFrame({"params": np.repeat(10 ** np.linspace(7.5, 9.5, 8), 6), "tokens": np.tile(10 ** np.linspace(9, 11, 6), 8)})
LOSS = Chinchilla.formula(GRID["params"].to_numpy(), GRID["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
SMALL = GRID["params"] < 1e9

NO_FLOOR = {"floor": 0.0, "recency": 1.0}  # errors as they are, but for a millionth


# -- weights


def test_errors_are_measured_on_the_rows_above_each_cut(registered):
    registered(stub("law", offsets={4: 0.1, 5: 0.2, 6: 0.4, 8: 9.9}))
    law = AutoLaw(recency=1.0).fit(X, Y)
    assert law.errors_.loc["law", "x"] == pytest.approx(np.sqrt((0.01 + 0.04 + 0.16) / 3))
    # interpolation: two of three folds are fitted on 5 rows, one on 6
    assert law.errors_.loc["law", INTERPOLATION] == pytest.approx(np.sqrt((2 * 0.04 + 0.16) / 3))


@pytest.mark.parametrize("recency", [1.0, 2.0, 4.0])
def test_each_higher_backtest_counts_recency_times_the_one_below(registered, recency):
    registered(stub("early", offsets={4: 0.1, 5: 0.1, 6: 0.3}), stub("late", offsets={4: 0.3, 5: 0.1, 6: 0.1}))
    law = AutoLaw(recency=recency).fit(X, Y)
    total = 1.0 + recency + recency**2
    assert law.errors_.loc["early", "x"] == pytest.approx(np.sqrt((0.01 + 0.01 * recency + 0.09 * recency**2) / total))
    assert law.errors_.loc["late", "x"] == pytest.approx(np.sqrt((0.09 + 0.01 * recency + 0.01 * recency**2) / total))
    # parts of an interpolation have no order: 5, 5 and 6 rows count alike
    assert law.errors_.loc["early", INTERPOLATION] == pytest.approx(np.sqrt((0.01 + 0.01 + 0.09) / 3))


@pytest.mark.parametrize(("power", "expected"), [(1.0, (4, 2, 1)), (2.0, (16, 4, 1)), (0.0, (1, 1, 1))])
def test_weights_are_errors_to_minus_the_power(three, power, expected):
    weights = AutoLaw(power=power, **NO_FLOOR).fit(X, Y).weights(BEYOND)
    assert power == 0.0 or list(weights) == ["near", "middling", "far"]
    assert list(weights.values()) == pytest.approx(np.array(expected) / sum(expected), rel=1e-4)


def test_only_the_best_few_get_weight(three):
    assert AutoLaw(most=2, **NO_FLOOR).fit(X, Y).weights(BEYOND) == pytest.approx({"near": 16 / 20, "middling": 4 / 20}, rel=1e-4)
    assert AutoLaw(most=1).fit(X, Y).weights(BEYOND) == {"near": 1.0}


def test_of_candidates_that_do_equally_well_the_first_gets_the_weight(registered):
    registered(stub("b", offsets=0.1), stub("a", offsets=0.1), stub("c", offsets=0.1, candidate=Candidate(order=1)))
    assert list(AutoLaw(most=2).fit(X, Y).weights(BEYOND)) == ["c", "b"]


def test_a_share_of_the_spread_of_the_values_is_added_to_every_error(three):
    """The logarithms 0, -.5 ... -3.5 have a standard deviation of .5 sqrt(63 / 12)."""
    floor = 0.1 / (0.5 * np.sqrt(63 / 12))  # adds .1: errors of .2, .3 and .5
    weights = AutoLaw(power=1.0, floor=floor, recency=1.0).fit(X, Y).weights(BEYOND)
    parts = np.array([1 / 0.2, 1 / 0.3, 1 / 0.5])
    assert list(weights.values()) == pytest.approx(parts / parts.sum())


def test_the_prediction_is_the_weighted_mean_of_logarithms(three):
    mean = (16 * 0.1 + 4 * 0.2 + 1 * 0.4) / 21
    assert AutoLaw(**NO_FLOOR).fit(X, Y).predict(BEYOND) == pytest.approx(np.exp(-4.5 + mean), rel=1e-4)


def test_values_are_averaged_as_they_are_where_some_are_not_positive_or_shares_rise(registered):
    registered(stub("a", offsets=0.2), stub("b", offsets=-0.2))
    for y, log in ((Y, True), (Y - 0.5, False), (0.9 - Y / 2, False), (1.5 - Y, True)):
        law = AutoLaw().fit(X, y)
        weights, at = law.weights(BEYOND), np.exp(-4.5 + np.array([0.2, -0.2]))
        shares = np.array([weights["a"], weights["b"]])
        expected = np.exp(shares @ np.log(at)) if log else shares @ at
        assert law.predict(BEYOND) == pytest.approx(expected, rel=1e-9)


# -- intervals


@pytest.mark.parametrize("widen", [1.0, 2.5])
def test_intervals_are_the_spread_and_the_error_of_the_mean_widened(three, widen):
    w, off = np.array([16, 4, 1]) / 21, np.array([0.1, 0.2, 0.4])
    sd = widen * np.sqrt(w @ (off - w @ off) ** 2 + (w @ off) ** 2)
    low, middle, high = np.log(AutoLaw(widen=widen, **NO_FLOOR).fit(X, Y).predict_quantiles(BEYOND, (0.1, 0.5, 0.9))[0])
    assert middle == pytest.approx(-4.5 + w @ off, rel=1e-4)
    assert (high - middle, middle - low) == pytest.approx((1.2815516 * sd, 1.2815516 * sd), rel=1e-4)


# -- reach


@pytest.mark.parametrize(("reach", "beyond"), [(1.0, 0.0), (1.0, 2.0), (3.0, 1.0)])
@pytest.mark.parametrize("side", ["below", "above"])
def test_a_candidate_that_goes_beyond_reach_is_left_out(registered, reach, beyond, side):
    """Reach is in units of the range of the values, 3.5, for every training range of scale beyond the rows, and a half."""
    slack = reach * 3.5 * (0.5 + beyond)
    rows = pd.DataFrame({"x": [2.0 ** (7 * (1 + beyond))]})
    at = truth(rows)[0]
    edge = -3.5 - slack - at if side == "below" else slack - at
    inside, outside = edge * (1 - 1e-6), edge * (1 + 1e-6)
    kept = {4: 0.1, 5: 0.1, 6: 0.1, 8: inside}
    registered(stub("calm", offsets=0.2), stub("kept", offsets=kept), stub("leaps", offsets={**kept, 8: outside}))
    law = AutoLaw(reach=reach).fit(X, Y)
    assert set(law.weights(rows)) == {"calm", "kept"}
    # a row on which it stays within reach is predicted with it, whatever stands beside that row
    both = pd.concat([rows, X.iloc[[3]] if side == "above" else X.iloc[[0]]], ignore_index=True)
    assert law.predict(both)[0] == law.predict(rows)[0]


def test_where_every_candidate_leaps_none_is_left_out(registered):
    registered(stub("a", offsets={8: 99.0}), stub("b", offsets={8: -99.0}))
    assert set(AutoLaw().fit(X, Y).weights(BEYOND)) == {"a", "b"}


# -- which back-tests count


def test_the_axis_that_held_out_rows_leave_decides_which_errors_count(registered):
    """One candidate is best upwards, the other in between."""
    registered(stub("upwards", offsets={4: 0.1, 5: 0.4, 6: 0.1}), stub("between", offsets={4: 0.4, 5: 0.1, 6: 0.4}))
    law = AutoLaw(most=1).fit(X, Y)
    assert set(law.weights(BEYOND)) == {"upwards"}
    assert set(law.weights(X.head(2))) == {"between"}


def test_a_variable_is_judged_by_its_own_backtests_and_not_by_those_of_the_overall_scale(registered):
    """z lets the first two rows share one overall scale: it is cut at 5, 6 and 7 rows, x at 4, 5 and 6."""
    registered(stub("on-x", offsets={4: 0.1, 5: 0.1, 6: 0.1, 7: 0.4}), stub("overall", offsets=0.2))
    law = AutoLaw(most=1).fit(X.assign(z=[1.0, 0.5, *[1.0] * 6]), Y)
    assert law.errors_.loc["on-x", "x"] < 0.2 < law.errors_.loc["on-x", ALL]
    assert set(law.weights(BEYOND.assign(z=1.0))) == {"on-x"}


def test_an_axis_that_was_not_backtested_is_judged_by_the_overall_scale(registered):
    """z has three values: too few for a cut, but it is part of the overall scale, which orders the rows as x does not."""
    rows = X.assign(z=np.repeat([1e6, 1e3, 1.0], [3, 3, 2]))
    registered(stub("law", offsets=0.1))
    law = AutoLaw().fit(rows, Y)
    assert list(law.errors_) == ["x", ALL, INTERPOLATION]
    backtests = law._fits.data.backtests
    assert nearest_axis("z", backtests) == ALL and nearest_axis("x", backtests) == "x"


def test_few_rows_are_left_to_the_plainest_candidates(registered):
    registered(stub("first"), stub("plain", candidate=Candidate(plain=True)), stub("plainer", candidate=Candidate(plain=True)))
    law = AutoLaw().fit(X.head(2), Y[:2])
    registered(stub("first"), stub("second"))
    assert law.weights(BEYOND) == {"plain": 0.5, "plainer": 0.5}  # a fitted law does not ask the registry again
    assert AutoLaw().fit(X.head(2), Y[:2]).weights(BEYOND) == {"first": 1.0}


def test_candidates_that_fail_take_no_part(registered):
    registered(*(broken(step) for step in ("fit", "predict", "nan", "shape")), stub("law"))
    law = AutoLaw().fit(X, Y)
    assert law.weights(BEYOND) == {"law": 1.0}
    assert np.isinf(law.errors_.drop("law")).all(axis=None)
    registered(broken("fit"))
    with pytest.raises(PredictorError, match="no candidate could be fitted"):
        AutoLaw().fit(X, Y)
    registered(broken("predict"))
    with pytest.raises(PredictorError, match="no candidate can predict these rows"):
        AutoLaw().fit(X, Y).predict(BEYOND)


def test_a_candidate_that_fails_on_a_row_takes_no_part_there_and_keeps_its_part_elsewhere(registered):
    registered(stub("law", offsets=0.2), replace(stub("picky", offsets=0.1), target="stub_laws:Picky"))
    law = AutoLaw().fit(X, Y)
    bad = pd.DataFrame({"x": [2.0**13]})
    assert set(law.weights(BEYOND)) == {"law", "picky"} and set(law.weights(bad)) == {"law"}
    together = law.predict(pd.concat([BEYOND, bad, BEYOND], ignore_index=True))
    assert list(together) == [law.predict(BEYOND)[0], law.predict(bad)[0], law.predict(BEYOND)[0]]


# -- columns that held-out rows lack


@pytest.fixture
def two_columns(registered):
    """One candidate is perfect with z and .4 off without it, the other always .2 off."""
    registered(stub("reads-z", offsets=0.0, blind=0.4), stub("steady", offsets=0.2))
    return X.assign(z=4.0 ** np.arange(8))


def test_backtests_do_without_a_column_that_held_out_rows_lack(two_columns):
    law = AutoLaw(**NO_FLOOR).fit(two_columns, Y)
    assert law.weights(BEYOND.assign(z=4.0**9))["reads-z"] == pytest.approx(1.0)
    for lacking in (BEYOND, BEYOND.assign(z=np.nan)):
        assert law.weights(lacking) == pytest.approx({"steady": 4 / 5, "reads-z": 1 / 5}, rel=1e-4)
        assert law.predict(lacking) == pytest.approx(np.exp(-4.5 + 0.2 * 4 / 5 + 0.4 / 5), rel=1e-4)


def test_predictions_change_nothing_and_fit_no_candidate(two_columns):
    law = AutoLaw().fit(two_columns, Y)
    before, fits = pickle.dumps(law), Stub.fits
    for rows in (BEYOND, BEYOND.assign(z=np.nan), two_columns):
        law.predict(rows)
        law.predict_quantiles(rows, (0.1, 0.9))
        law.weights(rows)
    assert pickle.dumps(law) == before and Stub.fits == fits


def test_real_laws_do_without_a_loss_that_was_not_measured(registered, monkeypatch):
    registered("nearest-observation", "loss-to-accuracy", "two-stage[sigmoid]")
    rows = GRID.assign(source_loss=LOSS)
    accuracy = LossToAccuracy.formula(LOSS, 0.25, 0.6, 3.0, 3.1)
    few = SMALL & (np.arange(48) % 2 == 0)
    law = quiet(AutoLaw(), rows[few], accuracy[few])
    assert next(iter(law.weights(rows[~SMALL]))) == "loss-to-accuracy"
    monkeypatch.setattr(ParametricLaw, "_prepare", lambda *_: pytest.fail("a law was fitted to predict"))
    unknown = rows[~SMALL].assign(source_loss=np.nan)
    assert set(law.weights(unknown)) == {"nearest-observation", "two-stage[sigmoid]"}
    assert np.abs(law.predict(unknown) - accuracy[~SMALL]).max() < 0.01


# -- as an estimator


def test_the_defaults_are_those_that_were_chosen():
    """In perf/tuning/log.md."""
    assert AutoLaw().get_params() == {"power": 2.0, "most": 5, "floor": 0.003, "recency": 4.0, "widen": 1.35, "reach": 3.0}


def test_settings_are_changed_without_fitting_again(three):
    law, fits = AutoLaw().fit(X, Y), Stub.fits
    again = law.reweighted(power=1.0, **NO_FLOOR)
    assert Stub.fits == fits and law.power == 2.0
    assert again.weights(BEYOND) == AutoLaw(power=1.0, **NO_FLOOR).fit(X, Y).weights(BEYOND)
    assert law.reweighted(recency=1.0).errors_.equals(AutoLaw(recency=1.0).fit(X, Y).errors_)


def test_many_data_sets_are_fitted_together_as_they_are_alone(registered):
    registered("nearest-observation", "power-law", "shifted-power-law")
    x = pd.DataFrame({"samples": np.logspace(2, 6, 20)})
    curves = [0.1 * k + 3.0 * x["samples"].to_numpy() ** -0.3 for k in (1, 2)]
    beyond = pd.DataFrame({"samples": [1e8]})
    for law, y in zip(AutoLaw(power=1.5).fit_many([x, x], curves), curves, strict=True):
        assert law.power == 1.5
        assert law.predict(beyond) == pytest.approx(quiet(AutoLaw(power=1.5), x, y).predict(beyond), rel=1e-6)


def test_a_fitted_law_shows_who_shares_the_weight_and_how_they_did(three):
    law = AutoLaw(most=2, **NO_FLOOR).fit(X, Y)
    head, rows, _, axes, columns, *table = repr(law).splitlines()
    assert head == "AutoLaw202611(floor=0.0, most=2, recency=1.0)" == repr(AutoLaw(most=2, **NO_FLOOR))
    assert rows == "8 rows of x; 3 candidates" and axes == "in back-tests along: x, interpolation"
    assert columns.split() == ["weight", "x", "interpolation"]
    assert [line.split() for line in table] == [["near", "0.8", "0.1", "0.1"], ["middling", "0.2", "0.2", "0.2"]]
    assert law._repr_mimebundle_()["text/plain"] == repr(law)
    assert all(cell in law._repr_html_() for cell in ("<th>near</th>", "<td>0.8</td>", "<td>0.1</td>", "AutoLaw202611(floor=0.0"))
    assert "too few rows for back-tests" in repr(AutoLaw().fit(X.head(2), Y[:2]))


# -- real laws, all of them


@pytest.fixture(scope="module")
def fitted():
    return quiet(AutoLaw(), GRID[SMALL], LOSS[SMALL])


def test_it_finds_the_law_that_made_the_data(fitted):
    assert np.abs(np.log(fitted.predict(GRID[~SMALL]) / LOSS[~SMALL])).max() < 2e-3
    assert max(fitted.weights(GRID[~SMALL]).items(), key=lambda w: w[1])[0].startswith("chinchilla")


def test_its_errors_come_from_training_rows_alone(fitted):
    before = copy.deepcopy(fitted.errors_)
    fitted.predict(GRID[~SMALL])
    pd.testing.assert_frame_equal(fitted.errors_, before)
    assert fitted._fits.data.y.shape == (SMALL.sum(),)


def test_intervals_hold_most_noisy_values_and_are_ordered(registered):
    registered("nearest-neighbor", "log-linear", "chinchilla[huber-log]", "kaplan", "over-training")
    y = LOSS * np.exp(np.random.default_rng(4).normal(0, 0.01, len(LOSS)))
    low, middle, high = quiet(AutoLaw(), GRID[SMALL], y[SMALL]).predict_quantiles(GRID[~SMALL], (0.1, 0.5, 0.9)).T
    assert (low < middle).all() and (middle < high).all()
    assert np.mean((y[~SMALL] >= low) & (y[~SMALL] <= high)) > 0.6


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_still_give_a_prediction(registered, n):
    registered("nearest-observation", "log-quadratic[floor]", "nearest-neighbor", "log-linear", "kaplan", "chinchilla[huber-log]")
    law = quiet(AutoLaw(), GRID.iloc[:n], LOSS[:n])
    assert np.isfinite(law.predict(GRID)).all()


def test_rows_without_a_numeric_column_are_refused():
    with pytest.raises(PredictorError, match="no candidate could be fitted"):
        AutoLaw().fit(pd.DataFrame({"run": ["a", "b"]}), [1.0, 2.0])
