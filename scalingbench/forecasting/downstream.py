"""Accuracies in two stages: the inputs give the loss, the loss gives the accuracy; back-tests choose between this and the direct way."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.forecasting.ensemble import Ensemble, back_tested, fitted_ensemble
from scalingbench.forecasting.formats import as_percent
from scalingbench.forecasting.query import Query
from scalingbench.predictors.autolaw.backtest import Backtest, CandidateFits, DataSet, root_mean_square
from scalingbench.predictors.autolaw.weights import recency_weighted
from scalingbench.predictors.axes import ALL
from scalingbench.predictors.registry import make

__all__ = ["LINKS", "Route", "TwoStages", "choose_route", "two_stages"]

LINKS = ("logit-linear", "loss-to-accuracy", "loss-to-error")
"""Laws from loss to accuracy."""
_LOSS = "source_loss"
_Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Route:
    """How an accuracy is forecast, and why.

    Attributes
    ----------
    chosen : {"direct", "two-stage"}
        The way with the smaller back-test error; direct where nothing could be back-tested.
    direct, two_stage : float
        Back-test errors of both along the axis of the target, on the scale of the errors.
    axis : str
        That axis.
    link : str
        The law from loss to accuracy of the second stage.
    inputs : tuple of str
        Inputs of the first stage.
    metric : str
        The accuracy.
    """

    chosen: Literal["direct", "two-stage"]
    direct: float
    two_stage: float
    axis: str
    link: str
    inputs: tuple[str, ...]
    metric: str
    log: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, None for an error that is not known."""
        errors = {n: v if np.isfinite(v) else None for n, v in (("direct", self.direct), ("two_stage", self.two_stage))}
        return {"chosen": self.chosen, **errors, "axis": self.axis, "link": self.link}

    def __str__(self) -> str:
        inputs = ", ".join(self.inputs)
        direct = f"direct ({inputs} -> {self.metric})"
        two = f"two-stage ({inputs} -> loss -> {self.metric} by {self.link})"
        if not np.isfinite([self.direct, self.two_stage]).all():
            return f"{direct}: nothing could be back-tested to choose {two}"
        along = "overall scale" if self.axis == ALL else self.axis
        ways = [(direct, self.direct), (two, self.two_stage)]
        (one, error), (other, larger) = ways if self.chosen == "direct" else ways[::-1]
        shown, more = (as_percent(float(np.expm1(e))) if self.log else f"{e:.2g}" for e in (error, larger))
        return f"{one}: back-test error {shown} along {along}; {other} {more}"


