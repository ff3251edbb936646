"""Cautions: what the rows, the target and the fits say against a forecast, as notes, warnings and refusals.

The limits are set on synthetic worlds and on the cheapest 95 % of the runs of public collections, see docs/forecasting.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT
from scalingbench.common.errors import InputError
from scalingbench.forecasting.ensemble import expected_at
from scalingbench.forecasting.formats import as_percent, as_times, as_value
from scalingbench.forecasting.identity import FLOPS_PER_TOKEN, SIZES, Identity
from scalingbench.forecasting.query import Query
from scalingbench.forecasting.records import Caution, Forecast, Level
from scalingbench.forecasting.shares import is_share
from scalingbench.predictors.axes import ALL

__all__ = [
    "FAILS",
    "LOCKED",
    "Refused",
    "as_error",
    "data_cautions",
    "expected_error",
    "fit_cautions",
    "locked_pairs",
    "refuse",
    "severest_first",
]

_ORDER: tuple[Level, ...] = ("refusal", "warning", "note")

_FAR_AXIS, _ABSURD = 30.0, 1e4
_FAR_COMPUTE = 300.0
_FEW_RUNGS = 3
_FEW_ROWS = 6
LOCKED = 0.99
"""Correlation of two variables, in logarithms, from which the runs vary both together."""
_OFF_RATIO = np.log(3.0)
_TINY_MODEL, _MANY_TOKENS = 1e4, 1e6
_LARGEST = {"params": 1e14, "tokens": 1e15}
_SLIP = 2.5
_FIXED = 0.02
"""Range of the logarithm of a ratio of two columns up to which it is constant."""
_EXPLAINS, _MATTERS = 0.3, 0.005
_EXPECTED_WITH_SIZE = frozenset({"flops", "steps", "width", "depth", "params", "params_nonembedding", "tokens", "epochs"})
_WIDE, FAILS, _DISAGREE, _FROM_ENSEMBLE, _SINGLE = 1.5, 1.5, 0.55, 0.7, 0.7
"""Shares of the tolerance from which a sign is a warning."""
_EPOCHS = 4.0
"""Passes over the same tokens up to which they are worth almost as much as new ones (Muennighoff et al. 2023, arXiv 2305.16264)."""
_LOW_COVERAGE = 0.6
"""Coverage of 80 % intervals on the board below which there is a note."""
_MOST_UNIDENTIFIED = 0.5


class Refused(InputError):
    """A forecast without meaning; `cautions` has every caution, `data` how the table was read."""

    data: dict[str, Any] | None = None

    def __init__(self, message: object = "", cautions: Sequence[Caution] = ()) -> None:
        super().__init__(message)
        self.cautions = tuple(cautions)

    def facts(self) -> dict[str, Any]:
        return {"cautions": [c.as_dict() for c in self.cautions], "data": self.data}


def refuse(cautions: Sequence[Caution], *, force: bool) -> None:
    """Raise the first refusal, unless it is overridden.

    Raises
    ------
    Refused
        With the refusal and how to override it.
    """
    first = next((c for c in cautions if c.level == "refusal"), None)
    if first is not None and not force:
        raise Refused(f"refused: {first.message} (--force overrides this)", cautions)


def severest_first(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return cautions in the order of their levels."""
    return tuple(sorted(cautions, key=lambda c: _ORDER.index(c.level)))


def data_cautions(query: Query) -> tuple[Caution, ...]:
    """Return the cautions that follow from the rows and the target, before any fit."""
    rules = (_noted, _never_varied, _reach, _rungs, _locked, _repeated, _units, _left_out, _few)
    return severest_first(c for rule in rules for c in rule(query))


def _noted(query: Query) -> Iterator[Caution]:
    for text in query.notes:
        yield Caution("note", "read", text)


def _never_varied(query: Query) -> Iterator[Caution]:
    for name in query.constant:
        only, wanted = float(query.rows[name].iloc[0]), query.target[name]
        here, there = as_value(name, only), as_value(name, wanted)
        if abs(np.log(wanted / only)) < np.log(1.05):
            yield Caution("note", "never-varied", f"{name} is {here} in every run, as in the target: it is left out of the fit")
            continue
        text = f"every run has {name} {here} and the target {there}: the runs do not show the effect of that"
        yield Caution("refusal", "never-varied", f"{text}; vary it, or leave it out of the target")


