"""Suite lite keeps the limits of its procedure, and ranks as v3 does."""

import numpy as np
import pytest
from scripts import perf_module

from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.committed import load_stored

lite = perf_module("lite")


@pytest.fixture(scope="module")
def pool():
    stored = load_stored(load_suite("v3"))
    counted = stored.tasks[(stored.tasks["role"] == "counted") & (stored.tasks["weight"] > 0) & (stored.tasks["kind"] == "extrapolation")]
    return lite.pool_of(stored, counted)


def chosen_in(pool):
    names = load_suite("lite").chosen
    return [i for i, name in enumerate(pool.names) if name in names]


def test_lite_keeps_the_limits_of_the_procedure(pool):
    kept = chosen_in(pool)
    assert pool.seconds[kept].sum() <= lite.BUDGET and pool.seconds[kept].max() <= lite.MOST
    assert max(np.unique(pool.clusters[kept], return_counts=True)[1]) <= lite.PER_CLUSTER
    assert set(pool.tracks) == set(pool.tracks[kept])


def test_lite_ranks_as_v3_does(pool):
    general, entering = lite.correlations(pool, chosen_in(pool))
    assert general >= 0.95 and entering >= 0.9


@pytest.mark.full
def test_a_choice_ranks_entries_that_it_has_not_seen(pool):
    general, entering = lite.left_out(pool)
    assert general >= 0.9 and entering >= 0.9


def test_every_track_with_bundled_data_is_in_lite():
    v3, own = (load_suite(name).frozen_tasks for name in ("v3", "lite"))
    bundled = v3[(v3["tier"] == "bundled") & (v3["role"] == "counted") & (v3["weight"] > 0)]
    assert set(own["track"]) == set(bundled["track"]) <= set(TRACKS)
    assert set(own["tier"]) == {"bundled"} and set(own["weight"]) == {1.0}
