"""Noise of runs and of evaluations apart; intervals of a new run and of the expected value."""

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.defaults import NORMAL
from scalingbench.common.errors import InputError
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.noise import Noise, noise_of, of_the_law
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs

TARGET = "params=4B,tokens=80B"


def runs(seeds, run=0.01, evaluation=0.0, sizes=5):
    rng = np.random.default_rng(0)
    N, D = (np.repeat(g.ravel(), seeds) for g in np.meshgrid(np.geomspace(2e7, 1e9, sizes), np.geomspace(1e9, 2e10, 4)))
    truth = 1.82 + 482 * N**-0.348 + 2085 * D**-0.366
    loss = truth * np.exp(np.hypot(run, evaluation) * rng.standard_normal(len(N)))
    return pd.DataFrame({"params": N, "tokens": D, "seed": np.tile(np.arange(seeds), len(N) // seeds), "loss": loss})


def noise(table):
    return noise_of(make_query(read_runs(table), TARGET))


@pytest.mark.parametrize("header", ["loss_se", "stderr", "loss/stderr"])
def test_run_and_evaluation_noise_are_told_apart(header):
    table = runs(8, run=0.01, evaluation=0.006)
    found = noise(table.assign(**{header: 0.006 * table["loss"]}))
    assert found.run == pytest.approx(0.01, rel=0.15) and found.evaluation == pytest.approx(0.006)
    assert found.groups == 20 and found.freedom == 140
    assert found.total == pytest.approx(np.hypot(found.run, found.evaluation))


def test_runs_that_differ_in_a_setting_are_no_repeats():
    table = runs(3).drop(columns="seed")
    assert noise(table).groups == 20
    assert noise(table.assign(lr=np.tile([1e-3, 2e-3, 4e-3], 20))) is None
    assert noise(table.assign(optimizer=np.tile(["adam", "lion", "muon"], 20))) is None
    assert noise(runs(1)) is None


def test_standard_errors_alone_give_the_noise_of_the_evaluation():
    table = runs(1)
    found = noise(table.assign(loss_se=0.002 * table["loss"]))
    assert (found.run, found.seeds) == (None, None) and found.known == pytest.approx(0.002) and "no run is repeated" in str(found)


def test_both_intervals_cover_four_in_five():
    query, rng = make_query(read_runs(runs(3)), TARGET), np.random.default_rng(1)
    law, run = 0.02, 0.03
    covered = []
    for _ in range(1500):
        value, new = np.exp(law * rng.standard_normal()), np.exp(run * rng.standard_normal())
        half = NORMAL * np.hypot(law, run)
        told = Noise(run * np.sqrt(rng.chisquare(40) / 40), None, 20, 40)
        found, (low, high) = of_the_law(query, told, value, (value * np.exp(-half), value * np.exp(half)))
        covered.append((low <= 1.0 <= high, abs(np.log(new / value)) <= half))
    assert np.abs(np.mean(covered, axis=0) - 0.8).max() < 0.05
    assert found.law == pytest.approx(law, rel=0.5)


def test_the_expected_value_is_no_surer_than_the_runs_allow():
    query = make_query(read_runs(runs(3)), TARGET)
    found, (low, high) = of_the_law(query, Noise(0.05, None, 20, 40), 2.0, (1.9, 2.1))
    assert np.log(high / low) / 2 == pytest.approx(NORMAL * 0.05 * np.sqrt(4 / 60)) and found.law > 0


@pytest.mark.parametrize(("law", "seeds"), [(0.05, 1), (0.011, 1), (0.005, 4), (None, None)])
def test_seeds_are_worth_it_until_their_noise_is_below_that_of_the_law(law, seeds):
    assert Noise(0.01, None, 5, 10, law=law).seeds == seeds


def test_the_expected_value_of_runs_without_repeats_is_refused_before_a_fit(tmp_path):
    runs(1).to_csv(tmp_path / "runs.csv", index=False)
    done = scalingbench("forecast", "runs.csv", "--target", TARGET, "--of", "mean", cwd=tmp_path)
    assert done.returncode == 2 and "error: --of: runs.csv: no configuration has several runs" in done.stderr
    done = scalingbench("forecast", "runs.csv", "--target", TARGET, "--of", "mean", "--register", "book", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.strip() == "error: --of: a registered forecast is of one new run: leave it out"
    with pytest.raises(InputError, match="--of: expected 'run' or 'mean', got 'both'"):
        forecast(runs(2), TARGET, of="both")


def test_the_command_gives_the_interval_of_the_expected_value(tmp_path, monkeypatch):
    monkeypatch.setattr("scalingbench.predictors.autolaw.backtest.candidates", lambda X, y, without: ("chinchilla[huber-log]",))
    runs(3, sizes=3).to_csv(tmp_path / "runs.csv", index=False)
    command = ("forecast", "runs.csv", "--target", TARGET, "--json", "--of")
    run, mean = (data_of(scalingbench(*command, of, cwd=tmp_path), "forecast") for of in ("run", "mean"))
    assert run["low"] < mean["low"] < mean["value"] < mean["high"] < run["high"] and run["noise"] == mean["noise"]
    assert (run["of"], mean["of"]) == ("run", "mean") and run["noise"]["total"] == pytest.approx(0.01, rel=0.5)
