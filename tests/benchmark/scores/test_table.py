"""The rules of the score table: each broken one is refused in one line that names the row, the column and the rule."""

import numpy as np
import pandas as pd
import pytest
from made import entry, world

from scalingbench.benchmark.scores.table import COLUMNS, ScoreColumn, check_scores
from scalingbench.common.errors import SchemaError

TWO = pd.DataFrame({"task": ["a/1", "a/2"], "collection": ["a", "a"], "track": ["curve", "compute"]})


def table(**columns):
    return entry("law", [0.5, 2.0], tasks=TWO).assign(**columns)


def test_when_a_table_is_sound_then_it_passes():
    check_scores(table())
    check_scores(world())
    check_scores(table().sample(frac=1.0, random_state=1).assign(more="x"))
    check_scores(table().head(0))
    check_scores(pd.DataFrame(columns=[c.name for c in COLUMNS]))  # which has no types


MAY_BE_MISSING = ("fit_seconds", "mape", "r2", "bias", "coverage", "regret", "log_params_error", "exponent_error")


@pytest.mark.parametrize("column", MAY_BE_MISSING)
def test_when_nothing_could_be_computed_then_a_number_may_be_missing_and_never_infinite(column):
    check_scores(table(**{column: [np.nan, np.nan]}))
    with pytest.raises(SchemaError, match=f"row 2 .law on a/2., column '{column}': inf must be finite"):
        check_scores(table(**{column: [np.nan, np.inf]}))


@pytest.mark.parametrize("column", ["error", "reference_error", "ratio", "crps", "extrapolation", "compute_share"])
def test_when_a_score_is_needed_then_it_may_not_be_missing(column):
    with pytest.raises(SchemaError, match=f"row 1 .law on a/1., column '{column}': nan must be finite"):
        check_scores(table(**{column: [np.nan, 0.5]}))


def test_a_column_that_says_nothing_of_missing_values_has_none():
    assert ScoreColumn("x", "made up").missing is False
    assert {c.name for c in COLUMNS if c.missing} == set(MAY_BE_MISSING)


@pytest.mark.parametrize(
    ("column", "legal", "broken", "limits"),
    [
        ("ratio", (0.01, 10.0), (0.0099, 10.001), "[0.01, 10]"),
        ("error", (0.0, 1e9), (-1e-9,), "[0, inf]"),
        ("reference_error", (1e-12, 1.0), (0.0,), "[1e-12, inf]"),
        ("fit_seconds", (0.0, 60.0), (-1.0,), "[0, inf]"),
        ("mape", (0.0, 1e20), (-0.1,), "[0, inf]"),
        ("r2", (1.0, -1e9), (1.001,), "[-inf, 1]"),
        ("bias", (-9.0, 9.0), (), ""),
        ("coverage", (0.0, 1.0), (-0.01, 1.01), "[0, 1]"),
        ("crps", (0.0, 1e9), (-1e-9,), "[0, inf]"),
        ("exponent_error", (0.0, 3.0), (-0.01,), "[0, inf]"),
        ("regret", (0.0, 5.0), (-0.01,), "[-1e-09, inf]"),
        ("log_params_error", (0.0, 3.0), (-0.01,), "[0, inf]"),
        ("extrapolation", (0.03, 700.0), (-1.0,), "[0, inf]"),
        ("compute_share", (0.0, 1.0), (-0.1, 1.1), "[0, 1]"),
        ("folds", (1, 129), (0,), "[1, inf]"),
        ("failed", (0, 1), (-1,), "[0, inf]"),
    ],
)
def test_every_number_has_its_range(column, legal, broken, limits):
    for value in legal:
        check_scores(table(**{column: [value, legal[0]], **({"ratio": [10.0, 10.0]} if column == "failed" else {})}))
    for value in broken:
        with pytest.raises(SchemaError) as caught:
            check_scores(table(**{column: [legal[0], value]}))
        assert str(caught.value).startswith("scores: row 2 (law on a/2), column ")
        assert f"column {column!r}" in str(caught.value) and str(caught.value).endswith(f"must be finite and in {limits}")


@pytest.mark.parametrize("column", ["predictor", "family", "task", "collection"])
def test_a_text_is_a_name(column):
    for broken in ("", None, 3):
        with pytest.raises(SchemaError, match=rf"row 2 \(.*\), column '{column}': .* must be a name"):
            check_scores(table(**{column: ["x", broken]}))


def test_a_track_is_one_of_those_there_are():
    with pytest.raises(SchemaError, match=r"row 1 .*, column 'track': 'compte' must be one of curve, compute, data-constrained"):
        check_scores(table(track=["compte", "curve"]))


def test_counts_are_whole_numbers_and_numbers_are_no_text():
    with pytest.raises(SchemaError, match="column 'folds': must hold whole numbers, not float64"):
        check_scores(table(folds=[1.0, 2.0]))
    with pytest.raises(SchemaError, match="column 'error': must hold numbers, not"):
        check_scores(table(error=["0.1", "0.2"]))


@pytest.mark.parametrize("column", [c.name for c in COLUMNS])
def test_a_column_that_is_missing_is_named_with_what_it_holds(column):
    meaning = next(c.meaning for c in COLUMNS if c.name == column)
    for broken in (table(), table().head(0)):
        with pytest.raises(SchemaError) as caught:
            check_scores(broken.drop(columns=column))
        assert str(caught.value) == f"scores: no column {column!r} ({meaning})"


def test_no_more_folds_fail_than_there_are():
    check_scores(table(failed=[2, 2], folds=[3, 3]))
    with pytest.raises(SchemaError, match=r"column 'failed': .*3.* is more than its folds"):
        check_scores(table(failed=[0, 3], folds=[1, 2]))


def test_where_every_fold_failed_the_ratio_is_the_ceiling():
    check_scores(table(failed=[0, 2], folds=[2, 2], ratio=[10.0, 10.0]))
    with pytest.raises(SchemaError, match=r"row 2 .*, column 'ratio': .*9.99.* must be 10 where every fold failed"):
        check_scores(table(failed=[0, 2], folds=[2, 2], ratio=[1.0, 9.99]))


def test_a_predictor_is_scored_once_on_a_task():
    with pytest.raises(SchemaError, match=r"row 3 .law on a/1., column 'task': 'a/1' is scored twice for one predictor"):
        check_scores(pd.concat([table(), table().head(1)], ignore_index=True))
    check_scores(pd.concat([table(), table().assign(predictor="other")], ignore_index=True))
