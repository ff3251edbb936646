"""The page of papers: nothing that a law or a card names is missing, and every link leads somewhere."""

import re
from pathlib import Path

import pytest
from scripts import perf_module

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.predictors.catalogue import BUILT_IN, papers_of

DOCS = Path(__file__).parents[2] / "docs"
papers = perf_module("regenerate.papers")


@pytest.fixture(scope="module")
def page():
    return (DOCS / "papers.md").read_text(encoding="utf-8")


def test_every_paper_of_a_law_or_card_stands_on_the_page(page):
    named = {work for entry in BUILT_IN for work in papers_of(entry.paper)}
    named |= {work for name in list_collections() for work in load_card(name).scalingbench.papers}
    assert [work.short for work in named if f"[{work.arxiv}]" not in page and f"| {work.title} " not in page] == []


def test_every_collection_and_every_law_of_a_paper_is_linked(page):
    assert [name for name in list_collections() if f"data_cards/{name}.md)" not in page] == []
    assert [entry.name for entry in BUILT_IN if papers_of(entry.paper) and f"`{entry.name}`" not in page] == []


def test_every_link_leads_to_a_section_or_a_file(page):
    sections = {title.lower() for title in re.findall(r"^### (\w+)$", (DOCS / "laws.md").read_text(encoding="utf-8"), flags=re.MULTILINE)}
    assert set(re.findall(r"\]\(laws\.md#(\w+)\)", page)) - sections == set()
    assert [link for link in set(re.findall(r"\]\((\.\./[^)]+)\)", page)) if not (DOCS / link).is_file()] == []


def test_a_listed_paper_without_a_form_or_without_runs_of_its_own_says_why():
    listed = papers.listed()
    assert len(listed) == len({paper.arxiv for paper in listed}) == 112
    assert [paper.name for paper in listed if not (paper.any_form and paper.runs) and not paper.reason] == []
    assert [paper.name for paper in listed if paper.reason == papers.CLAIM and paper.any_form] == []
    assert all(re.fullmatch(r"\d{4}\.\d{5}", paper.arxiv) for paper in listed)


def test_a_name_that_exists_nowhere_is_an_error(monkeypatch, tmp_path):
    table = tmp_path / "papers.csv"
    monkeypatch.setattr(papers, "LISTED", table)
    for column, message in ((("NoSuchLaw", ""), "no law is called 'NoSuchLaw'"), (("", "nowhere"), "no collection is called 'nowhere'")):
        table.write_text("paper,arxiv,forms,collections,reason\nA,2000.00001," + ",".join(column) + ",\n", encoding="utf-8")
        with pytest.raises(KeyError, match=message):
            papers.page()


def test_the_counts_of_the_head_add_up():
    form, run = ("power-law",), ("porian",)
    made = [
        papers.Paper("both", "1", form, run),
        papers.Paper("lent", "2", (), (), form, run),
        papers.Paper("form", "3", form, ()),
        papers.Paper("claim", "4", (), (), reason=papers.CLAIM),
        papers.Paper("reads", "5", (), (), reason="reads samples"),
    ]
    found = papers.counts(made)
    assert (found["papers"], found["forms"], found["own_forms"], found["lent_forms"]) == (5, 3, 2, 1)
    assert (found["runs"], found["own_runs"], found["lent_runs"], found["both"]) == (2, 1, 1, 2)
    assert (found["neither"], found["claims"], found["named"], found["without_runs"]) == (2, 1, "reads", "form")
