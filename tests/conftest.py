"""Fixtures shared by all tests."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from sklearn.base import BaseEstimator, RegressorMixin

# property tests: few examples, the same ones every time; pytest --hypothesis-profile=long tests/properties looks for new ones
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
settings.register_profile("short", max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=_SLOW, print_blob=True)
settings.load_profile("short")

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
