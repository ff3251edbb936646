"""Build the site from results: the input of its pages, the pages, and the files beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing_folder
from scalingbench.common.names import slug
from scalingbench.leaderboard.findings.questions import answers
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.site.collection_pages import collection_index, collection_pages
from scalingbench.leaderboard.site.forecast_page import forecast_page
from scalingbench.leaderboard.site.front import compare_page, findings_page, first_page, guides
from scalingbench.leaderboard.site.material import Material, material_of
from scalingbench.leaderboard.site.pictures import draw_preview
from scalingbench.leaderboard.site.predictor_pages import predictor_index, predictor_pages
from scalingbench.leaderboard.site.task_pages import task_index, task_list, task_pages
from scalingbench.leaderboard.site.views import views, whiskers
from scalingbench.leaderboard.site.writer import Writer

__all__ = ["build_site", "check_site_can_be_written"]

Say = Callable[[str], None]


def build_site(results: Results, out: Path, say: Say = lambda line: None) -> int:
    """Write the site of a suite's results.

    Parameters
    ----------
    results : Results
        Results of a suite.
    out : Path
        A new folder, or one that this function wrote before, which is then replaced atomically.
    say : callable
        Function that receives progress messages.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder has other content.
    """
    check_site_can_be_written(out)
    say(f"scoring {len(results.predictors)} predictors")
    material = material_of(results)
    with replacing_folder(out) as work:
        writer = Writer(work, {"board": material.board, "counts": material.counts, "general": results.suite.rules.general})
        _write(material, writer, say)
    return writer.pages


def _write(material: Material, writer: Writer, say: Say) -> None:
    say("the board and its views")
    found = tuple(answers(material.results))
    writer.write(first_page(material, found))
    for make in (compare_page, predictor_index, collection_index):
        writer.write(make(material))
    for page in (task_index(), findings_page(found), forecast_page(), *guides(material)):
        writer.write(page)
    for name, content in views(material):
        writer.data(f"data/views/{slug(name)}.js", "SB.view", name, content)
    for name, columns in (("tasks", task_list(material)), ("predictors", {"predictor": list(material.results.predictors)})):
        writer.data(f"data/{name}.js", "SB.list", name, columns)
    writer.text("data/board.json", json.dumps(json.loads(material.board.render("json")), separators=(",", ":")) + "\n")
    material.everyone.rows.to_parquet(writer.out / "data" / "board.parquet", index=False)
    draw_preview(
        whiskers(material.everyone, material, top=12), "Which scaling law should you trust?", writer.out / "assets" / "preview.png"
    )
    for what, pages in (("predictors", predictor_pages), ("tasks", task_pages), ("collections", collection_pages)):
        say(f"pages of {what}")
        for page in pages(material):
            writer.write(page)


def check_site_can_be_written(out: Path) -> None:
    """Raise an error, before any result is read, if the site cannot be written.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder has other content.
    """
    require("the site", "site", "jinja2", "latex2mathml", "markdown_it", "matplotlib")
    if out.exists() and any(out.iterdir()) and not (out / "data" / "board.json").is_file():
        raise InputError(f"{out}: not empty, and not a site written by this command")
