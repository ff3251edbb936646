"""A prediction depends on the fit and the row: what else is asked in the same call changes nothing."""

import warnings

import numpy as np
import pytest

from benchmark.tasks.suite import load_suite
from predictors.contract import columns_read
from predictors.registry import get, list_predictors

TASKS = (
    "porian/loss_val/far-10x",
    "gadre_overtraining/error_rate_mean_17/two-stage",
    "lcdb/error_rate/trees-far-10x",
    "quest_precision/loss/far-10x",
    "designed_text/loss/rates-far-10x",
    "sloth/accuracy_mmlu/far-10x",
)
SLOW = ("autolaw", "data-mixing")
"""Tested beside their own rules, on fewer rows."""


@pytest.mark.parametrize("name", TASKS)
def test_rows_one_by_one_and_together(name):
    task = load_suite("v2").task(name)
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
