"""Why each law has its weight, in at most five sentences: from back-test errors, distance and form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

from scalingbench.common.defaults import DEFAULT_PREDICTOR, PLAN_LAW
from scalingbench.forecasting.cautions import as_error
from scalingbench.forecasting.downstream import TwoStages
from scalingbench.forecasting.ensemble import Ensemble, LawForecast, back_tested, tested_axis
from scalingbench.forecasting.identity import with_size
from scalingbench.forecasting.query import Query
from scalingbench.forecasting.records import Forecast
from scalingbench.predictors.axes import ALL, INTERPOLATION
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.priors import PooledLaw
from scalingbench.predictors.registry import make

__all__ = ["explain"]

_NAMED = 3
"""Laws that are named one by one."""


def explain(found: Forecast) -> tuple[str, ...]:
    """Return why each law has its weight, a sentence each, at most five.

    Parameters
    ----------
    found : Forecast
        Of any predictor; one that is no ensemble has no weights, and is compared with the ensemble.
    """
    return tuple(_sentences(found) if found.predictor == DEFAULT_PREDICTOR else _alone(found))


def _alone(found: Forecast) -> Iterator[str]:
    known = np.isfinite(found.backtest)
    error = f"its back-test error is {as_error(found.query, found.backtest)}" if known else "nothing could be back-tested"
    yield f"{found.predictor} alone was asked for, so that nothing is weighted; {error}."
    yield f"The ensemble of all laws gives {found.ensemble.value:.5g}."


def _sentences(found: Forecast) -> Iterator[str]:
    query, ensemble = found.query, found.ensemble
    if found.route is not None:
        yield f"The way with the smaller back-test error is taken: {found.route}."
    if isinstance(ensemble.model, TwoStages):  # its weights are those of the laws of the loss
        query = query.of_losses()
        ensemble = back_tested(query, ensemble.model.loss)
    axis = tested_axis(ensemble.model.errors_, ensemble.axis)
    if axis is None:
        yield "Nothing could be back-tested, so that the simplest laws that can be fitted share the weight."
    else:
        yield _distance(ensemble)
        yield _first(query, ensemble, axis)
        yield from _others(query, ensemble)
    if found.route is None:
        yield from _exponents(query)
    yield _forms(query, ensemble)


def _exponents(query: Query) -> Iterator[str]:
    """Say what the kind of parameters does to the exponent, where the table tells both kinds."""
    rows, frames = query.rows, list[pd.DataFrame]()
    for size in ("params", "params_nonembedding") if "tokens" in query.variables else ():
        rows, _ = with_size(rows, size)
        if size in rows and rows[size].notna().all() and rows[size].nunique() > 1:
            frames.append(rows[[size, "tokens"]].rename(columns={size: "params"}))
    if len(frames) == 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            total, inner = (float(make(PLAN_LAW).fit(X, query.y).params_["alpha"]) for X in frames)
        yield f"Under Chinchilla's law the exponent of the size is {total:.2g} by params and {inner:.2g} by params_nonembedding."


def _along(axis: str) -> str:
    return {ALL: "along the overall scale", INTERPOLATION: "in interpolation"}.get(axis, f"along {axis}")


def _distance(ensemble: Ensemble) -> str:
    axis, beyond = ensemble.axis, ensemble.beyond
    inside = axis == INTERPOLATION
    place = "within the range of the runs" if inside else f"{beyond:.2g} times the range of the runs beyond them {_along(axis)}"
    tested = [_along(a) for a in (axis, ALL, INTERPOLATION) if a in ensemble.model.errors_]
    return f"The target lies {place}; weights fall with back-test errors {', '.join(dict.fromkeys(tested))}."


def _first(query: Query, ensemble: Ensemble, axis: str) -> str:
    """Say how the law of the largest weight did, and why one with a smaller error has less."""
    first, errors = ensemble.laws[0], ensemble.model.errors_
    known = errors[axis].replace(np.inf, np.nan).dropna().sort_values()
    best, text = str(known.index[0]), f"{first.name} has {first.weight:.2f}: its back-test error {_along(axis)} is {_error(query, first)}, "
    if first.name == best or known[best] >= first.backtest:
        return f"{text}the smallest of {len(known)} candidates."
    weight = next((o.weight for o in ensemble.laws if o.name == best), 0.0)
    text += f"that of {best} {as_error(query, float(known.iloc[0]))}, but its weight is {weight:.2f}"
    return f"{text}, {_reason(errors, first.name, best, axis)}."


def _reason(errors: pd.DataFrame, first: str, best: str, axis: str) -> str:
    """Return why a law with the smallest error along the axis has less weight than another one."""
    others = [a for a in map(str, errors) if a in (ALL, INTERPOLATION) and a != axis]
    worse = [_along(a) for a in others if errors[a][best] > errors[a][first]]
    if worse:
        return f"because its error {' and '.join(worse)} is larger"
    return "because laws of its form were farther off at such distances on other collections"


def _others(query: Query, ensemble: Ensemble) -> Iterator[str]:
    named, rest = ensemble.laws[1:_NAMED], ensemble.laws[_NAMED:]
    if not named:
        return
    text = " and ".join(f"{o.name} has {o.weight:.2f} ({_error(query, o)})" for o in named)
    if rest:
        known = [o.backtest for o in rest if np.isfinite(o.backtest)]
        span = f", with errors of {as_error(query, min(known))} to {as_error(query, max(known))}" if known else ""
        text += f"; {len(rest)} more have {sum(o.weight for o in rest):.2f} together{span}"
    yield f"{text}."


def _error(query: Query, law: LawForecast) -> str:
    return as_error(query, law.backtest) if np.isfinite(law.backtest) else "not known"


def _forms(query: Query, ensemble: Ensemble) -> str:
    models = ensemble.model.models_
    share = sum(o.weight for o in ensemble.laws if isinstance(models[o.name], ParametricLaw | PooledLaw)) / sum(
        o.weight for o in ensemble.laws
    )
    apart = as_error(query, ensemble.spread(query))
    text = f"Law forms have {share:.2f} of the weight and generic regressors {1 - share:.2f}"
    return f"{text}; at the target the candidates differ by {apart} (weighted standard deviation)."
