import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import board, entry, world

import scalingbench.leaderboard.releases as releases
from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.releases import board_from_json, list_releases, load_release, version_of

FIELDS = ("task", "fingerprint", "track", "kind", "role", "cluster", "weight")


def version(tasks=("t x compute extrapolation counted c 1.0", "u y curve extrapolation counted c 2.0"), scores=("a|t|d1", "b|t|d2")):
    """Return the version of a board of these tasks and scores."""
    stated = pd.DataFrame([line.split() for line in tasks], columns=list(FIELDS)).astype({"weight": float})
    return version_of("s", stated, pd.DataFrame([line.split("|") for line in scores], columns=["predictor", "task", "digest"]))


def test_a_version_names_its_content_whatever_the_order():
    one = version()
    assert one.startswith("s-") and one == version(("u y curve extrapolation counted c 2.0", "t x compute extrapolation counted c 1.0"))
    assert one == version(scores=("b|t|d2", "a|t|d1"))
    others = [version(scores=("a|t|d1",)), version(scores=("a|t|d1", "b|t|d3")), version(("t x compute extrapolation counted c 1.0",))]
    others += [
        version((line, "u y curve extrapolation counted c 2.0"))
        for line in ("t z compute extrapolation counted c 1.0", "t x compute extrapolation counted c 0.5")
    ]
    assert len({one, *others}) == 6


def test_a_version_is_the_same_for_ever():
    """Worked out with hashlib alone: the sorted lines of tasks and predictions."""
    lines = sorted(["task t x compute extrapolation counted c 1.0", "a|t|d1"])
    expected = "s-" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:10]
    assert version(("t x compute extrapolation counted c 1.0",), ("a|t|d1",)) == expected


def test_a_board_read_from_json_has_the_types_of_one_that_was_made():
    variant = entry("v", np.full(24, 0.9)).assign(family="law")
    before = board(pd.concat([world(), variant]), order=("law",))
    after = board_from_json(before.render("json"))
    assert after.rows["rank"].dtype == "Int64" and after.rows["rank"].isna().sum() == 1
    assert after.rows["regret"].isna().all() and after.rows["regret"].dtype == after.rows["elo"].dtype == float
    assert after.rows["failed_folds"].dtype == np.int64 and after.pool == before.pool


def test_the_releases_that_come_with_the_package_are_what_their_names_say():
    versions = list_releases()
    assert {"v0-2a28518308", "v1-5b7fd0a4ce"} <= set(versions)
    assert all(load_release(version).version == version for version in versions)


def test_releases_are_listed_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "_folder", lambda: tmp_path / "none")
    assert list_releases() == ()
    with pytest.raises(LeaderboardError, match=r"expected one of \(none yet\), got 'v1-abc'"):
        load_release("v1-abc")
    monkeypatch.setattr(releases, "_folder", lambda: tmp_path)
    for name in ("v2-b.json", "v1-a.json", "notes.txt"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    assert list_releases() == ("v1-a", "v2-b")


@pytest.mark.parametrize("form", ["md", "csv", "json", "latex"])
def test_a_board_prints_the_same_after_a_round_trip(form):
    before = replace(board(world()), version="v1-0123456789")
    assert board_from_json(before.render("json")).render(form) == before.render(form)


def test_a_release_prints_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "_folder", lambda: tmp_path)
    (tmp_path / "v1-abc.json").write_text(board(world()).render("json"), encoding="utf-8")
    assert load_release("v1-abc").render() == board(world()).render()
    for wrong in ("v2-abc", "../v1-abc"):
        with pytest.raises(LeaderboardError, match="release: expected one of v1-abc"):
            load_release(wrong)
