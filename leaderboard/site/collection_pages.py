"""Pages of collections: the picture of their runs, their card, their tasks, and how to load them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.description import describe_card, describe_table
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.names import slug
from scalingbench.leaderboard.citation import cite
from scalingbench.leaderboard.plot_axis import axis_of_collection
from scalingbench.leaderboard.site.charts import points_chart
from scalingbench.leaderboard.site.content import Page
from scalingbench.leaderboard.site.links import paper_links, upstream_links
from scalingbench.leaderboard.site.material import Material
from scalingbench.leaderboard.site.texts import html_of

__all__ = ["collection_index", "collection_pages"]


def collection_pages(material: Material) -> Iterator[Page]:
    """Yield a page per collection."""
    tasks = _tasks(material)
    own: dict[str, list[Task]] = {}
    for task in material.tasks.values():
        own.setdefault(task.collection, []).append(task)
    for name in sorted(tasks):
        card = load_card(name)
        shown = own.get(name, [])
        chart = _chart(name, shown) if shown else None
        values = {
            "name": name,
            "facts": describe_table(name) if shown else describe_card(name),
            "bundled": card.bundled,
            "about": _html(card.body),
            "citation": cite(card.scalingbench.papers, "bibtex"),
            "papers": paper_links(card.scalingbench.papers),
            "upstream": upstream_links(card),
            "tasks": tasks[name],
            "has_chart": chart is not None,
        }
        data, scripts = (None, ()) if chart is None else ({"chart": chart}, ("chart", "collection"))
        yield Page(f"collections/{slug(name)}.html", "collection.html.j2", values, data, scripts)


def _tasks(material: Material) -> dict[str, list[dict[str, Any]]]:
    """Return the tasks of each collection with the best predictor of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, facts in material.facts.items():
        row: dict[str, Any] = {"task": name, "track": facts["track"], "far": facts["far"], "best": "", "error": None, "ratio": None}
        if (own := material.scores_of_task.get(name)) is not None:
            row |= {"best": str(own["predictor"][0]), "error": float(own["error"][0]), "ratio": float(own["ratio"][0])}
        found.setdefault(str(facts["collection"]), []).append(row)
    return found


def _chart(name: str, tasks: list[Task]) -> dict[str, Any] | None:
    table, metric = load_collection(name).table, tasks[0].spec.metric
    points = table[(table["metric"] == metric) & (table["flag"] == "")]
    axis = axis_of_collection(points, tasks)
    return points_chart(points, metric, axis, metric_kind(metric).log) if axis.variable else None


def _html(markdown: str) -> str:
    """Return the text of a card, without its first heading, as HTML."""
    return html_of("\n".join(line for line in markdown.splitlines() if not line.startswith("# ")))


def collection_index(material: Material) -> Page:
    """Return the page with the table of all collections, and how to load them."""
    rows = [{**describe_card(name), "n_tasks": len(tasks)} for name, tasks in sorted(_tasks(material).items())]
    return Page("data.html", "data.html.j2", {"rows": rows, "here": "data"})
