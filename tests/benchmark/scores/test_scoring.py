"""Every rule by which predictions become a row of the score table, on rows whose scores can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from made import fold, off_by, result, task

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.scores.scoring import current_results, scorable_results, score, stale_results
from scalingbench.benchmark.scores.table import CEILING, COLUMNS, FLOOR
from scalingbench.benchmark.scores.truth import Truth
from scalingbench.common.errors import InputError, SchemaError

E = np.e
pytestmark = pytest.mark.filterwarnings("error")
THREE = task(fold("a", [3.0, 2.0]), fold("b", [3.0, 2.5]), fold("c", [4.0, 3.0]))
REFERENCE = off_by(THREE, E**0.1, E**0.2, E**0.6)  # errors .1, .2 and .6: mean .3, median .2, worst .6
FIVE = [5.0, 4.0, 3.0, 2.0, 1.0]


def scored(of, *predictions, reference=None, metric_reference=None, **options):
    """Return the scores of one predictor on one task, beside a reference that errs by 1 everywhere."""
    reference = off_by(of, *[E] * len(of.folds)) if reference is None else reference
    results = [result(of, "ref", *reference), result(of, "law", *predictions, **options)]
    return score(results, [of], "ref").set_index("predictor").loc["law"]


def test_a_fold_errs_by_the_root_mean_squared_log_error_of_its_held_out_rows():
    one = task(fold("a", [1.0, 1.0]))
    assert scored(one, [E**0.3, E**-0.4])["error"] == pytest.approx(np.sqrt((0.09 + 0.16) / 2))


def test_accuracies_err_in_their_own_unit():
    one = task(fold("a", [0.5, 0.5]), metric="accuracy")
    found = scored(one, [0.6, 0.3], reference=[np.array([0.7, 0.7])])
    assert found["error"] == pytest.approx(np.sqrt((0.01 + 0.04) / 2))
    assert found["reference_error"] == pytest.approx(0.2)


def test_a_tasks_error_is_the_mean_over_its_folds():
    assert scored(THREE, *off_by(THREE, E**0.1, E**0.1, E**0.7), reference=REFERENCE)["error"] == pytest.approx(0.3)


def test_the_unit_is_the_mean_of_the_references_folds_and_no_median():
    found = scored(THREE, *off_by(THREE, E**0.1, E**0.1, E**0.1), reference=REFERENCE)
    assert found["reference_error"] == pytest.approx(0.3)
    assert found["ratio"] == pytest.approx(0.1 / 0.3)


def test_a_folds_error_is_capped_at_ten_times_the_references_worst_fold():
    found = scored(THREE, *off_by(THREE, E**0.3, E**0.3, E**60), reference=REFERENCE)
    assert found["error"] == pytest.approx((0.3 + 0.3 + 6.0) / 3)
    assert found["ratio"] == pytest.approx((0.3 + 0.3 + 6.0) / 3 / 0.3)
    assert found["failed"] == 0


def test_an_error_below_the_cap_is_counted_as_it_is():
    assert scored(THREE, *off_by(THREE, E**0.3, E**0.3, E**5.9), reference=REFERENCE)["error"] == pytest.approx((0.3 + 0.3 + 5.9) / 3)


def test_a_failed_fold_gets_the_cap():
    found = scored(THREE, *off_by(THREE, E**0.3, None, E**0.3), reference=REFERENCE)
    assert found["error"] == pytest.approx((0.3 + 6.0 + 0.3) / 3)
    assert found["ratio"] == pytest.approx((0.3 + 6.0 + 0.3) / 3 / 0.3)
    assert (found["failed"], found["folds"]) == (1, 3)


def test_a_task_whose_every_fold_failed_counts_the_ceiling():
    found = scored(THREE, None, None, None, reference=REFERENCE)
    assert found["error"] == pytest.approx(6.0) and found["ratio"] == CEILING  # ten times the worst fold is 20 times the unit
    one = task(fold("a", [1.0]))
    for factor in np.linspace(1.1, 3.0, 40):  # of some of them ten times the error, divided by it, is not quite ten
        assert scored(one, None, reference=[[factor]])["ratio"] == CEILING
    assert found[["mape", "r2", "bias", "coverage", "regret"]].isna().all()


@pytest.mark.parametrize("factor", [0.0, 1e-9, 0.5, 1.0, 3.0, 1e9])
def test_failing_never_beats_trying(factor):
    tried = scored(THREE, *off_by(THREE, E**0.2, E**0.2, factor), reference=REFERENCE)
    failed = scored(THREE, *off_by(THREE, E**0.2, E**0.2, None), reference=REFERENCE)
    assert tried["error"] <= failed["error"] and tried["ratio"] <= failed["ratio"]


def test_the_ratio_is_clipped_to_the_floor_and_the_ceiling():
    one = task(fold("a", FIVE))
    assert scored(one, *off_by(one, E**0.02))["ratio"] == pytest.approx(0.02)
    assert scored(one, *off_by(one, 1.0))["ratio"] == FLOOR == 0.01
    assert scored(one, *off_by(one, E**9.5))["ratio"] == pytest.approx(9.5)
    assert scored(THREE, *off_by(THREE, E**6, E**6, E**6), reference=REFERENCE)["ratio"] == CEILING == 10.0


def test_a_reference_without_any_error_is_a_unit_of_a_billionth_of_a_thousandth():
    exact = off_by(THREE, 1.0, 1.0, 1.0)
    found = scored(THREE, *off_by(THREE, 1.0, 1.0, 2.0), reference=exact)
    assert found["reference_error"] == 1e-12
    assert found["error"] == pytest.approx(1e-11 / 3)  # the fold that is off is capped at ten units


CONTEXT = fold("a", [9.0, *FIVE], scored=[False] + [True] * 5)


def test_context_rows_are_never_scored():
    """The first row is handed over as context: whatever is predicted there changes no score."""
    one = task(CONTEXT)
    levels = {0.1: [[0.0, 4.5, 4.5, 2.0, 2.0, 2.0]], 0.9: [[1e9, 6.0, 6.0, 4.0, 4.0, 4.0]]}
    right, wrong = np.array([9.0, 5.0, 4.0, 3.0, 2.0, 2.0]), np.array([1e-9, 5.0, 4.0, 3.0, 2.0, 2.0])
    found = [scored(one, p, reference=[np.array([8.0, *FIVE]) * E], quantiles=levels) for p in (right, wrong)]
    assert found[0].drop("fit_seconds").equals(found[1].drop("fit_seconds"))
    assert found[1]["error"] == pytest.approx(np.log(2.0) / np.sqrt(5))
    assert found[1]["mape"] == pytest.approx(1.0 / 5)
    assert found[1]["r2"] == pytest.approx(1.0 - 1.0 / 10.0)
    assert found[1]["bias"] == pytest.approx(np.log(2.0) / 5)
    assert found[1]["coverage"] == pytest.approx(3 / 5)  # the rows of 5, 3 and 2


def test_bias_is_taken_on_the_log_scale_and_is_positive_where_predictions_are_high():
    one = task(fold("a", [1.0, 4.0]))
    assert scored(one, [2.0, 4.0])["bias"] == pytest.approx(np.log(2.0) / 2)
    assert scored(one, [1.0, 2.0])["bias"] == pytest.approx(-np.log(2.0) / 2)


def test_bias_of_accuracies_is_in_their_own_unit():
    one = task(fold("a", [0.2, 0.4, 0.9]), metric="accuracy")
    assert scored(one, [0.3, 0.4, 0.6], reference=[np.array([0.1, 0.1, 0.1])])["bias"] == pytest.approx((0.1 + 0.0 - 0.3) / 3)


def test_mape_bias_and_r2_are_means_over_the_folds_that_did_not_fail():
    one = task(fold("a", FIVE), fold("b", FIVE), fold("c", FIVE), fold("d", FIVE))
    found = scored(one, *off_by(one, 1.1, 1.2, 1.6, None))
    assert found["mape"] == pytest.approx(0.3)
    assert found["bias"] == pytest.approx(np.log([1.1, 1.2, 1.6]).mean())
    nmse = [np.mean((f * np.array(FIVE)) ** 2) / 2.0 for f in (0.1, 0.2, 0.6)]  # the variance of 1 ... 5 is 2
    assert found["r2"] == pytest.approx(1.0 - np.mean(nmse))


def test_r2_needs_five_held_out_rows():
    one = task(fold("a", FIVE), fold("b", [1.0, 2.0, 3.0, 4.0]))
    found = scored(one, [6.0, 4.0, 3.0, 2.0, 1.0], [9.0, 9.0, 9.0, 9.0])
    assert found["r2"] == pytest.approx(1.0 - (1.0 / 5) / 2.0)
    few = task(fold("b", [1.0, 2.0, 3.0, 4.0]))
    assert np.isnan(scored(few, [1.0, 2.0, 3.0, 4.0])["r2"])


def test_a_value_of_zero_leaves_mape_to_the_other_folds():
    one = task(fold("a", [0.0, 0.5]), fold("b", [0.5, 0.5]), metric="accuracy")
    assert scored(one, [0.1, 0.5], [0.6, 0.5], reference=[np.array([1.0, 1.0])] * 2)["mape"] == pytest.approx(0.1)


def test_coverage_is_the_share_of_rows_between_the_10_and_90_percent_quantiles():
    one = task(fold("a", FIVE))
    low, high = [5.0, 4.1, 2.0, 1.0, 0.0], [6.0, 5.0, 3.0, 1.9, 2.0]  # both ends count: rows of 5, 3 and 1 are inside
    assert scored(one, FIVE, quantiles={0.1: [low], 0.5: [FIVE], 0.9: [high]})["coverage"] == pytest.approx(3 / 5)
    assert np.isnan(scored(one, FIVE, quantiles={0.1: [low], 0.5: [FIVE]})["coverage"])
    assert np.isnan(scored(one, FIVE, quantiles={0.5: [FIVE], 0.9: [high]})["coverage"])
    assert np.isnan(scored(one, FIVE)["coverage"])


def test_coverage_is_the_mean_over_folds():
    one = task(fold("a", [1.0]), fold("b", [1.0]), fold("c", [1.0]), fold("d", [1.0]))
    found = scored(one, *[[1.0]] * 4, quantiles={0.1: [[0.0], [0.0], [0.0], [2.0]], 0.9: [[2.0], [2.0], [2.0], [3.0]]})
    assert found["coverage"] == pytest.approx(3 / 4)


def test_seconds_are_the_median_of_the_fits_that_were_timed():
    assert scored(THREE, *off_by(THREE, 1, 1, None), seconds=(1.0, 2.0, 30.0))["fit_seconds"] == 2.0
    assert scored(THREE, *off_by(THREE, 1, 1, 1), seconds=(1.0, 2.0, np.nan))["fit_seconds"] == 1.5
    assert np.isnan(scored(THREE, *off_by(THREE, 1, 1, 1))["fit_seconds"])


def test_regret_and_what_the_task_states_stand_beside_the_error():
    one = task(fold("a", [3.0, 2.0, 4.0], cost=[1.0, 1.0, 1.0]), track="compute")
    found = scored(one, [1.0, 2.0, 3.0])  # picks the first, of loss 3
    assert found["regret"] == pytest.approx(np.log(3 / 2) / (np.log(3 * 2 * 4) / 3 - np.log(2)))
    assert found["log_params_error"] == pytest.approx(np.log(2))
    assert (found["task"], found["collection"], found["track"]) == ("made/loss/frontier", "made", "compute")
    assert (found["extrapolation"], found["compute_share"]) == (3.0, 0.25)


def test_a_fold_without_a_prediction_for_every_row_has_failed():
    long = task(fold("a", FIVE), fold("b", FIVE), track="compute")
    reference, tried = result(long, "ref", *off_by(long, E, E)), result(long, "law", *off_by(long, E, E))
    short = replace(tried, folds=(tried.folds[0], replace(tried.folds[1], predictions=np.ones(1))))
    found = score([reference, short], [long], "ref").set_index("predictor").loc["law"]
    assert found["failed"] == 1 and found["error"] == pytest.approx((1.0 + 10.0) / 2)
    assert [f.status for f in scorable_results([short], [long])[0].folds] == ["ok", "wrong-shape"]
    failed = result(long, "law", FIVE, None)
    assert scorable_results([failed, tried], [long]) == (failed, tried)


def test_a_result_whose_folds_are_not_the_tasks_is_refused():
    swapped = replace(result(THREE, "law", *REFERENCE), folds=result(THREE, "law", *REFERENCE).folds[::-1])
    with pytest.raises(InputError, match="law on made/loss/frontier: the result's folds are not the task's"):
        score([result(THREE, "ref", *REFERENCE), swapped], [THREE], "ref")


def test_a_reference_that_is_missing_or_failed_is_refused():
    with pytest.raises(InputError, match="no complete result of the reference 'ref' on made/loss/frontier"):
        score([result(THREE, "law", *REFERENCE)], [THREE], "ref")
    for broken in (off_by(THREE, 1, 1, None), [None] * 3):
        with pytest.raises(InputError, match="no complete result of the reference"):
            score([result(THREE, "ref", *broken), result(THREE, "law", *REFERENCE)], [THREE], "ref")


def test_results_of_altered_or_unknown_tasks_are_ignored_and_the_altered_named():
    kept, stale = result(THREE, "ref", *REFERENCE), result(THREE, "law", *REFERENCE, fingerprint="0" * 16)
    other = TaskResult("law", "{}", "s", "gone/loss/x", "0" * 16, "{}", ())
    assert current_results([kept, stale, other], [THREE]) == (kept,)
    assert stale_results([kept, stale, other], [THREE]) == (stale,)
    assert list(score([kept, stale, other], [THREE], "ref")["predictor"]) == ["ref"]


def test_the_table_has_a_row_per_predictor_and_task_and_names_families():
    other = task(fold("a", [3.0, 2.0]), name="made/loss/other")
    results = [result(t, n, *off_by(t, *[2.0] * len(t.folds))) for t in (THREE, other) for n in ("ref", "law[l2]")]
    table = score(results, [THREE, other], "ref", {"law[l2]": "law"})
    assert list(table) == [c.name for c in COLUMNS]
    assert sorted(zip(table["predictor"], table["family"], table["task"], strict=True)) == [
        ("law[l2]", "law", "made/loss/frontier"),
        ("law[l2]", "law", "made/loss/other"),
        ("ref", "ref", "made/loss/frontier"),
        ("ref", "ref", "made/loss/other"),
    ]
    assert (table["ratio"] == 1.0).all()
    assert score([], [THREE], "ref").empty


def test_what_is_returned_has_passed_the_rules_of_the_table():
    with pytest.raises(SchemaError, match=r"row 1 \(ref on made/loss/frontier\), column 'family': '' must be a name"):
        score([result(THREE, "ref", *REFERENCE)], [THREE], "ref", {"ref": ""})


ONE = task(fold("a", [1.0, 1.0]))
QUANTILES = {0.1: [[1.0, E**-1]], 0.5: [[E, E]], 0.9: [[E**2, E**2]]}


def test_crps_is_taken_on_the_scale_of_the_errors():
    """Log quantiles 0, 1, 2 and -1, 1, 2 of a measured 0: pinball 0, .5, .2 and .1, .5, .2."""
    found = scored(ONE, [E, E], reference=[[E**3, E**3]], quantiles=QUANTILES)
    assert found["crps"] == pytest.approx(2 * (0.7 + 0.8) / 2 / 3)
    share = task(fold("a", [0.5]), metric="accuracy")
    assert scored(share, [0.7], reference=[[0.9]])["crps"] == pytest.approx(0.2)


def test_crps_without_the_three_quantiles_is_the_mean_absolute_error_of_the_prediction():
    few = {level: QUANTILES[level] for level in (0.1, 0.5)}
    for quantiles in (None, few):
        assert scored(ONE, [E, E**-3], reference=[[E**3, E**3]], quantiles=quantiles)["crps"] == pytest.approx(2.0)


def test_crps_of_a_fold_is_capped_as_its_error_is_and_a_failed_fold_gets_the_cap():
    """The reference's absolute log errors are .1, .2 and .6: the cap is 6."""
    found = scored(THREE, *off_by(THREE, E**0.3, None, E**60), reference=REFERENCE)
    assert found["crps"] == pytest.approx((0.3 + 6.0 + 6.0) / 3)


