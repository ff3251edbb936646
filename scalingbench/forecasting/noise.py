"""Two kinds of noise: between runs of one configuration, and of the evaluation; intervals of a new run and of the expected value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.defaults import NORMAL
from scalingbench.common.errors import InputError
from scalingbench.forecasting.formats import as_percent
from scalingbench.forecasting.headers import STANDARD_ERRORS, key_of
from scalingbench.forecasting.numbers import numbers_of
from scalingbench.forecasting.query import Query

__all__ = ["Noise", "noise_of", "of_the_law"]

_OUTCOMES = ("source_loss",)


@dataclass(frozen=True)
class Noise:
    """Standard deviations on the scale of the errors.

    Attributes
    ----------
    total : float, optional
        Of runs of one configuration, what their evaluation adds included; None without repeated runs.
    evaluation : float, optional
        Of the evaluation of one run, by the table's standard errors; None without them.
    groups, freedom : int
        Configurations with repeated runs, and degrees of freedom of `total`.
    log : bool
        Whether errors are those of logarithms.
    law : float, optional
        Standard deviation of the expected value at the target.
    """

    total: float | None
    evaluation: float | None
    groups: int = 0
    freedom: int = 0
    log: bool = True
    law: float | None = None

    @property
    def run(self) -> float | None:
        """Of runs of one configuration, without their evaluation."""
        return None if self.total is None else math.sqrt(max(0.0, self.total**2 - (self.evaluation or 0.0) ** 2))

    @property
    def known(self) -> float:
        """Of a measured value around the expected one, as far as the table tells."""
        return self.total if self.total is not None else float(self.evaluation or 0.0)

    @property
    def seeds(self) -> int | None:
        """Number of seeds whose mean has a noise below the uncertainty of the law; None where either is unknown."""
        return max(1, math.ceil((self.total / self.law) ** 2)) if self.total is not None and self.law else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = {"total": self.total, "run": self.run, "evaluation": self.evaluation, "configurations": self.groups}
        return {**plain, "freedom": self.freedom, "law": self.law, "seeds": self.seeds}

    def __str__(self) -> str:
        parts = [f"of a run {self._shown(self.run)}"] if self.run is not None else []
        parts += [f"of an evaluation {self._shown(self.evaluation)}"] if self.evaluation is not None else []
        text = f"noise (standard deviation): {', '.join(parts)}"
        text += f", from {self.groups} repeated configurations" if self.groups else ", by the table's standard errors; no run is repeated"
        if self.seeds is None or self.law is None:
            return text
        enough = "one seed is" if self.seeds == 1 else f"{self.seeds} seeds are"
        return f"{text}; {enough} enough for a noise below the law's uncertainty at the target, {self._shown(self.law)}"

    def _shown(self, size: float) -> str:
        return as_percent(float(np.expm1(size))) if self.log else f"{size:.2g}"


def noise_of(query: Query) -> Noise | None:
    """Return the noise of the values of a query; None where no run is repeated and there is no column of standard errors."""
    groups = _groups(query)
    evaluation = _evaluation(query)
    freedom = sum(len(values) - 1 for values in groups)
    if not freedom and evaluation is None:
        return None
    squares = sum(float(np.sum((values - values.mean()) ** 2)) for values in groups)
    return Noise(math.sqrt(squares / freedom) if freedom else None, evaluation, len(groups), freedom, query.log)


def _groups(query: Query) -> list[np.ndarray]:
    """Return the values, on the scale of the errors, of each configuration with several runs: equal in all but the seed."""
    keys = [query.rows[name] for name in variables_of(query.rows) if name not in _OUTCOMES]
    keys += [query.rest[h].astype(str) for h in query.rest if query.rest[h].nunique() <= len(query.y) // 2 and not _is_error(query, str(h))]
    numbers = pd.Series(query.scaled(query.y)).groupby([k.to_numpy() for k in keys], dropna=False)
    return [values.to_numpy(float) for _, values in numbers if len(values) > 1]


def _evaluation(query: Query) -> float | None:
    """Return the root mean square of the standard errors of the values, on the scale of the errors."""
    for header in (str(h) for h in query.rest if _is_error(query, str(h))):
        try:
            errors = numbers_of(query.rest[header], header)
        except InputError:
            continue
        sizes = np.asarray(errors, float) * _unit(query) / (query.y if query.log else 1.0)
        known = sizes[np.isfinite(sizes) & (sizes >= 0)]
        if len(known):
            return float(np.sqrt(np.mean(known**2)))
    return None


def _is_error(query: Query, header: str) -> bool:
    """Return whether a column has the standard errors of the values: ``loss_se`` of ``loss``, or ``stderr`` alone."""
    return key_of(header) in {*STANDARD_ERRORS, *(f"{stem}_{ending}" for stem in _stems(query) for ending in STANDARD_ERRORS)}


def _stems(query: Query) -> Iterator[str]:
    yield from ("value", query.runs.metric)
    yield from (key_of(c.header) for c in query.runs.columns if c.name == "value")


def _unit(query: Query) -> float:
    return next((c.unit for c in query.runs.columns if c.name == "value"), 1.0)


def of_the_law(query: Query, noise: Noise, value: float, interval: tuple[float, float]) -> tuple[Noise, tuple[float, float]]:
    """Return the noise with the uncertainty of the law, and the interval of the expected value.

    Parameters
    ----------
    query : Query
        Rows and target.
    noise : Noise
        That of the table.
    value : float
        The forecast.
    interval : tuple of float
        80 % interval of a new run. What is left of it without the noise is that of the expected value, but no less than the noise
        of as many runs as there are leaves in the constants of a law.
    """
    low, at, high = query.scaled(np.array([interval[0], value, interval[1]]))
    constants = len(query.variables) + 2
    least = NORMAL * noise.known * math.sqrt(constants / max(len(query.y), constants))
    below, above = (max(least, math.sqrt(max(0.0, reach**2 - (NORMAL * noise.known) ** 2))) for reach in (at - low, high - at))
    ends = query.within(query.unscaled(np.array([at - below, at + above])))
    return replace(noise, law=max(below, above) / NORMAL), (float(ends[0]), float(ends[1]))
