"""Which predictors differ significantly: pairwise Wilcoxon tests over clusters of collections, Holm-corrected (Demsar 2006).

Each cluster has one value per predictor, the weighted mean log ratio of its tasks, because tasks of one cluster are not
independent. Predictors form a clique if no pair of them differs significantly at 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.extras import require
from scalingbench.common.messages import count_of
from scalingbench.common.tables import Table, Tabular, number
from scalingbench.leaderboard.ratios import LEVEL, ErrorRatio, error_ratio, p_text, signed_rank
from scalingbench.leaderboard.scores import ScoreMatrix

__all__ = ["Comparison", "compare", "draw"]


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
    n_clusters, n_tasks : int
        Numbers of values in each test, and of tasks.
    ratios : dict of str to ErrorRatio
        Error of each predictor over that of the first.
    """

    skill: pd.Series
    p: pd.DataFrame
    cliques: tuple[tuple[str, ...], ...]
    n_clusters: int
    n_tasks: int = 0
    ratios: dict[str, ErrorRatio] = field(default_factory=dict)

    @property
    def rows(self) -> pd.DataFrame:  # type: ignore[override]
        """Skill, error over that of the first with its interval, and the adjusted p-value against each predictor."""
        ratios = pd.DataFrame({name: {"ratio": r.value, "ratio_low": r.low, "ratio_high": r.high} for name, r in self.ratios.items()}).T
        return pd.concat([self.skill.rename("skill"), ratios, self.p], axis=1).rename_axis("predictor")

    def table(self) -> Table:
        names = list(map(str, self.p))
        header = ["predictor", "skill", "error ratio", "95 % interval", *(f"p ({i})" for i in range(1, len(names) + 1))]
        cells = [self._cells(name, f"{i}. {name}") for i, name in enumerate(names, 1)]
        return Table(header, cells, note=" ".join(f"{line}." for line in self._notes()))

    def _cells(self, name: str, title: str) -> list[str]:
        ratio = self.ratios[name].cells if name in self.ratios and name != self.p.index[0] else ("-", "-")
        return [title, number(self.skill[name], 3), *ratio, *map(p_text, self.p.loc[name].to_numpy(float))]

    def facts(self) -> dict[str, Any]:
        ratios = {name: {"ratio": r.value, "low": r.low, "high": r.high} for name, r in self.ratios.items()}
        sizes = {"clusters": self.n_clusters, "tasks": self.n_tasks}
        return {"skill": self.skill.to_dict(), "error_ratio": ratios, "p": self.p.to_dict(), "cliques": self.cliques, **sizes}

    def _notes(self) -> list[str]:
        ratio = f"error ratio: error over that of {self.p.index[0]}, on {count_of(self.n_tasks, 'task')}, with a bootstrap interval"
        tests = f"p (i): Wilcoxon signed-rank test against row i over {count_of(self.n_clusters, 'cluster')}, adjusted by Holm"
        return [ratio, tests, *(f"not statistically distinguishable at {100 * LEVEL:g} %: {', '.join(clique)}" for clique in self.cliques)]

    def __str__(self) -> str:
        return "\n".join([self.table().aligned(), "", *(f"{line}." for line in self._notes())])

    def __repr__(self) -> str:
        cliques = count_of(len(self.cliques), "clique")
        return f"Comparison({len(self.skill)} predictors on {self.n_clusters} clusters; {cliques} not statistically distinguishable)"


def compare(scores: ScoreMatrix, predictors: Sequence[str], *, common: bool = False) -> Comparison:
    """Test every pair of predictors.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores on the tasks ranked on; a task that was not entered counts as the reference's.
    predictors : sequence of str
        Two or more predictors; the correction is for the pairs among them.
    common : bool
        Whether to compare on the tasks that all of them entered.

    Raises
    ------
    LeaderboardError
        If a predictor has no scores, or they entered no task in common.
    """
    missing = [name for name in predictors if name not in set(scores.predictors)]
    if missing:
        raise LeaderboardError(f"predictors: no scores of {missing[0]!r}")
    chosen = scores.common(predictors) if common else scores.among(predictors)
    if not len(chosen.tasks):
        raise LeaderboardError(f"predictors: {', '.join(predictors)} entered no task in common")
    values = chosen.cluster_means()
    skill = pd.Series(chosen.skill(), index=chosen.predictors).sort_values(ascending=False, kind="stable")
    p = _holm(values.loc[skill.index])
    ratios = {str(name): error_ratio(chosen, str(name), str(skill.index[0])) for name in skill.index}
    return Comparison(skill, p, _cliques(p), values.shape[1], len(chosen.tasks), ratios)


def _holm(values: pd.DataFrame) -> pd.DataFrame:
    names = list(values.index)
    pairs = list(combinations(range(len(names)), 2))
    rows = values.to_numpy()
    raw = np.array([signed_rank(rows[i], rows[j]) for i, j in pairs])
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
