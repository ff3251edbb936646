"""Predictions are converted once, and only real, finite numbers pass."""

import decimal
import fractions

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.evaluation import outcome


@pytest.mark.parametrize(
    "given",
    [
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        np.array([1, 2, 3], np.int8),
        np.array([1, 2, 3], np.float16),
        np.array([[1.0], [2.0], [3.0]]),
        np.array([1.0, 2.0, 3.0], object),
        pd.Series([1.0, 2.0, 3.0]),
        pd.array([1.0, 2.0, 3.0], dtype="Float64"),
        [fractions.Fraction(1), 2, 3.0],
        [np.float32(1), np.int64(2), 3],
    ],
    ids=str,
)
def test_real_numbers_pass(given):
    found = outcome.predictions(given, 3)
    assert found.status == "ok" and found.values.dtype == float and list(found.values) == [1, 2, 3]


@pytest.mark.parametrize(
    "given",
    [
        np.ones(3, complex),
        [1 + 0j] * 3,
        np.full(3, np.datetime64("2026-01-01")),
        np.full(3, np.timedelta64(1, "s")),
        np.ma.masked_array(np.ones(3), [True, False, False]),
        ["1.0"] * 3,
        np.array(["1.0"] * 3),
        np.array(["1.0"] * 3, object),
        [b"1"] * 3,
        [None] * 3,
        [decimal.Decimal(1)] * 3,
        [[1.0], [1.0, 2.0], [3.0]],
        np.zeros(3, dtype=[("a", float)]),
        [10**400] * 3,
        None,
    ],
    ids=str,
)
def test_what_is_no_real_number_is_refused(given):
    found = outcome.predictions(given, 3)
    assert found.status == "wrong-shape" and found.values.size == 0 and "expected" in found.message


def test_shape_and_finiteness_are_checked_on_what_was_converted():
    class TwoFaced:
        calls = 0

        def __array__(self, dtype=None, copy=None):
            self.calls += 1
            return np.ones(3) if self.calls == 1 else np.full(3, np.nan)

    found = outcome.predictions(TwoFaced(), 3)
    assert found.status == "ok" and list(found.values) == [1, 1, 1]
    assert outcome.predictions(np.ones(4), 3).message == "predict returned shape (4,), expected (3,)"
    assert outcome.predictions(pd.array([1.0, None, 3.0], dtype="Float64"), 3).status == "not-finite"
    assert outcome.predictions([1, np.nan, np.inf], 3).message == "predict returned 2 of 3 values that are NaN or infinite"


def test_constants_are_numbers():
    class Model:
        params_ = {"a": 1, "b": np.float32(2.0), "c": "3", "d": 1j, "e": np.complex128(1), "f": None}

    assert outcome.constants(Model()) == {"a": 1.0, "b": 2.0}
    assert outcome.constants(object()) == {}
