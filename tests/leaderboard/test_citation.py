import pytest
import yaml

from leaderboard.citation import Reference, cite

LAW = Reference("Deep Scaling & More", "Kaplan, Jared and McCandlish, Sam and others", 2020, arxiv="2001.08361")
SUITE = Reference("ScalingBench", "ScalingBench maintainers", 2026, version="v1-0123456789")
TALK = Reference("How far?", "Li, Wei", 2025, venue="NeurIPS 2025")


def test_bibtex_is_escaped_and_names_the_version():
    text = cite([SUITE, LAW, TALK], "bibtex")
    assert "@misc{scalingbenchmaintainers2026scalingbench," in text and "note = {Version v1-0123456789}" in text
    assert r"title = {{Deep Scaling \& More}}" in text and "eprint = {2001.08361}" in text
    assert "@inproceedings{li2025far," in text and text.count("{") == text.count("}")


def test_apa():
    lines = cite([LAW, TALK], "apa").split("\n\n")
    assert lines == [
        "Kaplan, J., McCandlish, S., et al. (2020). Deep Scaling & More. arXiv:2001.08361.",
        "Li, W. (2025). How far? NeurIPS 2025.",
    ]


def test_cff_is_yaml():
    parsed = yaml.safe_load(cite([SUITE, LAW], "cff"))["references"]
    assert [p["type"] for p in parsed] == ["software", "article"]
    assert parsed[1]["authors"][0] == {"family-names": "Kaplan", "given-names": "Jared"}


@pytest.mark.parametrize("form", ["bibtex", "apa", "cff"])
def test_a_work_is_cited_once(form):
    assert cite([LAW, LAW], form) == cite([LAW], form)
