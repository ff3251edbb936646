"""The record that contrast returns: recipes at a target, and each against the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from scalingbench.common.defaults import Of
from scalingbench.forecasting.formats import as_target, as_times
from scalingbench.forecasting.recipes import FORMS, Form
from scalingbench.forecasting.records import Caution
from scalingbench.forecasting.runs import Runs

__all__ = ["Contrast", "Pair", "RecipeValue"]


@dataclass(frozen=True)
class RecipeValue:
    """A recipe at the target.

    Attributes
    ----------
    name : str
        The recipe.
    runs : int
        Its runs.
    value, low, high : float
        Its value and 80 % interval.
    best : float
        Probability that its expected value is the best of all.
    """

    name: str
    runs: int
    value: float
    low: float
    high: float
    best: float


@dataclass(frozen=True)
class Pair:
    """One recipe against another at the target.

    Attributes
    ----------
    first, second : str
        The recipes.
    difference, low, high : float
        Value of the first less that of the second, with the 80 % interval.
    first_better : float
        Probability that the expected value of the first is the better one.
    multiplier, multiplier_low, multiplier_high : float
        Compute with which the second has the value of the first, over the compute of the target; infinite where no compute
        within reach gives it.
    flip : float, optional
        Compute at which the expected values are equal, the nearest to the target; None where the order is the same from the
        cheapest run to the end of the reach.
    flips : float
        Probability of another order somewhere between the most expensive run and the end of the reach than at that run.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    first_better: float
    multiplier: float
    multiplier_low: float
    multiplier_high: float
    flip: float | None
    flips: float

    def __str__(self) -> str:
        needed, low, high = map(_times, (self.multiplier, self.multiplier_low, self.multiplier_high))
        text = f"{self.first} - {self.second}: {self.difference:.3g} [{self.low:.3g}, {self.high:.3g}] (80 %); "
        text += f"{self.second} needs {needed} [{low}, {high}] times the compute"
        return text if self.flip is None else f"{text}; order flips at {self.flip:.2g}"


def _times(factor: float) -> str:
    return as_times(factor) if np.isfinite(factor) else "over reach"


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Recipes compared at a target.

    Attributes
    ----------
    by, metric : str
        The column of the recipes, and what is compared.
    target : dict of str to float
        Where.
    of : {"mean", "run"}
        Whether intervals are those of expected values, or of one new run each.
    recipes : tuple of RecipeValue
        The best first.
    pairs : tuple of Pair
        The best recipe against each other one.
    form : str
        How the recipes' laws are related; see `recipes.FORMS`.
    errors : dict of str to float
        Back-test error of the differences by form, on the scale of logarithms.
    law : str
        The law of all runs.
    noise : float
        Standard deviation of a run around its expectation, on the scale of logarithms.
    reach : float
        Compute of the target over that of the most expensive run.
    configurations, common : int
        Different configurations, and those that two or more recipes have.
    cautions : tuple of Caution
        Notes, warnings and overridden refusals, the most severe first.
    data : Runs
        The table.
    """

    by: str
    metric: str
    target: dict[str, float]
    of: Of
    recipes: tuple[RecipeValue, ...]
    pairs: tuple[Pair, ...]
    form: Form
    errors: dict[Form, float]
    law: str
    noise: float
    reach: float
    configurations: int
    common: int
    cautions: tuple[Caution, ...] = ()
    data: Runs = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values; an infinite multiplier is None."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        pairs = [{k: None if v == np.inf else v for k, v in asdict(p).items()} for p in self.pairs]
        last = {"cautions": [c.as_dict() for c in self.cautions], "data": self.data.as_dict()}
        return {**plain, "recipes": [asdict(r) for r in self.recipes], "pairs": pairs, **last}

    def __str__(self) -> str:
        width = max(len(r.name) for r in self.recipes)
        what = "expected values" if self.of == "mean" else "new runs"
        runs = sum(r.runs for r in self.recipes)
        lines = [f"{self.metric} at {as_target(self.target)}: {len(self.recipes)} recipes by {self.by}, 80 % intervals of {what}"]
        lines += [
            f"  {r.name:<{width}}  {r.value:.5g} [{r.low:.5g}, {r.high:.5g}]  best with probability {r.best:.2f}" for r in self.recipes
        ]
        lines += list(map(str, self.pairs))
        lines += [
            f"{runs} runs of {self.configurations} configurations, {self.common} in common; {as_times(self.reach)} times their most compute"
        ]
        lines += [f"{self.law}: {FORMS[self.form]}; back-test errors of differences: {_percents(self.errors)}"]
        return "\n".join([*lines, *map(str, self.cautions)])


_PLAIN = ("by", "metric", "target", "of", "form", "errors", "law", "noise", "reach", "configurations", "common")


def _percents(errors: Mapping[Form, float]) -> str:
    return ", ".join(f"{form} {100 * error:.2g} %" for form, error in errors.items())
