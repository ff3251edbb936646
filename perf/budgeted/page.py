"""The block of docs/other-benchmarks.md: the scores beside those that the benchmark's authors published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from perf.budgeted.measuring import ALL, measure
from perf.budgeted.pools import PROBLEMS, Problem
from scalingbench.common.tables import table_of

__all__ = ["ahead", "report", "with_table"]

BLOCK = re.compile(r"(<!-- budgeted: python -m perf\.budgeted -->\n).*?(<!-- /budgeted -->)", flags=re.DOTALL)
BUDGETS = ("first", "second", "third")
_SHOWN = "autolaw"
_DIGITS = 2
"""Digits of the published scores, to which ours are rounded before they are compared."""


def with_table(page: str) -> str:
    """Return docs/other-benchmarks.md with the tables in it; measures all problems."""
    text = report(measure(PROBLEMS))
    return BLOCK.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page)


def report(found: pd.DataFrame) -> str:
    """Return two tables: AutoLaw under every rule, problem by problem, and every predictor and rule over problems."""
    problems = [p for p in PROBLEMS if p.name in set(found["problem"])]
    return table_of(list(_details(found, problems))).markdown() + "\n\n" + table_of(list(_summary(found, problems))).markdown()


def _details(found: pd.DataFrame, problems: Iterable[Problem]) -> Iterable[Mapping[str, object]]:
    own = found[found["predictor"] == _SHOWN]
    rules = [rule for rule in own["rule"].unique() if rule != ALL]
    for problem in problems:
        rows = own[own["problem"] == problem.name]
        scores = rows.pivot_table(index="budget", columns="rule", values="r2")
        for i, share in enumerate((*problem.shares, None)):
            cells = dict.fromkeys(rules, scores.at[i, ALL]) if share is None else scores.loc[i, rules]
            yield {
                "task": problem.name,
                "cost": ALL if share is None else f"{share:.0%}",
                "published": _r2(problem.published[i]),
                **{rule: _r2(cells[rule]) for rule in rules},
            }


def _summary(found: pd.DataFrame, problems: list[Problem]) -> Iterable[Mapping[str, object]]:
    """Yield one row per predictor and rule: tasks ahead of and level with the published score, mean R2, median log error."""
    yield {"predictor": "published", "rule": "its own", **{b: "-" for b in BUDGETS}, **_means(_published(problems)), "log error": "-"}
    for (predictor, rule), rows in found[found["rule"] != ALL].groupby(["predictor", "rule"], sort=False):
        scores = rows.pivot_table(index="problem", columns="budget", values="r2")
        yield {
            "predictor": predictor,
            "rule": rule,
            **{name: ahead(scores[i], problems, i) for i, name in enumerate(BUDGETS)},
            **_means(scores),
            "log error": f"{rows.loc[rows['budget'] == len(BUDGETS) - 1, 'log_error'].median():.4f}",
        }


def _published(problems: list[Problem]) -> pd.DataFrame:
    return pd.DataFrame([p.published for p in problems], index=[p.name for p in problems])


def _means(scores: pd.DataFrame) -> dict[str, str]:
    return {f"mean, {name}": _r2(float(scores[i].mean())) for i, name in enumerate(BUDGETS)}


def ahead(scores: Mapping[str, float] | pd.Series, problems: Iterable[Problem], budget: int) -> str:
    """Return on how many problems the scores at a budget are above the published ones, and on how many they are equal, to two digits."""
    more = [round(float(scores[p.name]), _DIGITS) - p.published[budget] for p in problems]
    return f"{sum(d > 1e-9 for d in more)} (+{sum(abs(d) <= 1e-9 for d in more)} level) of {len(more)}"


def _r2(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.{_DIGITS}f}"
