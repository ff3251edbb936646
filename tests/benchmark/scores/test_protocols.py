"""Other benchmarks' rules, on predictions whose scores can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from made import fold, off_by, result, task

from scalingbench.benchmark.scores.protocols import curve_errors, revisiting_nsl, sldbench


def named(*folds, split="moe", target="loss"):
    return task(*folds, name=f"sldbench/{target}/{split}", metric=target, split=split)


def scored(of, *predictions, **options):
    return sldbench([result(of, "law", *predictions, **options)], [of]).iloc[0]


GROUPS = named(fold("a", [1.0, 3.0]), fold("b", [11.0, 13.0]))  # variance 26, within groups 1


def test_sldbench_pools_the_groups_of_a_task_into_one_r2():
    found = scored(GROUPS, [2.0, 3.0], [11.0, 12.0])
    assert found["nmse"] == pytest.approx((1.0 + 1.0) / 4 / 26)
    assert found["r2"] == pytest.approx(1.0 - 0.5 / 26)
    assert found["nmae"] == pytest.approx((2.0 / 4) / 5.0)  # the mean distance to 7 is (6 + 4 + 4 + 6) / 4
    skew = named(fold("a", [0.0, 1.0]), fold("b", [8.0]))  # mean 3, median 1
    assert scored(skew, [0.0, 1.0], [11.0])["nmae"] == pytest.approx((3.0 / 3) / ((3.0 + 2.0 + 5.0) / 3))
    assert (found["predictor"], found["task"]) == ("law", "moe")


def test_within_r2_takes_the_level_of_each_group_out():
    assert scored(GROUPS, [2.0, 3.0], [11.0, 12.0])["within_r2"] == pytest.approx(1.0 - 0.5 / 1.0)
    unequal = named(fold("a", [1.0, 1.0, 4.0]), fold("b", [10.0]))  # group means 2 and 10; spread within (1 + 1 + 4 + 0) / 4
    assert scored(unequal, [1.0, 1.0, 4.0], [12.0])["within_r2"] == pytest.approx(1.0 - (4.0 / 4) / 1.5)
    assert scored(named(fold("a", [-1e-5, 1e-5])), [0.0, 0.0])["within_r2"] == pytest.approx(0.0)
    assert np.isnan(scored(named(fold("a", [-1e-6, 1e-6])), [0.0, 0.0])["within_r2"])  # up to a variance of 1e-12
    flat = named(fold("a", [2.0, 2.0]), fold("b", [3.0, 3.0]))
    assert np.isnan(scored(flat, [2.0, 2.1], [3.0, 3.0])["within_r2"])


def test_sldbench_clips_r2_to_minus_one():
    found = scored(GROUPS, [60.0, 60.0], [60.0, 60.0])
    assert found["r2"] == -1.0 and found["nmse"] > 2.0
    assert scored(GROUPS, [12.0, 12.0], [12.0, 12.0])["r2"] == pytest.approx(1.0 - (26.0 + 25.0) / 26)  # the mean is 7
    assert scored(GROUPS, [1.0, 3.0], [11.0, 13.0])["r2"] == 1.0


def test_a_failure_anywhere_makes_the_task_minus_one():
    found = scored(GROUPS, [1.0, 3.0], None, seconds=(1.0, 2.0))
    assert (found["r2"], found["within_r2"], found["nmse"], found["nmae"]) == (-1.0, -1.0, 1e5, 1e5)
    assert found["seconds"] == 3.0


def test_targets_of_a_task_are_averaged_before_the_clip():
    """Domain mixtures have a loss per domain: one NMSE each, of which the mean is clipped."""
    good, poor, poorer = (named(fold("all", [1.0, 3.0]), split="domain_mixture", target=f"loss_{i}") for i in range(3))
    results = [result(good, "law", [1.0, 3.0]), result(poor, "law", [2.0, 2.0]), result(poorer, "law", [4.0, 0.0])]
    found = sldbench(results, [good, poor, poorer])
    assert len(found) == 1
    assert found["nmse"][0] == pytest.approx((0.0 + 1.0 + 9.0) / 3)
    assert found["r2"][0] == -1.0
    some = sldbench(results[:2], [good, poor, poorer])
    assert some["r2"][0] == pytest.approx(0.5) and some["within_r2"][0] == pytest.approx(0.5)


def test_constants_are_the_most_fitted_to_a_group_and_seconds_their_sum():
    found = result(GROUPS, "law", [1.0, 3.0], [11.0, 13.0], seconds=(1.0, 4.0), constants={"E": 1.0, "A": 2.0})
    fewer = type(found.folds[0])("b", "ok", predictions=found.folds[1].predictions, constants={"E": 1.0}, fit_seconds=4.0)
    found = sldbench([type(found)(**{**found.__dict__, "folds": (found.folds[0], fewer)})], [GROUPS]).iloc[0]
    assert (found["constants"], found["seconds"]) == (2.0, 5.0)


def test_results_of_another_task_or_other_rows_are_ignored():
    stale = result(GROUPS, "law", [1.0, 3.0], [11.0, 13.0], fingerprint="0" * 16)
    assert sldbench([stale], [GROUPS]).empty
    assert curve_errors([stale], [GROUPS]).empty


CURVES = task(fold("IC/a", [1.0, 1.0]), fold("IC/b", [1.0, 1.0]), fold("LM/c", [1.0, 1.0]))


def errors_of(**of):
    return curve_errors([result(CURVES, name, *factors) for name, factors in of.items()], [CURVES])


def test_a_curves_error_is_its_rmsle_and_one_where_it_failed():
    found = errors_of(law=[[np.exp(0.3), np.exp(-0.4)], None, [1.0, 1.0]])
    assert list(found["curve"]) == ["IC/a", "IC/b", "LM/c"] and list(found["domain"]) == ["IC", "IC", "LM"]
    assert found["error"].tolist() == pytest.approx([np.sqrt(0.125), 1.0, 0.0])


def table(**errors):
    """Return errors per curve as `curve_errors` does: one of LM, the others of IC."""
    names = ("IC/a", "IC/b", "LM/c", "IC/d")
    rows = [(p, c.split("/")[0], c, e) for p, found in errors.items() for c, e in zip(names, found, strict=False) if e is not None]
    return pd.DataFrame(rows, columns=["predictor", "domain", "curve", "error"])


def test_errors_are_truncated_to_three_decimals_and_not_rounded():
    """.0129 and .0121 are both .012 and tie; rounded they would be .013 and .012."""
    found = revisiting_nsl(table(a=[0.0129, 0.5, 0.5], b=[0.0121, 0.4, 0.4]))
    assert found["IC_wins"].to_dict() == {"a": 0.25, "b": 0.75}
    found = revisiting_nsl(table(a=[0.0119, 0.5, 0.5], b=[0.0121, 0.4, 0.4]))
    assert found["IC_wins"].to_dict() == {"a": 0.5, "b": 0.5}


def test_ties_share_a_win():
    found = revisiting_nsl(table(a=[0.1, 0.2, 0.3], b=[0.1, 0.1, 0.3], c=[0.1, 0.3, 0.3]))
    assert found["IC_wins"].tolist() == pytest.approx([1 / 6, 1 / 6 + 1 / 2, 1 / 6])
    assert found["LM_wins"].tolist() == pytest.approx([1 / 3] * 3)


def test_a_domains_error_is_the_mean_over_its_curves():
    found = revisiting_nsl(table(a=[0.1, 0.3, 0.7, 0.8], b=[0.2, 0.2, 0.2, 0.2]))
    assert found["IC_error"].to_dict() == pytest.approx({"a": 0.4, "b": 0.2})
    assert found["IC_wins"].to_dict() == pytest.approx({"a": 1 / 3, "b": 2 / 3})
    assert found["LM_error"].to_dict() == pytest.approx({"a": 0.7, "b": 0.2})
    assert list(found) == ["IC_error", "IC_wins", "LM_error", "LM_wins"]


def test_errors_of_one_and_more_are_alike_in_duels_and_keep_their_size_in_the_mean():
    found = revisiting_nsl(table(a=[5.0, 0.2, 0.2], b=[1.0, 0.2, 0.2]))
    assert found["IC_wins"].to_dict() == {"a": 0.5, "b": 0.5}
    assert found["IC_error"].to_dict() == pytest.approx({"a": 2.6, "b": 0.6})
    assert revisiting_nsl(table(a=[0.98, 0.2, 0.2], b=[0.95, 0.2, 0.2]))["IC_wins"].to_dict() == {"a": 0.25, "b": 0.75}


def test_predictors_that_lack_curves_are_left_out():
    found = revisiting_nsl(table(a=[0.1, None, 0.1], b=[0.2, 0.2, 0.2]))
    assert list(found.index) == ["b"] and found.loc["b", "IC_wins"] == 1.0


def test_an_exact_prediction_wins_its_curve():
    of = errors_of(law=off_by(CURVES, 1.0, 1.0, 1.0), other=off_by(CURVES, 1.1, 1.0, 1.1))
    assert revisiting_nsl(of)["IC_wins"].to_dict() == {"law": 0.75, "other": 0.25}
