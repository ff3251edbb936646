"""Rules of weighting on recorded candidates: simple ones, and a softmax of features that is learnt across collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from perf.tuning.cases import CLASSES, class_of
from perf.tuning.features import FEATURES, Asking, traits_of
from perf.tuning.record import Record
from predictors.backtests import directions, groups_by_missing
from predictors.judging import plausible
from predictors.registry import get
from predictors.trials import root_mean_square

__all__ = ["Rows", "Score", "gather", "learn", "score", "shares"]

_CLIP = (0.01, 10.0)


@dataclass
class Rows:
    """Held-out rows of many cases, candidates padded to one width.

    Attributes
    ----------
    features : ndarray, shape (R, K, F)
    values : ndarray, shape (R, K)
        Predictions on the scale that is averaged.
    usable : ndarray of bool, shape (R, K)
    which : ndarray of int, shape (R, K)
        Position of each candidate in `names`.
    recent : ndarray, shape (R, K)
        Recency-weighted error in back-tests.
    case : ndarray of int, shape (R,)
    y : ndarray, shape (R,)
        Measured values.
    averaged_log, scored_log : ndarray of bool, shape (R,)
        Whether values are averaged, and errors taken, as logarithms.
    beyond : ndarray, shape (R,)
    unit : ndarray, shape (R,)
        Standard deviation of the training values on the scale that is averaged.
    reference : ndarray, shape (C,)
        Error of the nearest neighbour, per case.
    collections, reaches : list
        Per case.
    """

    features: np.ndarray
    values: np.ndarray
    usable: np.ndarray
    which: np.ndarray
    recent: np.ndarray
    case: np.ndarray
    y: np.ndarray
    averaged_log: np.ndarray
    scored_log: np.ndarray
    beyond: np.ndarray
    unit: np.ndarray
    reference: np.ndarray
    collections: list[str]
    reaches: list[float]
    names: list[str]
    trained: np.ndarray
    """Number of training rows, per case."""
    groups: list[str]
    """Task of each case, whose curves know of each other; a name of its own where it stands alone."""

    def target(self, p: np.ndarray) -> np.ndarray:
        """Return predictions on the scale of the errors."""
        raw = np.where(self.averaged_log, np.exp(np.clip(p, -60, 60)), p)
        found: np.ndarray = np.where(self.scored_log, np.log(np.maximum(raw, 1e-12)), raw)
        return found

    @property
    def measured(self) -> np.ndarray:
        """Return measured values on the scale of the errors."""
        found: np.ndarray = np.where(self.scored_log, np.log(np.maximum(self.y, 1e-12)), self.y)
        return found


def gather(records: Sequence[Record], without: Sequence[str] = (), *, reach: float = 3.0, most_rows: int = 24) -> Rows:
    """Return the held-out rows of records, at most `most_rows` of a case."""
    names = sorted({name for r in records for name in r.values} - set(without))
    position = {name: i for i, name in enumerate(names)}
    width = max(len(set(r.values) - set(without)) for r in records)
    parts: dict[str, list[np.ndarray]] = {}
    reference, collections, reaches, trained, groups = [], [], [], [], []
    for record in records:
        here = [name for name in record.values if name not in without and np.isfinite(record.values[name]).any()]
        nearest = record.values["nearest-neighbor" if "nearest-neighbor" in record.values else "nearest-observation"]
        case = record.case
        raw = np.exp(nearest) if record.data.log else nearest
        residual = np.log(np.maximum(raw, 1e-12) / case.y) if case.log else raw - case.y
        error = float(np.sqrt(np.mean(residual**2)))
        if not here or not np.isfinite(error) or error <= 1e-9:
            continue
        index = len(reference)
        reference.append(error)
        collections.append(case.collection)
        reaches.append(case.reach)
        trained.append(len(case.y_train))
        groups.append(case.group or f"alone {index}")
        errors = {name: [root_mean_square(x) for x in record.residuals[name]] for name in here}
        traits = {name: traits_of(get(name).make(), case.X_train)._replace(constants=record.constants.get(name, 0)) for name in here}
        values = np.stack([record.values[name] for name in here])
        axes, beyond = directions(case.X_train, case.X)
        keep = np.unique(np.round(np.linspace(0, len(case.y) - 1, min(len(case.y), most_rows))).astype(int))
        for rows, _ in groups_by_missing(case.X_train, case.X):
            for axis in dict.fromkeys(axes[rows]):
                alike = np.array([i for i in rows if axes[i] == axis and i in set(keep)], int)
                if not len(alike):
                    continue
                asked = Asking(record.data, here, errors, traits, axis, beyond[alike], values[:, alike])
                usable = plausible(record.data, values[:, alike], beyond[alike], reach)
                n, k = len(alike), len(here)
                features = np.zeros((n, width, len(FEATURES)))
                features[:, :k] = asked.features(usable).transpose(1, 0, 2)
                entry = {
                    "features": features,
                    "values": _pad(np.nan_to_num(values[:, alike]).T, width),
                    "usable": _pad(usable.T, width),
                    "which": _pad(np.tile([position[name] for name in here], (n, 1)), width),
                    "recent": _pad(np.tile(asked.recent(), (n, 1)), width, np.inf),
                    "case": np.full(n, index),
                    "y": case.y[alike],
                    "averaged_log": np.full(n, record.data.log),
                    "scored_log": np.full(n, case.log),
                    "beyond": beyond[alike],
                    "unit": np.full(n, float(np.std(record.data.scaled)) + 1e-12),
                }
                for key, value in entry.items():
                    parts.setdefault(key, []).append(value)
    joined = {key: np.concatenate(value) for key, value in parts.items()}
    per_case = {"collections": collections, "reaches": reaches, "trained": np.array(trained), "groups": groups}
    return Rows(**joined, reference=np.array(reference), names=names, **per_case)


def _pad(a: np.ndarray, width: int, fill: float = 0) -> np.ndarray:
    return np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=fill)


@dataclass(frozen=True)
class Score:
    """How a rule did: geometric means over collections of the error relative to the nearest neighbour's."""

    overall: float
    real: float
    by_reach: dict[str, float]
    cases: np.ndarray

    def line(self) -> str:
        """Return it in a line."""
        parts = "  ".join(f"{name} {value:.3f}" for name, value in self.by_reach.items())
        return f"all {self.overall:.4f}  set-aside collections {self.real:.4f}  {parts}"


