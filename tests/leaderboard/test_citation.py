import bibtexparser
import pytest
import yaml

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.common.references import Reference
from scalingbench.leaderboard.citation import cite

LAW = Reference("Deep Scaling & More", "Kaplan, Jared and McCandlish, Sam and others", 2020, arxiv="2001.08361")
SUITE = Reference("ScalingBench", "ScalingBench maintainers", 2026, version="v1-0123456789", url="https://example.org/suite")
TALK = Reference("How far?", "Li, Wei", 2025, venue="NeurIPS 2025")


def test_bibtex_is_escaped_and_names_the_version():
    text = cite([SUITE, LAW, TALK], "bibtex")
    assert "@misc{scalingbenchmaintainers2026scalingbench," in text and "note = {Version v1-0123456789}" in text
    assert r"title = {{Deep Scaling \& More}}" in text and "eprint = {2001.08361}" in text
    assert "@inproceedings{li2025far," in text and text.count("{") == text.count("}")


def test_bibtex_is_read_back_by_a_well_kept_library():
    works = [SUITE, LAW, TALK, *(paper for name in list_collections() for paper in load_card(name).scalingbench.papers)]
    library = bibtexparser.parse_string(cite(works, "bibtex"))
    assert not library.failed_blocks
    read = {entry["title"].strip("{}").replace("\\", ""): entry for entry in library.entries}
    first = {work.title.lower(): work for work in works[::-1]}
    assert len(read) == len(first)
    for work in first.values():
        entry = read[work.title]
        corporate = "," not in work.authors  # braces keep BibTeX from reading a first and a last name
        assert (entry["author"], int(entry["year"])) == (f"{{{work.authors}}}" if corporate else work.authors, work.year)
        assert entry.get("eprint") is None if work.arxiv is None else entry["eprint"] == work.arxiv


def test_apa():
    lines = cite([LAW, TALK], "apa").split("\n\n")
    assert lines == [
        "Kaplan, J., McCandlish, S., et al. (2020). Deep Scaling & More. arXiv:2001.08361.",
        "Li, W. (2025). How far? NeurIPS 2025.",
    ]


def test_cff_is_yaml():
    whole = yaml.safe_load(cite([SUITE, LAW], "cff"))
    (law,) = whole.pop("references")
    assert whole.pop("cff-version") == "1.2.0" and whole.pop("message") and law["type"] == "article"
    assert law["authors"] == [
        {"family-names": "Kaplan", "given-names": "Jared"},
        {"family-names": "McCandlish", "given-names": "Sam"},
        {"name": "others"},
    ]
    assert whole == {
        "type": "software",
        "title": "ScalingBench",
        "authors": [{"name": "ScalingBench maintainers"}],
        "year": 2026,
        "version": "v1-0123456789",
        "repository-code": SUITE.url,
    }
    assert law["identifiers"] == [{"type": "other", "value": "arXiv:2001.08361"}]


def test_cff_keeps_what_yaml_would_read_as_something_else():
    work = Reference('No: 1.0 "is" a number # not', "Müller, Änne", 2024, arxiv="2404.10102", version="1.10")
    parsed = yaml.safe_load(cite([work], "cff"))
    assert (parsed["title"], parsed["version"]) == (work.title, "1.10") and parsed["authors"][0]["given-names"] == "Änne"


@pytest.mark.parametrize("form", ["bibtex", "apa", "cff"])
def test_a_work_is_cited_once(form):
    assert cite([LAW, LAW], form) == cite([LAW], form)


def test_two_works_of_one_key_are_told_apart():
    volumes = [Reference(f"Predictable Scale: Part {n}", "Li, Houyi and others", 2025) for n in ("I", "II", "III")]
    entries = bibtexparser.parse_string(cite(volumes, "bibtex")).entries
    assert [e.key for e in entries] == ["li2025predictable", "li2025predictableb", "li2025predictablec"]
