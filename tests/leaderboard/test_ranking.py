import numpy as np
import pandas as pd
import pytest
from made import N_COLLECTIONS, PER_COLLECTION, POOL, TASKS, board, entry, matrix, world

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.ranking import places

pytestmark = pytest.mark.filterwarnings("error")
WEIGHTED = pd.DataFrame(
    [("a/1", "a", 1.0), ("a/2", "a", 2.0), ("b/1", "b", 1.0), ("b/2", "b", 0.0), ("b/3", "b", 4.0)],
    columns=["task", "collection", "weight"],
)
"""Five tasks of two collections, of which one does not count."""


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
    only_other = board(world(tied=tied), pool=("other",), n_resamples=10)
    assert only_other.rows.set_index("predictor").loc["tied", "win_rate"] == 0.5
    assert result.loc["tied", "rank"] == result.loc["other", "rank"]


def test_failing_never_helps():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        ratios = np.clip(np.exp(rng.normal(0, 1.2, 24)), 0.01, 10.0)
        fails = rng.random(24) < 0.2
        tried = rows(world(seed, x=entry("x", ratios)), n_resamples=2)
        failed = rows(world(seed, x=entry("x", ratios, failed=fails.astype(int))), n_resamples=2)
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


def test_intervals_are_clustered_by_cluster():
    """Where tasks of a collection agree, resampling collections must give wider intervals than resampling tasks."""
    rng = np.random.default_rng(3)
    ratios = np.exp(np.repeat(rng.normal(-0.5, 0.6, N_COLLECTIONS), PER_COLLECTION) + 0.02 * rng.standard_normal(24))
    scores = world(x=entry("x", ratios))
    clustered = rows(scores, n_resamples=400).loc["x"]
    alone = TASKS.assign(collection=TASKS["task"])
    naive = rows(scores.assign(collection=scores["task"]), tasks=alone, n_resamples=400).loc["x"]
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
        board(shuffled, TASKS.sample(frac=1.0, random_state=5)).rows,
    )


def test_scores_of_other_tasks_are_ignored():
    other = entry("law", [0.01], tasks=pd.DataFrame({"task": ["zz/t"], "collection": ["zz"]}))
    pd.testing.assert_frame_equal(board(world()).rows, board(world(x=other)).rows)


def weighted(tasks=WEIGHTED, **entries):
    """Return the rows of a board of the reference and these entries; None is a task that was not entered."""
    parts = [entry("ref", np.ones(len(tasks)), tasks=tasks)]
    for name, ratios in entries.items():
        entered = [r is not None for r in ratios]
        parts.append(entry(name, [r for r in ratios if r is not None], tasks=tasks[entered]))
    return rows(pd.concat(parts, ignore_index=True), tasks=tasks)


def test_tasks_count_by_their_weight():
    """Weights 1, 2, 1 and 4 over 8: the fourth task does not count."""
    found = weighted(law=[0.5, 0.25, 2.0, 0.01, 1.0])
    assert found.loc["law", "skill"] == pytest.approx(1 - (0.5 * 0.25**2 * 2.0) ** (1 / 8))


def test_skill_over_the_tasks_entered_counts_them_by_their_weight():
    found = weighted(law=[0.5, 0.25, None, None, None], other=[None, None, None, None, 0.2])
    assert found.loc["law", "skill_entered"] == pytest.approx(1 - (0.5 * 0.25**2) ** (1 / 3))
    assert found.loc["law", "skill"] == pytest.approx(1 - (0.5 * 0.25**2) ** (1 / 8))
    assert found.loc["other", "skill_entered"] == pytest.approx(0.8)


