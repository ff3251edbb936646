"""Every command and script registers what a user is shown, and it is scored when the run has ended."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.registering import Failure, Question, drafts, entrants, parse_targets, quantiles_of, register_forecast
from scalingbench.leaderboard.forecasts.book import enter, load_book
from scalingbench.leaderboard.forecasts.records import Draft
from scalingbench.leaderboard.forecasts.scores import score_targets
from scalingbench.predictors.laws.compute import Chinchilla

TARGET = {"params": 4e9, "tokens": 8e10}


@pytest.fixture(scope="module")
def table():
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 5), np.geomspace(1e9, 2e10, 4)))
    y = Chinchilla.formula(N, D, 1.69, 406.4, 0.34, 410.7, 0.28) * np.exp(np.random.default_rng(0).normal(0, 0.003, 20))
    return pd.DataFrame({"params": N, "tokens": D, "value": y})


@pytest.fixture(scope="module")
def found(table):
    return forecast(table, TARGET)


def ladder(n=8):
    x = np.geomspace(1e6, 1e8, n)
    return pd.DataFrame({"params": x, "value": 1.5 + 400 * x**-0.4, "flops": 6e9 * x})


def question(rows=None, targets=None, **changes):
    runs = read_runs(ladder() if rows is None else rows)
    return Question("lab/loss/big", "w", "nats", runs, targets or {"7b": {"params": 7e9}}, **changes)


def test_what_is_registered_is_what_was_forecast(found, tmp_path):
    entry = register_forecast(found, tmp_path / "book")
    (target,) = entry.targets
    assert target.point == found.value and target.inputs == TARGET
    assert target.quantiles["0.1"] == pytest.approx(found.low) and target.quantiles["0.9"] == pytest.approx(found.high)
    assert target.quantiles["0.5"] == pytest.approx(found.value) and entry.training.rows == 20
    assert load_book(tmp_path / "book").registrations == (entry,)
    with pytest.raises(InputError, match="autolaw already has a forecast of it"):
        register_forecast(found, tmp_path / "book")


@pytest.mark.parametrize("predictor", ["autolaw", "chinchilla[huber-log]", "gaussian-process"])
def test_both_entrances_register_the_same_quantiles(table, tmp_path, predictor):
    """The board widens or narrows the own intervals of all three, so an entrance that took those would differ."""
    shown = forecast(table, TARGET, predictor=predictor)
    by_forecast = register_forecast(shown, tmp_path).targets[0]
    (draft,) = drafts(question(table, {"big": TARGET}), [predictor])
    by_table = draft.targets[0]
    assert by_table.quantiles == by_forecast.quantiles and by_table.point == by_forecast.point
    assert (by_table.quantiles["0.1"], by_table.quantiles["0.9"]) == (pytest.approx(shown.low), pytest.approx(shown.high))
    assert shown.low != pytest.approx(shown.own_interval[0], rel=1e-6)


def test_quantiles_rise_from_one_end_of_the_interval_to_the_other(found):
    values = list(quantiles_of(found).values())
    assert values == sorted(values) and len(set(values)) == 9
    outside = quantiles_of(replace(found, value=found.high * 1.01))
    assert list(outside.values()) == sorted(outside.values()) and outside["0.9"] == pytest.approx(found.high)
    assert quantiles_of(replace(found, low=None, high=None)) == {}


def test_other_rows_leave_another_fingerprint():
    (draft,), (changed,) = (
        drafts(question(rows), ["log-linear"]) for rows in (ladder(), ladder().assign(value=lambda t: t["value"] + 1e-9))
    )
    assert draft.training.fingerprint != changed.training.fingerprint


def test_predictors_forecast_a_question():
    (made,) = drafts(question(), ["shifted-power-law"])
    assert isinstance(made, Draft) and made.targets[0].point == pytest.approx(1.5 + 400 * 7e9**-0.4, rel=1e-4)
    assert made.training.rows == 8 and made.training.flops_max == pytest.approx(6e17) and made.kind == "registered"


def test_a_predictor_that_fails_is_listed_and_the_others_go_on():
    made = list(drafts(question(), ["isoflop", "mean"]))
    assert isinstance(made[0], Failure) and made[0].predictor == "isoflop" and isinstance(made[1], Draft)


def test_what_is_not_a_number_is_no_forecast(monkeypatch):
    monkeypatch.setattr("scalingbench.forecasting.forecast.predict_point", lambda *_: float("nan"))
    (made,) = drafts(question(), ["mean"])
    assert isinstance(made, Failure) and "no finite value" in made.message


def test_entrants_are_those_that_can_read_the_inputs():
    names = set(entrants(("params", "tokens")))
    assert {"autolaw", "chinchilla[huber-log]", "mean"} <= names and not {"power-law", "data-constrained"} & names
    assert "power-law" in entrants(("tokens",))


def test_targets_of_a_question_name_the_same_variables():
    assert parse_targets(["a:params=7B", "b:params=8B"]) == {"a": {"params": 7e9}, "b": {"params": 8e9}}
    with pytest.raises(InputError, match="names the same variables"):
        parse_targets(["a:params=7B", "b:tokens=8B"])


def test_it_is_scored_when_the_run_has_ended(found, tmp_path):
    register_forecast(found, tmp_path)
    name = enter((found.value * 1.01,), tmp_path, date="2999-01-01")
    scores = score_targets(load_book(tmp_path), [name])
    assert scores["error"].tolist() == [pytest.approx(np.log(1.01))] or scores["error"].tolist() == [pytest.approx(-np.log(1.01))]
    assert scores["coverage"].tolist() == [float(found.value * 1.01 <= found.high)]
    with pytest.raises(InputError, match="no question is open"):
        enter((2.0,), tmp_path)


def test_an_outcome_before_the_forecast_is_refused(found, tmp_path):
    register_forecast(found, tmp_path)
    with pytest.raises(InputError, match="the outcome is of 2001-01-01"):
        enter((2.0,), tmp_path, date="2001-01-01")


def test_a_question_with_a_bad_name_is_one_line(found, tmp_path):
    with pytest.raises(InputError, match="--register: question"):
        register_forecast(found, tmp_path, question="A question?")


def test_the_commands(tmp_path):
    pd.DataFrame({"params": np.geomspace(1e7, 1e9, 9), "value": 3.0 * np.geomspace(1, 100, 9) ** -0.05}).to_csv(
        tmp_path / "runs.csv", index=False
    )
    done = scalingbench("forecast", "runs.csv", "--target", "params=4e9", "--register", "book", "--predictor", "power-law", cwd=tmp_path)
    assert done.returncode == 0 and "runs/loss/params-4e09 registered at 20" in done.stderr, done.stderr
    gone = scalingbench("score-forecast", "gone", "--value", "2.24", cwd=tmp_path)
    assert gone.returncode == 2 and "no such folder" in gone.stderr
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(tmp_path / "book", copy / "book")
    old = scalingbench("score-forecast", "book", "--value", "2.24", "--json", cwd=tmp_path)
    new = scalingbench("forecasts", "score", "--book", "book", "--value", "2.24", "--json", cwd=copy)
    assert old.returncode == 0 and data_of(old, "forecasts score")[0]["outcome"] == 2.24 and new.stdout == old.stdout
