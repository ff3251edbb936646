"""Which predictors differ significantly: pairwise Wilcoxon tests over clusters of collections, Holm-corrected (Demsar 2006).

Each cluster has one value per predictor, the weighted mean log ratio of its tasks, because tasks of one cluster are not
independent. Predictors form a clique if no pair of them differs significantly at 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.extras import require
from scalingbench.common.messages import count_of
from scalingbench.common.tables import Table, Tabular, number
from scalingbench.leaderboard.scores import ScoreMatrix

__all__ = ["Comparison", "compare", "draw"]

LEVEL = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Tabular):
    """Pairwise tests; `str` gives the text that ``scalingbench compare`` prints.

    Attributes
    ----------
    skill : Series
        Skill by predictor, best first.
    p : DataFrame
        Holm-adjusted p-values, symmetric, 1 on the diagonal.
    cliques : tuple of tuple of str
        Longest runs of two or more neighbours in the order of skill without a significantly different pair.
    n_clusters : int
        Number of values in each test.
    """

    skill: pd.Series
    p: pd.DataFrame
    cliques: tuple[tuple[str, ...], ...]
    n_clusters: int

    @property
    def rows(self) -> pd.DataFrame:  # type: ignore[override]
        """Skill, and the adjusted p-value against each predictor."""
        return pd.concat([self.skill.rename("skill"), self.p], axis=1).rename_axis("predictor")

    def table(self) -> Table:
        header = ["predictor", "skill", *map(str, self.p)]
        cells = [[str(name), *(number(v, 3) for v in (self.skill[name], *self.p.loc[name]))] for name in self.p.index]
        return Table(header, cells, note=" ".join(f"{line}." for line in self._notes()), compact=True)

    def facts(self) -> dict[str, Any]:
        return {"skill": self.skill.to_dict(), "p": self.p.to_dict(), "cliques": self.cliques, "clusters": self.n_clusters}

    def _notes(self) -> list[str]:
        tests = f"Wilcoxon signed-rank tests over {self.n_clusters} clusters, adjusted by Holm; columns in the order of the rows"
        return [tests, *(f"not statistically distinguishable at {100 * LEVEL:g} %: {', '.join(clique)}" for clique in self.cliques)]

    def __str__(self) -> str:
        lines = [f"{name:<28} {self.skill[name]:6.3f}  " + " ".join(f"{v:5.3f}" for v in self.p.loc[name]) for name in self.p.index]
        tests, *cliques = self._notes()
        return "\n".join([*lines, "", f"{tests}.", *cliques])

    def __repr__(self) -> str:
        cliques = count_of(len(self.cliques), "clique")
        return f"Comparison({len(self.skill)} predictors on {self.n_clusters} clusters; {cliques} not statistically distinguishable)"


def compare(scores: ScoreMatrix, predictors: Sequence[str]) -> Comparison:
    """Test every pair of predictors.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores on the tasks ranked on; a task that was not entered counts as the reference's.
    predictors : sequence of str
        Two or more predictors; the correction is for the pairs among them.

    Raises
    ------
    LeaderboardError
        If a predictor has no scores.
    """
    missing = [name for name in predictors if name not in set(scores.predictors)]
    if missing:
        raise LeaderboardError(f"predictors: no scores of {missing[0]!r}")
    chosen = scores.among(predictors)
    values = chosen.cluster_means()
    skill = pd.Series(chosen.skill(), index=chosen.predictors).sort_values(ascending=False, kind="stable")
    p = _holm(values.loc[skill.index])
    return Comparison(skill, p, _cliques(p), values.shape[1])


def _holm(values: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import wilcoxon

    names = list(values.index)
    pairs = list(combinations(range(len(names)), 2))
    rows = values.to_numpy()
    raw = np.array([wilcoxon(rows[i], rows[j]).pvalue if np.any(rows[i] != rows[j]) else 1.0 for i, j in pairs])
    order = np.argsort(raw)
    adjusted = np.empty(len(raw))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(raw[order] * (len(raw) - np.arange(len(raw)))))
    table = pd.DataFrame(1.0, index=names, columns=names)
    for (i, j), value in zip(pairs, adjusted, strict=True):
        table.iloc[i, j] = table.iloc[j, i] = value
    return table


def _cliques(p: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    names, same = list(p.index), p.to_numpy() >= LEVEL
    found: list[tuple[int, int]] = []
    for start in range(len(names)):
        end = start
        while end + 1 < len(names) and same[start : end + 2, start : end + 2].all():
            end += 1
        if end > start and not any(end <= b for _, b in found):
            found.append((start, end))
    return tuple(tuple(names[a : b + 1]) for a, b in found)


def draw(comparison: Comparison, out: Path) -> None:
    """Draw predictors on an axis of skill, with a bar over each clique; .svg, .png or .pdf.

    Raises
    ------
    LeaderboardError
        If the file has another ending.
    """
    if out.suffix not in (".svg", ".png", ".pdf"):
        raise LeaderboardError(f"{out}: expected a name that ends in .svg, .png or .pdf")
    require("a picture", "plot", "matplotlib")
    from matplotlib.figure import Figure

    names = list(comparison.skill.index)
    figure = Figure(figsize=(8.0, 0.9 + 0.28 * len(names)), layout="constrained")
    axes = figure.subplots()
    height = -np.arange(len(names), dtype=float)
    axes.plot(comparison.skill.to_numpy(), height, "o", color="black", markersize=4)
    for name, y in zip(names, height, strict=True):
        axes.annotate(name, (comparison.skill[name], y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8)
    left = float(comparison.skill.min())
    step = 0.02 * max(float(np.ptp(comparison.skill.to_numpy())), 1e-3)
    for i, clique in enumerate(comparison.cliques):
        x = left - step * (2 + i)
        axes.plot([x, x], [-names.index(clique[0]) + 0.2, -names.index(clique[-1]) - 0.2], color="tab:blue", linewidth=3)
    axes.set_yticks([])
    axes.set_xlabel("skill (right is better)")
    axes.set_title(f"bars: not statistically distinguishable over {comparison.n_clusters} clusters (Wilcoxon, Holm, 5 %)", fontsize=9)
    axes.margins(x=0.25)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)