def _reach(query: Query) -> Iterator[Caution]:
    for name, factor in query.beyond.items():
        far = max(factor, 1.0 / factor)
        end = "largest" if factor > 1.0 else "smallest"
        text = f"{name}: the target is {as_times(factor)} times the {end} run's"
        if far > _ABSURD:
            unit = 10.0 ** (3 * round(np.log10(factor) / 3))
            yield Caution(
                "refusal", "units", f"{text}; is the column in another unit? --unit {name}={unit:.0e} would make it {factor / unit:.3g}"
            )
        elif far > _FAR_AXIS:
            yield Caution("warning", "reach", f"{text}: few published laws have been tested that far")
        else:
            yield Caution("note", "reach", text)
    if query.reach > _FAR_COMPUTE:
        yield Caution(
            "warning", "reach-compute", f"the target takes {as_times(query.reach)} times the compute of the most expensive training run"
        )


def _rungs(query: Query) -> Iterator[Caution]:
    for name in query.variables:
        x = np.log(np.maximum(np.unique(query.X[name].to_numpy(float)), 1e-300))
        rungs = 1 + int((np.diff(x) > 0.02).sum())
        outside = name in query.beyond
        if rungs < _FEW_RUNGS and outside:
            yield Caution("warning", "rungs", f"{name} has {rungs} values: too few to show a curvature along it; three or more are needed")


def _locked(query: Query) -> Iterator[Caution]:
    for one, two in locked_pairs(query):
        a, b = np.log(query.X[one].to_numpy(float)), np.log(query.X[two].to_numpy(float))
        slope, level = np.polyfit(a, b, 1)
        off = float(np.log(query.point[two].iloc[0]) - slope * np.log(query.point[one].iloc[0]) - level)
        if abs(off) > _OFF_RATIO:
            text = f"{one} and {two} are collinear in the runs, so their effects cannot be separated, and the target is off that line"
            yield Caution(
                "warning", "locked", f"{text} by {as_times(float(np.exp(abs(off))))} times in {two}: vary one alone in a few runs"
            )
        else:
            yield Caution("note", "locked", f"{one} and {two} are collinear in the runs; the target is on that line")


def locked_pairs(query: Query) -> tuple[tuple[str, str], ...]:
    """Return the pairs of variables that the runs vary together, on one line of their logarithms."""
    names = [n for n in query.variables if (query.X[n] > 0).all() and query.X[n].nunique() > 1]
    logs = {n: np.log(query.X[n].to_numpy(float)) for n in names}
    pairs = combinations(names, 2) if len(query.y) >= 3 else ()
    return tuple((one, two) for one, two in pairs if abs(np.corrcoef(logs[one], logs[two])[0, 1]) >= LOCKED)


def _repeated(query: Query) -> Iterator[Caution]:
    """Warn of a target that sees its tokens more often than four times, unless runs saw theirs as often."""
    rows, target = query.rows, query.target
    if not {"tokens", "unique_tokens"} <= set(target) or "unique_tokens" not in rows or "tokens" not in rows:
        return
    epochs, seen = target["tokens"] / target["unique_tokens"], float((rows["tokens"] / rows["unique_tokens"]).max())
    if epochs > _EPOCHS * 1.001:
        level: Level = "note" if seen >= 0.999 * epochs else "warning"
        text = f"the target sees each token {as_times(epochs)} times, the runs at most {as_times(seen)} times"
        yield Caution(level, "repeats", f"{text}: past four epochs a repeated token is worth clearly less than a new one")


def _units(query: Query) -> Iterator[Caution]:
    rows = query.rows
    if "params" in rows and "tokens" in rows and rows["params"].max() < _TINY_MODEL and rows["tokens"].max() > _MANY_TOKENS:
        text = f"params is at most {rows['params'].max():.4g}: no such model; is it in millions or billions?"
        yield Caution("warning", "units", f"{text} --unit params=1e6, or --unit params=1e9")
    for name, limit in _LARGEST.items():
        if name in rows and rows[name].max() > limit:
            text = f"{name} is up to {rows[name].max():.3g}: no run has as many; another unit, or another quantity, such as flops?"
            yield Caution("warning", "units", text)
    yield from _identity(query.identity)


def _identity(identity: Identity) -> Iterator[Caution]:
    """State what a run costs where it is not 6 x params x tokens; question it where the rows do not agree."""
    rows = "; ".join(identity.odd[:3]) + (f"; {len(identity.odd) - 3} more" if len(identity.odd) > 3 else "")
    if identity.stated:
        if not identity.usual:
            yield Caution("note", "flops", str(identity))
        if identity.odd:
            yield Caution("warning", "flops", f"flops of some rows are not {identity.factor:.3g} x {identity.size} x tokens: {rows}")
    elif identity.source == "not constant":
        text = f"flops / ({identity.size} x tokens) is not constant, {identity.low:.3g} to {identity.high:.3g}"
        text += f"; 6 x {identity.size} x tokens is assumed"
        slip = min(abs(np.log10(r / FLOPS_PER_TOKEN)) for r in (identity.low, identity.high)) > _SLIP
        odd = "a unit is wrong: see the ranges above, and --unit" if slip else f"check flops, params and tokens of {rows}"
        yield Caution("warning" if identity.odd else "note", "flops", text + (f": {odd}" if identity.odd else ""))


