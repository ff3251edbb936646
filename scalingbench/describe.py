"""What the listing commands print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.card import load_card
from benchmark.collection import Collection, list_collections, load_collection, read_facts
from benchmark.schema import VARIABLES, metric_kind
from benchmark.suites import Suite
from benchmark.tasks import build_tasks

__all__ = ["collection_rows", "collection_totals", "describe_collection", "predictor_rows", "print_rows", "render_description"]


def print_rows(rows: Sequence[Mapping[Any, Any]], as_json: bool) -> None:
    """Print records as an aligned table, or as JSON."""
    if as_json:
        print(json.dumps(list(rows), indent=2))
        return
    print(_aligned(rows))


def _aligned(rows: Sequence[Mapping[Any, Any]]) -> str:
    if not rows:
        return "(none)"
    header = list(rows[0])
    cells = [header] + [[_cell(row[name]) for name in header] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


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
    """Return how many collections, rows and runs there are; runs that a collection repeats from others are not counted."""
    fresh = [r for r in rows if not load_card(str(r["name"])).scalingbench.repackages]
    totals = {count: sum(int(r[count] or 0) for r in fresh) for count in ("rows", "runs", "curves")}
    return {"collections": len(rows), "bundled": sum(r["tier"] == "bundled" for r in rows), **totals}


def predictor_rows(track: str | None) -> list[dict[str, Any]]:
    """Return one record per registered predictor."""
    from predictors.registry import list_predictors

    return [
        {"name": e.name, "family": e.family, "tracks": ",".join(e.tracks) or "any", **_reads(e.make()), "paper": e.paper or "-"}
        for e in list_predictors(track)
    ]


def _reads(predictor: Any) -> dict[str, str]:
    """Return what a predictor reads, and the names of its constants."""
    variables = getattr(predictor, "variables", None)
    constants = [p.name for p in getattr(predictor, "parameters", ())]
    return {"variables": ",".join(variables) if variables else "any", "parameters": ",".join(constants) or "-"}


def describe_collection(name: str, suite: Suite) -> dict[str, Any]:
    """Return the essentials of a collection: card, sizes, variables with ranges, metrics, tasks."""
    collection = load_collection(name)
    facts = collection.card.scalingbench
    return {
        "name": name,
        "title": collection.card.pretty_name,
        "about": collection.card.body,
        "tier": facts.tier,
        "domain": facts.domain,
        "license": collection.card.license,
        "license_note": facts.license_note,
        "papers": [_citation(p.authors, p.year, p.title, p.arxiv) for p in facts.papers],
        "upstream": [f"{u.repository}@{u.commit[:12]} ({u.kind})" for u in facts.upstream],
        "rows": len(collection.table),
        "runs": collection.n_runs,
        "curves": int(collection.table["curve"].nunique()),
        "one_curve_is": facts.curves,
        "params_kind": facts.params_kind,
        "variables": [_variable(collection, v) for v in collection.variables],
        "metrics": [_metric(collection, m) for m in collection.metrics],
        "flags": {str(k): int(v) for k, v in collection.table["flag"].value_counts().items() if k},
        "corrections": list(facts.corrections),
        "known_problems": list(facts.known_problems),
        "tasks": [_task(t) for s in suite.specs if s.collection == name for t in build_tasks(s, collection)],
    }


def _citation(authors: str, year: int, title: str, arxiv: str | None) -> str:
    first = authors.split(" and ")[0].split(",")[0]
    others = " et al." if " and " in authors else ""
    return f"{first}{others} ({year}). {title}." + (f" arXiv:{arxiv}" if arxiv else "")


def _variable(collection: Collection, name: str) -> dict[str, Any]:
    column = collection.table[name].dropna()
    registered = VARIABLES.get(name)
    return {
        "name": name,
        "unit": registered.unit if registered else "1",
        "low": float(column.min()) if len(column) else None,
        "high": float(column.max()) if len(column) else None,
        "note": collection.card.scalingbench.variables.get(name, registered.meaning if registered else "mixture weight"),
    }


def _metric(collection: Collection, name: str) -> dict[str, Any]:
    values = collection.table.loc[collection.table["metric"] == name, "value"].dropna()
    metric = collection.card.scalingbench.metrics[name]
    better = "lower" if metric_kind(name).lower_is_better else "higher"
    return {
        "name": name,
        "unit": metric.unit,
        "better": better,
        "rows": len(values),
        "low": float(values.min()),
        "high": float(values.max()),
        "noise": metric.noise,
        "meaning": metric.meaning,
    }


def _task(task: Any) -> dict[str, Any]:
    return {
        "task": task.id,
        "track": task.track,
        "folds": len(task.folds),
        "train": task.n_train,
        "held_out": task.n_test,
        "extrapolation": task.extrapolation,
        "compute_share": task.compute_share,
        "r2": "yes" if task.uses_r2 else "no: fewer than 5 held-out rows",
    }


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
