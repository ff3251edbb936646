"""Reasons not to believe a forecast, before any law is fitted: reach, rungs, units, columns that were left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.errors import InputError
from scalingbench.forecasting.problem import FLOPS_PER_TOKEN, Problem

__all__ = ["Caution", "Level", "Refused", "beyond", "data_cautions", "refuse"]

Level = Literal["note", "warning", "refusal"]
_ORDER: tuple[Level, ...] = ("note", "warning", "refusal")

# Set on synthetic worlds, see docs/forecasting.md
_FAR_AXIS, _ABSURD = 30.0, 1e4
_FAR_COMPUTE = 300.0
_FEW_RUNGS = 3
_FEW_ROWS = 6
_LOCKED = 0.99
_OFF_RATIO = np.log(3.0)
_TINY_MODEL, _MANY_TOKENS = 1e4, 1e6
_SAME_COMPUTE = 4.0
_EXPLAINS, _MATTERS = 0.3, 0.005
_EXPECTED_WITH_SIZE = frozenset({"flops", "steps", "width", "depth", "params", "params_nonembedding", "tokens", "epochs"})


@dataclass(frozen=True)
class Caution:
    """One reason.

    Attributes
    ----------
    level : {"note", "warning", "refusal"}
        A note is to be known, a warning says that the value may be far off, a refusal that it would mean nothing.
    code : str
        Short name of the rule.
    message : str
        What was found, and what to do.
    """

    level: Level
    code: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


class Refused(InputError):
    """A forecast that would mean nothing; `cautions` holds everything that was found."""

    def __init__(self, message: object = "", cautions: Sequence[Caution] = ()) -> None:
        super().__init__(message)
        self.cautions = tuple(cautions)


def refuse(cautions: Sequence[Caution], *, force: bool) -> None:
    """Raise the first refusal, unless it is to be overridden.

    Raises
    ------
    Refused
        With the refusal and how to override it.
    """
    first = next((c for c in cautions if c.level == "refusal"), None)
    if first is not None and not force:
        raise Refused(f"refused: {first.message} (--force answers all the same)", cautions)


def data_cautions(problem: Problem) -> tuple[Caution, ...]:
    """Return what the rows and the target say by themselves."""
    rules = (_noted, _never_varied, _reach, _rungs, _locked, _units, _left_out, _few)
    return tuple(sorted((c for rule in rules for c in rule(problem)), key=lambda c: -_ORDER.index(c.level)))


def _noted(problem: Problem) -> Iterator[Caution]:
    for text in problem.notes:
        yield Caution("note", "read", text)


def _never_varied(problem: Problem) -> Iterator[Caution]:
    for name in problem.constant:
        only, wanted = float(problem.rows[name].iloc[0]), problem.target[name]
        if abs(np.log(wanted / only)) < np.log(1.05):
            yield Caution("note", "never-varied", f"{name} is {only:.4g} in every run, as in the target: it is left out of the fit")
            continue
        text = f"every run has {name} {only:.4g} and the target {wanted:.4g}: nothing in the runs says what that changes"
        yield Caution("refusal", "never-varied", f"{text}; vary it, or leave it out of the target")


def _reach(problem: Problem) -> Iterator[Caution]:
    for name, factor in beyond(problem).items():
        far = max(factor, 1.0 / factor)
        end = "largest" if factor > 1.0 else "smallest"
        text = f"{name}: the target is {factor:.3g} times the {end} run's"
        if far > _ABSURD:
            unit = 10.0 ** (3 * round(np.log10(factor) / 3))
            yield Caution(
                "refusal", "units", f"{text}; is the column in another unit? --unit {name}={unit:.0e} would make it {factor / unit:.3g}"
            )
        elif far > _FAR_AXIS:
            yield Caution("warning", "reach", f"{text}: hardly any published law was tested that far")
        else:
            yield Caution("note", "reach", text)
    if problem.reach > _FAR_COMPUTE:
        yield Caution("warning", "reach-compute", f"the target takes {problem.reach:.3g} times the compute of the dearest run")


def beyond(problem: Problem) -> dict[str, float]:
    """Return target over the nearest end of the range, per variable that lies outside it."""
    low, high = problem.X.min(), problem.X.max()
    at = problem.point.iloc[0]
    outside = [n for n in problem.variables if not low[n] <= at[n] <= high[n] and low[n] > 0]
    return {n: float(at[n] / (high[n] if at[n] > high[n] else low[n])) for n in outside}


def _rungs(problem: Problem) -> Iterator[Caution]:
    for name in problem.variables:
        x = np.log(np.maximum(np.unique(problem.X[name].to_numpy(float)), 1e-300))
        rungs = 1 + int((np.diff(x) > 0.02).sum())
        outside = name in beyond(problem)
        if rungs < _FEW_RUNGS and outside:
            yield Caution("warning", "rungs", f"{name} has {rungs} values: a curvature along it cannot be seen; three or more are needed")


def _locked(problem: Problem) -> Iterator[Caution]:
    names = [n for n in problem.variables if (problem.X[n] > 0).all()]
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            a, b = np.log(problem.X[one].to_numpy(float)), np.log(problem.X[two].to_numpy(float))
            if len(a) < 3 or abs(np.corrcoef(a, b)[0, 1]) < _LOCKED:
                continue
            slope, level = np.polyfit(a, b, 1)
            off = float(np.log(problem.point[two].iloc[0]) - slope * np.log(problem.point[one].iloc[0]) - level)
            if abs(off) > _OFF_RATIO:
                text = f"{one} and {two} grew together in the runs, so their effects cannot be told apart, and the target is off that line"
                yield Caution("warning", "locked", f"{text} by {np.exp(abs(off)):.3g} times in {two}: vary one alone in a few runs")
            else:
                yield Caution("note", "locked", f"{one} and {two} grew together in the runs; the target keeps to that line")


def _units(problem: Problem) -> Iterator[Caution]:
    rows = problem.rows
    if "params" in rows and "tokens" in rows and rows["params"].max() < _TINY_MODEL and rows["tokens"].max() > _MANY_TOKENS:
        text = f"params is at most {rows['params'].max():.4g}: no such model; is it in millions or billions?"
        yield Caution("warning", "units", f"{text} --unit params=1e6, or 1e9")
    if not {"params", "tokens", "flops"} <= set(rows) or any("is derived" in n for n in problem.notes):
        return
    ratio = float(np.nanmedian(rows["flops"] / (FLOPS_PER_TOKEN * rows["params"] * rows["tokens"])))
    if np.isfinite(ratio) and not 1 / _SAME_COMPUTE <= ratio <= _SAME_COMPUTE:
        text = f"flops is {ratio:.3g} times 6 x params x tokens"
        slip = abs(np.log10(ratio)) > 2.5
        why = (
            "a unit is wrong: see the ranges above, and --unit" if slip else "params may leave out embeddings, or flops may be an estimate"
        )
        yield Caution("warning" if slip else "note", "flops", f"{text}: {why}")


def _left_out(problem: Problem) -> Iterator[Caution]:
    """Name columns that vary and are not in the target, and those that explain what its variables leave over."""
    residual = _residual(problem)
    for name, column in _other_columns(problem):
        share = _explained(residual, column)
        text = f"{name} varies ({column.nunique()} values) and the target leaves it out"
        if share > _EXPLAINS and float(np.std(residual)) > _MATTERS:
            remedy = f"--where {name}=... keeps one" + (f", or name it in --target ({name}=...)" if name in problem.rows else "")
            yield Caution("warning", "left-out", f"{text}; it goes with {100 * share:.0f} % of what the others leave unexplained: {remedy}")
        elif name not in _EXPECTED_WITH_SIZE:
            yield Caution("note", "left-out", text)


def _other_columns(problem: Problem) -> Iterator[tuple[str, pd.Series]]:
    n = len(problem.y)
    for name in variables_of(problem.rows):
        if name not in problem.target and problem.rows[name].notna().all() and problem.rows[name].nunique() > 1:
            yield name, problem.rows[name]
    for header in problem.rest:
        text = problem.rest[header].astype(str)
        if 1 < text.nunique() <= min(10, n // 3):
            yield str(header), text


def _residual(problem: Problem) -> np.ndarray:
    """Return what a quadratic in the logs of the target's variables leaves of the values, shape (n,)."""
    y = problem.scaled(problem.y)
    x = np.log(np.maximum(problem.X.to_numpy(float), 1e-300))
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    columns = [np.ones(len(y)), *x.T]
    if len(y) > 4 * (1 + 2 * x.shape[1]):
        columns += [*(x**2).T]
    design = np.stack(columns, axis=1)
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], float)


def _explained(residual: np.ndarray, column: pd.Series) -> float:
    """Return the share of the residual's variance that goes with a column, less what chance would give."""
    n = len(residual)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 2:
        x = np.log(np.maximum(column.to_numpy(float), 1e-300))
        x = (x - x.mean()) / max(float(x.std()), 1e-12)
        design = np.stack([np.ones(n), x, x**2], axis=1)
    else:
        design = pd.get_dummies(column.astype(str)).to_numpy(float)
    total = float(residual @ residual)
    if total <= 0 or n <= design.shape[1] + 2:
        return 0.0
    left = residual - design @ np.linalg.lstsq(design, residual, rcond=None)[0]
    spent = design.shape[1] - 1
    return float(max(0.0, 1.0 - float(left @ left) / total * (n - 1) / (n - 1 - spent)))


def _few(problem: Problem) -> Iterator[Caution]:
    if len(problem.y) < _FEW_ROWS:
        yield Caution(
            "warning", "few-rows", f"{len(problem.y)} runs: too few to tell laws apart, or to see noise; eight or more are needed"
        )