def known_truth(of, values, exponents=({},), families=("law",)):
    folds = tuple(replace(part, y_test=np.asarray(true, float)) for part, true in zip(of.folds, values, strict=True))
    return {of.id: Truth(replace(of, folds=folds), exponents, families)}


def test_a_world_is_scored_against_its_truth_and_intervals_against_what_was_measured():
    """Measured e^1 and e^-1 where the truth is 1 and 1: predicting the truth is right, and its band of +- .5 holds no measurement."""
    world = task(fold("a", [E, 1 / E]))
    results = [result(world, "ref", [E, E]), result(world, "law", [1.0, E], quantiles={0.1: [[0.6, 0.6]], 0.9: [[1.6, 1.6]]})]
    told = score(results, [world], "ref", truths=known_truth(world, [[1.0, 1.0]])).set_index("predictor")
    assert told.loc["ref", "error"] == pytest.approx(1.0) and told.loc["law", "error"] == pytest.approx(np.sqrt(0.5))
    assert told.loc["law", "bias"] == pytest.approx(0.5) and told.loc["law", "coverage"] == 0.0
    assert told.loc["law", "crps"] == pytest.approx((1.0 + 2.0) / 2)
    blind = score(results, [world], "ref").set_index("predictor")
    assert blind.loc["law", "error"] == pytest.approx(np.sqrt((1.0 + 4.0) / 2))