def _left_out(query: Query) -> Iterator[Caution]:
    """Name the columns that vary and are not in the target; warn of those that explain the residuals."""
    residual = _residual(query)
    for name, column in _other_columns(query):
        share = _explained(residual, column)
        text = f"{name} varies ({column.nunique()} values) and the target leaves it out"
        if share > _EXPLAINS and float(np.std(residual)) > _MATTERS:
            header = next((c.header for c in query.runs.columns if c.name == name), name)
            remedy = f"--where {header}=... keeps one" + (f", or name it in --target ({name}=...)" if name in query.rows else "")
            yield Caution("warning", "left-out", f"{text}; it explains {100 * share:.0f} % of the residual variance: {remedy}")
        elif name not in _EXPECTED_WITH_SIZE:
            yield Caution("note", "left-out", text)


def _other_columns(query: Query) -> Iterator[tuple[str, pd.Series]]:
    n, fixed = len(query.y), _fixed_by_target(query)
    for name in variables_of(query.rows):
        if name not in query.target and name not in fixed and query.rows[name].notna().all() and query.rows[name].nunique() > 1:
            yield name, query.rows[name]
    for header in query.rest:
        text = query.rest[header].astype(str)
        if 1 < text.nunique() <= min(10, n // 3):
            yield str(header), text


def _fixed_by_target(query: Query) -> set[str]:
    """Return columns that are no setting beside the target's: flops of size and tokens, sizes in a fixed ratio, losses."""
    fixed, rows = {"source_loss"}, query.rows  # a loss of the same runs is an outcome, not a setting
    if {query.identity.size, "tokens"} <= set(query.target):
        fixed.add("flops")  # where it is not, `_identity` questions the column
    known = next((n for n in SIZES if n in query.target), None)
    for name in SIZES:
        if known is not None and name in rows and name != known and np.ptp(np.log(rows[name] / rows[known])) < _FIXED:
            fixed.add(name)
    if known is not None and {"tokens", "tokens_per_param"} <= set(rows) and "tokens" in query.target:
        fixed.add("tokens_per_param")
    return fixed


def _residual(query: Query) -> np.ndarray:
    """Return the residuals of a quadratic in the logs of the target's variables, shape (n,)."""
    y = query.scaled(query.y)
    x = np.log(np.maximum(query.X.to_numpy(float), 1e-300))
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    columns = [np.ones(len(y)), *x.T]
    if len(y) > 4 * (1 + 2 * x.shape[1]):
        columns += [*(x**2).T]
    design = np.stack(columns, axis=1)
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0], float)


def _explained(residual: np.ndarray, column: pd.Series) -> float:
    """Return the share of the residuals' variance that a column explains, adjusted for its degrees of freedom."""
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


def _few(query: Query) -> Iterator[Caution]:
    if len(query.y) < _FEW_ROWS:
        yield Caution(
            "warning", "few-rows", f"{len(query.y)} runs: too few to distinguish laws or to estimate noise; eight or more are needed"
        )


def fit_cautions(found: Forecast, tolerance: float = ERROR_LIMIT) -> tuple[Caution, ...]:
    """Return the cautions that follow from the fits.

    Parameters
    ----------
    found : Forecast
        A forecast without cautions.
    tolerance : float
        Error (relative, or in the metric's unit where errors are not those of logarithms) from which it is useless.
    """
    rules = (_limited, _wide, _backtest, _one_ray, _disagreement, _single, _unidentified, _intervals)
    return tuple(c for rule in rules for c in rule(found, tolerance))


def as_error(query: Query, error: float) -> str:
    """Return an error on the scale of the errors as people read it: in percent, or in the unit of an accuracy."""
    return as_percent(float(np.expm1(error))) if query.log else f"{error:.2g}"


def _limited(found: Forecast, tolerance: float) -> Iterator[Caution]:
    if found.value != found.given:
        text = f"limited to {found.value:g}: the metric is a share, and {found.predictor} gives {found.given:.4g}"
        yield Caution("warning", "limited", text)
    elif is_share(found.query.runs) and found.low is not None and found.high is not None:
        bottom, top = found.query.limits
        ends = [f"{end:g}" for end, limited in ((bottom, found.low <= bottom), (top, found.high >= top)) if limited]
        if ends:
            yield Caution("note", "limited", f"the interval is limited to {' and '.join(ends)}: the metric is a share")


