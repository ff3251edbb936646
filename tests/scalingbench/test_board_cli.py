"""The commands that read results: slices, comparison, citations, releases."""

import json

import pytest
import yaml
from command import scalingbench

from scalingbench.leaderboard.releases import list_releases
from scalingbench.leaderboard.results import Results
from scalingbench.predictors.catalogue import papers_of
from scalingbench.predictors.registry import list_predictors

LITE = ("--suite", "lite")


def good(*arguments, cwd=None):
    done = scalingbench(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_entry_per_family_unless_variants_are_asked_for():
    compute = ("leaderboard", "--track", "compute")
    folded, whole = good(*compute), good(*compute, "--variants")
    assert "chinchilla[l2]" not in folded and "| - chinchilla[l2] " in whole
    cells = [line.split("|")[1].split(" [")[0].strip() for line in folded.splitlines() if line.startswith("|")]
    ranks = [int(cell) for cell in cells if cell.isdigit()]
    assert ranks == sorted(ranks) and len(ranks) == folded.count("\n|") - 1


@pytest.mark.parametrize("form", ["md", "csv", "latex", "json"])
def test_slices_of_the_suite_in_every_format(form):
    text = good("leaderboard", *LITE, "--by", "track", "--top", 3, "--format", form)
    assert "autolaw" in text and "data-constrained" in text and text.count("\n") >= 3


def test_a_slice_has_the_skill_of_its_own_board():
    table = json.loads(good("leaderboard", *LITE, "--by", "track", "--format", "json"))
    board = json.loads(good("leaderboard", *LITE, "--track", "compute", "--format", "json"))
    skill = {row["predictor"]: row["skill"] for row in board["rows"]}
    assert table["tasks"]["compute"] == board["n_tasks"]
    assert table["skill"]["kaplan"]["compute"] == pytest.approx(skill["kaplan"])


def test_latex_names_the_version():
    version = json.loads(good("leaderboard", *LITE, "--format", "json"))["version"]
    assert version.startswith("lite-") and version in good("leaderboard", *LITE, "--format", "latex")


def test_compare_prints_and_draws(tmp_path):
    text = good("compare", *LITE, "--predictors", "kaplan,mean,chinchilla[huber-log]", "--out", "cd.svg", cwd=tmp_path)
    assert "adjusted by Holm" in text and "<svg" in (tmp_path / "cd.svg").read_text(encoding="utf-8")
    facts = json.loads(good("compare", *LITE, "--top", 4, "--json"))["data"]
    assert len(facts["skill"]) == 4 and facts["clusters"] > 5
    done = scalingbench("compare", *LITE, "--predictors", "kaplan,nobody")
    assert done.returncode == 2 and "no scores of 'nobody'" in done.stderr


def test_cite_names_suite_law_and_collections():
    text = good("cite", *LITE, "--predictor", "kaplan")
    assert "Version lite-" in text and "eprint = {2001.08361}" in text
    assert "Muennighoff" in text and "Shukor" not in text and "nanoGPT" not in text  # records by date are no task that kaplan enters
    one = yaml.safe_load(good("cite", *LITE, "--collection", "datablations", "--format", "cff"))["references"]
    assert len(one) == 1 and one[0]["year"] == 2023
    for wrong, message in (
        (("--collection", "datablation"), "did you mean 'datablations'"),
        (("--predictor", "kaplon"), "did you mean 'kaplan'"),
    ):
        done = scalingbench("cite", *LITE, *wrong)
        assert done.returncode == 2 and message in done.stderr


def test_cite_gives_the_sentence_with_the_score_of_the_track_and_the_version_of_the_whole_board():
    facts = json.loads(good("cite", "--predictor", "kaplan", "--track", "compute", "--json"))["data"]
    board = Results.load("v3").select(track="compute").board()
    row = board.rows.set_index("predictor").loc["kaplan"]
    assert f"skill of {row['skill']:.3f} [{row['skill_low']:.3f}, {row['skill_high']:.3f}]" in facts["sentence"]
    assert f"{row['tasks_entered']} of {board.n_tasks} tasks entered" in facts["sentence"] and "track compute" in facts["sentence"]
    assert Results.load("v3").version == board.version and facts["sentence"].endswith(f"ScalingBench {board.version}.")
    done = scalingbench("cite", *LITE, "--predictor", "isoflop", "--track", "mixture")
    assert done.returncode == 2 and "isoflop entered no task of suite lite, track mixture" in done.stderr


def test_a_release_prints_a_track_and_refuses_other_cuts():
    version = list_releases()[-1]
    track = json.loads(good("leaderboard", "--release", version, "--track", "compute", "--json"))["data"]
    assert (track["track"], track["version"]) == ("compute", version)
    done = scalingbench("leaderboard", "--release", version, "--track", "computer")
    assert done.returncode == 2 and "unknown track 'computer'" in done.stderr
    done = scalingbench("leaderboard", "--release", version, "--by", "reach")
    assert done.returncode == 2 and "--by: a release is printed unchanged" in done.stderr


def test_every_paper_of_the_catalogue_can_be_cited():
    for entry in list_predictors():
        assert papers_of(entry.paper) or not entry.paper, entry.name


def test_a_release_is_frozen(tmp_path):
    path = good("release", *LITE, "--out", "r", cwd=tmp_path).strip()
    frozen = json.loads((tmp_path / path).read_text())
    assert path == f"r/{frozen['version']}.json"
    assert frozen == json.loads(good("leaderboard", *LITE, "--variants", "--format", "json"))
    done = scalingbench("leaderboard", "--release", "v2-nothing")
    assert done.returncode == 2 and "release: expected one of" in done.stderr


@pytest.mark.parametrize("version", list_releases())
def test_every_release_still_prints(version):
    text = good("leaderboard", "--release", version)
    assert f"Board version {version}." in text and text.count("\n|") > 20


def test_evaluate_shows_the_neighbours(tmp_path):
    text = good("evaluate", "kaplan", *LITE, "--collections", "gpt3_curves,datablations", "--out", "o", cwd=tmp_path)
    assert "| kaplan " in text and "compute (" in text and "kaplan (here)" in text
