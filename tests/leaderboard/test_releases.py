import hashlib

import numpy as np
import pandas as pd
import pytest
from score_worlds import board, entry, world

import scalingbench.leaderboard.releases as releases
from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.releases import board_from_json, list_releases, load_release, version_of

P = np.array([1.0, 2.0])


def test_a_version_names_its_content_whatever_the_order():
    results = [("a", "t", "f", P), ("b", "t", "f", P)]
    one = version_of("v1", {"t": "x", "u": "y"}, results)
    assert one.startswith("v1-") and one == version_of("v1", {"u": "y", "t": "x"}, results[::-1])
    others = [
        version_of("v1", {"t": "z", "u": "y"}, results),
        version_of("v1", {"t": "x", "u": "y"}, results[:1]),
        version_of("v1", {"t": "x", "u": "y"}, [("a", "t", "f", P), ("b", "t", "f", P + 1e-6)]),
    ]
    assert len({one, *others}) == 4


def test_a_version_is_the_same_for_ever():
    """Worked out with hashlib alone: the sorted lines of tasks and predictions, as single-precision little-endian numbers."""
    digest = hashlib.sha256(b"\x00\x00\x80\x3f\x00\x00\x00\x40").hexdigest()[:16]
    lines = sorted(["task t x", f"a|t|f|{digest}"])
    assert version_of("v1", {"t": "x"}, [("a", "t", "f", P)]) == "v1-" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:10]


def test_a_version_depends_on_single_precision_and_not_on_how_an_array_lies_in_memory():
    every_second = np.array([1.0, 9.0, 2.0, 9.0])[::2]
    assert version_of("v1", {}, [("a", "t", "f", every_second)]) == version_of("v1", {}, [("a", "t", "f", P)])
    assert version_of("v1", {}, [("a", "t", "f", P + 1e-12)]) == version_of("v1", {}, [("a", "t", "f", P)])


def test_a_board_read_from_json_has_the_types_of_one_that_was_made():
    variant = entry("v", np.full(24, 0.9)).assign(family="law")
    before = board(pd.concat([world(), variant]), order=("law",))
    after = board_from_json(before.render("json"))
    assert after.rows["rank"].dtype == "Int64" and after.rows["rank"].isna().sum() == 1
    assert after.rows["regret"].isna().all() and after.rows["regret"].dtype == after.rows["elo"].dtype == float
    assert after.rows["failed_folds"].dtype == np.int64 and after.pool == before.pool


def test_the_releases_that_come_with_the_package_are_what_their_names_say():
    versions = list_releases()
    assert "v1-5b7fd0a4ce" in versions
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
    before = board(world(), version="v1-0123456789")
    assert board_from_json(before.render("json")).render(form) == before.render(form)


def test_a_release_prints_unchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "_folder", lambda: tmp_path)
    (tmp_path / "v1-abc.json").write_text(board(world()).render("json"), encoding="utf-8")
    assert load_release("v1-abc").render() == board(world()).render()
    for wrong in ("v2-abc", "../v1-abc"):
        with pytest.raises(LeaderboardError, match="release: expected one of v1-abc"):
            load_release(wrong)
