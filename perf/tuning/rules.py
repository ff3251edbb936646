"""Weighting rules on recorded candidates: simple ones, and a softmax of features that is learnt across collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import softmax

from perf.tuning.cases import CLASSES, REAL, class_of, is_synthetic
from perf.tuning.features import FEATURES, PredictionPoints, traits_of
from perf.tuning.record import Record
from scalingbench.predictors.autolaw.backtest import root_mean_square
from scalingbench.predictors.autolaw.weights import RECENCY, plausible
from scalingbench.predictors.axes import INTERPOLATION, directions, groups_by_missing
from scalingbench.predictors.registry import get

__all__ = ["SHARPER", "Learnt", "Rows", "Score", "case_logs", "gather", "learn", "score", "shares", "weights_of"]

SHARPER = 1.3
_CLIP = (0.01, 10.0)
_FULL = 4  # number of cases for full weight of a collection


@dataclass
class Rows:
    """Held-out rows of many cases, candidates padded to one width.

    Attributes
    ----------
    features : ndarray, shape (R, K, F)
    kinds : ndarray, shape (R, K, 3)
        Errors as `scalingbench.predictors.autolaw.weights.BacktestErrors.kinds` returns them.
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
    kinds: np.ndarray
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
    stacked: np.ndarray
    """Logarithms of weights that are fitted to the case's own back-tests, shape (R, K), see `stacked_weights`."""

    def part(self, chosen: np.ndarray) -> Rows:
        """Return the rows of chosen cases, a mask of shape (C,)."""
        pick, place = chosen[self.case], np.cumsum(chosen) - 1
        by_row = {f.name: value[pick] for f in fields(self) if f.name in _BY_ROW and (value := getattr(self, f.name)) is not None}
        kept = np.flatnonzero(chosen)
        return replace(
            self,
            **by_row | {"case": place[self.case[pick]]},
            reference=self.reference[kept],
            trained=self.trained[kept],
            collections=[self.collections[i] for i in kept],
            reaches=[self.reaches[i] for i in kept],
        )

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


_BY_ROW = (
    *("features", "kinds", "values", "usable", "which", "recent", "case", "y", "averaged_log", "scored_log"),
    *("beyond", "unit", "stacked"),
)


def stacked_weights(
    residuals: Sequence[np.ndarray], shares: np.ndarray, prior: np.ndarray, floor: float, *, power: float = 2.0, iterations: int = 60
) -> np.ndarray:
    """Return logarithms of the weights of the mean that does best in the back-tests, drawn to a prior; shape (k,).

    They minimise power / 2 log(w' S w + floor^2) + KL(w, prior) on the simplex, with S the mean of the products of residuals: two
    candidates that err alike count less than two that err apart.

    Parameters
    ----------
    residuals : sequence of ndarray, each of shape (k, m)
        Errors of every candidate on the upper rows of each back-test.
    shares : ndarray
        Weight of each back-test.
    prior : ndarray, shape (k,)
        Logarithms of the weights that are drawn to.
    """
    S = sum(share * r @ r.T / r.shape[1] for share, r in zip(shares / shares.sum(), residuals, strict=True))
    z = prior
    for _ in range(iterations):
        w = softmax(z)
        Sw = S @ w
        z = 0.7 * z + 0.3 * (prior - power * (Sw / (w @ Sw + floor**2) - 1.0))
    found: np.ndarray = z - z.max()
    return found


def _stacked(record: Record, points: PredictionPoints) -> np.ndarray:
    """Return `stacked_weights` at points of one axis, with the inverse of each candidate's error as the prior; shape (k,)."""
    axis = points.tested_axis()
    if axis is None:
        return np.zeros(len(points.names))
    tests = [i for i, test in enumerate(record.data.backtests) if test.axis == axis]
    worst = 10.0 * float(np.std(record.data.scaled)) + points.floor
    filled = [
        np.stack([_known(record.residuals[name][i], len(record.data.backtests[i].test), worst) for name in points.names]) for i in tests
    ]
    growth = 1.0 if axis == INTERPOLATION else RECENCY
    prior = -np.log(np.minimum(points.recent(), worst) + points.floor)
    return stacked_weights(filled, growth ** np.arange(len(tests)), prior - prior.max(), points.floor)


