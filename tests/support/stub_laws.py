"""Laws whose errors are known by construction, so that what AutoLaw makes of them can be computed by hand."""

import warnings

import numpy as np
import pandas as pd

from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.registry import Entry


def truth(X):
    """Return the log of the value: it falls by a half for every doubling of x."""
    return -0.5 * np.log2(X["x"].to_numpy(float))


# Eight doublings of x: back-tests along x are fitted on 4, 5 and 6 rows; the values' logarithms fall from 0 to -3.5.
X = pd.DataFrame({"x": 2.0 ** np.arange(8)})
Y = np.exp(truth(X))
BEYOND = pd.DataFrame({"x": [2.0**9]})


def quiet(law, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return law.fit(X, y)


class Stub(ScalingLaw):
    """Off the truth by a given logarithm, which depends on the number of rows that it was fitted on, and on whether z is known.

    `offsets` is one number, or one for each number of training rows with `otherwise` for any other.
    """

    candidate = Candidate()
    fits = 0

    def __init__(self, offsets=0.0, otherwise=0.0, blind=None):
        self.offsets = offsets
        self.otherwise = otherwise
        self.blind = blind

    def fit(self, X, y):
        Stub.fits += 1
        self._read_training(X, y, positive=False)
        self.offset_ = self.offsets.get(len(y), self.otherwise) if isinstance(self.offsets, dict) else self.offsets
        return self

    def predict(self, X):
        lacks = self.blind is not None and ("z" not in X or X["z"].isna().all())
        return np.exp(truth(X) + (self.blind if lacks else self.offset_))


class Batch(Stub):
    """Fits many data sets in one call, unless `otherwise` is given."""

    calls = 0

    def fit_many(self, frames, responses):
        Batch.calls += 1
        if self.otherwise:
            raise RuntimeError("one data set is bad")
        return [Stub(self.offsets).fit(X, y) for X, y in zip(frames, responses, strict=True)]


class Broken(ScalingLaw):
    """Fails at a given step."""

    candidate = Candidate()

    def __init__(self, step="fit"):
        self.step = step

    def fit(self, X, y):
        if self.step == "fit":
            raise RuntimeError("cannot be fitted")
        return self

    def predict(self, X):
        if self.step == "predict":
            raise RuntimeError("cannot predict")
        if self.step == "shape":
            return np.ones(len(X) + 1)
        return np.where(np.arange(len(X)) == 0, np.nan, 1.0)


class Picky(Stub):
    """Raises an error where a row lies beyond x = 4096."""

    def predict(self, X):
        if (X["x"] > 4096).any():
            raise ValueError("x: too large")
        return super().predict(X)


def stub(name, *, candidate=None, **arguments):
    """Return a registry entry of a stub."""
    return Entry(name, "stub_laws:Stub", name, arguments=arguments, candidate=candidate)


def broken(step):
    """Return a registry entry of a law that fails."""
    return Entry(f"broken-{step}", "stub_laws:Broken", "broken", arguments={"step": step})


class Listens(Stub):
    """Pools, and notes the curve and the number of rows of all that it is told are of one group."""

    pools = True
    heard: list[list[tuple[str, int]]] = []

    def fit_many(self, frames, responses, groups):
        for group in dict.fromkeys(groups):
            Listens.heard.append([(X["curve"].iloc[0], len(X)) for X, own in zip(frames, groups, strict=True) if own == group])
        return [Stub().fit(X, y) for X, y in zip(frames, responses, strict=True)]
