"""Back-tests of forms of recipes: fitted to the runs of lower compute, how wrong are the differences on the next budget up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scalingbench.common.errors import InputError
from scalingbench.forecasting.ensemble import budgets_of
from scalingbench.forecasting.recipes import FORMS, Form, Pool, constants_of, fit_recipes

__all__ = ["BackTest", "back_tests", "best_form", "check_budgets", "noise_of", "shares_of"]

_FOLDS = 3
_FEWEST_BUDGETS = 2
_FEWEST_ROWS = 2
_LEAST_SHARE = 0.05
_LEAST_DISTANCE = np.log(1.5)


@dataclass(frozen=True)
class BackTest:
    """Errors of a form on budgets above those it was fitted to, on the scale of logarithms.

    Attributes
    ----------
    relative, common : float
        Root mean squared error of a recipe relative to the mean of the recipes, and of that mean.
    distance : float
        Mean logarithm of the compute of the predicted rows over that of the most expensive row fitted.
    freedom : int
        Recipes less one, summed over the folds.
    replicates : float
        Harmonic mean of the rows behind the mean of a recipe on a fold.
    """

    relative: float
    common: float
    distance: float
    freedom: int
    replicates: float


def back_tests(pool: Pool, law: str, forms: Sequence[Form] = tuple(FORMS)) -> dict[Form, BackTest]:
    """Return the back-test of each of some forms that can be fitted on every fold."""
    folds = list(_folds(pool, _FEWEST_ROWS))
    return {form: _tested(form, folds, law) for form in forms if form != "own" or _enough(folds, law)}


def best_form(found: Mapping[Form, BackTest]) -> Form:
    """Return the first form whose error is within one standard error of the least: the rule of Breiman et al. 1984."""
    least = min(test.relative for test in found.values())
    return next(f for f in FORMS if f in found and found[f].relative <= least * (1.0 + 1.0 / np.sqrt(2.0 * found[f].freedom)) + 1e-12)


def shares_of(found: Mapping[Form, BackTest]) -> dict[Form, float]:
    """Return the likelihood of each form, normalised: that of normal errors with the standard deviation found, at least .05."""
    logs = {form: -test.freedom * np.log(max(test.relative, 1e-9)) for form, test in found.items()}
    top = max(logs.values())
    raw = {form: float(np.exp(value - top)) for form, value in logs.items()}
    kept = {form: share for form, share in raw.items() if share >= _LEAST_SHARE * sum(raw.values())}
    return {form: share / sum(kept.values()) for form, share in kept.items()}


def noise_of(pool: Pool, residual: np.ndarray) -> float:
    """Return the standard deviation of a run around its expectation: of seeds, else of residuals, without what recipes share.

    Parameters
    ----------
    pool : Pool
        The runs.
    residual : ndarray, shape (n,)
        What a fit leaves of them.
    """
    R, n, configurations = len(pool.names), len(residual), len(np.unique(pool.configuration))
    place = pool.place
    cell = pool.recipe + R * place
    cells, places = len(np.unique(cell)), int(place.max()) + 1
    seeds = n - cells - (configurations - places)
    if seeds >= R:
        return _spread(_centred(_centred(pool.y, cell), pool.configuration), seeds)
    shared = n - configurations - (R - 1)
    if shared >= R:
        return _spread(_centred(residual, pool.configuration), shared)
    return _spread(residual, n - 2 * R)


def _centred(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return values less the mean of their group."""
    _, at = np.unique(group, return_inverse=True)
    return np.asarray(values - (np.bincount(at, values) / np.bincount(at))[at], float)


def _spread(residual: np.ndarray, freedom: int) -> float:
    return float(np.sqrt(np.sum(residual**2) / max(1, freedom)))


def _folds(pool: Pool, fewest: int) -> Iterator[tuple[Pool, Pool]]:
    """Yield training and test rows of the upper budgets, of the recipes that both have."""
    groups = budgets_of(pool.cost)
    for k in range(max(_FEWEST_BUDGETS, len(groups) - _FOLDS), len(groups)):
        below, here = np.concatenate(groups[:k]), groups[k]
        both = [r for r in np.unique(pool.recipe[here]) if np.sum(pool.recipe[below] == r) >= fewest]
        if len(both) > 1:
            yield _only(pool, below, both), _only(pool, here, both)


def _only(pool: Pool, rows: np.ndarray, recipes: list[int]) -> Pool:
    kept = pool.of(np.sort(rows[np.isin(pool.recipe[rows], recipes)]))
    return replace(kept, recipe=np.searchsorted(recipes, kept.recipe), names=tuple(pool.names[r] for r in recipes))


def _enough(folds: list[tuple[Pool, Pool]], law: str) -> bool:
    """Return whether every recipe has more rows on every fold than a law of its own has constants."""
    return all(np.bincount(below.recipe).min() > constants_of(law) for below, _ in folds)


def _tested(form: Form, folds: list[tuple[Pool, Pool]], law: str) -> BackTest:
    relative, common, distance, freedom, inverse = 0.0, [], [], 0, []
    for below, here in folds:
        expected = fit_recipes(form, below, law)(here.X)[0]
        left = here.y - expected[here.recipe, np.arange(len(here.y))]
        counts = np.bincount(here.recipe)
        means = np.bincount(here.recipe, left) / counts
        relative += float(np.sum((means - means.mean()) ** 2))
        common.append(means.mean() ** 2)
        distance.append(np.log(np.median(here.cost) / below.cost.max()))
        freedom += len(means) - 1
        inverse.append(np.mean(1.0 / counts))
    far = max(float(np.mean(distance)), _LEAST_DISTANCE)
    return BackTest(np.sqrt(relative / freedom), float(np.sqrt(np.mean(common))), far, freedom, 1.0 / float(np.mean(inverse)))


def check_budgets(pool: Pool, source: str) -> None:
    """Refuse runs whose compute shows no trend, or with which no back-test can be made.

    Raises
    ------
    InputError
        If there are fewer than three budgets, a recipe has a single run, or no two recipes share a budget above two others.
    """
    if len(budgets_of(pool.cost)) < _FEWEST_BUDGETS + 1:
        raise InputError(f"{source}: the runs are of {len(budgets_of(pool.cost))} budgets of compute: three or more show a trend")
    counts = np.bincount(pool.recipe, minlength=len(pool.names))
    if counts.min() < _FEWEST_ROWS:
        raise InputError(f"{source}: {pool.names[int(counts.argmin())]} has {counts.min()} run: a recipe needs {_FEWEST_ROWS} or more")
    if next(_folds(pool, _FEWEST_ROWS), None) is None:
        raise InputError(f"{source}: no budget of compute is common to two recipes above two others: the order cannot be back-tested")
