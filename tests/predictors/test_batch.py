"""A prediction depends on the fit and the row, or the rows of its run: what else is asked in the same call changes nothing."""

import warnings

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.predictors.autolaw.autolaw import AutoLaw
from scalingbench.predictors.autolaw.autolaw_2026_11 import AutoLaw202611
from scalingbench.predictors.contract import columns_read
from scalingbench.predictors.registry import get, list_predictors

LAWS = {"autolaw": AutoLaw, "autolaw[2026-11]": AutoLaw202611}
# one task of each kind, of collections that come with the project; the last one hands over runs with their history
TASKS = (
    ("lcdb", "curve"),
    ("gemstones", "compute"),
    ("datablations", "data-constrained"),
    ("synthetic_repeated", "data-constrained"),
    ("regmix", "mixture"),
    ("olmo_ladder", "downstream"),
    ("synthetic_coverage", "inference"),
    ("multipowerlaw", "training-curve"),
)
FEW = ("nearest-observation", "nearest-neighbor", "log-linear", "log-quadratic[floor]", "power-law", "pow3", "chinchilla[l2-log]", "kaplan")
FEWER = ("loss-to-accuracy", "two-stage[sigmoid]", "data-constrained", "lr-annealing", "regmix[linear]", "direct-accuracy")


V2_TASKS = (
    "porian/loss_val/far-10x",
    "gadre_overtraining/error_rate_mean_17/two-stage",
    "lcdb/error_rate/trees-far-10x",
    "quest_precision/loss/far-10x",
    "designed_text/loss/rates-far-10x",
    "sloth/accuracy_mmlu/far-10x",
)
QUICK = ("porian/loss_val/far-10x",)
"""The one that most entries enter."""
SLOW = ("autolaw", "data-mixing")
"""Tested above, or beside their own rules on fewer rows."""


@pytest.fixture(scope="module")
def tasks():
    suite = load_suite("v3")
    return {(c, t): suite.build(collections=(c,), track=t)[0] for c, t in TASKS}


def groups_of(X):
    return list(X.groupby("run", sort=False).indices.values()) if "run" in X else [np.array([i]) for i in range(len(X))]


@pytest.mark.parametrize("name", ["autolaw", pytest.param("autolaw[2026-11]", marks=pytest.mark.full)])
@pytest.mark.parametrize(("collection", "track"), TASKS)
def test_rows_one_by_one_are_predicted_as_they_are_together(tasks, registered, collection, track, name):
    task, law = tasks[collection, track], LAWS[name]()
    registered(*FEW, *FEWER)
    fold = task.folds[0]
    keep = (
        np.sort(np.argsort(fold.y_train, kind="stable")[:: max(1, len(fold.y_train) // 60)]) if "run" not in fold.X_train else slice(None)
    )
    X, y = fold.X_train.iloc[keep].reset_index(drop=True), fold.y_train[keep]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        law.fit(X, y)
        asked = pd.concat([fold.X_test.head(400), X.head(3)], ignore_index=True)
        groups = groups_of(asked)[:12] + groups_of(asked)[-2:]
        together, quantiles = law.predict(asked), law.predict_quantiles(asked, (0.1, 0.9))
        for rows in groups:
            part = asked.iloc[rows].reset_index(drop=True)
            assert law.predict(part) == pytest.approx(together[rows], rel=1e-9)
            assert law.predict_quantiles(part, (0.1, 0.9)) == pytest.approx(quantiles[rows], rel=1e-9)


def test_rows_that_lack_different_columns_do_not_change_each_other(registered):
    registered("nearest-observation", "log-linear", "loss-to-accuracy", "two-stage[sigmoid]")
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"params": np.repeat(np.geomspace(1e7, 1e9, 6), 4), "tokens": np.tile(np.geomspace(1e9, 1e11, 4), 6)})
    X["source_loss"] = 1.8 + 400 / X["params"] ** 0.34 + 1500 / X["tokens"] ** 0.37
    y = 0.25 + 0.6 / (1 + np.exp(3 * (X["source_loss"].to_numpy() - 3.0))) + rng.normal(0, 1e-3, len(X))
    asked = pd.DataFrame({"params": [1e10, 1e10, 4e7], "tokens": [1e12, 1e12, 3e9], "source_loss": [np.nan, 2.0, np.nan]})
    for make in LAWS.values():
        law = make()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            law.fit(X, y)
            together = law.predict(asked)
            for i in range(len(asked)):
                assert law.predict(asked.iloc[[i]]) == pytest.approx(together[[i]], rel=1e-9)


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.full) for n in V2_TASKS])
def test_every_entry_predicts_rows_one_by_one_as_together(name):
    task = load_suite("v3").task(name)
    fold = task.folds[0]
    asked = fold.X_test.iloc[:: max(1, len(fold.X_test) // 5)].reset_index(drop=True)
    numeric = [c for c in fold.X_train if c not in ("run", "curve")]
    compared = 0
    for entry in list_predictors():
        law = entry.make()
        if entry.name.startswith(SLOW) or columns_read(getattr(law, "variables", None), list(fold.X_train), numeric) is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitted = law.fit(fold.X_train, fold.y_train)
                together = np.asarray(fitted.predict(asked), float)
            except Exception:  # too few rows for this form, or no such inputs
                continue
            alone = np.concatenate([np.asarray(fitted.predict(asked.iloc[[i]].reset_index(drop=True)), float) for i in range(len(asked))])
        np.testing.assert_allclose(alone, together, rtol=1e-9, err_msg=entry.name)
        compared += 1
    assert compared >= 5


def test_the_entries_that_are_left_out_above_exist():
    assert {get(name).name for name in SLOW} == set(SLOW)
