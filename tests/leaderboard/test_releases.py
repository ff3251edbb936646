import numpy as np
import pytest
from score_worlds import board, world

import leaderboard.releases as releases
from leaderboard.releases import board_from_json, load_release, version_of
from scalingbench.common.errors import LeaderboardError

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