def test_a_task_of_weight_zero_counts_nowhere():
    shown = WEIGHTED.assign(weight=[1.0, 2.0, 1.0, 1.0, 4.0])
    without = WEIGHTED[WEIGHTED["weight"] > 0]
    ratios = {"law": [0.5, 0.25, 2.0, 0.01, 1.0], "other": [0.6, 0.3, 1.0, 5.0, 1.5]}
    kept = {name: [r for r, w in zip(found, WEIGHTED["weight"], strict=True) if w > 0] for name, found in ratios.items()}
    pd.testing.assert_frame_equal(weighted(**ratios), weighted(without, **kept))
    assert weighted(**ratios).loc["law", "tasks_total"] == 4 and weighted(**ratios).loc["law", "tasks_entered"] == 4
    assert weighted(shown, **ratios).loc["law", "skill"] != weighted(**ratios).loc["law", "skill"]
    assert matrix(world(), WEIGHTED).tasks.tolist() == ["a/1", "a/2", "b/1", "b/3"]


def test_comparisons_count_by_the_weight_of_their_task():
    found = weighted(law=[0.5, 0.25, 2.0, 0.01, 1.0])  # wins of weight 1 and 2, a loss of 1, a tie of 4
    assert found.loc["law", "win_rate"] == pytest.approx((1 + 2 + 0 + 4 / 2) / 8)
    assert found.loc["ref", "win_rate"] == pytest.approx((0 + 0 + 1 + 4 / 2) / 8)
    elo = 400 * np.log10((5.0 + 0.5) / (3.0 + 0.5))
    assert found.loc["law", "elo"] == pytest.approx(1000 + elo)


def test_comparisons_are_with_the_pool_only():
    """A law in the pool is met by everyone; another entry is met by nobody, however many there are of it."""
    strong = {f"clone{i}": entry(f"clone{i}", np.full(24, 0.02)) for i in range(3)}
    alone, crowded = rows(world()), rows(world(**strong))
    columns = ["win_rate", "mean_rank", "elo", "elo_low", "elo_high"]
    pd.testing.assert_frame_equal(crowded.loc[alone.index, columns], alone[columns])


def test_an_opponent_that_did_not_enter_is_not_met():
    found = weighted(law=[0.5, None, 2.0, None, None], other=[0.4, 0.5, None, None, None])
    assert found.loc["law", "win_rate"] == pytest.approx(1 / 3)  # wins and loses against ref, loses to other
    assert found.loc["other", "win_rate"] == pytest.approx(1.0)


def test_the_mean_rank_is_the_mean_place_among_the_pool():
    """Among a pool of three a member is first to third; an entrant may be fourth."""
    found = weighted(law=[0.5, 0.5, 2.0, 1.0, 0.5], other=[0.9, 0.4, 3.0, 1.0, 0.5], entrant=[9.0, 0.1, 0.9, 1.0, 0.5])
    tie = 1 + 3 * (1 - 1.5 / 2)  # beats ref, ties with the other: half a place of the two opponents, scaled to the pool of three
    assert found.loc["law", "mean_rank"] == pytest.approx((1 * 1.0 + 2 * 2.5 + 1 * 2.5 + 4 * tie) / 8)
    assert found.loc["entrant", "mean_rank"] == pytest.approx((1 * 4.0 + 2 * 1.0 + 1 * 1.0 + 4 * (1 + 3 * (1 - 2.0 / 3))) / 8)


def test_the_mean_rank_passes_over_tasks_that_were_not_entered():
    found = weighted(law=[0.5, None, 2.0, 1.0, None])
    assert found.loc["law", "mean_rank"] == pytest.approx((1 * 1.0 + 1 * 3.0) / 2)  # best and worst of a pool of two and itself


def test_a_task_whose_every_fold_failed_loses_to_any_prediction_and_ties_with_failures():
    ratios = np.full(24, 0.5)
    bad = entry("bad", np.full(24, 9.99)).assign(error=1e9)
    failed = entry("failed", ratios, failed=np.ones(24, int))
    found = board(pd.concat([world(), bad, failed]), pool=("bad",), n_resamples=2).rows
    assert found.set_index("predictor").loc["failed", "win_rate"] == 0.0
    both = pd.concat([world(), failed, failed.assign(predictor="fails", family="fails")])
    found = board(both, pool=("fails",), n_resamples=2).rows
    assert found.set_index("predictor").loc["failed", "win_rate"] == 0.5


