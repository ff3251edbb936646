"""Published constants of the catalogue against numbers that their own papers state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import get, list_predictors

Constants = Mapping[str, float]
Computed = Callable[[ParametricLaw, Constants], float]

UNROUNDED = {"E": 1.69337368, "A": 406.401018, "alpha": 0.33917084, "B": 410.722827, "beta": 0.2849083}
"""Of Hoffmann et al., in the TeX source of their paper, as Besiroglu et al. 2024 quote them."""
ONE_VARIABLE = {"N_c": 8.8e13, "alpha_N": 0.076, "D_c": 5.4e13, "alpha_D": 0.095}
"""Of eqs. 1.1 and 1.2 of Kaplan et al.: fits of L(N) and L(D), not of the law of two variables."""
CHINCHILLA_FLOPS = 5.76e23
GRID = np.geomspace(1e8, 1e16, 4001)


@dataclass(frozen=True)
class Statement:
    """A number that a paper states, and how it follows from an entry's law.

    Attributes
    ----------
    entry : str
        Name in the catalogue.
    where, what : str
        Place in the paper; the number in words.
    stated : float
        The number.
    computed : callable
        From the law and its constants to our number.
    other : mapping, optional
        Constants other than the entry's, for comparison.
    """

    entry: str
    where: str
    what: str
    stated: float
    computed: Computed
    other: Constants | None = None

    def constants(self) -> Constants:
        return self.other or _published(self.entry)

    def ours(self) -> float:
        return self.computed(_law(self.entry), self.constants())


def _law(entry: str) -> ParametricLaw:
    law: ParametricLaw = get(str(get(entry).arguments["law"])).make()
    return law


def _published(entry: str) -> Constants:
    return _law(entry).published_constants[str(get(entry).arguments["source"])]


def _loss(law: ParametricLaw, constants: Constants, **point: Any) -> np.ndarray:
    return law.at(pd.DataFrame(np.broadcast_arrays(*map(np.atleast_1d, point.values())), index=list(point)).T, constants)


def _root(x: np.ndarray, rising: np.ndarray) -> float:
    """Return where a rising function is 0, between points of a grid in log x."""
    return float(np.exp(np.interp(0.0, rising, np.log(x))))


def tokens_without_overfitting(params: float) -> Computed:
    """Return the tokens at which the loss is 2 % above that of unlimited data."""

    def computed(law: ParametricLaw, constants: Constants) -> float:
        limit = _loss(law, constants, params=params, tokens=1e40)
        return _root(GRID, 1.02 - _loss(law, constants, params=params, tokens=GRID) / limit)

    return computed


def growth_of_tokens(law: ParametricLaw, constants: Constants) -> float:
    """Return the power of N with which those tokens grow."""
    small, large = (tokens_without_overfitting(params)(law, constants) for params in (1e8, 1e9))
    return float(np.log10(large / small))


def _imbalance(law: ParametricLaw, constants: Constants, params: Any, tokens: Any) -> np.ndarray:
    """Return what 1 % more tokens gain less what 1 % more parameters gain; 0 where a budget C = 6 N D is split best."""
    up, down = 1.01, 1.0 / 1.01
    by_params = _loss(law, constants, params=params * up, tokens=tokens) - _loss(law, constants, params=params * down, tokens=tokens)
    by_tokens = _loss(law, constants, params=params, tokens=tokens * up) - _loss(law, constants, params=params, tokens=tokens * down)
    return by_params - by_tokens


def best_tokens_per_param(law: ParametricLaw, constants: Constants) -> float:
    """Return D / N of the least loss at the budget of Chinchilla."""
    params = _root(GRID, _imbalance(law, constants, GRID, CHINCHILLA_FLOPS / (6.0 * GRID)))
    return CHINCHILLA_FLOPS / (6.0 * params**2)


def best_tokens(params: float) -> Computed:
    """Return the tokens of the budget at which a size has the least loss."""
    return lambda law, constants: _root(GRID, -_imbalance(law, constants, params, GRID))


def cost_of_four_epochs(law: ParametricLaw, constants: Constants) -> float:
    """Return in % how much higher the loss of 8.7B parameters on 178B tokens is if only 44B of them are unique."""
    repeated, fresh = (_loss(law, constants, params=8.7e9, tokens=178e9, unique_tokens=unique) for unique in (44e9, 178e9))
    return float(100.0 * (repeated / fresh - 1.0)[0])


KAPLAN, HOFFMANN = "kaplan[kaplan2020]", "chinchilla[hoffmann2022]"
_OVERFIT = ("eq. 4.4", "tokens to overfit by 2 % with 1e9 parameters, 5e3 N^0.74", 5e3 * 1e9**0.74, tokens_without_overfitting(1e9))
_GROWTH = ("eq. 4.4", "power of N with which these tokens grow", 0.74, growth_of_tokens)
_TABLE_A3 = ("table A3, approach 3", "tokens that are best for 67B parameters", 4.1e12, best_tokens(67e9))
STATEMENTS = (
    Statement(KAPLAN, *_OVERFIT),
    Statement(KAPLAN, *_OVERFIT, other=ONE_VARIABLE),
    Statement(KAPLAN, *_GROWTH),
    Statement(KAPLAN, *_GROWTH, other=ONE_VARIABLE),
    Statement(HOFFMANN, *_TABLE_A3),
    Statement(HOFFMANN, *_TABLE_A3, other=UNROUNDED),
    Statement("chinchilla[besiroglu2024]", "section 4", "tokens per parameter, best at 5.76e23 FLOP", 20.0, best_tokens_per_param),
    Statement(
        "data-constrained[muennighoff2023]",
        "section 6",
        "loss of 4 epochs over 1, 8.7B parameters and 178B tokens, % (measured)",
        0.5,
        cost_of_four_epochs,
    ),
)

_TEXT = """## Published constants against their papers

What each entry with published constants predicts, beside a number that its paper states;
[laws.md](laws.md#published-constants-against-our-refits) compares all published constants with refits on the papers' runs. Rows with
other constants than the entry's say why the entry has the ones it has, or where a difference comes from:

- `kaplan[kaplan2020]` has the constants of the joint fit (table 2), not those of the fits of one variable (eqs. 1.1 and 1.2).
- `chinchilla[hoffmann2022]` has those of eq. 10, which are rounded: with the unrounded ones of the paper's source, which Besiroglu et al.
  2024 quote, the paper's own table follows.
- `data-constrained[muennighoff2023]`: the paper's number is a measurement, not a prediction of the law.
"""


def section() -> str:
    """Return the section of docs/papers.md."""
    head = ["| entry | constants | in the paper | number | stated | ours | difference |", "|---|---|---|---|---:|---:|---:|"]
    return _TEXT + "\n" + "\n".join([*head, *(_row(statement) for statement in STATEMENTS)])


def _row(statement: Statement) -> str:
    ours = statement.ours()
    constants = ", ".join(f"{name} {value:.4g}" for name, value in statement.constants().items())
    change = f"{100.0 * (ours / statement.stated - 1.0):+.0f} %"
    shown = f"`{statement.entry}`" + (" (other constants)" if statement.other else "")
    return f"| {shown} | {constants} | {statement.where} | {statement.what} | {statement.stated:.3g} | {ours:.3g} | {change} |"


def unstated() -> list[str]:
    """Return the entries with published constants that no statement checks."""
    return sorted({entry.name for entry in list_predictors() if entry.constants_only} - {statement.entry for statement in STATEMENTS})
