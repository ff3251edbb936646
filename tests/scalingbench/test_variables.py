"""Every fact of a variable stands once: changed in the registry, it is changed for predictors, benchmark and forecasting alike."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.scores.regret import _any_cost
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.benchmark.tasks.reach import reach_of
from scalingbench.common import variables
from scalingbench.common.variables import VARIABLES, Family, is_variable
from scalingbench.forecasting.evidence import track_of
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.reading import read_runs
from scalingbench.predictors.autolaw.autolaw import AutoLaw
from scalingbench.predictors.axes import ALL, axes_of, direction

X = pd.DataFrame({"params": [1e7, 2e7, 4e7, 8e7, 1.6e8], "tokens": [1e9, 3e9, 2e9, 5e9, 4e9]})


@pytest.fixture
def changed(monkeypatch):
    """Return a function that changes facts of a variable in the registry."""

    def change(name, **facts):
        monkeypatch.setitem(VARIABLES, name, replace(VARIABLES[name], **facts))

    return change


@pytest.fixture
def grp(monkeypatch):
    monkeypatch.setattr(variables, "FAMILIES", (*variables.FAMILIES, Family("grp_", "share of a group", track="mixture")))


def axes_of_task(train, test):
    ones = np.ones(len(test))
    fold = Fold("fold", train, np.ones(len(train)), test, ones, ones > 0, ones)
    return reach_of([fold], "rows", {}).axes


def test_a_variable_that_falls_is_an_axis_downwards_for_predictors_and_benchmark(changed):
    assert direction(X, X.tail(1) / 10)[1] == 0.0 and ALL in axes_of(X)
    changed("tokens", falls=True)
    assert np.allclose(axes_of(X)["tokens"], -np.log(X["tokens"])) and ALL not in axes_of(X)
    assert direction(X, X.tail(1) / 10)[0] == "tokens"
    assert axes_of_task(X, X.tail(1).assign(tokens=1e8))["tokens"].max_over_max == pytest.approx(10.0)


def test_the_rule_of_a_prediction_far_out_follows_a_variable_that_falls(changed):
    asked = []
    law = AutoLaw().fit(X, 3.0 * X["params"].to_numpy() ** -0.05)
    law.weights = lambda row: asked.append(row["tokens"].iloc[0]) or {}
    law._weights_beyond()
    changed("tokens", falls=True)
    law._weights_beyond()
    assert asked == [pytest.approx(5e9**2 / 1e9), pytest.approx(1e9**2 / 5e9)]


def test_a_family_is_legal_and_no_axis_for_predictors_and_benchmark(grp):
    rows = X.assign(grp_a=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert is_variable("grp_a") and not is_variable("grp_") and track_of(["params", "grp_a"]) == "mixture"
    assert "grp_a" not in axes_of(rows) and set(axes_of_task(rows, rows.tail(1))) == {"params", "tokens"}
    assert "share of a group" in str(read_runs(rows.assign(loss=3.0 - rows["grp_a"])))


def test_the_track_of_a_variable_decides_evidence_and_regret(changed):
    spec = SimpleNamespace(track="interpolation", variables=("params", "tokens"))
    assert not _any_cost(spec)
    assert track_of(["params", "tokens"]) == "compute"
    changed("tokens", track="hyperparameters")
    assert track_of(["params", "tokens"]) == "hyperparameters" and _any_cost(spec)
    changed("tokens", track=None)
    assert track_of(["params", "tokens"]) == "compute"


def test_an_alias_is_read_as_the_variable(changed):
    assert meaning_of("corpus size") is None
    changed("tokens", aliases="corpus_size")
    assert meaning_of("corpus size").name == "tokens" and meaning_of("corpus_size (B)").unit == 1e9
    assert meaning_of("train_tokens") is None
    assert list(read_runs(pd.DataFrame({"corpus_size": ["1B", "2B"], "loss": [3.0, 2.9]})).table["tokens"]) == [1e9, 2e9]


def test_no_alias_is_that_of_two_variables():
    aliases = [alias for v in VARIABLES.values() for alias in (v.name, *v.aliases.split())]
    assert len(aliases) == len(set(aliases))
