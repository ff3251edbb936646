"""The calibrated interval has no cliffs, is not narrower farther out, and not below what rows and back-tests say."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.forecasting.forecast import predict
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.predictors.registry import make


def random_table(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(7, 30))
    N, ratio = np.exp(rng.uniform(np.log(2e7), np.log(5e8), n)), np.exp(rng.uniform(np.log(5), np.log(90), n))
    value = (rng.uniform(0.5, 2) + 400 * N**-0.34 + 1500 * (N * ratio) ** -0.37) * np.exp(rng.normal(0, rng.choice([0.001, 0.01, 0.03]), n))
    return pd.DataFrame({"params": N, "tokens": N * ratio, "value": value})


def widths(table, predictor, factors):
    """Return the relative half-widths above the value at targets on a line from the middle of the runs."""
    runs, found = read_runs(table), []
    middle = {n: float(np.exp(np.log(table[n]).mean())) for n in ("params", "tokens")}
    model = make(predictor).fit(make_query(runs, middle).X, make_query(runs, middle).y)
    for factor in factors:
        at = predict(make_query(runs, {n: v * factor for n, v in middle.items()}), predictor, model)
        found.append(np.log(at.high / at.value))
    return np.array(found)


@pytest.mark.parametrize("predictor", [pytest.param("autolaw", marks=pytest.mark.full), "chinchilla[huber-log]"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.full)])
def test_a_farther_target_has_no_narrower_interval_and_there_is_no_cliff(seed, predictor):
    factors = np.geomspace(1, 60, 8)
    factors = np.sort(np.concatenate([factors, factors * 1.0005]))
    width = widths(random_table(seed), predictor, factors)
    dip = 0.02 if predictor == "autolaw" else 1e-9  # AutoLaw's back-test errors depend on the target's axis and weights
    assert (np.diff(width) >= -dip * width[:-1]).all()
    near = np.diff(np.log(factors)) < 1e-3
    assert (width[1:][near] < 1.02 * width[:-1][near]).all()


@pytest.mark.parametrize("seed", range(2))
def test_the_interval_is_not_below_what_rows_and_back_tests_say(seed):
    """Against evidence that intervals can be a hundred times narrower."""
    table = random_table(seed)
    query = make_query(read_runs(table), {"params": 2e9, "tokens": 4e10})
    fact = [900, 100, 20, 0.001, 0.002, 1.0, 0.01, -0.1]
    board = {"suite": "s", "predictors": {p: {"log|*|*|*": fact} for p in ("autolaw", "chinchilla[huber-log]")}}
    for name in board["predictors"]:
        model = make(name).fit(query.X, query.y)
        at = predict(query, name, model, board)
        scatter = np.sqrt(np.mean((np.log(query.y) - np.log(model.predict(query.X))) ** 2))
        assert np.log(at.high / at.value) >= 1.28 * scatter
        wide = predict(query, name, model, {"suite": "s", "predictors": {}})
        assert wide.high - wide.low >= at.high - at.low
