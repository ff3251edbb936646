import choix
import numpy as np
import pandas as pd
import pytest

from leaderboard.elo import BASE, play, ratings

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