def _wide(found: Forecast, tolerance: float) -> Iterator[Caution]:
    if found.half_width > _WIDE * tolerance:
        width = as_error(found.query, found.half_width)
        yield Caution("warning", "wide", f"the 80 % interval of {found.predictor} itself extends {width} from the forecast")


def expected_error(found: Forecast) -> float:
    """Return the back-test error, enlarged in proportion where the target is farther than the back-tests extrapolate."""
    return expected_at(found.backtest, found.ensemble.beyond)


def _one_ray(found: Forecast, tolerance: float) -> Iterator[Caution]:
    pairs = locked_pairs(found.query)
    if pairs and expected_error(found) > FAILS * tolerance:
        one, two = pairs[0]
        text = f"the runs vary {one} and {two} together, and the back-test along that line fails: the interval is widened to its error"
        yield Caution("warning", "one-ray", f"{text}; vary one alone in a few runs")


def _backtest(found: Forecast, tolerance: float) -> Iterator[Caution]:
    error = expected_error(found)
    if not np.isfinite(error):
        text = "too few rows, or values of each variable, for a back-test: the error of extrapolation is unknown"
        yield Caution("warning", "no-back-test", text)
        return
    along = "overall scale" if found.ensemble.axis == ALL else found.ensemble.axis
    text = f"back-test: fitted to the lower runs along {along}, the error of {found.predictor} on the upper runs is "
    text += as_error(found.query, found.backtest)
    if error > FAILS * tolerance:
        farther = (
            f"; the target is farther, and the expected error is {as_error(found.query, error)}" if error > 1.5 * found.backtest else ""
        )
        yield Caution("warning", "back-test", text + farther)
    else:
        yield Caution("note", "back-test", text)


def _disagreement(found: Forecast, tolerance: float) -> Iterator[Caution]:
    ensemble = found.ensemble
    apart = ensemble.spread(found.query)
    from_ensemble = abs(float(np.diff(found.query.scaled(np.array([found.value, ensemble.value])))[0]))
    if apart <= _DISAGREE * tolerance and from_ensemble <= _FROM_ENSEMBLE * tolerance:
        return
    values = [f"{o.name} {o.value:.4g}" for o in ensemble.laws[:4]]
    if from_ensemble > apart:
        values.insert(0, f"{DEFAULT_PREDICTOR} {ensemble.value:.4g}")
    yield Caution("warning", "disagreement", f"laws with small back-test errors disagree: {', '.join(values)}")


def _single(found: Forecast, tolerance: float) -> Iterator[Caution]:
    law, without = found.leave_out.law, found.leave_out.without
    if not without:
        return
    from_all = found.value if law == found.predictor else found.laws.get(law, found.value)
    base, *others = found.query.scaled(np.array([from_all, *without.values()]))
    shift, budget = max(zip(np.abs(np.array(others) - base), without, strict=True), key=lambda pair: pair[0])
    if shift > _SINGLE * tolerance:
        text = f"without the runs of cost {budget:.2g} the forecast of {law} is {without[budget]:.4g}, not {from_all:.4g}"
        yield Caution("warning", "single-runs", f"{text}: it depends on few runs")


def _unidentified(found: Forecast, tolerance: float) -> Iterator[Caution]:
    own = tuple(getattr(found.model, "unidentified_", ()))
    if own:
        yield Caution("note", "unidentified", f"the runs do not identify {', '.join(own)} of {found.predictor}")
        return
    open_ones = [o for o in found.ensemble.laws if o.unidentified]
    if found.predictor == DEFAULT_PREDICTOR and sum(o.weight for o in open_ones) > _MOST_UNIDENTIFIED:
        constants = "; ".join(f"{', '.join(o.unidentified)} of {o.name}" for o in open_ones[:3])
        yield Caution("note", "unidentified", f"the runs do not identify {constants}")


def _intervals(found: Forecast, tolerance: float) -> Iterator[Caution]:
    evidence = found.evidence
    if evidence is None:
        text = f"the board has no results of {found.predictor}: its interval is its own, not calibrated"
        yield Caution("note", "no-evidence", text)
    elif evidence.coverage is not None and evidence.coverage < _LOW_COVERAGE:
        text = f"the 80 % intervals of {found.predictor} itself cover {100 * evidence.coverage:.0f} % of similar rows on the board"
        yield Caution("note", "intervals", f"{text}; the interval shown is wider")