class TwoStages:
    """An ensemble of the loss and a law from loss to accuracy; it answers what the ensemble of the accuracy answers.

    Parameters
    ----------
    loss : fitted AutoLaw
        Of the loss.
    link : fitted predictor
        From loss to accuracy.
    errors : DataFrame
        Back-test errors of the chain of each candidate and the link (rows) by axis (columns).
    link_name : str
        Name of the link.
    others : tuple of (float, fitted predictor)
        The other links, each with its weight beside that of the chosen one, 1: the squared ratio of back-test errors.
    """

    def __init__(self, loss: Any, link: Any, errors: pd.DataFrame, link_name: str, others: tuple[tuple[float, Any], ...] = ()):
        self.loss, self.link, self.errors_, self.link_name, self.others = loss, link, errors, link_name, others

    @property
    def models_(self) -> dict[str, Any]:
        """The chain of each candidate and the link, by name of the candidate."""
        return {name: _Chain(model, self.link) for name, model in self.loss.models_.items()}

    def weights(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the weights of the ensemble of the loss."""
        found: dict[str, float] = self.loss.weights(X)
        return found

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the accuracy at the predicted loss, shape (n,)."""
        return _Chain(self.loss, self.link).predict(X)

    def predict_quantiles(self, X: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Return the accuracy at quantiles of the loss, rising, shape (n, len(levels))."""
        losses = np.asarray(self.loss.predict_quantiles(X, list(levels)), float)
        return np.sort(self.through(losses.ravel()).reshape(losses.shape), axis=1)

    def through(self, losses: Any) -> np.ndarray:
        """Return the accuracy at losses, shape (n,)."""
        return _through(self.link)(np.asarray(losses, float))

    def apart(self, loss: float, query: Query) -> float:
        """Return the weighted standard deviation of the links from the chosen one at a loss, on the scale of the errors."""
        if not self.others:
            return 0.0
        weights = np.array([weight for weight, _ in self.others])
        given = np.array([float(_through(link)(np.array([loss]))[0]) for _, link in self.others])
        off = query.scaled(query.within(given)) - query.scaled(query.within(self.through([loss])))
        return float(np.sqrt(np.sum(weights * off**2) / (1.0 + weights.sum())))


@dataclass(frozen=True)
class _Chain:
    """A law of the loss and a law from loss to accuracy."""

    first: Any
    second: Any

    @property
    def unidentified_(self) -> tuple[str, ...]:
        return tuple(getattr(self.first, "unidentified_", ()))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return _through(self.second)(np.asarray(self.first.predict(X), float))


def _through(link: Any) -> _Predict:
    return lambda losses: np.asarray(link.predict(pd.DataFrame({_LOSS: losses})), float)


def two_stages(query: Query, loss: Any = None) -> TwoStages | None:
    """Fit the chain to the rows of a query; None where a row has no loss, or no link can be fitted.

    Parameters
    ----------
    query : Query
        Of an accuracy.
    loss : fitted AutoLaw, optional
        Of the losses of the same rows.
    """
    if query.losses is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loss = fitted_ensemble(query.X, query.losses) if loss is None else loss
        weights = loss.weights(query.point)
        links = {name: found for name in LINKS if (found := _link(name, query, query.y[loss.order_], loss.fits_)) is not None}
    if not links:
        return None
    known = {name: _mean_error(errors, weights) for name, (_, errors) in links.items()}
    best = min(known, key=lambda name: known[name])
    others = tuple((known[best] ** 2 / known[name] ** 2, links[name][0]) for name in links if name != best and np.isfinite(known[name]))
    return TwoStages(loss, *links[best], best, others)


def _link(name: str, query: Query, y: np.ndarray, fits: CandidateFits) -> tuple[Any, pd.DataFrame] | None:
    """Return a link fitted to all rows (accuracies `y` in the order of `fits`), and its errors; None where it cannot be fitted."""
    losses, parts = fits.data.y, [np.arange(len(y)), *(test.train for test in fits.data.backtests)]
    try:
        whole, *lower = _fits(name, [pd.DataFrame({_LOSS: losses[p]}) for p in parts], [y[p] for p in parts])
    except Exception:  # a link that cannot be fitted to these rows is left out
        return None
    return whole, _errors(query, y, fits, lower)


def _fits(name: str, frames: list[pd.DataFrame], responses: list[np.ndarray]) -> list[Any]:
    law = make(name)
    if hasattr(law, "fit_many"):
        return list(law.fit_many(frames, responses))
    return [make(name).fit(X, y) for X, y in zip(frames, responses, strict=True)]


def _errors(query: Query, y: np.ndarray, fits: CandidateFits, lower: list[Any]) -> pd.DataFrame:
    """Return the back-test error of each candidate followed by the link, both fitted to the lower rows."""
    data, found = fits.data, dict[str, dict[str, float]]()
    for axis in fits.axes:
        tests = [(i, test) for i, test in enumerate(data.backtests) if test.axis == axis]
        for name, fit in fits.by_name.items():
            errors = [_error(query, y[test.test], _losses(data, test, fit.residuals[i]), lower[i]) for i, test in tests]
            found.setdefault(axis, {})[name] = recency_weighted(errors, axis)
    return pd.DataFrame(found)


def _losses(data: DataSet, test: Backtest, residual: np.ndarray | None) -> np.ndarray | None:
    """Return the losses that a candidate predicts of the upper rows."""
    if residual is None:
        return None
    found: np.ndarray = np.exp(data.scaled[test.test] + residual) if data.log else data.y[test.test] + residual
    return found


def _error(query: Query, y: np.ndarray, losses: np.ndarray | None, link: Any) -> float:
    """Return the root mean squared error of accuracies at predicted losses, infinite where there are none."""
    if losses is None:
        return float("inf")
    off = query.scaled(query.within(_through(link)(losses))) - query.scaled(y)
    return root_mean_square(off) if np.isfinite(off).all() else float("inf")


def _mean_error(errors: pd.DataFrame, weights: Mapping[str, float]) -> float:
    """Return the error of the chains over all axes, by the weights of the candidates; infinite where nothing could be back-tested."""
    of_each = errors.reindex(list(weights)).mean(axis=1).to_numpy() if len(errors.columns) else np.array([np.inf])
    known = np.isfinite(of_each)
    return float(np.average(of_each[known], weights=np.array(list(weights.values()))[known])) if known.any() else float("inf")


def choose_route(query: Query, direct: Ensemble, model: TwoStages) -> tuple[Route, Ensemble]:
    """Return the way with the smaller back-test error at the target, and its ensemble."""
    staged = back_tested(query, model)
    better = bool(staged.backtest < direct.backtest)
    chosen: Literal["direct", "two-stage"] = "two-stage" if better else "direct"
    route = Route(chosen, direct.backtest, staged.backtest, direct.axis, model.link_name, query.variables, query.runs.metric, query.log)
    return route, staged if better else direct
