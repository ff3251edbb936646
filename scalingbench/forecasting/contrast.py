"""Contrast: which of several recipes is best at a scale that none of them was run at."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.defaults import ENDS, PLAN_LAW, Of
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.forecasting.cautions import LOCKED, data_cautions, refuse, severest_first
from scalingbench.forecasting.contrasts import Contrast, Pair, RecipeValue
from scalingbench.forecasting.identity import SIZES, identity_of
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.recipe_backtests import BackTest, back_tests, best_form, check_budgets, noise_of, shares_of
from scalingbench.forecasting.recipes import FORMS, Form, Pool, fit_recipes, place_of, weights_of
from scalingbench.forecasting.records import Caution
from scalingbench.forecasting.rows import MOST_ROWS
from scalingbench.forecasting.targets import TargetLike, parse_target

__all__ = ["contrast"]

Pairs = Literal["best", "all"]
_DRAWS = 200
_REACH = 300.0
"""Factor of compute beyond the target within which multipliers and flips are looked for."""
_GRID = 121
_RATIOS = 21
_CURVE_LAW = "shifted-power-law"


def contrast(
    runs: TableLike | Runs,
    at: TargetLike,
    *,
    by: str = "curve",
    of: Of = "mean",
    form: Form | None = None,
    pairs: Pairs = "best",
    force: bool = False,
    **reading: Unpack[Reading],
) -> Contrast:
    """Compare recipes at a target.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`.
    at : mapping of str to float, or str
        The target: ``params`` and ``tokens``, or one variable such as ``flops``. Where the runs vary params and tokens, each
        recipe spends the flops at its own best ratio of the two, within the ratios of the runs.
    by : str
        Header of the column that names the recipes.
    of : {"mean", "run"}
        Intervals of expected values, or of one new run of each recipe.
    form : {"multiplier", "ratio", "slope", "own"}, optional
        How the recipes' laws are related (`recipes.FORMS`); by default the simplest whose back-test error is not clearly above
        the least. Then intervals are of draws of all forms, by the likelihood that the back-tests give them.
    pairs : {"best", "all"}
        The best recipe against each other one, or every recipe against every worse one.
    force : bool
        Answer also where a rule refuses.
    **reading
        The fields of `reading.Options`.

    Raises
    ------
    InputError
        If there are fewer than two recipes, they show no trend, or the target is refused.

    Examples
    --------
    >>> import io
    >>> from scalingbench.forecasting.examples import example_text
    >>> table = pd.read_csv(io.StringIO(example_text("recipes")))
    >>> found = contrast(table, "flops=1e22", by="optimizer")
    >>> found.recipes[0].name
    'muon'
    """
    from threadpoolctl import threadpool_limits

    for option, given, known in (("of", of, ("mean", "run")), ("form", form or "own", tuple(FORMS)), ("pairs", pairs, ("best", "all"))):
        if given not in known:
            raise InputError(f"--{option}: {unknown_name(option, given, known)}")
    runs = read_runs(runs, replace(Options(**reading), by=by))
    scene = _scene(runs, parse_target(at, "--at", {c.header: c.name for c in runs.columns}), by)
    first = data_cautions(scene.query)
    refuse(first, force=force)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = back_tests(scene.pool, scene.law, (form,) if form else tuple(FORMS))
        if not tests:
            raise InputError(f"--form {form}: a recipe has too few runs for the constants of {scene.law}")
        chosen = form or best_form(tests)
        drawn = _draw(scene, chosen, tests, {chosen: 1.0} if form else shares_of(tests))
    cautions = severest_first((*first, *_cautions(scene, tests[chosen])))
    return _answer(scene, drawn, tests, form=chosen, by=by, of=of, cautions=cautions, shown=pairs)


@dataclass(frozen=True)
class _Scene:
    """The runs, and the line of compute through the target.

    Attributes
    ----------
    target : dict of str to float
        As it was stated.
    query : Query
        Rows and target in the columns that the law reads.
    pool : Pool
        The runs by recipe.
    point : DataFrame, shape (K, k)
        The target, once for each ratio of tokens to params that is tried.
    law : str
        The law.
    rises : bool
        Whether the law is of 1 - value.
    """

    target: dict[str, float]
    query: Query
    pool: Pool
    point: pd.DataFrame
    law: str
    rises: bool

    @property
    def cost(self) -> float:
        """Compute of the target, in the unit of ``pool.cost``."""
        return float(row_cost(self.point)[0][0])

    @property
    def stated(self) -> float:
        """Compute of the target as it was stated: flops where they were named."""
        return self.target.get("flops", self.cost * (self.query.identity.factor if len(self.point.columns) == 2 else 1.0))

    def factors(self) -> np.ndarray:
        """Return factors of the target's compute, shape (G,), from the cheapest run to the end of the reach; 1 is one of them."""
        low = min(self.pool.cost.min() / self.cost, 1.0 / _REACH)
        return np.unique(np.concatenate([np.geomspace(low, _REACH, _GRID), [1.0, self.pool.cost.max() / self.cost]]))

    def points(self, factors: np.ndarray) -> pd.DataFrame:
        """Return the target at factors of its compute, shape (G K, k)."""
        power = 1.0 / len(self.point.columns)
        return pd.DataFrame(pd.concat([self.point * f**power for f in factors], ignore_index=True))

    def best(self, values: np.ndarray) -> np.ndarray:
        """Return the least value over the ratios, shape (B, R, G), of values of shape (B, R, G K)."""
        least: np.ndarray = values.reshape(*values.shape[:2], -1, len(self.point)).min(axis=3)
        return least


def _scene(runs: Runs, target: dict[str, float], by: str) -> _Scene:
    """Return the runs by recipe and the target in the columns of a law.

    Raises
    ------
    InputError
        If the table or the target gives no such comparison.
    """
    table = runs.table
    names = sorted(set(table["curve"]) - {""})
    if len(names) < 2:
        raise InputError(f"--by {by}: {runs.source} has {len(names)} recipe there; a contrast needs two or more")
    if (table["curve"] == "").any():
        raise InputError(f"--by {by}: row {int((table['curve'] == '').argmax()) + 1} names no recipe")
    if len(table) > MOST_ROWS:
        raise InputError(f"{runs.source}: {len(table):,} rows; a contrast fits at most {MOST_ROWS:,}: keep some with --where")
    size, split = _size(runs, target)
    if set(target) == {"flops"} and split:
        factor = identity_of(table, size).factor
        ratios = _ratios(table["tokens"] / table[size])
        guess = np.sqrt(target["flops"] / factor / ratios)
        query = make_query(runs, {size: float(np.median(guess)), "tokens": float(target["flops"] / factor / np.median(guess))})
        point = pd.DataFrame({"params": guess, "tokens": target["flops"] / factor / guess})
    else:
        query = make_query(_with_flops(runs, target), target)
        point = query.point.rename(columns={size: "params"})
    X = query.X.rename(columns={size: "params"})
    if tuple(X.columns) != ("params", "tokens") and len(X.columns) != 1:
        raise InputError(f"--at: a contrast is made at params and tokens, or at one variable, not at {', '.join(X.columns)}")
    values, rises = _falling(query)
    seeds = query.rows["seed"].to_numpy(float) if "seed" in query.rows else np.zeros(len(X))
    configuration = place_of(X, np.nan_to_num(seeds))
    recipe = np.searchsorted(names, query.rows["curve"].to_numpy(str))
    pool = Pool(X, np.log(values), recipe, configuration, tuple(names))
    check_budgets(pool, runs.source)
    return _Scene(target, query, pool, point[list(X.columns)], PLAN_LAW if len(X.columns) == 2 else _CURVE_LAW, rises)


def _size(runs: Runs, target: Mapping[str, float]) -> tuple[str, bool]:
    """Return the column of sizes, and whether the runs vary it and tokens apart."""
    table = runs.table
    size = next((n for n in SIZES if n in target), identity_of(table).size)
    if not {size, "tokens"} <= set(table) or table[[size, "tokens"]].isna().any(axis=None):
        return size, False
    logs = np.log(table[[size, "tokens"]].to_numpy(float))
    varied = [len(np.unique(x.round(2))) > 2 for x in logs.T]
    return size, all(varied) and abs(np.corrcoef(logs.T)[0, 1]) < LOCKED


def _with_flops(runs: Runs, target: Mapping[str, float]) -> Runs:
    """Return runs with flops, where the target names them and sizes and tokens give them."""
    table, identity = runs.table, identity_of(runs.table)
    known = "flops" in table and table["flops"].notna().any()
    if "flops" not in target or known or not {identity.size, "tokens"} <= set(table):
        return runs
    return replace(runs, table=table.assign(flops=identity.factor * table[identity.size] * table["tokens"]))


def _ratios(tried: pd.Series) -> np.ndarray:
    low, high = np.quantile(tried.dropna(), [0.05, 0.95])
    return np.geomspace(low, high, _RATIOS)


def _falling(query: Query) -> tuple[np.ndarray, bool]:
    """Return values that fall as recipes improve, and whether they are 1 - value.

    Raises
    ------
    InputError
        If the metric has no limit at which it ends.
    """
    kind, y = metric_kind(query.runs.metric), query.y
    if kind.lower_is_better and (y > 0).all():
        return y, False
    if kind.high == 1.0 and not kind.lower_is_better and (y < 1).all():
        return 1.0 - y, True
    raise InputError(f"{query.runs.source}: a contrast needs a positive loss, or shares below 1; the values are {query.runs.metric!r}")


@dataclass(frozen=True)
class _Drawn:
    """Logarithms of expected values along the line of compute.

    Attributes
    ----------
    factors : ndarray, shape (G,)
        Of the target's compute.
    values : ndarray, shape (R, G)
        Of the fit.
    draws : ndarray, shape (B, R, G)
        Of the draws, with lack of fit.
    noise : float
        Standard deviation of a run.
    """

    factors: np.ndarray
    values: np.ndarray
    draws: np.ndarray
    noise: float


def _draw(scene: _Scene, chosen: Form, tests: Mapping[Form, BackTest], shares: Mapping[Form, float]) -> _Drawn:
    """Fit forms to all runs and to draws of their configurations, and add the lack of fit that the back-tests show.

    The values are those of the chosen form; the draws are of all forms, by their shares.
    """
    pool, factors = scene.pool, scene.factors()
    fitted = fit_recipes(chosen, pool, scene.law)
    noise = noise_of(pool, pool.y - fitted(pool.X)[0, pool.recipe, np.arange(len(pool.y))])
    weights, points = weights_of(pool, _DRAWS), scene.points(factors)
    draws, used = [], 0
    for form, share in shares.items():
        part = weights[used : used + round(share * _DRAWS)]
        used += len(part)
        if len(part):
            values = scene.best(fit_recipes(form, pool, scene.law, part)(points))[1:]
            far = np.maximum(np.log(factors * scene.cost / pool.cost.max()), 0.0) / tests[form].distance
            draws.append(_with_lack_of_fit(values, tests[form], far, noise))
    return _Drawn(factors, scene.best(fitted(points))[0], np.concatenate(draws), noise)


def _with_lack_of_fit(draws: np.ndarray, test: BackTest, far: np.ndarray, noise: float) -> np.ndarray:
    """Return draws with departures of each recipe and of all, so that their variance is at least that of the back-tests.

    The variance of a departure grows in proportion to the distance in the logarithm of compute, as that of a random walk.

    Parameters
    ----------
    draws : ndarray, shape (B, R, G)
        Logarithms of values.
    test : BackTest
        Errors at their own distance.
    far : ndarray, shape (G,)
        Distance beyond the most expensive run, in units of that of the back-tests.
    noise : float
        Of a run; it is part of the back-tests' errors.
    """
    rng = np.random.default_rng(1)
    B, R, _ = draws.shape
    spread = np.sqrt(test.freedom / rng.chisquare(test.freedom, size=(B, 1, 1)))  # few back-tests: the tails of Student's t
    middle = draws.mean(axis=1, keepdims=True)
    own, shared = np.sum((draws - middle).var(axis=0), axis=0) / (R - 1), middle.var(axis=0)[0]
    measured = noise**2 / test.replicates
    apart = np.sqrt(np.maximum(max(test.relative**2 - measured, 0.0) * far - own, 0.0))
    together = np.sqrt(np.maximum(max(test.common**2 - measured / R, 0.0) * far - shared, 0.0))
    moved = draws + spread * rng.standard_normal((B, R, 1)) * apart + spread * rng.standard_normal((B, 1, 1)) * together
    return np.asarray(moved, float)


def _answer(scene: _Scene, drawn: _Drawn, tests: Mapping[Form, BackTest], *, of: Of, shown: Pairs, **plain: Any) -> Contrast:
    pool, here = scene.pool, int(np.flatnonzero(drawn.factors == 1.0)[0])
    noise = drawn.noise * np.random.default_rng(2).standard_normal(drawn.draws.shape[:2]) * (of == "run")
    measured = _unscaled(scene, drawn.draws[:, :, here] + noise)
    value, best = _unscaled(scene, drawn.values[:, here]), np.bincount(drawn.draws[:, :, here].argmin(axis=1), minlength=len(pool.names))
    low, high = np.quantile(measured, ENDS, axis=0)
    order = np.argsort(drawn.values[:, here], kind="stable")
    counts = np.bincount(pool.recipe, minlength=len(pool.names))
    recipes = tuple(
        RecipeValue(pool.names[r], int(counts[r]), float(value[r]), float(low[r]), float(high[r]), float(best[r] / len(measured)))
        for r in order
    )
    leading = [(order[0], r) for r in order[1:]]
    shared = pd.DataFrame({"c": pool.configuration, "r": pool.recipe}).groupby("c")["r"].nunique()
    return Contrast(
        metric=scene.query.runs.metric,
        target=scene.target,
        of=of,
        recipes=recipes,
        pairs=tuple(_pair(scene, drawn, measured, int(a), int(b)) for a, b in (leading if shown == "best" else combinations(order, 2))),
        errors={name: float(np.sqrt(2.0) * test.relative) for name, test in tests.items()},
        law=scene.law,
        noise=drawn.noise,
        reach=scene.cost / float(pool.cost.max()),
        configurations=len(shared),
        common=int((shared > 1).sum()),
        data=scene.query.runs,
        **plain,
    )


def _unscaled(scene: _Scene, logs: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 - np.exp(logs) if scene.rises else np.exp(logs))


def _pair(scene: _Scene, drawn: _Drawn, measured: np.ndarray, a: int, b: int) -> Pair:
    here = int(np.flatnonzero(drawn.factors == 1.0)[0])
    value = _unscaled(scene, drawn.values[:, here])
    low, high = np.quantile(measured[:, a] - measured[:, b], ENDS)
    needed = np.array([_needed(drawn.factors, curve[b], curve[a, here]) for curve in (drawn.values, *drawn.draws)])
    least, most = np.quantile(needed[1:], ENDS, method="nearest")
    apart = drawn.draws[:, a] - drawn.draws[:, b]
    top = drawn.factors >= scene.pool.cost.max() / scene.cost
    beyond = np.sign(apart[:, top])
    return Pair(
        first=scene.pool.names[a],
        second=scene.pool.names[b],
        difference=float(value[a] - value[b]),
        low=float(low),
        high=float(high),
        first_better=float(np.mean(apart[:, here] < 0)),
        multiplier=float(needed[0]),
        multiplier_low=float(least),
        multiplier_high=float(most),
        flip=_flip(drawn.factors, drawn.values[a] - drawn.values[b], scene.stated),
        flips=float(np.mean((beyond != beyond[:, :1]).any(axis=1))),
    )


def _needed(factors: np.ndarray, curve: np.ndarray, wanted: float) -> float:
    """Return the factor of compute at which a falling curve has a wanted value: 0 or infinite where that is out of reach."""
    below = np.minimum.accumulate(curve)
    if below[-1] > wanted:
        return float("inf")
    if below[0] < wanted:
        return 0.0
    return float(np.exp(np.interp(-wanted, -below, np.log(factors))))


def _flip(factors: np.ndarray, apart: np.ndarray, compute: float) -> float | None:
    """Return the compute of the change of sign that is nearest to the target."""
    at = np.flatnonzero(np.sign(apart[1:]) * np.sign(apart[:-1]) < 0)
    if not len(at):
        return None
    x = np.log(factors)
    roots = x[at] - apart[at] * (x[at + 1] - x[at]) / (apart[at + 1] - apart[at])
    return float(compute * np.exp(roots[np.abs(roots).argmin()]))


def _cautions(scene: _Scene, test: BackTest) -> Iterator[Caution]:
    if scene.rises:
        yield Caution("note", "share", f"the law is of 1 - {scene.query.runs.metric}")
    pairs = pd.DataFrame({"c": scene.pool.configuration, "r": scene.pool.recipe}).groupby("c")["r"].nunique()
    if (pairs > 1).mean() < 0.5:
        yield Caution("note", "unpaired", "most configurations are of one recipe alone: what they share does not cancel in the differences")
    if test.freedom < 3:
        yield Caution("note", "few-back-tests", f"{test.freedom} back-tests of the differences: the interval is wide for it")
