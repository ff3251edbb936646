"""SECURITY.md promises nothing without a test: the tests and the families of attacks that it names exist, and every family is named."""

import re
from pathlib import Path

from attacks import ATTACKS

from scalingbench.common import limits

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^\| \d+ \| \*\*(.+?)\.?\*\* .* \| (.+) \|$", TEXT, re.M)


def families(held_by):
    return {name for group in re.findall(r"attacks: ([a-z, ]+)", held_by) for name in group.split(", ")}


def test_every_promise_names_a_test_or_a_family_of_attacks():
    assert len(PROMISES) == len(re.findall(r"^\| \d+ \| ", TEXT, re.M)) >= 11
    for promise, held_by in PROMISES:
        assert re.search(r"`test_\w+`|attacks: ", held_by), promise


def test_the_tests_that_are_named_exist():
    defined = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.M)}
    files = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(re.findall(r"`(test_\w+)`", TEXT)) <= defined
    assert set(re.findall(r"`(test_\w+\.py)`", TEXT)) <= files


def test_the_families_that_are_named_are_those_that_are_tried():
    assert set().union(*(families(held_by) for _, held_by in PROMISES)) == {attack.family for attack in ATTACKS}


def test_the_limits_of_tables_are_those_that_are_checked():
    stated = [limits.MOST_ROWS, limits.MOST_COLUMNS, limits.MOST_OF_A_FAMILY]
    assert all(f"{number:,}" in TEXT for number in stated) and limits.LARGEST_FILE == 2**30 and "1 GiB" in TEXT
