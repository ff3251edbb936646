"""Which tasks and predictors stand on which board: a suite of stored scores, whose boards can be worked out by hand."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made import RATIOS, STATED, STATED_POOL, head, scored

from scalingbench.benchmark.tasks.frozen import Rules
from scalingbench.common.errors import InputError, LeaderboardError
from scalingbench.leaderboard import scores as aggregation
from scalingbench.leaderboard.suite_board import SuiteBoard

pytestmark = pytest.mark.filterwarnings("error")


def by_name(rows):
    return rows.set_index("predictor")


def geometric(**weighted):
    """Return 1 minus the weighted geometric mean of ratios, given as ratio-weight pairs."""
    ratios, weights = zip(*weighted.values(), strict=True)
    return 1.0 - np.exp(np.log(ratios) @ np.array(weights) / sum(weights))


def test_the_overall_board_counts_counted_tasks_that_extrapolate_and_nothing_else():
    board = scored().board()
    assert (board.n_tasks, board.n_collections, board.n_clusters) == (5, 4, 3)
    assert sorted(board.fingerprints) == ["a/1", "a/2", "b/1", "c/1", "d/1"]
    skill = geometric(a1=(0.5, 1), a2=(0.5, 1), b1=(0.25, 2), c1=(0.5, 4), d1=(1.0, 2))
    assert by_name(board.rows).loc["form[a]", "skill"] == pytest.approx(skill)


@pytest.mark.parametrize("task", ["s/1", "t/1", "u/1", "z/1"])
def test_synthetic_tuning_and_shown_tasks_count_on_no_board(task):
    """A predictor that is perfect there is worth what it was; a tuning task chooses recipes, and form has no other here."""
    ratios = {**RATIOS["form[a]"], task: 0.01}
    plain, altered = scored(**{"form[b]": None}), scored(**{"form[b]": None, "form[a]": ratios})
    for choice in ({}, {"track": "compute"}, {"track": "curve"}):
        one, other = (s.select(**choice).board().rows for s in (plain, altered))
        pd.testing.assert_frame_equal(one, other)


def test_a_track_ranks_all_its_counted_tasks_of_whatever_kind():
    board = scored().select(track="transfer").board()
    assert list(board.fingerprints) == ["e/1"] and by_name(board.rows).loc["form[a]", "skill"] == pytest.approx(0.9)
    compute = scored().select(track="compute").board()
    assert list(compute.fingerprints) == ["a/1", "a/2", "b/1"]
    assert by_name(compute.rows).loc["law", "skill"] == pytest.approx(geometric(a=(0.1, 2), b=(0.2, 2)))
    assert compute.rows.loc[0, ["predictor", "rank"]].tolist() == ["law", 1]


def test_synthetic_worlds_have_a_board_of_their_own():
    board = scored().select(track="synthetic").board()
    assert list(board.fingerprints) == ["s/1"] and {"bias", "exponent_error"} <= set(board.rows)
    with pytest.raises(InputError, match="unknown track of suite made 'synthetic'"):
        scored(STATED[STATED["role"] != "synthetic"]).select(track="synthetic")


def test_an_entry_is_general_purpose_from_95_percent_of_the_weight():
    """Of a weight of 10 one task has 1 and one has 0.5 once it is lowered: 90 % is a specialist, 9.5 of 10 is not."""
    lowered = STATED.assign(weight=STATED["weight"].where(STATED["task"] != "a/1", 0.5).where(STATED["task"] != "a/2", 1.5))
    most = {task: 0.5 for task in ("a/2", "b/1", "c/1", "d/1")}
    found = scored(lowered, nearly=most, less={task: r for task, r in most.items() if task != "a/2"} | {"a/1": 0.5}).board()
    assert lowered.loc[lowered["task"].isin(found.fingerprints), "weight"].sum() == 10.0
    assert "nearly" in set(found.rows["predictor"]) and by_name(found.rows).loc["nearly", "weight_entered"] == pytest.approx(0.95)
    assert "less" not in set(found.rows["predictor"]) and "less" in set(found.specialists["predictor"])


def test_a_specialised_law_appears_with_its_best_track():
    """It is first of four on compute, and last of four on transfer; the first overall is form[b], on the same tasks."""
    board = scored().board()
    assert isinstance(board, SuiteBoard) and "law" not in set(board.rows["predictor"])
    (law,) = board.specialists.to_dict("records")
    assert (law["predictor"], law["best_track"], law["rank"], law["places"]) == ("law", "compute", 1, 4)
    assert law["skill"] == law["skill_entered"] == pytest.approx(geometric(a=(0.1, 2), b=(0.2, 2)))
    assert (law["tasks_entered"], law["tasks_total"]) == (3, 3)
    assert board.rows["predictor"].tolist()[:2] == ["form[a]", "form[b]"]  # the first is a variant, which heads nothing
    assert law["leader_skill"] == pytest.approx(geometric(a=(0.8, 2), b=(0.5, 2)))


def test_the_skill_of_the_first_beside_a_specialist_is_on_the_tasks_that_it_entered():
    found = scored(law={"b/1": 0.2}).board().specialists.iloc[0]
    assert found["leader_skill"] == pytest.approx(0.5) and found["skill_entered"] == pytest.approx(0.8)
    assert found["skill"] == pytest.approx(geometric(b=(0.2, 2), rest=(1.0, 2)))


def test_a_family_is_headed_by_its_recipe_that_did_best_on_the_tuning_tasks():
    """form[b] does (.5 and 1 against .9 and 1), though form[a] is better wherever it counts."""
    board = by_name(scored().board().rows)
    assert board.loc["form[a]", "variant_of"] == "form[b]" and board.loc["form[b]", "variant_of"] == ""
    assert board.loc["form[a]", "skill"] > board.loc["form[b]", "skill"]
    better = {**RATIOS["form[a]"], "t/1": 0.4}
    assert by_name(scored(**{"form[a]": better}).board().rows).loc["form[a]", "variant_of"] == ""


def test_where_tuning_tasks_say_nothing_the_catalogue_or_the_name_decides():
    without = scored(STATED[STATED["role"] != "tuning"])
    assert by_name(without.board().rows).loc["form[b]", "variant_of"] == "form[a]"


def test_a_tuning_task_that_a_recipe_did_not_enter_counts_as_the_references():
    """.5 and 1 (not entered) against .9 and .6: .5 is less than .54."""
    few = {task: r for task, r in RATIOS["form[b]"].items() if task != "u/1"}
    found = scored(**{"form[b]": few, "form[a]": {**RATIOS["form[a]"], "u/1": 0.6}})
    assert by_name(found.board().rows).loc["form[b]", "variant_of"] == ""
    found = scored(**{"form[b]": few, "form[a]": {**RATIOS["form[a]"], "u/1": 0.5}})
    assert by_name(found.board().rows).loc["form[a]", "variant_of"] == ""


def test_the_recipe_is_the_same_whatever_is_chosen():
    found = scored().select(track="compute", bundled=True, published_after="2019-12")
    assert found.order.index("form[b]") < found.order.index("form[a]")
    assert by_name(found.board().rows).loc["form[a]", "variant_of"] == "form[b]"


def test_bundled_leaves_collections_out_whose_table_is_not_in_the_package():
    board = scored().select(bundled=True).board()
    assert sorted(board.fingerprints) == ["a/1", "a/2", "c/1"] and "bundled collections only" in board.caption


def test_published_after_a_month_is_later_than_that_month():
    found = scored().select(published_after="2021-06").board()
    assert sorted(found.fingerprints) == ["c/1", "d/1"] and "published after 2021-06" in found.caption
    assert sorted(scored().select(published_after="2021-05").board().fingerprints) == ["b/1", "c/1", "d/1"]
    for wrong in ("2021", "2021-13", "2021-6", "21-06", "June"):
        with pytest.raises(InputError, match="expected a month as YYYY-MM"):
            scored().select(published_after=wrong)


def test_a_collection_without_a_date_is_after_no_month():
    unknown = STATED.assign(published=STATED["published"].where(STATED["task"] != "c/1"))
    assert sorted(scored(unknown).select(published_after="2021-06").board().fingerprints) == ["d/1"]


def test_choices_add_up_and_unknown_ones_are_named():
    stored = scored()
    for found in (stored, stored.board() and stored):  # after all was ranked too
        both = found.select(bundled=True).select(track="compute").select(published_after="2019-12")
        assert sorted(both.board().fingerprints) == ["a/1", "a/2"]
        assert sorted(found.select(collections=["a", "b"]).select(collections=["b", "c"]).board().fingerprints) == ["b/1"]
    assert set(scored().select(predictors=["law"]).board().tracks["compute"].rows["predictor"]) == {"law", "ref", "plain"}
    for wrong, message in (
        ({"track": "compte"}, "did you mean 'compute'"),
        ({"collections": ["aa"]}, "unknown collection of suite made 'aa'"),
        ({"predictors": "lam"}, "did you mean 'law'"),
        ({"published_after": "2025-01"}, "suite made has no task of this selection"),
    ):
        with pytest.raises(InputError, match=message):
            scored().select(**wrong)
    with pytest.raises(InputError, match="these are the results of track 'compute', not of 'curve'"):
        scored().select(track="compute").select(track="curve")


def test_reach_is_cut_at_3_10_and_100_by_how_far_the_median_goes():
    table = scored().by("reach")
    assert list(table.rows) == ["within 3x", "3x to 10x", "10x to 100x", "beyond 100x"]
    assert table.counts.tolist() == [1, 1, 2, 1] and table.clusters is not None and table.clusters.tolist() == [1, 1, 2, 1]
    assert table.rows.loc["law"].round(3).tolist()[:2] == [0.9, 0.9] and np.isnan(table.rows.loc["law", "beyond 100x"])
    assert table.rows.loc["form[b]", "10x to 100x"] == pytest.approx(geometric(b=(0.5, 2), d=(2.0, 2)))
    assert "within 3x (1 tasks, 1 clusters)" in table.render()


def test_extrapolation_is_cut_by_the_median_too():
    """Every task states 7 times the largest, which would be one slice."""
    assert scored().by("extrapolation").counts.to_dict() == {"up to 4x": 2, "4x to 16x": 1, "over 16x": 2}


def test_tracks_and_kinds_are_shown_of_all_counted_tasks():
    assert scored().by("track").counts.to_dict() == {"compute": 3, "curve": 1, "interpolation": 1, "mixture": 1, "transfer": 1}
    assert scored().by("kind").counts.to_dict() == {"extrapolation": 5, "interpolation": 1, "transfer": 1}
    assert scored().by("published").counts.to_dict() == {"2020": 2, "2021": 1, "2023": 1, "2024": 1}
    assert scored().by("tier").counts.to_dict() == {"bundled": 3, "fetch-only": 2}


def test_slices_show_general_purpose_entries_first_and_no_variants():
    assert list(scored().by("reach").rows.index) == ["form[b]", "ref", "plain", "law"]
    assert list(scored().by("reach", top=2).rows.index) == ["form[b]", "ref"]
    assert list(scored().select(track="compute").by("reach").rows.index) == ["law", "form[b]", "ref", "plain"]


def test_coverage_of_a_slice_is_the_weighted_mean_over_the_tasks_with_intervals():
    """Within 10x to 100x there are b/1 of weight 2, with 60 %, and d/1 of weight 2, with 90 %; law has intervals on a/2 only."""
    inside = {("form[b]", "b/1"): 0.6, ("form[b]", "d/1"): 0.9, ("form[b]", "a/1"): 0.5, ("law", "a/2"): 0.7, ("form[b]", "s/1"): 0.0}
    suite = scored(cells={(*cell, "coverage"): share for cell, share in inside.items()})
    table = suite.by("reach", what="coverage")
    assert list(table.rows.index) == ["form[b]", "law"]
    assert table.rows.loc["form[b]", "10x to 100x"] == pytest.approx(0.75) and table.rows.loc["form[b]", "within 3x"] == 0.5
    assert table.rows.loc["law"].isna().tolist() == [True, False, True, True]
    assert "| form[b] | 0.500 | - | 0.750 | - |" in table.render() and "Coverage of the 80 % intervals by reach" in table.render()
    with pytest.raises(LeaderboardError, match="show 'width': expected one of skill, coverage, crps"):
        suite.by("reach", what="width")


def test_results_made_from_other_rows_are_named_and_ignored(caplog):
    changed = STATED.assign(fingerprint=STATED["fingerprint"].where(STATED["task"] != "c/1", "fp-new"))
    new = scored(changed, cells={("ref", "c/1", "fingerprint"): "fp-new"})
    with caplog.at_level(logging.WARNING):
        board = new.board()
    assert "form[a] on c/1: the rows of the task have changed since; ignored" in caplog.text
    assert by_name(board.rows).loc["ref", "tasks_entered"] == 5 and "form[b]" not in set(board.rows["predictor"])


def test_the_version_names_scores_and_how_tasks_count():
    version = scored().board().version
    assert version.startswith("made-") and version == scored().board().version
    others = [
        scored(law={**RATIOS["law"], "a/1": 0.11}),
        scored(STATED.assign(weight=STATED["weight"].where(STATED["task"] != "a/1", 0.9))),
        scored(STATED.assign(cluster=STATED["cluster"].where(STATED["task"] != "b/1", "b"))),
    ]
    assert len({version, *(s.board().version for s in others)}) == 4
    unseen = scored(**{"form[a]": {**RATIOS["form[a]"], "s/1": 0.5}})
    assert unseen.board().version == version


def test_comparisons_are_over_clusters_of_the_tasks_ranked_on():
    found = scored().compare(["form[a]", "plain"])
    assert found.n_clusters == 3 and "over 3 clusters" in str(found)
    assert scored().select(bundled=True).compare(["form[a]", "plain"]).n_clusters == 2
    assert list(scored().compare(top=2).skill.index) == ["form[b]", "ref"]


def test_what_a_board_rests_on_are_the_collections_of_counted_tasks():
    assert scored().rests_on() == ["a", "b", "c", "d", "e", "f"]
    assert scored().rests_on("law") == ["a", "b", "e"]


def test_the_rules_say_which_kinds_the_overall_board_ranks_on_and_who_is_general_purpose():
    """With all kinds the overall board has the counted tasks of every track; with no least share law, which enters few, stands there."""
    rules = Rules(kinds=("extrapolation", "interpolation", "training-curve", "transfer"), general=0.0)
    board = scored(suite=replace(head(STATED_POOL, name="made"), rules=rules)).board()
    assert sorted(board.fingerprints) == ["a/1", "a/2", "b/1", "c/1", "d/1", "e/1", "f/1"]
    assert "law" in set(board.rows["predictor"]) and board.specialists.empty


def arithmetic(log_ratio, weight, over="all"):
    """Return 1 minus the arithmetic mean of the ratios."""
    entered = np.ones_like(log_ratio) if over == "all" else ~np.isnan(log_ratio)
    return 1.0 - (np.exp(np.nan_to_num(log_ratio)) * entered) @ weight.T / (entered @ weight.T)


def test_one_function_makes_every_skill(monkeypatch):
    """Another aggregation moves board and intervals, slices, CRPS, comparisons, specialised laws and the entry that heads a family."""
    # the tuning tasks: of equal geometric means form[a] heads by name; form[b]'s arithmetic mean is less
    tuning = {"form[a]": {**RATIOS["form[a]"], "t/1": 0.25, "u/1": 1.0}, "form[b]": {**RATIOS["form[b]"], "t/1": 0.5, "u/1": 0.5}}
    law = {"law": {"a/1": 0.1, "b/1": 0.2}}

    def shown():
        results = scored(**tuning, **law)
        board = results.board()
        rows = by_name(board.rows).loc["form[a]"]
        return {
            **rows[["skill", "skill_high", "skill_entered", "crps_skill"]].to_dict(),
            "head": by_name(board.rows).loc["form[a]", "variant_of"],
            **{f"specialist {name}": board.specialists.iloc[0][name] for name in ("skill", "skill_entered", "leader_skill")},
            "track": by_name(board.tracks["compute"].rows).loc["form[a]", "skill"],
            "slice": results.by("tier").rows.loc["law", "bundled"],
            "crps slice": results.by("tier", what="crps").rows.loc["law", "bundled"],
            "comparison": results.compare(["form[a]", "plain"]).skill["form[a]"],
        }

    before = shown()
    monkeypatch.setattr(aggregation, "skill", arithmetic)
    after = shown()
    assert {name for name in before if before[name] == after[name]} == set()