def test_a_task_with_some_failed_folds_is_compared_by_its_error():
    some = entry("some", np.full(24, 0.4)).assign(failed=1, folds=2)
    found = rows(world(some=some))
    assert found.loc["some", "win_rate"] > 0.5
    assert (found.loc["some", "failed_tasks"], found.loc["some", "failed_folds"]) == (24, 24)


def test_comparisons_are_of_errors_and_not_clipped_ratios():
    a = entry("a", np.full(24, 0.01)).assign(error=1e-6)
    b = entry("b", np.full(24, 0.01)).assign(error=1e-5)
    found = board(pd.concat([world(), a, b]), pool=("b",), n_resamples=2).rows.set_index("predictor")
    assert found.loc["a", "win_rate"] == 1.0 and found.loc["a", "skill"] == found.loc["b", "skill"]


def test_what_stands_beside_the_skill():
    tasks = TASKS.head(3)
    law = entry("law", [0.5, 0.5, 0.5], tasks=tasks).assign(
        failed=[0, 2, 3],
        folds=[4, 4, 4],
        fit_seconds=[1.0, 2.0, 9.0],
        mape=[0.1, 0.2, 0.9],
        coverage=[0.5, 0.9, 0.9],
    )
    found = rows(pd.concat([entry("ref", np.ones(3), tasks=tasks), law]), tasks=tasks).loc["law"]
    assert (found["failed_tasks"], found["failed_folds"], found["tasks_entered"]) == (2, 5, 3)
    assert (found["fit_seconds"], found["mape"]) == (2.0, 0.2)  # medians
    assert found["coverage"] == pytest.approx((0.5 + 0.9 + 0.9) / 3)


def test_one_entry_per_family_and_it_is_the_first_of_the_order_not_the_best():
    variants = [entry(f"law[{i}]", np.full(24, r)).assign(family="law") for i, r in ((1, 0.9), (2, 0.1), (3, 0.5))]
    found = board(pd.concat([world(), *variants], ignore_index=True), order=("law[1]", "law[3]", "law[2]", "law"))
    of = found.rows.set_index("predictor")
    assert of["variant_of"].to_dict() == {"law[1]": "", "law[2]": "law[1]", "law[3]": "law[1]", "law": "law[1]", "ref": "", "other": ""}
    assert of.index[0] == "law[2]" and of["rank"].isna().to_dict() == (of["variant_of"] != "").to_dict()
    assert of.loc[["law[1]", "ref", "other"], "rank"].tolist() == [1, 2, 3]
    assert set(found.heads["predictor"]) == {"law[1]", "ref", "other"}


def test_entries_without_an_order_are_headed_by_the_first_name():
    variants = [entry(n, np.full(24, r)).assign(family="f") for n, r in (("b", 0.1), ("a", 0.9))]
    of = rows(pd.concat([world(), *variants], ignore_index=True), order=("ref",))
    assert of["variant_of"].to_dict() == {"b": "a", "a": "", "ref": "", "law": "", "other": ""}


def test_equal_skills_share_a_rank_and_stand_in_the_order_of_their_names():
    same = {n: entry(n, np.full(24, 0.5)).assign(family=n) for n in ("z", "y", "x")}
    of = rows(world(**same, best=entry("best", np.full(24, 0.4))))
    assert list(of.index)[:4] == ["best", "x", "y", "z"]
    assert of["rank"].tolist()[:4] == [1, 2, 2, 2] and of["rank"].tolist()[4] == 5
    near = {"x": entry("x", np.full(24, 0.5)), "y": entry("y", np.full(24, 0.5 + 1e-9))}
    assert rows(world(**near)).loc[["x", "y"], "rank"].tolist() == [1, 2]


