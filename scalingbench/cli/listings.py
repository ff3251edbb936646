"""Rows and text of the listing commands."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, read_facts
from scalingbench.cli.console import shown_records
from scalingbench.predictors.registry import list_predictors

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite

__all__ = ["collection_rows", "collection_totals", "predictor_rows", "render_description", "task_rows"]


def collection_rows() -> list[dict[str, Any]]:
    """Return one record per collection, with the sizes recorded when its table was last built."""
    return [_collection_row(name) for name in list_collections()]


def _collection_row(name: str) -> dict[str, Any]:
    card, facts = load_card(name), read_facts().get(name, {})
    return {
        "name": name,
        "tier": card.scalingbench.tier,
        "domain": card.scalingbench.domain,
        **{count: facts.get(count) for count in ("rows", "runs", "curves")},
        "metrics": len(card.scalingbench.metrics),
        "license": card.license,
    }


def collection_totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the numbers of collections, rows and runs, without runs that a collection repeats from others."""
    fresh = [r for r in rows if not load_card(str(r["name"])).scalingbench.repackages]
    totals = {count: sum(int(r[count] or 0) for r in fresh) for count in ("rows", "runs", "curves")}
    return {"collections": len(rows), "bundled": sum(r["tier"] == "bundled" for r in rows), **totals}


def task_rows(suite: Suite, track: str | None) -> list[dict[str, Any]]:
    """Return one record per task: from the frozen suite, else from the tasks on bundled collections."""
    from scalingbench.benchmark.tasks.suite import task_table

    table = suite.frozen_tasks
    if table is None:
        table = task_table(suite.build(track=track))
    else:
        suite.entries(track=track, fetch=True)  # raises an error for an unknown track
        table = table if track is None else table[table["track"] == track]
    rows = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    return [{**row, "variables": str(row["variables"]).split(",")} for row in rows]


def predictor_rows(track: str | None) -> list[dict[str, Any]]:
    """Return one record per registered predictor; None for tracks or variables means any."""
    return [
        {"name": e.name, "family": e.family, "tracks": list(e.tracks) or None, **_reads(e.make()), "paper": e.paper or None}
        for e in list_predictors(track)
    ]


def _reads(predictor: Any) -> dict[str, list[str] | None]:
    """Return the inputs of a predictor, and the names of its constants."""
    constants = [p.name for p in getattr(predictor, "parameters", ())]
    return {"variables": list(getattr(predictor, "variables", None) or ()) or None, "parameters": constants}


def render_description(d: Mapping[str, Any], width: int | None = None) -> str:
    """Render a description; for a terminal, its lines are wrapped to the width."""
    bullets = partial(_bullets, width=width)
    facts = [
        *bullets("tier", [d["tier"]]),
        *bullets("licence", [f"{d['license']}. {d['license_note']}"]),
        *bullets("size", [f"{d['rows']} rows, {d['runs']} runs, {d['curves']} curves (one curve is: {d['one_curve_is']})"]),
        *bullets("cite", d["papers"]),
        *bullets("upstream", d["upstream"]),
        *bullets("params are", [d["params_kind"]] if d["params_kind"] else []),
    ]
    sections = [("Variables", d["variables"]), ("Metrics", d["metrics"]), ("Tasks", d["tasks"])]
    tables = [line for title, rows in sections for line in ("", title, "", shown_records(rows))]
    notes = bullets("flags", [f"{k}: {v} rows" for k, v in d["flags"].items()])
    notes += [*bullets("corrections", d["corrections"]), *bullets("problems", d["known_problems"])]
    about = d["about"] if width is None else "\n\n".join(_paragraph(text, width) for text in d["about"].split("\n\n"))
    return "\n".join([_wrapped(f"{d['name']}: {d['title']}", width), "", about, "", *facts, *tables, "", *notes])


def _paragraph(text: str, width: int) -> str:
    lines = text.splitlines()
    plain = not any(line.startswith(("|", "-", "#", "*")) for line in lines)
    return _wrapped(" ".join(lines), width) if plain else "\n".join(_wrapped(line, width) for line in lines)


def _bullets(label: str, items: Iterable[str], *, width: int | None) -> list[str]:
    return [_wrapped(f"{label if i == 0 else '':<13} {item}", width, " " * 14) for i, item in enumerate(items)]


def _wrapped(line: str, width: int | None, indent: str = "") -> str:
    if width is None or len(line) <= width or line.startswith("|"):
        return line
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
