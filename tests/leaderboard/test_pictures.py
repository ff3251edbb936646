"""Pictures of the board."""

import re
from pathlib import Path

import pytest
from command import scalingbench

from scalingbench.leaderboard.pictures import PICTURES, digest, svg_of
from scalingbench.leaderboard.results import Results

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def committed():
    return Results.load()


@pytest.mark.full  # `perf.regenerate --check` does the same
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_docs_is_small_and_shows_the_committed_numbers(name, committed):
    text = (DOCS / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    assert len(text) < 60_000 and digest(committed, name) in text
    data, _, _ = PICTURES[name]
    words = " ".join(re.findall(r">([^<>]+)</text>", text))
    rows = data(committed)
    names = rows["predictor"] if name == "skill" else rows.index
    assert [n for n in names if n not in words] == []


@pytest.mark.full
def test_other_numbers_give_another_picture(committed):
    assert digest(committed.select(bundled=True), "skill") != digest(committed, "skill")


@pytest.mark.full
def test_the_command_names_what_it_drew_and_the_same_numbers_give_the_same_picture(committed, tmp_path):
    done = scalingbench("pictures", "--out", tmp_path)
    assert done.returncode == 0 and done.stdout.split() == [str(tmp_path / f"{name}.svg") for name in PICTURES]
    assert (tmp_path / "skill.svg").read_text(encoding="utf-8") == svg_of(committed, "skill")
    few = committed.select(bundled=True)
    assert digest(few, "skill") in svg_of(few, "skill")