def drawn(scores, tasks, name, n_resamples=500, seed=0):
    """Return what resampling whole collections makes of the skill of one predictor, drawn by hand."""
    tasks = tasks.sort_values("task")
    ratio = scores[scores["predictor"] == name].set_index("task")["ratio"].reindex(tasks["task"]).fillna(1.0)
    names = sorted(tasks["collection"].unique())
    times = np.random.default_rng(seed).multinomial(len(names), [1 / len(names)] * len(names), size=n_resamples)
    weight = times[:, [names.index(c) for c in tasks["collection"]]] * tasks["weight"].to_numpy()  # a task counts as often as drawn
    skills = [1 - np.exp((w * np.log(ratio.to_numpy())).sum() / w.sum()) for w in weight]
    return np.percentile(skills, [2.5, 97.5])


def test_the_interval_of_skill_is_95_percent_of_resampled_collections_with_their_weights():
    tasks = TASKS.iloc[[0, 1, 2, 4, 8, 9, 12]].assign(weight=[1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 1.0])  # collections of unequal size
    scores = world()
    found = rows(scores, tasks=tasks, n_resamples=500)
    for name in ("law", "other"):
        assert found.loc[name, ["skill_low", "skill_high"]].tolist() == pytest.approx(list(drawn(scores, tasks, name)))
    again = rows(scores, tasks=tasks, n_resamples=500, seed=1)
    assert again.loc["law", ["skill_low", "skill_high"]].tolist() == pytest.approx(list(drawn(scores, tasks, "law", seed=1)))


def test_the_interval_of_win_rates_is_95_percent_of_resampled_collections():
    """Against the reference alone, `other` wins a share of each collection's tasks."""
    scores = world()
    found = board(scores, pool=("ref",), n_resamples=500).rows.set_index("predictor").loc["other"]
    wins = (scores[scores["predictor"] == "other"]["ratio"] < 1).to_numpy().reshape(N_COLLECTIONS, PER_COLLECTION)
    times = np.random.default_rng(0).multinomial(N_COLLECTIONS, [1 / N_COLLECTIONS] * N_COLLECTIONS, size=500)
    rates = (times @ wins.sum(axis=1)) / (PER_COLLECTION * N_COLLECTIONS)
    assert found["win_rate"] == pytest.approx(wins.mean()) and 0 < found["win_low"] < found["win_high"] < 1
    assert [found["win_low"], found["win_high"]] == pytest.approx(list(np.percentile(rates, [2.5, 97.5])))
    elo = 1000 + 400 * np.log10((24 * rates + 0.5) / (24 * (1 - rates) + 0.5))
    assert [found["elo_low"], found["elo_high"]] == pytest.approx(list(np.percentile(elo, [2.5, 97.5])), abs=1e-6)


def test_the_reference_is_a_thousand_in_every_resample_and_has_no_interval():
    of = rows(world()).loc["ref"]
    assert of["elo"] == 1000.0 and np.isnan(of["elo_low"]) and np.isnan(of["elo_high"])
    assert rows(world()).loc[["law", "other"], ["elo_low", "elo_high"]].notna().all(axis=None)


def test_comparisons_in_one_cluster_give_no_interval():
    part = entry("x", np.full(4, 0.5), tasks=TASKS.head(4))
    of = rows(world(x=part)).loc["x"]
    assert of[["win_low", "win_high", "elo_low", "elo_high"]].isna().all() and of[["win_rate", "elo", "skill_low"]].notna().all()
    two = entry("x", np.full(5, 0.5), tasks=TASKS.head(5))
    assert rows(world(x=two)).loc["x", ["win_low", "win_high", "elo_low", "elo_high"]].notna().all()


def test_resamples_without_a_comparison_are_left_out_of_the_interval():
    """Entered in two of six collections, `x` meets nobody in some resamples."""
    part = entry("x", np.full(8, 0.5), tasks=TASKS.head(8))
    of = rows(world(x=part), n_resamples=1000).loc["x"]
    assert of["win_low"] <= of["win_rate"] <= of["win_high"]


