import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import scored

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import BOARD_COLUMNS, columns_markdown, shown_columns


@pytest.fixture
def board():
    rows = pd.DataFrame(
        {
            "rank": [1, 2],
            "predictor": ["law_a[huber-log]", "nearest"],
            "family": ["law_a", "nearest"],
            "variant_of": ["", ""],
            "skill": [0.123456789, 0.0],
            "skill_low": [0.05, np.nan],
            "skill_high": [0.2, np.nan],
            "skill_entered": [0.3, 0.0],
            "win_rate": [0.75, np.nan],
            "win_low": [0.5, np.nan],
            "win_high": [0.9, np.nan],
            "elo": [1100.0, 1000.0],
            "elo_low": [1050.0, np.nan],
            "elo_high": [1150.0, np.nan],
            "regret": [0.25, np.nan],
            "tasks_entered": [3, 10],
            "tasks_total": [10, 10],
            "failed_tasks": [0, 1],
            "failed_folds": [0, 2],
            "fit_seconds": [0.12345, 1e-5],
            "mape": [0.01, np.nan],
        }
    )
    return Board(rows, "made", None, 10, 4, "nearest", ("nearest",), 1000, 0)


def test_markdown_columns_line_up(board):
    lines = board.render("md").splitlines()
    assert len({len(line) for line in lines[:4]}) == 1
    assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines[:4]}) == 1
    assert "law_a[huber-log]" in lines[2] and "[0.05, 0.20]" in lines[2] and "3/10" in lines[2] and " 120 " in lines[2]
    assert lines[-1] == board.caption and "10 tasks of 4 collections" in lines[-1]


def test_json_round_trips_with_null_for_what_is_not_defined(board):
    parsed = json.loads(board.render("json"))
    assert parsed["suite"] == "made" and parsed["track"] is None and parsed["pool"] == ["nearest"]
    assert parsed["rows"][0]["skill"] == 0.123456789 and parsed["rows"][1]["win_rate"] is None
    assert "NaN" not in board.render("json")


@pytest.mark.parametrize("form", ["md", "csv", "json", "latex"])
def test_nothing_printed_depends_on_the_last_digits(board, form):
    """Sums and logarithms end in other digits on other processors; a half, .125 to two decimals, is rounded by them."""
    halves = replace(board, rows=board.rows.assign(skill=0.1235, win_rate=0.125, elo=1000.5))
    floats = halves.rows.select_dtypes("float").columns
    for factor in (1 - 1e-14, 1 + 1e-14):
        elsewhere = replace(halves, rows=halves.rows.assign(**{name: halves.rows[name] * factor for name in floats}))
        assert elsewhere.render(form) == halves.render(form)


def test_csv_holds_ten_digits(board):
    empty = {name: [""] for name in board.rows.columns.drop("variant_of")}
    read = pd.read_csv(io.StringIO(board.render("csv")), keep_default_na=False, na_values=empty)
    pd.testing.assert_frame_equal(read, board.rows, check_dtype=False)


def test_latex_is_escaped(board):
    text = board.render("latex")
    assert r"law\_a{[}huber-log{]}" in text and r"\toprule" in text and text.count("&") == 3 * 12
    assert not any("[" in line.replace("{[}", "") for line in text.splitlines() if line.endswith(r"\\"))


def test_an_unknown_format_is_refused(board):
    with pytest.raises(ValueError, match="form: expected md, csv, json or latex, got 'xml'"):
        board.render("xml")


def test_a_variant_has_a_dash_and_no_rank(board):
    rows = board.rows.assign(rank=pd.array([1, pd.NA], "Int64"), variant_of=["", "law_a[huber-log]"])
    folded = replace(board, rows=rows)
    assert [line.split("|")[1:3] for line in folded.render().splitlines()[2:4]] == [
        ["    1 ", " law_a[huber-log] "],
        ["      ", " - nearest        "],
    ]
    assert json.loads(folded.render("json"))["rows"][1]["rank"] is None
    assert list(folded.cut(variants=False).rows["predictor"]) == ["law_a[huber-log]"] and len(folded.cut(1).rows) == 1


@pytest.mark.parametrize("track", [None, "synthetic"])
def test_every_form_of_a_board_shows_the_same_headings(track):
    """The site's table is compared with the terminal's where pages are made."""
    made = scored().select(track=track).board() if track else scored().board().overall
    headings = [heading for column in shown_columns(made.rows) for heading in column.headings]
    assert headings[:3] == ["rank", "predictor", "skill"] and ("exponents" in headings) == (track == "synthetic")
    assert [cell.strip() for cell in made.render("md").splitlines()[0].strip("|").split("|")] == headings
    assert made.render("latex").splitlines()[2].removesuffix(r" \\").split(" & ") == [h.replace("%", r"\%") for h in headings]
    assert re.findall("<th>(.*?)</th>", made._repr_html_()) == headings
    keys = [key for column in BOARD_COLUMNS for key in column.keys if key in made.rows]
    assert list(made.rows) == keys == list(json.loads(made.render("json"))["rows"][0]) == made.render("csv").splitlines()[0].split(",")
    assert {key for column in shown_columns(made.rows) for key in column.keys} <= set(keys)


def test_the_page_and_the_docstring_say_what_the_table_of_columns_says():
    page = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    assert f"<!-- columns -->\n{columns_markdown()}\n<!-- /columns -->" in page, "python -m perf.regenerate columns"
    assert all(f"- {', '.join(column.keys)}: {column.meaning}" in str(Board.__doc__) for column in BOARD_COLUMNS)


def test_a_column_is_shown_where_the_rows_have_what_it_needs(board):
    """An old release has no skill of intervals: neither it nor coverage is shown."""
    assert (
        "coverage 80 %" not in board.table().header
        and "coverage 80 %" in replace(board, rows=board.rows.assign(crps_skill=0.1, coverage=0.8)).table().header
    )
