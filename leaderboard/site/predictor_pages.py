"""Pages of predictors: formula, constants, place on each track, and all scores."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from math import isfinite
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.names import slug
from scalingbench.leaderboard.site.content import Page, Whisker
from scalingbench.leaderboard.site.links import Link, paper_links
from scalingbench.leaderboard.site.material import KINDS, Material, records
from scalingbench.leaderboard.site.predictions import constants_of
from scalingbench.leaderboard.submissions.metadata import Submission, submissions
from scalingbench.predictors.catalogue import Entry, papers_of
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.meanings import meanings
from scalingbench.predictors.registry import list_predictors

__all__ = ["predictor_index", "predictor_pages"]

_SCORES = ("error", "ratio", "mape", "bias", "coverage", "failed", "folds")
_PERCENTILES = (5, 25, 50, 75, 95)
_EXTREMES = 5


def predictor_pages(material: Material) -> Iterator[Page]:
    """Yield a page per predictor; one that entered no task that the board ranks on has no row.

    Tasks are written as their places in the list of all, which every page of a predictor loads.
    """
    rows = {str(row["predictor"]): row for row in records(material.everyone.rows)}
    ranked = set(material.results.task_table["task"])
    scored = material.scores[["predictor", "task", *_SCORES]]
    by_name = {str(name): own for name, own in scored.groupby("predictor")}
    entries, submitted = {e.name: e for e in list_predictors()}, submissions()
    constants, number = _constants(material), {name: i for i, name in enumerate(material.facts)}
    boards = {track: {str(row["predictor"]): row for row in records(board.rows)} for track, board in material.tracks.items()}
    for name in material.results.predictors:
        own = by_name.get(name, scored.head(0)).sort_values("ratio", kind="stable")
        places = [p for track, rows_of in boards.items() if (p := _place(rows_of, track, name))]
        values = {
            "name": name,
            "kind": KINDS[material.kinds[name]],
            "row": rows.get(name),
            "variants": [n for n, row in rows.items() if name in rows and row["family"] == rows[name]["family"] and n != name],
            "places": places,
            "whiskers": [Whisker(p["track"], p["skill"], p["low"], p["high"]) for p in places],
            "left_out": material.results.exclusions.get(name, ()),
            "constants": constants.get(name, []),
            "meanings": _meanings(entries.get(name)),
            "extremes": _extremes(own[own["task"].isin(ranked)]),
            "n_scores": len(own),
            **_described(name, entries, submitted),
        }
        scores = {c: own[c].to_numpy() for c in _SCORES if not own[c].isna().all()}
        data = {"predictor": name, "scores": {"task": own["task"].map(number).tolist(), **scores}}
        yield Page(f"predictors/{slug(name)}.html", "predictor.html.j2", values, data, ("chart", "scores", "predictor"), ("tasks",))


def _described(name: str, entries: Mapping[str, Entry], submitted: Mapping[str, Submission]) -> dict[str, Any]:
    """Return description, formula, sources and roles of the constants; unknown ones are empty."""
    nothing: dict[str, Any] = {"about": [], "latex": "", "papers": [], "source": "", "command": ""}
    if name in submitted:
        own = submitted[name]
        return nothing | {"about": [f"Submitted by {own.authors}, {own.year}."], "papers": [_link_of(own.paper)]}
    if (entry := entries.get(name)) is None:
        return nothing
    model = entry.make()
    papers = paper_links(papers_of(entry.paper)) or ([(entry.paper, "")] if entry.paper else [])
    latex = type(model).latex() if hasattr(type(model), "latex") else ""
    return {"about": _paragraphs(type(model)), "latex": latex, "papers": papers, "source": _file_of(entry), "command": f'sb.make("{name}")'}


def _meanings(entry: Entry | None) -> dict[str, str]:
    model = None if entry is None else entry.make()
    return meanings(model.parameters) if isinstance(model, ParametricLaw) else {}


def _link_of(paper: str) -> Link:
    return (paper, paper if paper.startswith(("http://", "https://")) else "")


def _paragraphs(law: type) -> list[str]:
    """Return the paragraphs of a law's docstring before its sections and formula."""
    text = inspect.cleandoc(law.__doc__ or "").split("\nParameters\n")[0].split("\nAttributes\n")[0]
    return [" ".join(p.split()) for p in text.split("\n\n") if not p.lstrip().startswith((".. math", "L(", "    "))][:3]