def test_who_met_nobody_has_no_rate_and_no_rating():
    tasks = TASKS.head(8)
    alone = entry("x", np.full(4, 0.5), tasks=TASKS.iloc[4:8])
    scores = pd.concat([entry("law", np.full(4, 0.5), tasks=TASKS.head(4)), entry("ref", np.ones(4), tasks=TASKS.head(4)), alone])
    of = rows(scores, tasks=tasks).loc["x"]
    assert of[["win_rate", "win_low", "win_high", "mean_rank", "elo", "elo_low", "elo_high"]].isna().all()


def test_without_the_reference_in_the_pool_there_is_no_rating():
    found = board(world(), pool=("law", "other"), n_resamples=20).rows
    assert found[["elo", "elo_low", "elo_high"]].isna().all(axis=None) and found["win_rate"].notna().all()


def test_the_board_says_what_it_ranks():
    found = board(world(), WEIGHTED_TASKS, track="curve", seed=3)
    assert (found.n_tasks, found.n_collections, found.track, found.seed, found.n_resamples) == (23, 6, "curve", 3, 40)
    assert (found.suite, found.reference, found.pool) == ("s", "ref", POOL)


WEIGHTED_TASKS = TASKS.assign(weight=[0.0] + [1.0] * 23)


def test_a_board_is_cut_to_its_first_rows_and_to_heads():
    full = board(pd.concat([world(), entry("v", np.full(24, 0.1)).assign(family="law")]), order=("law",))
    assert isinstance(full.cut(), Board) and full.cut().rows.equals(full.rows)
    assert full.cut(2).rows["predictor"].tolist() == ["v", "law"]
    assert full.cut(2, variants=False).rows["predictor"].tolist() == ["law", "ref"]
    assert full.cut(variants=False).rows["predictor"].tolist() == ["law", "ref", "other"]


def test_a_clusters_value_is_the_weighted_mean_log_ratio_of_its_tasks():
    scores = pd.concat([entry("ref", np.ones(5), tasks=WEIGHTED), entry("law", [0.5, 0.25, 2.0], tasks=WEIGHTED.head(3))])
    values = matrix(scores, WEIGHTED).cluster_means()
    assert values.loc["law"].to_dict() == pytest.approx({"a": np.log(0.5 * 0.25**2) / 3, "b": np.log(2.0) / 5})


SHARED = TASKS.assign(cluster=TASKS["collection"].replace({"c1": "c0", "c3": "c2", "c5": "c4"}))
"""Three clusters of two collections each."""


def test_collections_of_one_cluster_are_resampled_together():
    """As if each cluster were one collection; the point estimates are those of single collections."""
    merged = TASKS.assign(collection=SHARED["cluster"])
    by_cluster_, as_one, apart = (board(world(), tasks=t).rows for t in (SHARED, merged, TASKS))
    pd.testing.assert_frame_equal(by_cluster_, as_one)
    pd.testing.assert_series_equal(by_cluster_["skill"], apart["skill"])
    assert not np.allclose(by_cluster_["skill_low"], apart["skill_low"])


def test_one_cluster_has_no_interval_however_many_collections_it_has():
    found = board(world(), tasks=TASKS.assign(cluster="all"))
    assert found.rows[["skill_low", "win_low"]].isna().all(axis=None) and found.n_clusters == 1
    assert "no intervals, because they need more than one cluster to resample" in found.caption


def test_a_board_says_how_many_clusters_there_are():
    found = board(world(), tasks=SHARED)
    assert found.n_clusters == 3 and "24 tasks of 6 collections in 3 clusters" in found.caption and "resamples of clusters" in found.caption
    assert found.facts()["n_clusters"] == 3


def test_a_cluster_gives_one_value():
    values, apart = matrix(world(), SHARED).cluster_means(), matrix(world()).cluster_means()
    assert list(values.columns) == ["c0", "c2", "c4"]
    assert values.loc["law", "c2"] == pytest.approx((apart.loc["law", "c2"] + apart.loc["law", "c3"]) / 2)


