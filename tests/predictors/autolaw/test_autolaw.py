"""AutoLaw: what it makes of the errors of its candidates, by hand; what its table was learnt from; and real laws."""

import json

import numpy as np
import pandas as pd
import pytest
from stub_laws import BEYOND, X, Y, broken, quiet, stub

from scalingbench.benchmark.data.clusters import cluster_of, relatives
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.errors import PredictorError
from scalingbench.predictors.autolaw import autolaw
from scalingbench.predictors.autolaw.autolaw import AutoLaw
from scalingbench.predictors.autolaw.backtest import DataSet
from scalingbench.predictors.autolaw.learnt import FILE, ErrorSizes, LearntTable, LearntWeights, interval_features, load_table
from scalingbench.predictors.autolaw.weights import FARTHEST, plausible
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.laws.compute import Chinchilla

GRID = pd.DataFrame({"params": np.repeat(10 ** np.linspace(7.5, 9.5, 8), 6), "tokens": np.tile(10 ** np.linspace(9, 11, 6), 8)})
LOSS = Chinchilla.formula(GRID["params"].to_numpy(), GRID["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
SMALL = GRID["params"] < 1e9


# -- weights


@pytest.fixture
def learnt(monkeypatch):
    """Return a function that makes this the table, whatever is left out; the size of every error is 1."""

    def table(errors, candidates=None, sizes=None):
        sizes = sizes or ErrorSizes(np.zeros(5), np.array([1.0]), np.array([0.5]), np.ones((2, 1)))
        made = LearntTable((), LearntWeights(np.array(errors, float), candidates or {}), sizes)
        monkeypatch.setattr(autolaw, "load_table", lambda left_out: made)

    return table


@pytest.mark.parametrize(("at", "beyond"), [(2.0**7, 0.0), (2.0**14, 1.0), (2.0**28, 3.0)])
def test_weights_are_errors_to_powers_that_are_learnt_by_distance_and_rows(three, learnt, at, beyond):
    """A thousandth of the standard deviation of the values, .5 sqrt(63 / 12), is added to every error."""
    learnt([[-1.0, -2.0, -0.5], [0.0] * 3, [0.0] * 3], {"far": np.array([0.3, 0.7])})
    weights = AutoLaw().fit(X, Y).weights(pd.DataFrame({"x": [at]}))
    power = 1.0 + 2.0 * np.log1p(beyond) + 0.5 * 3.0 / np.sqrt(8.0)
    expected = (np.array([0.1, 0.2, 0.4]) + 0.001 * 0.5 * np.sqrt(63 / 12)) ** -power
    expected[2] *= np.exp(0.3 + 0.7 * np.log1p(beyond))
    for name, weight in zip(("near", "middling", "far"), expected / expected.sum(), strict=True):
        assert weights.get(name, 0.0) == pytest.approx(weight, abs=1e-4)


def test_errors_along_the_axis_over_all_and_in_interpolation_have_their_shares(registered, learnt):
    """z lets the first two rows share one overall scale: it is cut at 5, 6 and 7 rows, x at 4, 5 and 6, interpolation at 5, 5 and 6."""
    rows = X.assign(z=[1.0, 0.5, *[1.0] * 6])
    registered(stub("varies", offsets={4: 0.1, 5: 0.2, 6: 0.4, 7: 0.8}), stub("steady", offsets=0.3))
    learnt([[-0.5, 0.0, 0.0], [-0.3, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    law = AutoLaw().fit(rows, Y)

    def mean(*errors, growth=4.0):
        return np.sqrt(np.average(np.square(errors), weights=growth ** np.arange(len(errors))))

    floor = 0.001 * np.std(np.log(Y))
    own, overall, inner = mean(0.1, 0.2, 0.4), mean(0.2, 0.4, 0.8), mean(0.2, 0.2, 0.4, growth=1.0)
    error = np.exp(0.5 * np.log(own + floor) + 0.3 * np.log(overall + floor) + 0.2 * np.log(inner + floor))
    assert law.errors_.loc["varies", "x"] == pytest.approx(own) and law.errors_.loc["varies", "*"] == pytest.approx(overall)
    assert law.weights(BEYOND.assign(z=1.0))["varies"] == pytest.approx((0.3 + floor) / (0.3 + floor + error))


def test_an_error_counts_as_no_farther_than_five_e_folds_from_the_third_best(registered, learnt):
    registered(*(stub(name, offsets=offset) for name, offset in (("a", 0.1), ("b", 0.2), ("c", 0.4), ("d", 400.0))), broken("predict"))
    learnt([[-0.1, 0.0, 0.0], [0.0] * 3, [0.0] * 3])
    law = AutoLaw(reach=1e9).fit(X, Y)
    floor = 0.001 * np.std(np.log(Y))
    logs = np.append(np.log((np.array([0.1, 0.2, 0.4]) + floor) / (0.4 + floor)), FARTHEST)
    expected = np.exp(-0.1 * logs) / np.exp(-0.1 * logs).sum()
    assert [law.weights(BEYOND)[name] for name in "abcd"] == pytest.approx(expected)


def test_the_prediction_is_the_weighted_mean_of_logarithms(three, learnt):
    learnt(np.zeros((3, 3)))
    law = AutoLaw().fit(X, Y)
    assert law.predict(BEYOND) == pytest.approx(np.exp(-4.5 + (0.1 + 0.2 + 0.4) / 3))


@pytest.mark.parametrize("beyond", [0.0, 2.0])
def test_a_prediction_beyond_reach_is_left_out_unless_all_are(beyond):
    data = DataSet.of(X, Y)
    slack = 3.0 * 3.5 * (0.5 + beyond)
    values = np.array([[-3.5 - slack - 1e-6, 1.0 + slack], [-3.5 - slack + 1e-6, 1.0 + slack]])
    found = plausible(data, values, np.full(2, beyond), 3.0)
    assert found.tolist() == [[False, True], [True, True]]


def test_few_rows_are_left_to_the_plainest_candidates(registered):
    """The two plainest share alike: neither the first candidate nor a third plain one has a weight."""
    plain = [stub(name, candidate=Candidate(plain=True, order=i)) for i, name in enumerate(("plain", "plainer", "third"))]
    registered(stub("first"), *plain)
    assert AutoLaw().fit(X.head(2), Y[:2]).weights(BEYOND) == {"plain": 0.5, "plainer": 0.5}
    registered(stub("first"), stub("second"))
    assert AutoLaw().fit(X.head(2), Y[:2]).weights(BEYOND) == {"first": 1.0}


def test_candidates_that_fail_take_no_part(registered):
    registered(*(broken(step) for step in ("fit", "predict", "shape")), stub("law"))
    assert AutoLaw().fit(X, Y).weights(BEYOND) == {"law": 1.0}
    registered(broken("fit"))
    with pytest.raises(PredictorError, match="no candidate could be fitted"):
        AutoLaw().fit(X, Y)


# -- intervals


def test_intervals_are_quantiles_of_errors_by_how_far_a_row_lies(registered, learnt):
    """The size is .2 everywhere; half of the errors are within 1 of it near and 3 far, four fifths within 2 and 5."""
    registered(stub("law"))
    scale = np.array([np.log(0.2), 0.0, 0.0, 0.0, 0.0])
    learnt(np.zeros((3, 3)), sizes=ErrorSizes(scale, np.array([1.0]), np.array([0.5, 0.8]), np.array([[1.0, 2.0], [3.0, 5.0]])))
    law = AutoLaw().fit(X, Y)
    for at, (half, most) in ((2.0**8, (0.2, 0.4)), (2.0**20, (0.6, 1.0))):
        rows = pd.DataFrame({"x": [at]})
        logs = np.log(law.predict_quantiles(rows, (0.1, 0.25, 0.5, 0.75, 0.9, 0.999))[0]) - np.log(law.predict(rows)[0])
        assert logs[:5] == pytest.approx([-most, -half, 0.0, half, most])
        assert logs[5] > most


def test_the_size_of_an_error_follows_from_spread_errors_distance_and_rows():
    weight, values = np.array([[0.25], [0.75], [0.0]]), np.array([[1.0], [3.0], [9.0]])
    found = interval_features(weight, values, np.array([0.4, 0.8, np.inf]), 0.1, np.array([1.0]), 20)
    spread = np.sqrt(0.25 * 1.5**2 + 0.75 * 0.5**2)
    assert found[0] == pytest.approx([1.0, np.log(spread + 0.1), np.log(0.7 + 0.1), np.log(2.0), 0.05])
    untested = interval_features(weight, values, np.full(3, np.inf), 0.1, np.array([1.0]), 20)
    assert untested[0, 2] == pytest.approx(np.log(spread + 0.1))  # the spread stands in


def test_a_prediction_without_weight_leaves_the_spread_as_it_is():
    weight, recent, beyond = np.array([[0.5], [0.5], [0.0]]), np.full(3, 0.1), np.array([1.0])
    one, other = (interval_features(weight, np.array([[1.0], [2.0], [last]]), recent, 0.1, beyond, 20) for last in (1.5, 1e308))
    assert np.isfinite(one).all() and (one == other).all()


# -- the shipped tables


def test_no_table_behind_a_board_has_seen_its_tasks_cluster():
    """Nor any collection that shares runs with the task's, nor, on SLDBench, one that it repeats."""
    evaluated = {s["collection"] for s in load_suite("v3").frozen_tasks.to_dict("records") if s["role"] == "counted"}
    evaluated |= {spec.collection for suite in ("sldbench", "revisiting-nsl") for spec in load_suite(suite).specs}
    seen_elsewhere = 0
    for collection in evaluated:
        law = AutoLaw().without_cluster(cluster_of(collection))
        learnt_from = set(load_table(law.left_out).collections)
        assert not learnt_from & relatives(collection), collection
        assert not {cluster_of(name) for name in learnt_from} & {cluster_of(name) for name in relatives(collection)}, collection
        seen_elsewhere += collection in load_table().collections
    assert len(evaluated) > 50 and seen_elsewhere > 15  # or there were nothing to leave out


def test_tuning_cases_have_no_row_that_a_board_counts():
    """Whole collections that are set aside, synthetic ones, worlds, and spare rows of clusters that SLDBench does not repeat."""
    learnt_from = set(load_table().collections)
    real = {name for name in learnt_from if not name.startswith(("world-", "synthetic_"))}
    assert len(learnt_from - real) > 20 and len(real) > 25
    assert not real & relatives("sldbench")
    spare = real - set(load_suite("v3").rules.tuning)
    assert spare <= {cluster_of(spec.collection) for spec in load_suite("v3").specs}


def test_the_file_holds_what_is_read():
    tables = json.loads(FILE.read_text())
    assert load_table().as_json() == tables["all"] and load_table("porian").as_json() == tables["without"]["porian"]
    assert load_table("no such cluster").as_json() == load_table().as_json()
    for name in (None, *tables["without"]):
        sizes = load_table(name).sizes
        assert (np.diff(sizes.quantiles, axis=1) > 0).all() and len(sizes.quantiles) == len(sizes.edges) + 1


def test_the_defaults_are_those_that_were_chosen():
    """In perf/tuning/log.md, on cases without any row that counts."""
    assert AutoLaw().get_params() == {"reach": 3.0, "left_out": None}


# -- real laws, all of them


@pytest.fixture(scope="module")
def fitted():
    return quiet(AutoLaw(), GRID[SMALL], LOSS[SMALL])


def test_it_finds_the_law_that_made_the_data(fitted):
    assert np.abs(np.log(fitted.predict(GRID[~SMALL]) / LOSS[~SMALL])).max() < 5e-3


def test_candidates_that_were_dropped_are_not_tried(fitted):
    assert not {"farseer", "gaussian-process", "m4"} & set(fitted.models_) and "law-gp" in fitted.models_


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_still_give_a_prediction(n):
    assert np.isfinite(quiet(AutoLaw(), GRID.iloc[:n], LOSS[:n]).predict(GRID)).all()
