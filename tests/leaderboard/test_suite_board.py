"""How the board of a suite prints, and that a released one prints unchanged."""

import csv
import io
import json

import pandas as pd
import pytest
from made import scored

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.releases import board_from_json

FORMS = ("md", "csv", "json", "latex")


@pytest.fixture(scope="module")
def board():
    return scored().board()


def test_tracks_come_first_then_general_purpose_entries_then_specialised_laws(board):
    tracks, track_note, overall, caption, laws, law_note = board.cut(variants=False).render().split("\n\n")
    assert [line.split("|")[1].strip() for line in tracks.splitlines()[2:]] == [
        *("curve", "", ""),
        *("compute", "", ""),
        *("mixture", "", ""),
        *("transfer", "", ""),
        *("interpolation", "", ""),
    ]
    assert track_note.startswith("Tracks: the first 3 predictors of each")
    assert [line.split("|")[2].strip() for line in overall.splitlines()[2:]] == ["form[b]", "ref", "plain"]
    assert caption == board.caption and "5 tasks of 4 collections in 3 clusters" in caption
    assert "| law " in laws and "1 of 4" in laws and law_note.startswith("Specialised laws, which enter less than 95% of the weight")
    assert "that of form[b] on the same tasks" in law_note


def test_a_track_says_how_many_tasks_and_clusters_it_has_and_when_they_were_published(board):
    (line,) = (line for line in board.render().splitlines() if line.startswith("| compute "))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:6] == ["compute", "3", "1", "2020-01 to 2021-06", "1", "law"]
    (line,) = (line for line in board.render().splitlines() if line.startswith("| curve "))
    assert " 2024-02 " in line and " to " not in line


def test_variants_are_shown_on_demand(board):
    assert "- form[a]" in board.render() and "- form[a]" not in board.cut(variants=False).render()
    assert set(board.cut(variants=False).tracks["curve"].rows["predictor"]) == {"form[b]", "ref", "plain"}


def test_by_default_specialised_laws_are_those_among_the_first_three_of_a_track(board):
    """Two more laws enter compute, behind law and both forms: one is fourth, which is not shown, the other fifth."""
    more = {name: dict.fromkeys(("a/1", "a/2", "b/1"), ratio) for name, ratio in (("fourth", 0.9), ("fifth", 0.95))}
    wide = scored(**{"form[a]": None}, **{"third": dict.fromkeys(("a/1", "a/2", "b/1"), 0.7)}, **more).board()
    assert wide.cut(variants=False).specialists["predictor"].tolist() == ["law", "third"]
    assert wide.cut(4, variants=False).specialists["predictor"].tolist() == ["law", "third", "fourth"]
    assert wide.cut().specialists["predictor"].tolist() == ["law", "third", "fourth", "fifth"]
    for cut, among in ((wide.cut(variants=False), "first 3"), (wide.cut(4), "first 4")):
        assert (
            f"; only those in the {among} places there; " in cut.render() and board_from_json(cut.render("json")).render() == cut.render()
        )
    assert "only those" not in wide.cut().render()


@pytest.mark.parametrize(("compute", "mixture", "best"), [(0.1, 0.2, "compute"), (0.2, 0.1, "mixture")])
def test_of_equal_places_a_specialised_law_is_shown_on_the_track_of_its_higher_skill(compute, mixture, best):
    ratios = {"a/1": compute, "a/2": compute, "b/1": compute, "d/1": mixture}
    (law,) = scored(law=ratios).board().specialists.to_dict("records")
    assert (law["best_track"], law["rank"], law["skill"]) == (best, 1, pytest.approx(0.9))


def test_the_first_rows_are_those_of_the_board_and_laws_that_place_as_high(board):
    assert board.cut(1).rows["predictor"].tolist() == ["form[a]"] and board.cut(1).specialists["predictor"].tolist() == ["law"]
    assert scored(law={"b/1": 1.5, "e/1": 1.5}).board().cut(1).specialists.empty
    assert isinstance(board.overall, Board) and not hasattr(board.overall, "tracks")


def test_json_holds_every_board(board):
    facts = json.loads(board.render("json"))
    assert [row["predictor"] for row in facts["rows"]] == ["form[a]", "form[b]", "ref", "plain"]
    assert facts["n_clusters"] == 3 and facts["specialists"][0]["best_track"] == "compute"
    assert facts["tracks"]["compute"]["rows"][0]["predictor"] == "law" and facts["tracks"]["compute"]["published"] == ["2020-01", "2021-06"]


def test_csv_is_one_table_whose_first_column_names_the_board(board):
    rows = list(csv.DictReader(io.StringIO(board.render("csv"))))
    assert [r["predictor"] for r in rows if r["board"] == "overall"] == ["form[a]", "form[b]", "ref", "plain"]
    assert [r["best_track"] for r in rows if r["board"] == "specialised"] == ["compute"]
    assert {r["board"] for r in rows} == {"overall", "specialised", *board.tracks}


def test_latex_has_a_table_for_each_part(board):
    text = board.render("latex")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_released_board_prints_what_was_released(board, form):
    assert board_from_json(board.render("json")).render(form) == board.render(form)


@pytest.mark.parametrize("form", FORMS)
def test_the_board_of_a_track_and_of_worlds_print_in_every_form(form):
    for track in ("compute", "synthetic"):
        made = scored().select(track=track).board()
        assert "form[b]" in made.render(form).replace("{[}", "[").replace("{]}", "]")
        assert board_from_json(made.render("json")).render(form) == made.render(form)


def test_without_specialised_laws_there_is_no_such_table():
    text = scored(law=None).board().render()
    assert "Specialised" not in text and pd.DataFrame(scored(law=None).board().specialists).empty
