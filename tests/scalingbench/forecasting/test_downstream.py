"""Accuracies: the losses of the same runs are read, back-tests choose the way, chance limits the answer."""

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.downstream import TwoStages, choose_route
from scalingbench.forecasting.ensemble import Ensemble
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs


def accuracy(loss):
    return 0.25 + 0.65 / (1.0 + np.exp(4.0 * (loss - 2.6)))


@pytest.fixture(scope="module")
def table():
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(5e7, 1e9, 4), np.geomspace(1e9, 2e10, 4)))
    loss = (1.82 + 482 * N**-0.348 + 2085 * D**-0.366) * np.exp(np.random.default_rng(0).normal(0, 0.002, 16))
    return pd.DataFrame({"params": N, "tokens": D, "loss": loss, "accuracy_hellaswag": accuracy(loss)})


@pytest.mark.parametrize(
    ("rename", "metric"),
    [
        ({}, "accuracy_hellaswag"),
        ({"accuracy_hellaswag": "hellaswag/acc", "loss": "val/loss"}, "accuracy_hellaswag"),
        ({"accuracy_hellaswag": "acc"}, "accuracy"),
        ({"loss": "eval_c4_loss", "accuracy_hellaswag": "accuracy"}, "accuracy"),
    ],
)
def test_the_metric_that_is_asked_for_is_read_with_the_losses_of_its_runs(table, rename, metric):
    runs = read_runs(table.rename(columns=rename), metric=metric)
    assert runs.metric == metric and np.allclose(runs.table["value"], table["accuracy_hellaswag"])
    assert np.allclose(runs.table["source_loss"], table["loss"])
    assert make_query(runs, "params=7B,tokens=140B").losses is not None


def test_in_a_long_table_losses_are_those_of_the_same_run(table):
    runs = [f"r{i}" for i in range(len(table))]
    parts = [
        table[["params", "tokens"]].assign(run=runs, metric=m, value=table[c])
        for m, c in (("loss", "loss"), ("accuracy", "accuracy_hellaswag"))
    ]
    read = read_runs(pd.concat([parts[0].iloc[::-1], parts[1]]), metric="accuracy")
    assert np.allclose(read.table["source_loss"], table["loss"]) and "metric 'loss'" in " ".join(read.notes)


def test_of_several_losses_none_is_taken_and_the_remedy_is_said(table):
    two = table.assign(eval_c4_loss=table["loss"] + 0.1, eval_code_loss=table["loss"] + 0.2).drop(columns="loss")
    runs = read_runs(two, metric="accuracy_hellaswag")
    assert "source_loss" not in runs.table and "--map eval_c4_loss=source_loss" in " ".join(runs.notes)
    stated = read_runs(two, metric="accuracy_hellaswag", names={"eval_code_loss": "source_loss"})
    assert np.allclose(stated.table["source_loss"], two["eval_code_loss"])


def test_standard_errors_are_no_losses_and_a_training_loss_stands_in_for_no_held_out_one(table):
    errors = table.assign(eval_loss_se=0.01, accuracy_hellaswag_stderr=0.01)
    runs = read_runs(errors, metric="accuracy_hellaswag")
    assert np.allclose(runs.table["source_loss"], table["loss"]) and {"eval_loss_se", "accuracy_hellaswag_stderr"} <= set(runs.ignored)
    with pytest.raises(InputError, match="several metrics, and which is meant isn't said"):
        read_runs(table.assign(eval_web_loss=table["loss"]), metric="loss")


def test_a_row_without_a_loss_leaves_the_direct_way_alone(table):
    gap = table.assign(loss=[np.nan, *table["loss"][1:]])
    assert make_query(read_runs(gap, metric="accuracy_hellaswag"), "params=7B,tokens=140B").losses is None


@pytest.mark.full
def test_the_command_goes_through_the_loss_and_says_why(table, tmp_path, monkeypatch):
    few = ("chinchilla[huber-log]", "logit-linear", "log-linear")  # all candidates take five times as long
    monkeypatch.setattr("scalingbench.predictors.autolaw.backtest.candidates", lambda X, y, without: few[: 3 if y.max() < 1 else 1])
    table.to_csv(tmp_path / "runs.csv", index=False)
    done = scalingbench(
        "forecast", "runs.csv", "--metric", "accuracy_hellaswag", "--target", "params=4B,tokens=80B", "--json", cwd=tmp_path
    )
    found = data_of(done, "forecast")
    true = float(accuracy(1.82 + 482 * 4e9**-0.348 + 2085 * 8e10**-0.366))
    assert found["low"] <= true <= found["high"] and found["value"] == pytest.approx(true, abs=0.05)
    assert found["route"]["chosen"] == "two-stage" and found["route"]["two_stage"] < found["route"]["direct"]
    assert found["backtest"] == pytest.approx(found["route"]["two_stage"])
    assert not [c for c in found["cautions"] if "source_loss" in c["message"]]


def ensemble(error):
    return Ensemble((), None, 0.5, error, "params", 1.0)


@pytest.mark.parametrize(("direct", "staged", "chosen"), [(0.02, 0.01, "two-stage"), (0.01, 0.02, "direct"), (np.nan, 0.01, "direct")])
def test_the_smaller_back_test_error_is_chosen(table, monkeypatch, direct, staged, chosen):
    monkeypatch.setattr("scalingbench.forecasting.downstream.back_tested", lambda query, model: ensemble(staged))
    query = make_query(read_runs(table, metric="accuracy_hellaswag"), "params=7B,tokens=140B")
    route, taken = choose_route(query, ensemble(direct), TwoStages(None, None, pd.DataFrame(), "logit-linear"))
    assert route.chosen == chosen and taken.backtest in (direct, staged)
    assert str(route).startswith(chosen) and ("back-test error 0.01 along params" in str(route)) == np.isfinite(direct)


@pytest.mark.parametrize(("metric", "chance", "limits"), [("accuracy_x", 0.4, (0.4, 1.0)), ("error_rate", 0.4, (0.0, 0.6))])
def test_no_share_is_forecast_beyond_chance(table, metric, chance, limits):
    shares = table.assign(**{metric: table["accuracy_hellaswag"]})[["params", "tokens", metric]]
    query = make_query(read_runs(shares, metric=metric), "params=7B,tokens=140B", chance)
    assert tuple(query.within(np.array([-1.0, 2.0]))) == limits


def test_the_chance_level_of_a_known_benchmark_is_that_of_its_card(table):
    query = make_query(read_runs(table, metric="accuracy_hellaswag"), "params=7B,tokens=140B")
    assert query.chance == 0.25 and "chance level 0.25" in query.notes[0]
    assert make_query(query.runs, "params=7B,tokens=140B", 0.0).limits == (0.0, 1.0)


def test_a_chance_level_that_is_none_is_refused(table):
    with pytest.raises(InputError, match="--chance: expected a share from 0 to below 1, got 25"):
        forecast(table, "params=7B,tokens=140B", metric="accuracy_hellaswag", chance=25.0)
    with pytest.raises(InputError, match="--chance: loss is no share of right answers"):
        forecast(table[["params", "tokens", "loss"]], "params=7B,tokens=140B", chance=0.25)