def score(rows: Rows, prediction: np.ndarray) -> Score:
    """Score predictions on the scale that is averaged, shape (R,)."""
    residual = rows.target(prediction) - rows.measured
    total = np.bincount(rows.case, residual**2, len(rows.reference))
    count = np.bincount(rows.case, minlength=len(rows.reference))
    ratio = np.clip(np.sqrt(total / count) / rows.reference, *_CLIP)
    table = pd.DataFrame({"collection": rows.collections, "log": np.log(ratio), "reach": [class_of(r) for r in rows.reaches]})

    def mean(part: pd.DataFrame) -> float:
        return float(np.exp(part.groupby("collection")["log"].mean().mean())) if len(part) else float("nan")

    real = table[~table["collection"].str.startswith(("world-", "synthetic_"))]
    return Score(mean(table), mean(real), {name: mean(table[table["reach"] == name]) for name in CLASSES}, np.log(ratio))


def shares(logits: np.ndarray, usable: np.ndarray, most: int | None = None) -> np.ndarray:
    """Return softmax weights of the usable candidates, those of the best `most` only, shape (R, K)."""
    z = np.where(usable, logits, -np.inf)
    if most is not None and most < z.shape[1]:
        limit = -np.sort(-z, axis=1)[:, most - 1 : most]
        z = np.where(z >= limit, z, -np.inf)
    z = z - z.max(axis=1, keepdims=True)
    w = np.exp(z)
    found: np.ndarray = w / w.sum(axis=1, keepdims=True)
    return found


@dataclass(frozen=True)
class Learnt:
    """Coefficients: of the features, and of every candidate, near and far."""

    features: np.ndarray
    near: np.ndarray
    far: np.ndarray

    def logits(self, rows: Rows) -> np.ndarray:
        """Return the logarithms of the weights but for a constant, shape (R, K)."""
        far = np.log1p(rows.beyond)[:, None]
        found: np.ndarray = rows.features @ self.features + self.near[rows.which] + self.far[rows.which] * far
        return found


