"""The site of made-up results: tracks first, reach, and no measured value of a collection that is fetch-only."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made import FETCH_ONLY, made_up_results, made_up_suite

from scalingbench.leaderboard.releases import board_from_json
from scalingbench.leaderboard.site.build import build_site

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
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: True)  # as where the upstream files lie in a mirror
        suite = marked(made_up_suite())
        errors = {"nearest-neighbor": (0.2, 0.2, 0.2), "m4": (0.1, 0.1, 0.1), "kaplan": (0.15, None, None), "mean": (0.4, 0.4, 0.4)}
        said: list[str] = []
        assert build_site(made_up_results(errors, suite), folder, said.append) == 1 + 4 + 3 + 3
    return folder


class Headings(HTMLParser):
    """The headings of a page, and the targets of its links."""

    def __init__(self, path):
        super().__init__()
        self.path, self.found, self.targets, self.open = path, [], [], False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.open = tag == "h2"
        self.targets += [value for name, value in attrs if name == "href" and not value.startswith("data:")]

    def handle_data(self, data):
        self.found += [data] if self.open else []
        self.open = False


def test_tracks_stand_first_then_the_general_purpose_board(site):
    page = Headings(site / "index.html")
    assert page.found[:2] == ["Tracks", "General-purpose entries"]
    text = (site / "index.html").read_text(encoding="utf-8")
    assert text.index(">compute<") < text.index("General-purpose entries") < text.index("Skill by reach")
    assert "over that of the most expensive training run" in text


def test_no_measured_value_of_a_fetch_only_collection_is_written(site):
    """Its page has the scores; that of a bundled collection has the values too, so that the search would find them."""
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".json")]
    shown = {f"{value:.5g}": [p for p in files if f"{value:.5g}" in p.read_text(encoding="utf-8")] for value in (SECRET, OPEN)}
    assert shown[f"{SECRET:.5g}"] == [] and shown[f"{OPEN:.5g}"]
    page = (site / "tasks" / "monkeys-loss-solution-frontier-params-1e09.html").read_text(encoding="utf-8")
    assert "not redistributable" in page and "predictors/m4.html" in page
    assert "not redistributable" in (site / "collections" / "monkeys.html").read_text(encoding="utf-8")


def test_a_specialised_law_has_a_page_that_says_so(site):
    page = (site / "predictors" / "kaplan.html").read_text(encoding="utf-8")
    assert "specialised: it enters 33 % of the weight" in page
    assert "general-purpose: it enters 100 % of the weight" in (site / "predictors" / "m4.html").read_text(encoding="utf-8")


def test_every_link_leads_to_a_file(site):
    for path in site.rglob("*.html"):
        for target in Headings(path).targets:
            file = target.partition("#")[0]
            assert not file or (path.parent / file).resolve().is_file() or "/results/" in file or file.startswith("results/"), (
                f"{path}: {target}"
            )


def test_the_board_has_the_headings_of_the_terminal(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    table = page[page.index('data-board=""') :]
    cells = re.findall(r"<th [^>]*>([^<]*)</th>", table[: table.index("</tr>")])
    board = board_from_json((site / "data" / "board.json").read_text())
    assert cells == list(board.table().header)


def test_its_data_are_those_of_the_board(site):
    board = json.loads((site / "data" / "board.json").read_text())
    assert [row["predictor"] for row in board["rows"]] == ["m4", "nearest-neighbor", "mean"] and set(board["tracks"]) == {
        "compute",
        "curve",
        "inference",
    }
