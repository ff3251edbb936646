"""Dataset cards: the metadata of a collection, read from front matter and refused where it breaks the model."""

import pytest
import yaml

from scalingbench.benchmark.data.card import cards_folder, load_card, parse_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.common.errors import SchemaError

FACTS = {
    "tier": "bundled",
    "license_note": "MIT, from the repository",
    "papers": [{"title": "A law", "authors": "Doe, Jane and Roe, Ann", "year": 2024, "arxiv": "2401.00001"}],
    "upstream": [{"repository": "https://example.org/r", "commit": "0" * 40, "files": ["a.csv"], "kind": "verbatim"}],
    "domain": "language",
    "curves": "one data set each",
    "metrics": {"loss": {"unit": "nats", "meaning": "held-out loss", "noise": 0.003}},
}


def card(front=None, body="# Runs\n\nWhat they are.\n", **facts):
    fields = {"pretty_name": "Runs", "license": "mit", "scalingbench": {**FACTS, **facts}, **(front or {})}
    return f"---\n{yaml.safe_dump(fields)}---\n{body}"


def test_a_card_holds_what_its_front_matter_says():
    found = parse_card("runs", card())
    assert (found.name, found.body, found.license) == ("runs", "# Runs\n\nWhat they are.", "mit")
    facts = found.scalingbench
    assert facts.papers[0].year == 2024 and facts.papers[0].venue is None
    assert facts.upstream[0].files == ("a.csv",) and facts.metrics["loss"].noise == 0.003
    assert (facts.overlaps, facts.corrections, facts.known_problems, facts.truth, facts.variables) == ((), (), (), {}, {})
    assert facts.runs == "per-curve" and facts.repackages is False


def test_bundled_is_what_the_tier_says():
    assert parse_card("runs", card()).bundled
    assert not parse_card("runs", card(tier="fetch-only")).bundled


def test_a_line_of_dashes_in_the_body_stays_there():
    assert parse_card("runs", card(body="One\n\n---\n\nTwo\n")).body == "One\n\n---\n\nTwo"


def without(name):
    return {k: v for k, v in FACTS.items() if k != name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Runs\n", "must begin with YAML front matter between two lines '---'"),
        ("words\n" + card(), "must begin with YAML front matter"),
        ("---\npretty_name: Runs\n", "must begin with YAML front matter"),
        ("---\npretty_name: [Runs\n---\nbody\n", "while parsing"),
        ("---\njust text\n---\nbody\n", "front matter: "),
        (card(tier="bundle"), "scalingbench.tier: Input should be 'bundled' or 'fetch-only'"),
        (card(tiers="x"), "scalingbench.tiers: Extra inputs are not permitted"),
        (card(front={"licence": "mit"}), "licence: Extra inputs are not permitted"),
        (card(front={"license": None}), "license: Input should be a valid string"),
        (card(papers=[]), "scalingbench.papers: Tuple should have at least 1 item"),
        (
            card(papers=[{"title": "A law", "authors": "Doe", "year": "then"}]),
            "scalingbench.papers.0.year: Input should be a valid integer",
        ),
        (card(metrics={"loss": {"unit": "nats"}}), "scalingbench.metrics.loss.meaning: Field required"),
        (card(upstream=[{**FACTS["upstream"][0], "kind": "copied"}]), "scalingbench.upstream.0.kind: Input should be 'verbatim'"),
        (card(front={"scalingbench": without("domain")}), "scalingbench.domain: Field required"),
    ],
)
def test_when_a_card_is_broken_then_one_line_names_file_field_and_rule(text, message):
    with pytest.raises(SchemaError) as caught:
        parse_card("runs", text)
    assert str(caught.value).startswith("data_cards/runs.md: ") and message in str(caught.value) and "\n" not in str(caught.value)


def test_a_card_that_does_not_exist_is_named():
    with pytest.raises(SchemaError, match=r"data_cards/nobody\.md: no such card"):
        load_card("nobody")


def test_every_collection_has_a_card_of_its_name_and_there_is_no_other():
    assert {f.stem for f in cards_folder().glob("*.md")} - {"README"} == set(list_collections())


@pytest.mark.parametrize("name", list_collections())
def test_a_card_says_where_its_rows_come_from(name):
    found = load_card(name)
    facts = found.scalingbench
    assert found.pretty_name and found.body and facts.license_note and facts.curves and facts.metrics
    own = "perf/designed" in facts.license_note
    assert facts.upstream or facts.truth or own, "figures have a source, a law that made them, or were measured by this project"
    assert set(facts.overlaps) <= set(list_collections())
    assert all(m.noise is None or m.noise > 0 for m in facts.metrics.values())


def test_a_month_is_a_year_and_a_month():
    assert parse_card("runs", card(published="2024-05")).scalingbench.published == "2024-05"
    for wrong in ("2024", "2024-13", "2024-05-01", "05-2024"):
        with pytest.raises(SchemaError, match=r"scalingbench\.published: String should match pattern"):
            parse_card("runs", card(published=wrong))


@pytest.mark.parametrize("name", list_collections())
def test_every_card_says_when_its_figures_were_first_public(name):
    facts = load_card(name).scalingbench
    assert facts.published is not None
    numbered = {f"20{p.arxiv[:2]}-{p.arxiv[2:4]}" for p in facts.papers if p.arxiv}
    assert facts.published in numbered or facts.published_note, "an arXiv number of the card says the month, or a note says what does"
