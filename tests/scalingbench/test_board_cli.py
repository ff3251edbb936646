"""The commands that read results: slices, comparison, citations, releases."""

import json

import pytest
import yaml
from command import scalingbench

from scalingbench.leaderboard.releases import list_releases
from scalingbench.predictors.catalogue import papers_of
from scalingbench.predictors.registry import list_predictors

V0 = ("--suite", "v0")


def good(*arguments, cwd=None):
    done = scalingbench(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_entry_per_family_unless_variants_are_asked_for():
    folded, whole = good("leaderboard", *V0), good("leaderboard", *V0, "--variants")
    assert "chinchilla[l2]" not in folded and "| - chinchilla[l2] " in whole
    ranks = [int(line.split("|")[1]) for line in folded.splitlines() if line.startswith("|") and line.split("|")[1].strip().isdigit()]
    assert ranks == sorted(ranks) and len(ranks) == folded.count("\n|") - 1


@pytest.mark.parametrize("form", ["md", "csv", "latex", "json"])
def test_slices_of_the_suite_in_every_format(form):
    text = good("leaderboard", *V0, "--by", "track", "--top", 3, "--format", form)
    assert "gaussian-process" in text and "data-constrained" in text and text.count("\n") >= 3


def test_a_slice_has_the_skill_of_its_own_board():
    table = json.loads(good("leaderboard", *V0, "--by", "track", "--format", "json"))
    board = json.loads(good("leaderboard", *V0, "--track", "compute", "--format", "json"))
    skill = {row["predictor"]: row["skill"] for row in board["rows"]}
    assert table["tasks"]["compute"] == board["n_tasks"]
    assert table["skill"]["kaplan"]["compute"] == pytest.approx(skill["kaplan"])


def test_latex_names_the_version():
    version = json.loads(good("leaderboard", *V0, "--format", "json"))["version"]
    assert version.startswith("v0-") and version in good("leaderboard", *V0, "--format", "latex")


def test_compare_prints_and_draws(tmp_path):
    text = good("compare", *V0, "--predictors", "kaplan,mean,chinchilla[huber-log]", "--out", "cd.svg", cwd=tmp_path)
    assert "adjusted by Holm" in text and "<svg" in (tmp_path / "cd.svg").read_text(encoding="utf-8")
    facts = json.loads(good("compare", *V0, "--top", 4, "--json"))
    assert len(facts["skill"]) == 4 and facts["collections"] == 9
    done = scalingbench("compare", *V0, "--predictors", "kaplan,nobody")
    assert done.returncode == 2 and "no scores of 'nobody'" in done.stderr


def test_cite_names_suite_law_and_collections():
    text = good("cite", *V0, "--predictor", "kaplan")
    assert "Version v0-" in text and "eprint = {2001.08361}" in text
    assert "Porian" in text and "Clark" not in text  # routed runs are not a task that kaplan enters
    one = yaml.safe_load(good("cite", *V0, "--collection", "porian", "--format", "cff"))["references"]
    assert len(one) == 2 and one[1]["year"] == 2024
    for wrong, message in ((("--collection", "porean"), "did you mean 'porian'"), (("--predictor", "kaplon"), "did you mean 'kaplan'")):
        done = scalingbench("cite", *V0, *wrong)
        assert done.returncode == 2 and message in done.stderr


def test_every_paper_of_the_catalogue_can_be_cited():
    for entry in list_predictors():
        assert papers_of(entry.paper) or not entry.paper, entry.name


def test_a_release_is_frozen(tmp_path):
    path = good("release", *V0, "--out", "r", cwd=tmp_path).strip()
    frozen = json.loads((tmp_path / path).read_text())
    assert path == f"r/{frozen['version']}.json"
    assert frozen == json.loads(good("leaderboard", *V0, "--variants", "--format", "json"))
    done = scalingbench("leaderboard", "--release", "v0-nothing")
    assert done.returncode == 2 and "release: expected one of" in done.stderr


@pytest.mark.parametrize("version", list_releases())
def test_every_release_still_prints(version):
    text = good("leaderboard", "--release", version)
    assert f"Board version {version}." in text and text.count("\n|") > 20


def test_evaluate_shows_the_neighbours(tmp_path):
    text = good("evaluate", "kaplan", *V0, "--collections", "porian,datablations", "--out", "o", cwd=tmp_path)
    assert "| kaplan " in text and "compute (" in text and "kaplan 0." in text
