"""Fixtures shared by all tests."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

MIRROR = os.environ.get("SCALINGBENCH_MIRROR")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Return the offline mirror of upstream files; tests that need it are skipped without one."""
    if not MIRROR:
        pytest.skip("SCALINGBENCH_MIRROR is not set: upstream files are not at hand")
    return Path(MIRROR)


class ConstantPredictor(RegressorMixin, BaseEstimator):
    """Predicts the mean of its training values; needs no column by name."""

    def __init__(self, shift: float = 0.0):
        self.shift = shift

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "ConstantPredictor":
        self.mean_ = float(np.mean(y)) + self.shift
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.full(len(X), self.mean_)


@pytest.fixture
def constant() -> ConstantPredictor:
    """Return a trivial predictor."""
    return ConstantPredictor()