def _file_of(entry: Entry) -> str:
    module = entry.target.partition(":")[0]
    return module.removeprefix("scalingbench.").replace(".", "/") + ".py" if module.startswith("scalingbench.") else ""


def _place(rows: Mapping[str, dict[str, Any]], track: str, name: str) -> dict[str, Any] | None:
    """Return the place of a predictor on a track; of a variant the one that it would have in the place of its head."""
    if (row := rows.get(name)) is None:
        return None
    heads = [other for other in rows.values() if other["variant_of"] == ""]
    if row["variant_of"] == "":
        place = "not ranked" if pd.isna(row["rank"]) else f"{row['rank']} of {len(heads)}"
    else:
        better = sum(other["skill"] > row["skill"] and other["family"] != row["family"] for other in heads)
        place = f"a variant; would be {better + 1} of {len(heads)}"
    low, high = (None if pd.isna(row[k]) else float(row[k]) for k in ("skill_low", "skill_high"))
    facts = {"skill": float(row["skill"]), "low": low, "high": high, "entered": int(row["tasks_entered"]), "tasks": int(row["tasks_total"])}
    return {"track": track, "place": place, **facts}


def _extremes(scores: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return the ranked tasks on which it does best and worst against the reference."""
    known = records(scores[["task", "ratio", "error"]])
    return {"wins": [s for s in known[:_EXTREMES] if s["ratio"] < 1], "fails": [s for s in known[::-1][:_EXTREMES] if s["ratio"] > 1]}


def _constants(material: Material) -> dict[str, list[dict[str, Any]]]:
    """Return the distribution over tasks of every fitted constant of every predictor; a task counts by its median fit."""
    of_task: dict[tuple[str, str, str], list[float]] = {}
    for predictor, task, found in constants_of(material.results):
        for constant, value in found.items():
            if isfinite(value):
                of_task.setdefault((predictor, constant, task), []).append(value)
    values: dict[str, dict[str, list[float]]] = {}
    for (predictor, constant, _), own in of_task.items():
        values.setdefault(predictor, {}).setdefault(constant, []).append(median(own))
    return {name: [_distribution(c, np.array(v)) for c, v in own.items()] for name, own in values.items()}


def _distribution(constant: str, values: np.ndarray) -> dict[str, Any]:
    """Return percentiles of a constant, and their places on an axis in percent, logarithmic if all are positive."""
    ends = np.percentile(values, _PERCENTILES)
    scaled = np.log(ends) if (ends > 0).all() else ends
    width = float(np.ptp(scaled)) or 1.0
    places = [round(float(100 * (v - scaled[0]) / width), 1) for v in scaled]
    return {"name": constant, "n": len(values), "percentiles": [float(f"{v:.3g}") for v in ends], "places": places}


def predictor_index(material: Material) -> Page:
    """Return the page that lists all predictors, by kind and family."""
    everyone = {str(row["predictor"]): row for row in records(material.everyone.rows)}
    best = _best_places(material)
    rows = [
        {"name": name, "kind": KINDS[material.kinds[name]], "row": everyone.get(name), "best": best.get(name)}
        for name in sorted(material.results.predictors)
    ]
    return Page("predictors.html", "predictors.html.j2", {"rows": rows, "here": "predictors"})


def _best_places(material: Material) -> dict[str, str]:
    """Return the best place of every head on a track, as text."""
    found: dict[str, tuple[int, str]] = {}
    for track, board in material.tracks.items():
        heads = board.heads
        for row in records(heads.dropna(subset="rank"), ("predictor", "rank")):
            name, place = row["predictor"], (row["rank"], f"{row['rank']} of {len(heads)} on {track}")
            found[name] = min(found.get(name, place), place)
    return {name: text for name, (_, text) in found.items()}
