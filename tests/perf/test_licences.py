"""What may be bundled, by what the cards say of licences, and whom they name."""

import re

import pytest
from scripts import perf_module

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import bundled_path, list_collections


@pytest.fixture(scope="module")
def licences():
    return perf_module("regenerate.licences")


def test_only_what_the_source_itself_licenses_is_bundled(licences):
    relicensed = [
        n for n in list_collections() if load_card(n).bundled and load_card(n).scalingbench.license_from not in licences.REDISTRIBUTABLE
    ]
    assert relicensed == []
    lying = [n for n in list_collections() if load_card(n).bundled != bundled_path(n).is_file()]
    assert lying == [], "a table lies in the package just where its card says so"


def attributed():
    """Names of the collections under a licence that asks for the copyright notice or attribution."""
    return [name for name in list_collections() if re.match("mit|apache|bsd|cc-by", load_card(name).license)]


def holder(name):
    """Who holds the copyright, by the card: a line of the licence file, or the authors in brackets."""
    found = re.search(r"Copyright (?:\(c\) )?(?:the authors? \((?P<authors>[^)]+)\)|(?P<line>\S[^;]+))", _note(name))
    return found and (found["authors"] or found["line"])


def _note(name):
    return " ".join(load_card(name).scalingbench.license_note.split())


def test_licences_that_ask_for_attribution_have_it():
    assert [name for name in attributed() if not holder(name)] == []
    assert len(attributed()) >= 48


@pytest.mark.parametrize("name", [n for n in list_collections() if "Copyright the author" in _note(n)])
def test_authors_named_as_holders_are_those_of_a_paper_of_the_card(name):
    authors = " ".join(paper.authors for paper in load_card(name).scalingbench.papers)
    named = re.split(r" et al\.|, and |, | and ", holder(name))
    assert [who for who in named if who and who not in authors and who != "Google"] == []


def test_tables_under_cc_by_state_what_was_changed():
    changed = [name for name in attributed() if load_card(name).license.startswith("cc-by") and load_card(name).bundled]
    assert [name for name in changed if not re.search("rearranged|selected", _note(name))] == []
    assert changed
