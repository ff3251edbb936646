"""The site of made-up results: findings, links, and no measured value of a collection that is fetch-only."""

import json
import re
from dataclasses import replace

import pytest
from made import FETCH_ONLY, made_up_results, made_up_suite

from scalingbench.leaderboard.findings.questions import Finding
from scalingbench.leaderboard.site.build import build_site
from scalingbench.leaderboard.site.front import first_page
from scalingbench.leaderboard.site.material import KINDS, kind_of, material_of
from scalingbench.leaderboard.site.writer import environment
from scalingbench.predictors.catalogue import Entry

SECRET, OPEN = 7.654321, 1.234567
"""Measured values of the fetch-only and of a bundled task."""


def marked(suite):
    """Return the suite with one measured value of each task that no prediction can equal."""
    values = {FETCH_ONLY: SECRET, "distillation_apple": OPEN}
    made = []
    for task in suite.made:
        (fold,) = task.folds
        y = fold.y_test.copy()
        y[0] = values.get(task.collection, y[0])
        made.append(replace(task, folds=(replace(fold, y_test=y),)))
    return replace(suite, made=tuple(made))


@pytest.fixture(scope="module")
def results():
    errors = {"nearest-neighbor": (0.2, 0.2, 0.2), "m4": (0.1, 0.1, 0.1), "kaplan": (0.15, None, None), "compute": (0.4, 0.4, 0.4)}
    return made_up_results(errors, marked(made_up_suite()))


@pytest.fixture(scope="module")
def site(tmp_path_factory, results):
    folder = tmp_path_factory.mktemp("site") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: True)  # as where the upstream files lie in a mirror
        assert build_site(results, folder) == 7 + 5 + 4 + 3 + 3  # whole, text, predictors, tasks, collections
    return folder


def read(site, *path):
    return site.joinpath(*path).read_text(encoding="utf-8")


def cells_of(page, heading):
    """Return the cells of the first table with this heading."""
    table = next(t for t in re.findall(r"<table.*?</table>", page, re.DOTALL) if heading in t)
    return re.findall(r"<td[^>]*>(.*?)</td>", table)


def test_a_table_links_what_its_column_names(site):
    """A predictor may be named like a track: the cell of the track is no link, that of the predictor is."""
    cells = cells_of(read(site, "index.html"), "clusters")
    assert "compute" in cells and '<a href="predictors/m4.html">m4</a>' in cells
    assert (site / "predictors" / "compute.html").is_file()


def test_findings_stand_beside_the_picture(results):
    material = material_of(results)
    found = Finding("skill", "Which law?", "Law `x` has skill .61 [.52, .70].", "leaderboard", {})
    page = first_page(material, (found,))
    assert page.values["findings"] == (found,) and page.values["n_findings"] == 1
    shared = {"board": material.board, "counts": material.counts, "general": 0.95, "repository": "", "site": "", "page": page}
    text = environment().get_template(page.template).render(**shared, **page.values)
    assert "Law <code>x</code> has skill .61" in text and text.index("Law <code>x") < text.index('id="board"')


def test_no_measured_value_of_a_fetch_only_collection_is_written(site):
    """Its page has the scores; that of a bundled collection has the values too, so that the search would find them."""
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".json", ".js")]
    shown = {f"{value:.5g}": [p for p in files if f"{value:.5g}" in p.read_text(encoding="utf-8")] for value in (SECRET, OPEN)}
    assert shown[f"{SECRET:.5g}"] == [] and shown[f"{OPEN:.5g}"]
    name = "monkeys-loss-solution-frontier-params-1e09"
    assert "not redistributable" in read(site, "tasks", f"{name}.html") and '"error":[0.1,' in read(site, "data", "tasks", f"{name}.js")
    assert "not redistributable" in read(site, "collections", "monkeys.html")


def test_a_specialised_law_has_a_page_that_says_so(site):
    page = read(site, "predictors", "kaplan.html")
    assert "specialised: it enters 33 % of the weight" in page, re.findall(r"enters .{80}", page)
    assert "not ranked" in page  # its track has one cluster
    assert "general-purpose: it enters 100 % of the weight" in read(site, "predictors", "m4.html")


def test_constants_are_shown_as_percentiles_over_tasks(site):
    """Every made-up fit has E = 1.5."""
    cells = cells_of(read(site, "predictors", "m4.html"), "constant")
    assert cells[:8] == ["E", "", "1.5", "1.5", "1.5", "1.5", "1.5", "3"]  # m4 has no constant E, hence no meaning


@pytest.mark.parametrize(
    ("target", "paper", "kind"),
    [
        ("scalingbench.predictors.laws.compute:Kaplan", "Kaplan et al.", "published"),
        ("scalingbench.predictors.published:PublishedLaw", "Kaplan et al.", "constants"),
        ("scalingbench.predictors.generic.regressors:LogLinear", "", "generic"),
        ("scalingbench.predictors.autolaw.autolaw:AutoLaw", "", "ensemble"),
    ],
)
def test_the_kind_of_a_predictor(target, paper, kind):
    assert kind_of(Entry("x", target, "x", paper=paper)) == kind and kind in KINDS


def test_its_data_are_those_of_the_board(site):
    board = json.loads(read(site, "data", "board.json"))
    assert [row["predictor"] for row in board["rows"]] == ["m4", "nearest-neighbor", "compute"] and set(board["tracks"]) == {
        "compute",
        "curve",
        "inference",
    }
