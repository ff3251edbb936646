"""The pages about the whole board: the first page, head-to-head, and the guides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scalingbench.common.project import REPOSITORY
from scalingbench.common.references import Reference
from scalingbench.common.tables import Table
from scalingbench.common.variables import VARIABLES
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.citation import AUTHORS, TITLE, YEAR, cite
from scalingbench.leaderboard.findings.questions import Finding
from scalingbench.leaderboard.ratios import LEVEL
from scalingbench.leaderboard.site.charts import calibration_chart, slice_chart
from scalingbench.leaderboard.site.content import Page
from scalingbench.leaderboard.site.material import KINDS, Material
from scalingbench.leaderboard.site.texts import text_of
from scalingbench.leaderboard.site.views import columns, on_slices, view, whiskers
from scalingbench.leaderboard.suite_board import SuiteBoard

__all__ = ["compare_page", "findings_page", "first_page", "guides"]

_TOP = 12
_FINDINGS = 5
"""Findings on the first page."""
_SCALE = 10_000
"""Logarithms of ratios are written as whole multiples of its inverse."""
_TEXTS = {
    "submit": ("Submit a predictor", "How to submit a scaling-law predictor to the board.", "text.html.j2"),
    "rules": ("Rules", "How tasks, collections, weights and ranks of the board are defined.", "rules.html.j2"),
    "audit": ("Audit", "How to check every number of the board, what audits found, and the rules that prevent it.", "audit.html.j2"),
}
"""Title, description and template of each page of text."""
_SLICES = {
    "reach": "extrapolation factor (tasks)",
    "compute-share": "cost of the training runs / of all runs (tasks)",
    "rows": "training rows per fit (tasks)",
}


def first_page(material: Material, findings: tuple[Finding, ...]) -> Page:
    """Return the first page: picture, findings, board and charts.

    Parameters
    ----------
    material : Material
        Scores and boards.
    findings : tuple of Finding
        All findings, of which the first are shown beside the picture.
    """
    sliced = {by: on_slices(material, by) for by in _SLICES}
    data = {
        "columns": columns(material.everyone),
        "kinds": KINDS,
        "kind_of": material.kinds,
        "family_of": dict(zip(material.everyone.rows["predictor"], material.everyone.rows["family"], strict=True)),
        "view": view(material.everyone, material.board),
        "tracks": {name: board.n_tasks for name, board in material.tracks.items()},
        "reaches": list(sliced["reach"]),
        "citation": citation(material),
        "charts": _charts(material, sliced),
    }
    values = {
        "drawn": whiskers(material.everyone, material, top=_TOP),
        "findings": findings[:_FINDINGS],
        "n_findings": len(findings),
        "tables": _tables(material),
        "cliques": material.results.compare().cliques if len(material.everyone.heads) > 1 else (),
        "here": "board",
    }
    return Page("index.html", "index.html.j2", values, data, ("chart", "board"))


def findings_page(findings: tuple[Finding, ...]) -> Page:
    """Return the page with all findings."""
    return Page("findings.html", "findings.html.j2", {"findings": findings, "level": LEVEL, "here": "findings"})


def _charts(material: Material, sliced: Mapping[str, Mapping[str, Board]]) -> dict[str, Any]:
    """Return the charts of the first page by identifier."""
    leaders = material.leaders
    found: dict[str, Any] = {by: slice_chart(sliced[by], leaders, title) for by, title in _SLICES.items()}
    found["absolute"] = slice_chart(sliced["reach"], leaders, _SLICES["reach"], "mape")
    ranked = set(material.results.task_table["task"])
    tasks = [t for t in material.tasks.values() if t.id in ranked]
    if (calibration := calibration_chart(material.stored, tasks, leaders)) is not None:
        found["calibration"] = calibration
    return found


def _tables(material: Material) -> list[Table]:
    """Return the leaders of every track, and the best track of each specialised law."""
    if not isinstance(material.board, SuiteBoard):
        return []
    cut = material.board.cut(variants=False)
    return [table for table in (cut.track_table(), cut.specialist_table()) if table.rows]


def citation(material: Material) -> str:
    """Return the BibTeX entry of the board at its version."""
    return cite([Reference(TITLE, AUTHORS, YEAR, version=material.board.version, url=REPOSITORY)], "bibtex")


def compare_page(material: Material) -> Page:
    """Return the page that compares any two predictors, with the scores on all counted tasks."""
    matrix, facts = material.results.matrix, material.facts
    counted = [i for i, name in enumerate(matrix.tasks) if facts[name]["role"] == "counted"]
    names = [str(matrix.tasks[i]) for i in counted]
    keys = ("track", "kind", "far", "weight", "cluster")
    data = {
        "predictors": [str(name) for name in matrix.predictors],
        "heads": [str(n) for n in material.everyone.heads["predictor"]],
        "tasks": {"task": names, **{key: [facts[name][key] for name in names] for key in keys}},
        "log_ratio": [[None if np.isnan(v) else round(_SCALE * float(v)) for v in row] for row in matrix.log_ratio[:, counted]],
        "ranked": list(material.results.suite.rules.kinds),
        "scale": _SCALE,
        "level": LEVEL,
    }
    return Page("compare.html", "compare.html.j2", {"here": "compare"}, data, ("chart", "compare"))


def guides(material: Material) -> Iterator[Page]:
    """Yield the pages of text."""
    yield Page("which.html", "which.html.j2", {"choices": _choices(material), "here": "which"})
    yield Page("about.html", "about.html.j2", {"citation": citation(material)})
    suite = material.results.suite
    for name, (title, description, template) in _TEXTS.items():
        values = {"title": title, "description": description, "text": text_of(name), "rules": suite.rules, "suite": suite}
        yield Page(f"{name}.html", template, values)


def _choices(material: Material) -> list[dict[str, Any]]:
    """Return, per track, what its tasks predict from, its best predictors, and the best published law."""
    found = []
    for track, board in material.tracks.items():
        used: dict[str, int] = {}
        for facts in (f for f in material.facts.values() if f["track"] == track and f["role"] == "counted"):
            for v in (v for v in str(facts["variables"]).split(",") if v in VARIABLES):
                used[v] = used.get(v, 0) + 1
        rows = whiskers(board, material)
        law = next((w for w in rows if w.kind == "published" and w.value > 0), None)
        shown = [*rows[:4], *([law] if law is not None and law not in rows[:4] else [])]
        common = sorted(used, key=lambda v: -used[v])[:4]
        found.append(
            {
                "track": track,
                "tasks": board.n_tasks,
                "clusters": board.n_clusters,
                "variables": common,
                "rows": shown,
                "law": law,
                "best": rows[0],
            }
        )
    return found