def over(n_clusters, **entries):
    """Return the rows of a board of four tasks of each of some clusters; each entry is a ratio per cluster."""
    tasks = TASKS.head(4 * n_clusters).assign(cluster=[f"c{i // 4}" for i in range(4 * n_clusters)])
    parts = [entry(name, np.repeat(ratios[:n_clusters], 4), tasks=tasks) for name, ratios in {"ref": [1.0] * 6, **entries}.items()]
    return rows(pd.concat(parts, ignore_index=True), tasks=tasks, n_resamples=400)


def test_fewer_than_three_clusters_have_no_ranks():
    better = {"law": [0.5] * 6, "other": [0.9] * 6}
    for n in (1, 2):
        found = over(n, **better)
        assert list(found.index) == ["law", "other", "ref"] and found["skill"].notna().all(), "the table stays, in the order of skill"
        assert found[["rank", "rank_low", "rank_high"]].isna().all(axis=None)
    assert over(3, **better)["rank"].tolist() == [1, 2, 3]


def test_the_range_of_a_rank_is_that_of_resampled_clusters():
    sure = over(6, law=[0.5] * 6, other=[0.9] * 6)
    assert sure[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]
    turns = over(6, law=[0.1, 0.9, 0.9, 0.9, 0.9, 0.9], other=[0.7] * 6)  # better in one cluster alone, which a third of resamples lack
    assert turns["rank"].to_dict() == {"other": 2, "law": 1, "ref": 3}
    assert turns.loc["law", ["rank_low", "rank_high"]].tolist() == [1, 2] == turns.loc["other", ["rank_low", "rank_high"]].tolist()


def test_places_against_scipy():
    from scipy.stats import rankdata

    skills = np.round(np.random.default_rng(0).normal(size=(7, 20)), 0)
    assert np.array_equal(places(skills), rankdata(-skills, method="min", axis=0))


def test_variants_have_no_range_of_ranks_and_do_not_change_that_of_others():
    alone = over(6, law=[0.1, 0.9, 0.9, 0.9, 0.9, 0.9], other=[0.7] * 6)
    tasks = TASKS.assign(cluster=[f"c{i // 4}" for i in range(24)])
    made = {"ref": [1.0] * 6, "law": [0.1, 0.9, 0.9, 0.9, 0.9, 0.9], "other": [0.7] * 6, "law[b]": [0.2] * 6}
    parts = [entry(name, np.repeat(ratios, 4), tasks=tasks, family=name.removesuffix("[b]")) for name, ratios in made.items()]
    both = rows(pd.concat(parts, ignore_index=True), tasks=tasks, n_resamples=400)
    assert both.loc["law[b]", ["rank", "rank_low", "rank_high"]].isna().all()
    assert both.loc[alone.index, ["rank_low", "rank_high"]].equals(alone[["rank_low", "rank_high"]])


def test_intervals_of_decisions_coverage_and_crps_against_a_loop_over_resamples():
    rng = np.random.default_rng(1)
    numbers = {name: rng.uniform(size=24) for name in ("regret", "coverage", "crps")}
    found = rows(pd.concat([entry("ref", np.ones(24), regret=1.0), entry("law", np.full(24, 0.5), **numbers)]), n_resamples=3000)
    by = {
        name: v.reshape(N_COLLECTIONS, PER_COLLECTION).mean(axis=1)
        for name, v in {**numbers, "crps": np.log(numbers["crps"] / 0.05)}.items()
    }
    drawn = rng.integers(0, N_COLLECTIONS, (4000, N_COLLECTIONS))
    for name in ("regret", "coverage"):
        ends = np.percentile(by[name][drawn].mean(axis=1), [2.5, 97.5])
        assert found.loc["law", [f"{name}_low", f"{name}_high"]].astype(float).tolist() == pytest.approx(ends, abs=0.02)
    assert found.loc["law", "crps_low"] < found.loc["law", "crps_skill"] < found.loc["law", "crps_high"]
    assert found.loc["ref", ["coverage_low", "coverage_high"]].isna().all(), "no intervals, no coverage"