def _known(residuals: np.ndarray | None, n: int, worst: float) -> np.ndarray:
    found = np.full(n, worst) if residuals is None else np.nan_to_num(residuals, nan=worst, posinf=worst, neginf=-worst)
    return np.clip(found, -worst, worst)


def gather(records: Sequence[Record], without: Sequence[str] = (), *, reach: float = 3.0, most_rows: int = 16) -> Rows:
    """Return the held-out rows of records, at most `most_rows` of a case."""
    names = sorted({name for r in records for name in r.values} - set(without))
    position = {name: i for i, name in enumerate(names)}
    width = max(len(set(r.values) - set(without)) for r in records)
    parts: dict[str, list[np.ndarray]] = {}
    reference, collections, reaches, trained = [], [], [], []
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
                points = PredictionPoints(record.data, here, errors, axis, traits, beyond[alike], values[:, alike])
                usable = plausible(record.data, values[:, alike], beyond[alike], reach)
                n, k = len(alike), len(here)
                features = np.zeros((n, width, len(FEATURES)))
                features[:, :k] = points.features(usable).transpose(1, 0, 2)
                entry = {
                    "features": features,
                    "kinds": np.tile(np.pad(points.kinds().T, ((0, width - k), (0, 0))), (n, 1, 1)),
                    "values": _pad(np.nan_to_num(values[:, alike]).T, width),
                    "usable": _pad(usable.T, width),
                    "which": _pad(np.tile([position[name] for name in here], (n, 1)), width),
                    "recent": _pad(np.tile(points.recent(), (n, 1)), width, np.inf),
                    "case": np.full(n, index),
                    "y": case.y[alike],
                    "averaged_log": np.full(n, record.data.log),
                    "scored_log": np.full(n, case.log),
                    "beyond": beyond[alike],
                    "stacked": _pad(np.tile(_stacked(record, points), (n, 1)), width),
                    "unit": np.full(n, float(np.std(record.data.scaled)) + 1e-12),
                }
                for key, value in entry.items():
                    parts.setdefault(key, []).append(value)
    joined = {key: np.concatenate(value) for key, value in parts.items()}
    return Rows(**joined, reference=np.array(reference), collections=collections, reaches=reaches, names=names, trained=np.array(trained))


def _pad(a: np.ndarray, width: int, fill: float = 0) -> np.ndarray:
    return np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=fill)


@dataclass(frozen=True)
class Score:
    """The score of a rule: the mean log error relative to the nearest neighbour's, per collection.

    The weight of a collection grows with its cases up to four, so that a single case does not dominate.
    """

    table: pd.DataFrame
    """One row for each collection: log, weight, real, set_aside, and log and weight of every class of reach."""

    def line(self, other: Score | None = None) -> str:
        """Return geometric means in a line: of all, of real collections, by kind and reach; and the difference to another score."""
        t = self.table
        real, aside = t["real"], t["set_aside"]
        parts = {"all": _mean(t), "real": _mean(t[real]), "set aside": _mean(t[aside]), "spare": _mean(t[real & ~aside])}
        parts |= {name: _mean(t[real], f"log {name}", f"weight {name}") for name in CLASSES}
        line = "  ".join(f"{name} {value:.3f}" for name, value in parts.items())
        return line if other is None else f"{line}  {self._against(other)}"

    def _against(self, other: Score) -> str:
        t = self.table[self.table["real"]]
        d, w = t["log"] - other.table.loc[t.index, "log"], t["weight"] / t["weight"].sum()
        mean = float((w * d).sum())
        return f"log ratio {mean:+.3f} +- {float(np.sqrt((w**2 * (d - mean) ** 2).sum())):.3f}"


def _mean(table: pd.DataFrame, log: str = "log", weight: str = "weight") -> float:
    w = table[weight].to_numpy()
    return float(np.exp((w * table[log].fillna(0.0)).sum() / w.sum())) if w.sum() else float("nan")


def case_logs(rows: Rows, prediction: np.ndarray) -> np.ndarray:
    """Return the log of each case's error over the nearest neighbour's, shape (C,); predictions on the scale that is averaged."""
    residual = rows.target(prediction) - rows.measured
    total = np.bincount(rows.case, residual**2, len(rows.reference))
    count = np.bincount(rows.case, minlength=len(rows.reference))
    found: np.ndarray = np.log(np.clip(np.sqrt(total / count) / rows.reference, *_CLIP))
    return found


