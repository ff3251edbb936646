"""A forecast that was registered is in the book's chain, and is scored when the run has ended."""

import json

import numpy as np
import pandas as pd
import pytest
from command import scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.registering import draft_of, register_forecast, score_forecast
from scalingbench.leaderboard.forecasts.book import load_book
from scalingbench.predictors.laws.compute import Chinchilla

TARGET = {"params": 4e9, "tokens": 8e10}


@pytest.fixture(scope="module")
def found():
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 5), np.geomspace(1e9, 2e10, 4)))
    y = Chinchilla.formula(N, D, 1.69, 406.4, 0.34, 410.7, 0.28) * np.exp(np.random.default_rng(0).normal(0, 0.003, 20))
    return forecast(pd.DataFrame({"params": N, "tokens": D, "value": y}), TARGET)


def test_what_is_registered_is_what_was_forecast(found, tmp_path):
    entry = register_forecast(found, tmp_path / "book")
    (target,) = entry.targets
    assert target.point == found.value and target.inputs == TARGET
    assert target.quantiles["0.1"] == pytest.approx(found.low) and target.quantiles["0.9"] == pytest.approx(found.high)
    assert target.quantiles["0.5"] == pytest.approx(found.value) and entry.training.rows == 20
    assert load_book(tmp_path / "book").registrations == (entry,)
    with pytest.raises(InputError, match="autolaw has forecast it already"):
        register_forecast(found, tmp_path / "book")


def test_other_rows_leave_another_fingerprint(found):
    from dataclasses import replace

    changed = replace(found, problem=replace(found.problem, y=found.problem.y + 1e-9))
    assert draft_of(found).training.fingerprint != draft_of(changed).training.fingerprint


def test_it_is_scored_when_the_run_has_ended(found, tmp_path):
    register_forecast(found, tmp_path)
    scores = score_forecast(tmp_path, (found.value * 1.01,), date="2999-01-01")
    assert scores["error"].tolist() == [pytest.approx(np.log(1.01))] or scores["error"].tolist() == [pytest.approx(-np.log(1.01))]
    assert scores["coverage"].tolist() == [float(found.value * 1.01 <= found.high)]
    with pytest.raises(InputError, match="no question is open"):
        score_forecast(tmp_path, (2.0,))
    with pytest.raises(InputError, match="no such folder"):
        score_forecast(tmp_path / "gone", (2.0,))


def test_an_outcome_before_the_forecast_is_refused(found, tmp_path):
    register_forecast(found, tmp_path)
    with pytest.raises(InputError, match="the outcome is of 2001-01-01"):
        score_forecast(tmp_path, (2.0,), date="2001-01-01")


def test_a_question_with_a_bad_name_is_one_line(found):
    with pytest.raises(InputError, match="--register: question"):
        draft_of(found, question="A question?")


def test_the_commands(tmp_path):
    pd.DataFrame({"params": np.geomspace(1e7, 1e9, 9), "value": 3.0 * np.geomspace(1, 100, 9) ** -0.05}).to_csv(
        tmp_path / "runs.csv", index=False
    )
    done = scalingbench("forecast", "runs.csv", "--target", "params=4e9", "--register", "book", "--predictor", "power-law", cwd=tmp_path)
    assert done.returncode == 0 and "runs/loss/params-4e09 registered at 20" in done.stderr, done.stderr
    done = scalingbench("score-forecast", "book", "--value", "2.24", "--json", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)[0]["outcome"] == 2.24
