"""Findings: each wording follows its numbers, and each number is printed by the command named beside it."""

import json
import re

import numpy as np
import pytest
from command import scalingbench

import scalingbench as sb
from scalingbench.leaderboard.findings import wording
from scalingbench.leaderboard.ratios import ErrorRatio


def ratio(value, low, high, p=0.01, tasks=9, clusters=8):
    return ErrorRatio(value, low, high, p, tasks, clusters)


HIGHER, SAME, LOWER = ratio(1.5, 1.2, 1.9), ratio(1.5, 0.9, 1.9), ratio(0.5, 0.4, 0.9)


def test_a_pair_differs_in_words_where_it_does_in_numbers():
    text = wording.pair("a", "b", "curve", HIGHER)
    assert text == (
        "`a` has a lower error than `b` on track curve: the error of `b` is larger by a factor of "
        "1.50 [1.20, 1.90] (9 tasks of 8 clusters, p = 0.010)."
    )
    assert "p <0.001" in wording.pair("a", "b", None, ratio(1.5, 1.2, 1.9, p=1e-5))


@pytest.mark.parametrize("same", [SAME, ratio(1.5, 1.2, 1.9, p=0.2)])
def test_a_pair_is_not_distinguishable_where_the_interval_or_the_test_says_so(same):
    text = wording.pair("a", "b", None, same)
    assert "`a` and `b` are not distinguishable over all tasks that extrapolate" in text and "lower error" not in text


def test_one_cluster_gives_no_interval():
    assert "1 cluster, p = 1.000), too few for an interval" in wording.pair("a", "b", None, ratio(1.5, np.nan, np.nan, 1.0, 3, 1))


def test_a_leader_is_named_with_those_like_it_and_those_behind():
    assert wording.leader("curve", 0.5, "a", {"b": SAME, "c": HIGHER}) == (
        "Of the published law forms `a` has the highest skill on track curve, 0.500; not distinguishable from it (error ratio): "
        "`b` 1.50 [0.90, 1.90]; with a higher error (error ratio): `c` 1.50 [1.20, 1.90]."
    )
    assert "not distinguishable" not in wording.leader("curve", 0.5, "a", {"c": HIGHER})
    assert "higher error" not in wording.leader("curve", 0.5, "a", {"b": SAME})


def test_slices_are_named_by_what_holds_there():
    text = wording.slices("a", "b", {"near": SAME, "far": LOWER})
    assert text == "`a` has a lower error than `b` far 0.50 [0.40, 0.90]; not distinguishable near 1.50 [0.90, 1.90]."
    assert "a higher error than `b` far" in wording.slices("a", "b", {"far": HIGHER})
    assert "distinguishable from `b` at no extrapolation factor" in wording.slices("a", "b", {"near": SAME})


def test_an_error_grows_only_where_it_does_for_everyone():
    assert wording.by_reach({"a": [1.0, 2.0], "b": [1.0, 1.0]}, ["near", "far"]).startswith("Relative error grows")
    assert "does not grow steadily" in wording.by_reach({"a": [1.0, 2.0], "b": [2.0, 1.0]}, ["near", "far"])


def test_intervals_are_too_narrow_for_those_that_cover_too_little():
    assert "too narrow for each of these predictors" in wording.coverage({"a": [0.8, 0.7], "b": [0.8, 0.2]}, ["near", "far"])
    assert "too narrow for `b` alone: coverage far is `a` 0.760 (0.900 near)" in wording.coverage(
        {"a": [0.9, 0.76], "b": [0.8, 0.2]}, ["near", "far"]
    )
    assert "not too narrow for any" in wording.coverage({"a": [0.7, 0.76]}, ["near", "far"])


def test_a_choice_no_better_than_a_random_one_is_named():
    assert wording.choice({"a": 0.5, "b": 0.2}) == (
        "The predictions of `b` choose best among 2 general-purpose entries, with a regret of 0.20; next is `a` (0.50)."
    )
    assert wording.choice({"a": 1.0, "b": 0.2}).endswith("no better than a random pick: `a` (1.00).")


def test_the_first_range_is_that_with_the_target():
    text = wording.until({"a": [5.1, 4.9], "b": [6.0, 7.0], "c": [5.0, 9.0]}, ["few", "many"], "rows")
    assert "`a` many (5.1, 4.9 %); `b` none (6.0, 7.0 %); `c` few (5.0, 9.0 %); ranges of rows: few, many." in text


def test_repeats_are_worth_less_where_every_error_is_larger():
    assert wording.repeats({"a": [2.0, 3.0]}, ["near", "far"]).startswith("Less than a better law")
    assert "but not at every" in wording.repeats({"a": [1.0, 3.0]}, ["near", "far"])


def test_an_order_flips_like_a_coin_where_the_interval_says_so():
    row = {"curves": 5, "pairs": 10, "factor": 4.0, "flips": 20.0, "low": 10.0}
    text = wording.flips("c", {"m": {**row, "high": 40.0}, "n": {**row, "high": 60.0}})
    assert "less often than a coin by `m` 20.0 % [10.0, 40.0]; not distinguishable from a coin by `n` 20.0 % [10.0, 60.0]." in text
    assert "not distinguishable" not in wording.flips("c", {"m": {**row, "high": 40.0}})


@pytest.fixture(scope="module")
def found():
    return sb.findings()


def test_there_are_at_least_ten_findings_and_no_two_alike(found):
    assert len(found) >= 10 and len({item.name for item in found}) == len({item.sentence for item in found}) == len(found)


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def numbers_in(sentence):
    """Return the numbers of a sentence as they are printed, without those of names, of limits, and of how many entries were counted."""
    plain = re.sub(r"`[^`]*`|\d+ general-purpose|80 % intervals|at most 5 %", "", sentence)
    return NUMBER.findall(plain)


@pytest.fixture(scope="module")
def printed(found):
    """The output of every command that a finding names."""
    done = {item.command: scalingbench(*item.command.split()) for item in found}
    assert {command: d.stderr for command, d in done.items() if d.returncode} == {}
    return {command: NUMBER.findall(d.stdout) for command, d in done.items()}


@pytest.mark.full
def test_every_number_of_a_finding_is_printed_by_its_command(found, printed):
    for item in found:
        numbers = numbers_in(item.sentence)
        assert len(numbers) >= 2, item.sentence
        assert [n for n in numbers if n not in printed[item.command]] == [], item.sentence


@pytest.mark.full
def test_findings_are_printed_and_given_as_json(found):
    text = scalingbench("findings", "--top", "2").stdout
    assert text.count("\n- ") + text.startswith("- ") == 2 and found.items[0].sentence in text
    envelope = json.loads(scalingbench("findings", "--json").stdout)
    assert envelope["command"] == "findings" and envelope["version"] == sb.__version__
    assert [item["name"] for item in envelope["data"]["findings"]] == [item.name for item in found]
    assert found.rows["command"].tolist() == [item.command for item in found]