def score(rows: Rows, prediction: np.ndarray) -> Score:
    """Score predictions on the scale that is averaged, shape (R,)."""
    log = case_logs(rows, prediction)
    cases = pd.DataFrame({"collection": rows.collections, "log": log, "reach": [class_of(r) for r in rows.reaches]})

    def of(part: pd.DataFrame, suffix: str = "") -> pd.DataFrame:
        by = part.groupby("collection")["log"]
        return pd.DataFrame({f"log{suffix}": by.mean(), f"weight{suffix}": weights_of(by.size())})

    found = of(cases).join([of(cases[cases["reach"] == name], f" {name}") for name in CLASSES])
    found = found.fillna({f"weight {name}": 0.0 for name in CLASSES})
    names = found.index.to_series()
    return Score(found.assign(real=~names.map(is_synthetic), set_aside=names.isin(REAL)))


def weights_of(counts: pd.Series) -> pd.Series:
    """Return the weights of collections from their numbers of cases."""
    return counts.clip(upper=_FULL) / _FULL


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
    """Coefficients of the columns of a design, and of every candidate, near and far."""

    columns: np.ndarray
    near: np.ndarray
    far: np.ndarray

    def logits(self, rows: Rows, design: np.ndarray) -> np.ndarray:
        """Return the logarithms of the weights up to a constant, shape (R, K)."""
        far = np.log1p(rows.beyond)[:, None]
        found: np.ndarray = design @ self.columns + self.near[rows.which] + self.far[rows.which] * far
        return found


def learn(
    rows: Rows,
    chosen: np.ndarray,
    design: np.ndarray,
    start: np.ndarray,
    *,
    ridge: float = 0.03,
    ridge_names: float = 0.01,
    iterations: int = 60,
    least: float = 0.02,
    real: float = 2.0,
    sharper: float = SHARPER,
) -> Learnt:
    """Learn coefficients on the chosen cases that minimise the mean log error, with equal weight per collection.

    Parameters
    ----------
    chosen : ndarray of bool, shape (C,)
        Cases to learn from.
    design : ndarray, shape (R, K, F)
        Features of the log-linear weights, beside the candidate's name.
    start : ndarray, shape (F,)
        Coefficients that the penalty shrinks towards.
    ridge, ridge_names : float
        Penalty on the coefficients of the design, and of candidates.
    least : float
        Share of the reference's error added to every error, against chance.
    real : float
        Weight of a collection of real runs relative to a kind of synthetic world.
    sharper : float
        Exponent applied to the learnt weights, which the penalty and the mean over collections leave too even.
    """
    pick = chosen[rows.case]
    F, V, U, W = (a[pick] for a in (design, rows.values, rows.usable, rows.which))
    case, far = rows.case[pick], np.log1p(rows.beyond[pick])[:, None]
    sub = _Sub(rows, pick)
    n_f, n_c = F.shape[2], len(rows.names)
    weight_of = _case_weights(rows, chosen, real)
    count = np.bincount(case, minlength=len(rows.reference)).astype(float)
    flat = W.ravel()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        a, near, distant = theta[:n_f], theta[n_f : n_f + n_c], theta[n_f + n_c :]
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
                np.tensordot(dz, F, axes=([0, 1], [0, 1])),
                np.bincount(flat, dz.ravel(), n_c),
                np.bincount(flat, (dz * far).ravel(), n_c),
            ]
        )
        penalty = np.concatenate([np.full(n_f, ridge), np.full(2 * n_c, ridge_names)])
        return total + 0.5 * float(penalty @ (theta - origin) ** 2), grad + penalty * (theta - origin)

    origin = np.concatenate([start, np.zeros(2 * n_c)])
    found = minimize(loss, origin, jac=True, method="L-BFGS-B", options={"maxiter": iterations}).x
    return Learnt(*(sharper * part for part in (found[:n_f], found[n_f : n_f + n_c], found[n_f + n_c :])))


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
    names = pd.Series(rows.collections)
    size = names[chosen].value_counts()
    share = weights_of(size) / size
    weight = names.map(share).fillna(0.0).to_numpy() * chosen * np.where(names.map(is_synthetic), 1.0, real)
    found: np.ndarray = weight / weight.sum()
    return found
