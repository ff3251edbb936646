"""Write pages from content: Jinja templates, the packaged Vega bundle, and the JSON data of the pages."""

from __future__ import annotations

import importlib.resources
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scalingbench.common.names import slug
from scalingbench.common.tables import cell, interval, plain
from scalingbench.leaderboard.columns import shown_columns
from scalingbench.leaderboard.site.content import SiteContent

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["write_site"]

VEGA_LITE = "6.4"


def write_site(content: SiteContent, out: Path) -> int:
    """Write the site.

    Parameters
    ----------
    content : SiteContent
        The content of the site.
    out : Path
        An empty folder.

    Returns
    -------
    int
        Number of pages.
    """
    pages = _environment()
    for folder in ("data", "predictors", "collections", "tasks", "assets", "results"):
        (out / folder).mkdir()
    _assets(out / "assets")
    for name, file in content.result_files.items():
        shutil.copyfile(file, out / "results" / f"{slug(name)}.parquet")
    _data(content, out / "data")
    (out / "comparison.svg").write_text(content.comparison_svg, encoding="utf-8")
    drawn = {p.name: _formula(p.latex, out / "predictors" / f"{slug(p.name)}.svg") for p in content.predictors}
    shared = {"board": content.board, "caption": content.board.caption, "n_tasks": len(content.tasks), "shown_columns": shown_columns}
    todo: list[tuple[str, str, dict[str, Any]]] = [("index.html", "index.html.j2", {"content": content, "root": ""})]
    for p in content.predictors:
        values = {"page": p, "root": "../", "has_formula": drawn[p.name], "general": content.general}
        todo.append((f"predictors/{slug(p.name)}.html", "predictor.html.j2", values))
    todo += [(f"collections/{slug(c.name)}.html", "collection.html.j2", {"page": c, "root": "../"}) for c in content.collections]
    todo += [(f"tasks/{slug(t.name)}.html", "task.html.j2", {"page": t, "root": "../"}) for t in content.tasks]
    for path, template, values in todo:
        (out / path).write_text(pages.get_template(template).render(**shared, **values), encoding="utf-8")
    (out / "README.md").write_text(pages.get_template("README.md.j2").render(**shared), encoding="utf-8")
    (out / ".nojekyll").touch()
    return len(todo)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("scalingbench.leaderboard.site"),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
    )
    pages.trim_blocks = pages.lstrip_blocks = True
    pages.filters |= {"page": slug, "number": _number, "interval": _interval, "spec": _embedded, "sort_key": _sort_key}
    return pages


def _assets(folder: Path) -> None:
    import vl_convert

    source = importlib.resources.files("scalingbench.leaderboard.site") / "assets"
    for name in ("site.css", "site.js"):
        (folder / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    # as a plain script in its own function: browsers do not load modules for pages opened from a local folder
    bundle = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
    (folder / "vega.js").write_text(f"(() => {{\n{bundle}\n}})();\n", encoding="utf-8")


def _data(content: SiteContent, folder: Path) -> None:
    (folder / "board.json").write_text(content.board.render("json") + "\n", encoding="utf-8")
    for track, board in content.track_boards.items():
        (folder / f"board-{track}.json").write_text(board.render("json") + "\n", encoding="utf-8")
    for identifier, (_, chart) in content.charts.items():
        _dump(chart, folder / f"chart-{identifier}.json")
    for p in content.predictors:
        _dump({"predictor": p.name, "scores": p.scores}, folder / f"predictor-{slug(p.name)}.json")
    for t in content.tasks:
        _dump({"task": t.name, **t.facts, "scores": t.scores, "predictions": t.predictions}, folder / f"task-{slug(t.name)}.json")


def _dump(value: object, path: Path) -> None:
    path.write_text(json.dumps(plain(value), separators=(",", ":")) + "\n", encoding="utf-8")


def _formula(latex: str, path: Path) -> bool:
    """Draw a formula; return False if it is empty or matplotlib cannot draw it."""
    if not latex:
        return False
    from matplotlib import mathtext, rc_context
    from matplotlib.font_manager import FontProperties

    try:
        with rc_context({"savefig.transparent": True, "svg.hashsalt": path.stem}):
            mathtext.math_to_image(f"${latex}$", path, prop=FontProperties(size=15), format="svg")
    except ValueError:
        path.unlink(missing_ok=True)
        return False
    return True


def _embedded(chart: object) -> str:
    """Return a specification as JSON that is safe inside a script element."""
    from markupsafe import Markup

    return Markup(json.dumps(plain(chart), separators=(",", ":")).replace("</", "<\\/"))


def _number(value: Any, digits: int = 3) -> str:
    return cell(value, f".{digits}f" if isinstance(value, float) and abs(value) < 1e4 else f".{digits}g", missing="–")


def _interval(low: float | None, high: float | None, digits: int = 2) -> str:
    return interval(low, high, digits, missing="")


def _sort_key(value: Any) -> str:
    """Return the sort key of a cell; an empty key sorts last."""
    return cell(value, "", missing="")