def test_decisions_in_a_world_are_judged_by_its_truth():
    """By noise the first measures best; in truth the third is, which the law picks."""
    world = task(fold("a", [1.0, 2.0, 3.0], cost=[1.0, 1.0, 1.0]), track="compute")
    results = [result(world, "ref", [E, E, E]), result(world, "law", [3.0, 2.0, 1.0])]
    told = score(results, [world], "ref", truths=known_truth(world, [[3.0, 2.0, 1.0]])).set_index("predictor")
    assert told.loc["law", "regret"] == pytest.approx(0.0) and score(results, [world], "ref")["regret"].iloc[1] > 1.0


def test_exponents_are_compared_with_the_true_ones_of_laws_in_which_they_mean_the_same():
    world = task(fold("a", [1.0]), fold("b", [1.0]))
    truths = known_truth(world, [[1.0], [1.0]], ({"alpha": 0.5, "beta": 0.3}, {"alpha": 0.2}))
    fits = {"law": {"alpha": 0.4, "beta": 0.7, "E": 9.0}, "other": {"alpha": 0.4}, "ref": {}}
    results = [result(world, name, [E], [E], constants=found) for name, found in fits.items()]
    found = score(results, [world], "ref", {"law": "law"}, truths).set_index("predictor")["exponent_error"]
    assert found["law"] == pytest.approx((0.1 + 0.4 + 0.2) / 3)
    assert np.isnan(found["other"]) and np.isnan(found["ref"])
    failed = [results[2], result(world, "law", [E], None, constants=fits["law"])]
    assert score(failed, [world], "ref", {}, truths).set_index("predictor").loc["law", "exponent_error"] == pytest.approx((0.1 + 0.4) / 2)
