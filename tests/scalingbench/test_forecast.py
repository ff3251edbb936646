"""A table of small runs in, a prediction with its interval out."""

import json

import numpy as np
import pandas as pd
import pytest
from command import scalingbench

from predictors.compute import Chinchilla
from scalingbench.forecasting.forecast import forecast

TRUTH = {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}


@pytest.fixture
def runs(tmp_path):
    rng = np.random.default_rng(0)
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 7), np.geomspace(1e9, 2e10, 6)))
    loss = Chinchilla.formula(N, D, *TRUTH.values()) * np.exp(rng.normal(0, 0.002, len(N)))
    pd.DataFrame({"params": N, "tokens": D, "value": loss}).to_csv(tmp_path / "runs.csv", index=False)
    return tmp_path


def good(*arguments, cwd):
    done = scalingbench("forecast", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("predictor", ["autolaw", "chinchilla[huber-log]"])
def test_the_true_loss_of_a_large_run_is_within_the_interval(runs, predictor):
    found = json.loads(good("runs.csv", "--target", "params=7e9,tokens=1.4e11", "--predictor", predictor, "--json", cwd=runs))
    truth = float(Chinchilla.formula(7e9, 1.4e11, *TRUTH.values()))
    assert found["value"] == pytest.approx(truth, rel=0.02)
    assert found["low"] < found["value"] < found["high"] and found["high"] - found["low"] < 0.3
    assert found["beyond"] == {"params": pytest.approx(7.0), "tokens": pytest.approx(7.0)} and found["rows"] == 42


def test_it_says_how_far_it_reaches_and_what_it_rests_on(runs):
    text = good("runs.csv", "--target", "params=7e9,tokens=1e10", cwd=runs)
    assert text.startswith("loss at params=7e+09, tokens=1e+10: ") and "(80 %)" in text
    assert "params: 7 times the nearest training value" in text and "tokens: " not in text and "weights: " in text


@pytest.mark.parametrize("rows", [1, 2])
def test_a_law_that_passes_through_its_rows_has_no_interval(runs, rows):
    pd.read_csv(runs / "runs.csv").head(rows).to_csv(runs / "few.csv", index=False)
    target, few = {"params": 7e9, "tokens": 1e10}, runs / "few.csv"
    found = forecast(few, target, predictor="chinchilla[huber-log]")
    assert found.low is None and found.high is None and found.rows == rows
    assert "(no interval: the law passes through its rows" in str(found)
    assert "(no interval: this predictor gives none)" in str(forecast(few, target, predictor="nearest-neighbor"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.csv", "--target", "params=1e9"), "gone.csv: no such file"),
        (("runs.csv", "--target", "params"), "--target: expected name=number, got 'params'"),
        (("runs.csv", "--target", "parms=1e9"), "did you mean 'params'"),
        (("runs.csv", "--target", "params=big"), "--target: params: expected a number, got 'big'"),
        (("runs.csv", "--target", "params=-1"), "--target: params: expected a positive number"),
        (("runs.csv", "--target", "params=7e9,tokens=1e12,params=8e9"), "--target: params: is given twice"),
        (("runs.csv", "--target", "mix_=1"), "--target: unknown variable 'mix_'"),
        (("runs.csv", "--target", "flops=1e21"), "runs.csv: no column 'flops', which the target names; it has values of params, tokens"),
        (
            ("empty.csv", "--target", "params=1e9,flops=1e21"),
            "column 'flops', which the target names, is empty; it has values of params, tokens",
        ),
        (("flagged.csv", "--target", "params=1e9"), "flagged.csv: every row carries a flag or has no value"),
        (("apart.csv", "--target", "params=1e9,tokens=1e12"), "apart.csv: no row has all of params, tokens"),
        (("runs.csv", "--target", "params=1e10", "--predictor", "kaplan"), "kaplan reads params, tokens"),
        (("runs.csv", "--target", "params=1e10", "--metric", "accuracy"), "unknown metric 'accuracy'"),
        (("two.csv", "--target", "params=1e10,tokens=1e12"), "two.csv: has several of curve: a, b; choose one with --curve"),
        (("typo.csv", "--target", "params=1e10,tokens=1e12"), "typo.csv: row 3, column 'params'"),
    ],
)
def test_bad_input_is_one_line(runs, arguments, message):
    table = pd.read_csv(runs / "runs.csv")
    pd.concat([table.assign(curve="a"), table.assign(curve="b")]).to_csv(runs / "two.csv", index=False)
    table.astype({"params": object}).assign(params=["1e9", "1e9", "1e9x", *table["params"][3:]]).to_csv(runs / "typo.csv", index=False)
    table.assign(flops=np.nan).to_csv(runs / "empty.csv", index=False)
    table.assign(flag="outlier").to_csv(runs / "flagged.csv", index=False)
    pd.concat([table.assign(tokens=np.nan), table.assign(params=np.nan)]).to_csv(runs / "apart.csv", index=False)
    done = scalingbench("forecast", *arguments, cwd=runs)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and message in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
