import choix
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit

from scalingbench.leaderboard.pairwise import BASE, play, ratings

pytestmark = pytest.mark.filterwarnings("error")
POOL = ("a", "b", "c", "ref")


def errors(seed=0, n_tasks=40):
    rng = np.random.default_rng(seed)
    level = {"a": 0.8, "b": 1.0, "c": 1.3, "ref": 1.6, "law": 0.9, "other": 1.1}
    return pd.DataFrame({name: np.exp(rng.normal(np.log(m), 0.4, n_tasks)) for name, m in level.items()}).T


def rated(error, pool=POOL):
    games = play(error, pool)
    won, met = games.won.sum(axis=2)[None], games.met.sum(axis=2)[None] * 1.0
    elo = ratings(won, met, games.predictors.get_indexer(games.opponents), list(games.opponents).index("ref"))[0]
    return dict(zip(games.predictors, elo, strict=True)), games


def test_pool_ratings_are_those_of_a_well_kept_library():
    error = errors()
    elo, games = rated(error)
    members = games.predictors.get_indexer(games.opponents)
    wins = games.won[members].sum(axis=2) + 0.5 * ~np.eye(len(POOL), dtype=bool)
    theirs = choix.mm_dense(wins) if hasattr(choix, "mm_dense") else choix.ilsr_pairwise_dense(wins, alpha=1e-12)
    ours = np.array([elo[name] for name in POOL]) * np.log(10) / 400
    np.testing.assert_allclose(ours - ours.mean(), theirs - theirs.mean(), atol=1e-4)


def test_another_entry_moves_nobody():
    error = errors()
    with_clones = pd.concat([error, *(error.loc[["law"]].rename(index={"law": f"clone{i}"}) for i in range(5))])
    before, after = rated(error)[0], rated(with_clones)[0]
    assert all(after[name] == pytest.approx(before[name], abs=1e-6) for name in before)
    assert after["clone3"] == pytest.approx(after["law"], abs=1e-9)


def test_the_reference_is_the_base_and_better_errors_rate_higher():
    elo, _ = rated(errors(n_tasks=400))
    assert elo["ref"] == BASE
    assert sorted(elo, key=elo.get, reverse=True) == ["a", "law", "b", "other", "c", "ref"]


def test_an_entrant_that_always_wins_or_loses_has_a_finite_rating_beyond_all_others():
    error = pd.concat([errors(), pd.DataFrame([[1e-3] * 40, [np.inf] * 40], index=["best", "failing"])])
    elo, _ = rated(error)
    assert np.isfinite(list(elo.values())).all()
    assert elo["best"] == max(elo.values()) and elo["failing"] == min(elo.values())


def test_ties_are_halves_and_absence_is_no_game():
    error = pd.DataFrame({"t1": [1.0, 1.0, 2.0], "t2": [np.nan, 1.0, 3.0]}, index=["law", "ref", "a"])
    games = play(error, ("ref", "a"))
    law = games.won[0]
    assert law[0, 0] == 0.5 and law[1, 0] == 1.0
    assert not games.met[0, :, 1].any() and not games.met[1, 0].any()


def elo(wins, games):
    """Return the rating over an opponent at 1000 by hand: half a win and half a loss are added to every pair."""
    return 1000 + 400 * np.log10((wins + 0.5) / (games - wins + 0.5))


def rate(won, met, members=(0,), anchor=0):
    """Return ratings from weights won and met, predictors x opponents."""
    return ratings(np.array([won], float), np.array([met], float), np.array(members), anchor)[0]


@pytest.mark.parametrize(("wins", "games"), [(3.0, 4.0), (0.0, 4.0), (4.0, 4.0), (2.5, 4.0), (0.0, 0.0), (0.25, 1.75)])
def test_half_a_win_and_half_a_loss_are_added_to_every_pair(wins, games):
    entrant = rate([[0.0], [wins]], [[0.0], [games]])
    assert entrant == pytest.approx([1000.0, elo(wins, games)], abs=1e-6)
    member = rate([[0.0, games - wins], [wins, 0.0]], [[0.0, games], [games, 0.0]], members=(0, 1))
    assert member == pytest.approx([1000.0, elo(wins, games)], abs=1e-5)


