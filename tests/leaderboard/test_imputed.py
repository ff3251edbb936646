"""What counts every task like skill: worked out by hand on four tasks of weights 1, 1, 2 and 4, of which three have decisions."""

import made
import numpy as np
import pandas as pd
import pytest
from made import entry

from scalingbench.benchmark.scores.table import CEILING

pytestmark = pytest.mark.filterwarnings("error")
TASKS = pd.DataFrame(
    [("a/1", "a", 1.0), ("b/1", "b", 1.0), ("b/2", "b", 2.0), ("c/1", "c", 4.0)], columns=["task", "collection", "weight"]
).assign(cluster=lambda t: t["collection"])
OF_REFERENCE, OF_POOL = [0.4, 0.6, np.nan, 0.8], [0.9, 0.5, np.nan, 0.7]
WEIGHT = 1.0 + 1.0 + 4.0


def ranked(*parts, pool=("ref", "mean"), general=0.0, **options):
    """Return the rows of a board of these scores."""
    found = made.board(pd.concat(parts, ignore_index=True), TASKS, pool=pool, rules={"general": general}, n_resamples=5, **options)
    return found.rows.set_index("predictor")


def board(law, *, crps=None, failed=(), regret=None, general=0.0):
    """Return the row of a law that entered tasks at these ratios; None is a task it did not enter."""
    entered = TASKS[[r is not None for r in law]]
    own = entry("law", [r for r in law if r is not None], tasks=entered, failed=entered["task"].isin(failed).astype(int))
    if crps is not None:
        own["crps"] = crps
    if regret is not None:
        own["regret"] = regret
    parts = [
        entry("ref", np.ones(4), tasks=TASKS, regret=OF_REFERENCE),
        entry("mean", np.full(4, 2.0), tasks=TASKS, regret=OF_POOL),
        own,
    ]
    return ranked(*parts, general=general, entries="general")


def test_regret_counts_every_task_that_has_decisions_by_its_weight():
    row = board([1.0, 1.0, 1.0, 1.0], regret=[0.1, 0.2, np.nan, 0.3]).loc["law"]
    assert row["regret"] == pytest.approx((0.1 + 0.2 + 4 * 0.3) / WEIGHT) and row["tasks_decided"] == 3


def test_a_decision_that_was_not_entered_counts_as_the_references():
    rows = board([None, 1.0, 1.0, None], regret=[0.2, np.nan])
    assert rows.loc["law", "regret"] == pytest.approx((0.4 + 0.2 + 4 * 0.8) / WEIGHT)
    assert rows.loc["ref", "regret"] == pytest.approx((0.4 + 0.6 + 4 * 0.8) / WEIGHT)


def test_a_decision_that_failed_counts_as_the_worst_of_the_pool_and_reference():
    """.9 on the first task is the pool's, .6 on the second the reference's."""
    row = board([CEILING, CEILING, 1.0, 1.0], failed=("a/1", "b/1"), regret=[np.nan, np.nan, np.nan, 0.3]).loc["law"]
    assert row["regret"] == pytest.approx((0.9 + 0.6 + 4 * 0.3) / WEIGHT)


def test_rules_may_make_regret_a_mean_over_the_decisions_that_a_predictor_entered():
    """Over the first two tasks, of weight 1 each; the third, which has no decision, is not one of them."""
    parts = [
        entry("ref", np.ones(4), tasks=TASKS, regret=OF_REFERENCE),
        entry("law", np.ones(3), tasks=TASKS.head(3), regret=[0.1, 0.3, np.nan]),
    ]
    rows = made.board(pd.concat(parts), TASKS, pool=("ref",), rules={"decisions": "entered"}).rows.set_index("predictor")
    assert rows.loc["law", "regret"] == pytest.approx(0.2)


def test_whether_others_entered_does_not_move_regret():
    alone = board([None, 1.0, 1.0, None], regret=[0.2, np.nan]).loc["mean", "regret"]
    assert alone == board([1.0] * 4, regret=[9.0] * 4).loc["mean", "regret"]


def test_without_any_decision_there_is_no_regret():
    parts = [entry(name, np.ones(4), tasks=TASKS) for name in ("ref", "mean")]
    rows = ranked(*parts, pool=("ref",))
    assert rows["regret"].isna().all() and (rows["tasks_decided"] == 0).all()


def test_the_share_of_the_weight_entered_decides_who_is_on_the_board():
    rows = board([0.5, 0.5, 0.5, None])
    assert rows.loc["law", "weight_entered"] == pytest.approx(0.5)
    assert "law" in board([0.5, 0.5, 0.5, None], general=0.5).index
    rows = board([0.5, 0.5, None, None], general=0.5)
    assert "law" not in rows.index and rows["rank"].tolist() == [1, 2]


def test_an_opponent_that_is_not_on_the_board_is_still_met():
    parts = [entry("ref", np.ones(4), tasks=TASKS), entry("mean", np.full(2, 2.0), tasks=TASKS.head(2))]
    assert ranked(*parts, general=0.95, entries="general")["win_rate"].to_dict() == {"ref": 1.0}


def test_skill_by_crps_has_the_rules_of_skill():
    """The unit is .05; ratios .5 and 2 entered, 1 where not, the ceiling where every fit failed and where it is passed."""
    row = board([1.0, None, 1.0, None], crps=[0.025, 0.1]).loc["law"]
    assert row["crps_skill"] == pytest.approx(1 - (0.5 * 2.0**2) ** (1 / 8))
    row = board([CEILING, None, 1.0, None], crps=[0.025, 9.0], failed=("a/1",)).loc["law"]
    assert row["crps_skill"] == pytest.approx(1 - (10.0 * 10.0**2) ** (1 / 8))
    assert board([1.0] * 4, crps=[0.0] * 4).loc["law", "crps_skill"] == pytest.approx(0.99)


def test_coverage_is_a_weighted_mean_over_the_tasks_with_intervals():
    parts = [entry("ref", np.ones(4), tasks=TASKS, coverage=[0.5, np.nan, np.nan, 1.0])]
    assert ranked(*parts, pool=("ref",))["coverage"].tolist() == [pytest.approx((0.5 + 4 * 1.0) / 5)]


def test_worlds_have_signed_errors_and_exponents_where_they_are_known():
    parts = [
        entry("ref", np.ones(4), tasks=TASKS, bias=[0.1, -0.1, 0.2, 0.0], exponent_error=[0.2, np.nan, np.nan, 0.1]),
        entry("mean", np.ones(4), tasks=TASKS, bias=0.5),
    ]
    found = made.board(pd.concat(parts, ignore_index=True), TASKS, pool=("ref",), track="synthetic")
    rows = found.rows.set_index("predictor")
    assert rows.loc["ref", "bias"] == pytest.approx((0.1 - 0.1 + 2 * 0.2) / 8)
    assert rows.loc["ref", "exponent_error"] == pytest.approx((0.2 + 4 * 0.1) / 5) and np.isnan(rows.loc["mean", "exponent_error"])
    header = found.render().splitlines()[0]
    assert "CRPS" in header and "coverage 80 %" in header and "bias" in header and "exponents" in header
