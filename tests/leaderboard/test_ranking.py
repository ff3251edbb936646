import numpy as np
import pandas as pd
import pytest
from score_worlds import N_COLLECTIONS, PER_COLLECTION, POOL, TASKS, board, entry, world

from leaderboard.ranking import rank


def rows(scores, **options):
    return board(scores, **options).rows.set_index("predictor")


def test_skill_is_one_minus_the_geometric_mean_by_hand():
    tasks = TASKS.head(4)
    result = rows(pd.concat([entry("ref", np.ones(4), tasks=tasks), entry("law", [0.5, 0.25, 1.0, 2.0], tasks=tasks)]), tasks=tasks)
    assert result.loc["law", "skill"] == pytest.approx(1 - (0.5 * 0.25 * 1.0 * 2.0) ** 0.25)
    assert result.loc["ref", "skill"] == 0.0
    assert result.loc["law", "win_rate"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert result.loc["ref", "win_rate"] == pytest.approx((0 + 0 + 0.5 + 1) / 4)


def test_clones_change_neither_skill_nor_order_nor_win_rate():
    base = rows(world())
    law = world().query("predictor == 'law'")
    clones = [law.assign(predictor=f"clone{i}", error=law["error"] * (1 + 1e-6 * i)) for i in range(6)]
    more = rows(pd.concat([world(), *clones], ignore_index=True))
    columns = ["skill", "skill_low", "skill_high", "win_rate", "win_low", "win_high"]
    pd.testing.assert_frame_equal(more.loc[base.index, columns], base[columns])
    assert [p for p in more.index if not p.startswith("clone")] == list(base.index)


def test_dominance_wins_always_and_ties_are_halves():
    best, tied = entry("best", np.full(24, 0.01)), world().query("predictor == 'other'").assign(predictor="tied", family="tied")
    result = rows(world(best=best, tied=tied))
    assert result.loc["best", "win_rate"] == 1.0 and result.loc["best", "rank"] == 1
    only_other = rank(world(tied=tied), TASKS, pool=("other",), reference="ref", suite="s", n_resamples=10)
    assert only_other.rows.set_index("predictor").loc["tied", "win_rate"] == 0.5
    assert result.loc["tied", "rank"] == result.loc["other", "rank"]


def test_failing_never_helps():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ratios = np.clip(np.exp(rng.normal(0, 1.2, 24)), 0.01, 10.0)
        fails = rng.random(24) < 0.2
        tried = rows(world(seed, x=entry("x", ratios)))
        failed = rows(world(seed, x=entry("x", np.where(fails, 10.0, ratios), failed=fails.astype(int))))
        assert failed.loc["x", "skill"] <= tried.loc["x", "skill"] + 1e-12
        assert failed.loc["x", "win_rate"] <= tried.loc["x", "win_rate"] + 1e-12
        assert failed.loc["x", "failed_tasks"] == fails.sum()


def test_a_task_not_entered_counts_as_the_reference():
    half = TASKS.head(12)
    part = entry("x", np.full(12, 0.5), tasks=half)
    filled = pd.concat([part, entry("x", np.ones(12), tasks=TASKS.tail(12))])
    a, b = rows(world(x=part)), rows(world(x=filled))
    assert a.loc["x", "skill"] == pytest.approx(b.loc["x", "skill"])
    assert a.loc["x", "skill_entered"] == pytest.approx(0.5)
    assert (a.loc["x", "tasks_entered"], a.loc["x", "tasks_total"]) == (12, 24)


def test_intervals_are_clustered_by_collection():
    """Where tasks of a collection agree, resampling collections must give wider intervals than resampling tasks."""
    rng = np.random.default_rng(3)
    ratios = np.exp(np.repeat(rng.normal(-0.5, 0.6, N_COLLECTIONS), PER_COLLECTION) + 0.02 * rng.standard_normal(24))
    scores = world(x=entry("x", ratios))
    clustered = rows(scores, n_resamples=2000).loc["x"]
    alone = TASKS.assign(collection=TASKS["task"])
    naive = rows(scores.assign(collection=scores["task"]), tasks=alone, n_resamples=2000).loc["x"]
    assert clustered["skill_high"] - clustered["skill_low"] > 1.5 * (naive["skill_high"] - naive["skill_low"])
    assert clustered["skill_low"] < clustered["skill"] < clustered["skill_high"]


def test_the_interval_is_the_spread_of_resampled_collections():
    """Against a plain loop over resamples."""
    scores = world()
    logs = np.log(scores.query("predictor == 'law'")["ratio"].to_numpy()).reshape(N_COLLECTIONS, PER_COLLECTION).mean(axis=1)
    rng = np.random.default_rng(8)
    loop = [1 - np.exp(logs[rng.integers(0, N_COLLECTIONS, N_COLLECTIONS)].mean()) for _ in range(4000)]
    ours = rows(scores, n_resamples=4000).loc["law"]
    assert [ours["skill_low"], ours["skill_high"]] == pytest.approx(np.percentile(loop, [2.5, 97.5]), abs=0.01)


def test_one_collection_has_no_interval():
    tasks = TASKS.head(4)
    scores = world()
    result = rows(scores[scores["task"].isin(tasks["task"])], tasks=tasks)
    assert result[["skill_low", "skill_high", "win_low", "win_high"]].isna().all(axis=None) and result["skill"].notna().all()


def test_the_order_of_rows_does_not_matter():
    scores = world()
    shuffled = scores.sample(frac=1.0, random_state=4)
    pd.testing.assert_frame_equal(
        board(scores).rows,
        rank(shuffled, TASKS.sample(frac=1.0, random_state=5), pool=POOL, reference="ref", suite="s", n_resamples=200).rows,
    )


def test_scores_of_other_tasks_are_ignored():
    other = entry("law", [0.01], tasks=pd.DataFrame({"task": ["zz/t"], "collection": ["zz"]}))
    pd.testing.assert_frame_equal(board(world()).rows, board(world(x=other)).rows)