def test_the_anchor_is_a_thousand_whichever_it_is():
    won, met = [[0.0, 1.0], [3.0, 0.0], [2.0, 2.0]], [[0.0, 4.0], [4.0, 0.0], [4.0, 4.0]]
    first, second = (rate(won, met, members=(0, 1), anchor=i) for i in (0, 1))
    assert first[0] == BASE == 1000.0 and second[1] == BASE
    assert first - second == pytest.approx([400 * np.log10(3.5 / 1.5)] * 3, abs=1e-5)


def test_an_entrants_rating_makes_its_expected_wins_its_actual_ones():
    """Expected against opponents of known ratings, solved by a root finder."""
    between, met = np.array([[0.0, 900.0, 990.0], [100.0, 0.0, 800.0], [10.0, 200.0, 0.0]]), 1000.0 * ~np.eye(3, dtype=bool)
    for own, games in (([5.0, 3.0, 1.0], 10.0), ([0.0, 0.0, 0.0], 10.0), ([10.0, 10.0, 10.0], 10.0), ([1e4] * 3, 1e4), ([0.0] * 3, 1e4)):
        found = rate(np.vstack([between, own]), np.vstack([met, [games] * 3]), members=(0, 1, 2), anchor=2)
        strength = (found[:3] - 1000) * np.log(10) / 400

        def surplus(theta, strength=strength, games=games, own=own):
            return sum((games + 1) * expit(theta - s) for s in strength) - (sum(own) + 1.5)

        assert found[3] == pytest.approx(1000 + 400 / np.log(10) * brentq(surplus, -40, 60), abs=1e-5)


def test_the_pools_ratings_make_expected_wins_the_actual_ones():
    """Bradley-Terry's likelihood is highest where every member's expected wins, prior included, are those it has."""
    won = np.array([[0.0, 9.0, 99.0, 4.0], [1.0, 0.0, 8.0, 4.0], [1.0, 2.0, 0.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    met = won + won.T
    strength = (rate(won, met, members=(0, 1, 2, 3)) - 1000) * np.log(10) / 400
    expected = [sum((met[i, j] + 1) * expit(strength[i] - strength[j]) for j in range(4) if j != i) for i in range(4)]
    assert expected == pytest.approx(won.sum(axis=1) + 1.5, abs=1e-5)


def test_every_resample_is_rated_by_itself():
    won = np.array([[[0.0], [3.0]], [[0.0], [1.0]]])
    found = ratings(won, np.array([[[0.0], [4.0]], [[0.0], [4.0]]]), np.array([0]), 0)
    assert found[:, 1] == pytest.approx([elo(3, 4), elo(1, 4)], abs=1e-6)


def test_errors_within_a_billionth_are_equal():
    error = pd.DataFrame(
        {"t1": [1.0, 1.0 + 5e-10], "t2": [1.0, 1.0 + 2e-9], "t3": [2e-7, 1e-7], "t4": [1e3, 1e3 + 5e-7]}, index=["law", "ref"]
    )
    assert play(error, ("ref",)).won[0, 0].tolist() == [0.5, 1.0, 0.0, 0.5]
    assert play(error, ("law",)).won[1, 0].tolist() == [0.5, 0.0, 1.0, 0.5]


def test_a_failure_loses_to_any_error_and_ties_with_a_failure():
    error = pd.DataFrame({"t1": [np.inf, 1e9], "t2": [np.inf, np.inf], "t3": [1e9, np.inf]}, index=["law", "ref"])
    games = play(error, ("ref",))
    assert games.won[0, 0].tolist() == [0.0, 0.5, 1.0] and games.met[0, 0].all()


def test_nobody_meets_itself_and_opponents_without_errors_are_left_out():
    error = pd.DataFrame({"t": [1.0, 2.0]}, index=["ref", "law"])
    games = play(error, ("ref", "gone", "law"))
    assert list(games.opponents) == ["ref", "law"] and list(games.predictors) == ["ref", "law"] and list(games.tasks) == ["t"]
    assert games.met[:, :, 0].tolist() == [[False, True], [True, False]]
    assert games.won[:, :, 0].tolist() == [[0.0, 1.0], [0.0, 0.0]]
