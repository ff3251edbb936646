"""Rows and text of the listing commands."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, read_facts
from scalingbench.common.tables import Table, cell, plain
from scalingbench.predictors.registry import list_predictors

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite

__all__ = ["collection_rows", "collection_totals", "predictor_rows", "print_rows", "render_description", "task_rows"]


def print_rows(rows: Sequence[Mapping[Any, Any]], as_json: bool = False, *, major: Sequence[str] = ()) -> None:
    """Print records as an aligned table, or as JSON; a narrow terminal leaves out the columns that are not `major` first."""
    if as_json:
        print(json.dumps(plain(list(rows)), indent=2))
        return
    print(_aligned(rows, major))


def _aligned(rows: Sequence[Mapping[Any, Any]], major: Sequence[str] = ()) -> str:
    if not rows:
        return "(none)"
    names = list(rows[0])
    minor = [i for i in reversed(range(len(names))) if major and names[i] not in major]
    cells = [[_cell(value) for value in row.values()] for row in rows]
    table = Table(names, cells, frozenset(range(len(names))), minor=minor)
    return table.fitted(shutil.get_terminal_size().columns) if sys.stdout.isatty() else table.aligned()


def _cell(value: Any) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    return cell(value, ".3g")


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

    frozen = suite.frozen_tasks
    if frozen is None:
        return [{str(k): v for k, v in row.items()} for row in task_table(suite.build(track=track)).to_dict("records")]
    suite.entries(track=track, fetch=True)  # raises an error for an unknown track
    chosen = frozen if track is None else frozen[frozen["track"] == track]
    return [{str(k): v for k, v in row.items()} for row in chosen.to_dict("records")]


def predictor_rows(track: str | None) -> list[dict[str, Any]]:
    """Return one record per registered predictor."""
    return [
        {"name": e.name, "family": e.family, "tracks": ",".join(e.tracks) or "any", **_reads(e.make()), "paper": e.paper or "-"}
        for e in list_predictors(track)
    ]


def _reads(predictor: Any) -> dict[str, str]:
    """Return the inputs of a predictor, and the names of its constants."""
    variables = getattr(predictor, "variables", None)
    constants = [p.name for p in getattr(predictor, "parameters", ())]
    return {"variables": ",".join(variables) if variables else "any", "parameters": ",".join(constants) or "-"}


def render_description(d: Mapping[str, Any]) -> str:
    """Render a description for a terminal."""
    head = [f"{d['name']}: {d['title']}", "", d["about"], ""]
    facts = [
        f"tier          {d['tier']}",
        f"licence       {d['license']}. {d['license_note']}",
        f"size          {d['rows']} rows, {d['runs']} runs, {d['curves']} curves (one curve is: {d['one_curve_is']})",
        *_bullets("cite", d["papers"]),
        *_bullets("upstream", d["upstream"]),
    ]
    if d["params_kind"]:
        facts.append(f"params are    {d['params_kind']}")
    sections = [("Variables", d["variables"]), ("Metrics", d["metrics"]), ("Tasks", d["tasks"])]
    tables = [line for title, rows in sections for line in ("", title, _aligned(rows))]
    notes = [*_bullets("flags", [f"{k}: {v} rows" for k, v in d["flags"].items()])]
    notes += [*_bullets("corrections", d["corrections"]), *_bullets("problems", d["known_problems"])]
    return "\n".join([*head, *facts, *tables, "", *notes])


def _bullets(label: str, items: Iterable[str]) -> list[str]:
    return [f"{label if i == 0 else '':<13} {item}" for i, item in enumerate(items)]