def learn(
    rows: Rows,
    chosen: np.ndarray,
    *,
    ridge: float = 1e-3,
    ridge_names: float = 1e-2,
    columns: Sequence[bool] | None = None,
    iterations: int = 150,
    least: float = 0.02,
    real: float = 1.0,
) -> Learnt:
    """Learn coefficients on the chosen cases: the least mean logarithm of the error, collections counting alike.

    Parameters
    ----------
    chosen : ndarray of bool, shape (C,)
        Cases to learn from.
    ridge, ridge_names : float
        Penalty on the coefficients of features, and of candidates.
    columns : sequence of bool, optional
        Features that are used.
    least : float
        Share of the reference's error added to every error, so that luck does not decide.
    real : float
        How much more a collection of real runs counts than a kind of synthetic world.
    """
    pick = chosen[rows.case]
    used = np.ones(rows.features.shape[2]) if columns is None else np.asarray(columns, float)
    F, V, U, W = (a[pick] for a in (rows.features, rows.values, rows.usable, rows.which))
    case, far = rows.case[pick], np.log1p(rows.beyond[pick])[:, None]
    sub = _Sub(rows, pick)
    n_f, n_c = F.shape[2], len(rows.names)
    weight_of = _case_weights(rows, chosen, real)
    count = np.bincount(case, minlength=len(rows.reference)).astype(float)
    flat = W.ravel()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        a, near, distant = theta[:n_f] * used, theta[n_f : n_f + n_c], theta[n_f + n_c :]
        w = shares(F @ a + near[W] + distant[W] * far, U)
        m = (w * V).sum(axis=1)
        r, slope = sub.residual(m)
        mse = np.bincount(case, r**2, len(count)) / np.maximum(count, 1)
        soft = mse + (least * rows.reference) ** 2
        total = 0.5 * (weight_of * np.log(soft / rows.reference**2)).sum()
        # d total / d m
        g = (weight_of / soft / np.maximum(count, 1))[case] * r * slope
        dz = w * (V - m[:, None]) * g[:, None]
        grad = np.concatenate(
            [
                np.tensordot(dz, F, axes=([0, 1], [0, 1])) * used,
                np.bincount(flat, dz.ravel(), n_c),
                np.bincount(flat, (dz * far).ravel(), n_c),
            ]
        )
        penalty = np.concatenate([np.full(n_f, ridge), np.full(2 * n_c, ridge_names)])
        return total + 0.5 * float(penalty @ (theta - start) ** 2), grad + penalty * (theta - start)

    start = np.zeros(n_f + 2 * n_c)
    start[0] = -2.0  # the previous rule: where nothing speaks for another, the power of the error
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations}).x
    return Learnt(found[:n_f] * used, found[n_f : n_f + n_c], found[n_f + n_c :])


class _Sub:
    """Residuals of chosen rows, and their derivative by the prediction."""

    def __init__(self, rows: Rows, pick: np.ndarray):
        self.both = rows.averaged_log[pick] == rows.scored_log[pick]
        self.averaged_log, self.scored_log = rows.averaged_log[pick], rows.scored_log[pick]
        self.measured = rows.measured[pick]

    def residual(self, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raw = np.exp(np.clip(m, -60, 60))
        value = np.where(self.both, m, np.where(self.averaged_log, raw, np.log(np.maximum(m, 1e-12))))
        slope = np.where(self.both, 1.0, np.where(self.averaged_log, raw, np.where(m > 1e-12, 1.0 / np.maximum(m, 1e-12), 0.0)))
        return value - self.measured, slope


def _case_weights(rows: Rows, chosen: np.ndarray, real: float) -> np.ndarray:
    names = np.array(rows.collections)
    weight = np.zeros(len(names))
    kinds = sorted(set(names[chosen]))
    for name in kinds:
        members = chosen & (names == name)
        weight[members] = (1.0 if name.startswith(("world-", "synthetic_")) else real) / members.sum()
    return weight / weight.sum()
