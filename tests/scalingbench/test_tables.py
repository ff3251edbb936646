"""The one place where tables are printed."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.tables import Table, cell, facts_html, interval, number, plain, table_of

TABLE = Table(["law", "skill"], [["chinchilla[l2]", "0.5"], ["a_b", "-1.25"]], note="Skill & more.")


def test_markdown_is_padded_and_aligned_by_kind():
    assert TABLE.markdown().splitlines() == [
        "| law            | skill |",
        "| -------------- | ----: |",
        "| chinchilla[l2] |   0.5 |",
        "| a_b            | -1.25 |",
        "",
        "Skill & more.",
    ]


def test_compact_markdown_is_not_padded():
    lines = Table(TABLE.header, TABLE.rows, compact=True).markdown().splitlines()
    assert lines == ["| law | skill |", "| --- | ---: |", "| chinchilla[l2] | 0.5 |", "| a_b | -1.25 |"]


def test_a_table_without_rows_has_its_header():
    assert Table(["a", "bb"], []).markdown().splitlines() == ["| a | bb |", "| - | -: |"]
    assert Table(["a", "bb"], []).aligned() == Table(["a", "bb"], []).fitted(80) == "a  bb"


def test_aligned_text_has_no_blanks_at_the_end():
    assert TABLE.aligned().splitlines() == ["law             skill", "chinchilla[l2]  0.5", "a_b             -1.25"]


def test_latex_is_escaped_and_brackets_are_no_arguments():
    assert TABLE.latex().splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"law & skill \\",
        r"\midrule",
        r"chinchilla{[}l2{]} & 0.5 \\",
        r"a\_b & -1.25 \\",
        r"\bottomrule",
        r"\multicolumn{2}{l}{\footnotesize Skill \& more.}",
        r"\end{tabular}",
    ]
    assert Table(["a"], [["~^\\"]], note="n", compact=True).latex().splitlines()[4:] == [
        r"\textasciitilde{}\textasciicircum{}\textbackslash{} \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% n",
    ]


def test_html_is_escaped_and_balanced():
    opened = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag, attrs):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    for text in (Table(["<b>", "n"], [["a & b", "1"]], note="<i>").html(), facts_html("<t>", [("a<", "b>")])):
        Balance().feed(text)
        assert opened == [] and "<b>" not in text and "<i>" not in text and "a & b" not in text


def test_the_first_rows_say_that_there_are_more():
    assert TABLE.head(2) is TABLE
    assert TABLE.head(1).rows == [["chinchilla[l2]", "0.5"]] and TABLE.head(1).note == "The first 1 of 2 rows. Skill & more."


def test_cells():
    assert [number(1.0005, 2), number(np.float64(-0.5), 3), number(float("nan"), 2), number(None, 2)] == ["1.00", "-0.500", "-", "-"]
    assert interval(0.1, 0.25, 1) == "[0.1, 0.2]" and interval(np.nan, np.nan, 1) == "-" and interval(None, None, 1, missing="") == ""
    assert [cell(v, ".3g") for v in (1234.5, 7, "x", None, pd.NA, True)] == ["1.23e+03", "7", "x", "-", "-", "True"]


def test_json_has_null_for_what_is_not_a_finite_number():
    value = {"a": np.float64("nan"), 1: (np.int64(3), pd.NA, float("inf")), "b": {"c": None, "d": "x", "e": True}}
    assert plain(value) == {"a": None, "1": [3, None, None], "b": {"c": None, "d": "x", "e": True}}
    json.dumps(plain(value), allow_nan=False)


def test_what_is_not_a_format_is_refused():
    from made import made_up_results

    with pytest.raises(ValueError, match="form: expected md, csv, json or latex, got 'xml'"):
        made_up_results({"mean": [0.4] * 3}).board().render("xml")


def test_a_terminal_shows_what_fits_and_names_the_rest():
    table = Table(("name", "long", "value", "last"), [["a", "x" * 60, "1", "2"]], frozenset({0, 1}), "A note of six words here.")
    assert table.fitted(80).splitlines()[:2] == ["name  " + "long".ljust(44) + "  value  last", "a     " + "x" * 43 + "…      1     2"]
    narrow = table.fitted(60).splitlines()
    assert narrow[0] == "name  " + "long".ljust(44) + "  value" and "Not shown: last;" in " ".join(narrow)
    assert max(map(len, narrow)) <= 60
    assert replace(table, minor=(1,)).fitted(30).splitlines()[0] == "name  value  last"


def test_a_terminal_leaves_out_an_interval_with_its_value_and_keeps_what_still_fits():
    table = Table(["law", "elo", "", "skill"], [["a" * 50, "1" * 30, "[1, 2]", "0.5"]], minor=())
    assert table.fitted(80).splitlines()[:2] == [f"{'law':<50}  skill", f"{'a' * 50}    0.5"]
    assert "Not shown: elo" in table.fitted(80)


def test_headings_are_broken_on_a_terminal_and_the_first_column_is_whole():
    table = Table(["task", "within 3x (73 tasks)"], [["x" * 60, "0.5"]])
    lines = table.fitted(80).splitlines()
    assert len(lines) == 3 and lines[2].startswith("x" * 60) and max(map(len, lines)) <= 80


def test_records_are_a_table_with_numbers_to_the_right():
    table = table_of([{"name": "a", "n": 1, "of": ["x", "y"]}, {"name": "b", "n": None, "of": []}], major=("name",))
    assert table.markdown().splitlines()[2:] == ["| a    | 1 | x, y |", "| b    | - | -    |"] and table.minor == [2, 1]
