"""Suite v2 keeps what its rules promise (docs/rules.md); all figures are those of the frozen statements, which another test rebuilds."""

import re

import numpy as np
import pytest

from scalingbench.benchmark.tasks.suite import load_suite


@pytest.fixture(scope="module")
def stated():
    return load_suite("v2").frozen_tasks


@pytest.fixture(scope="module")
def core(stated):
    return stated[(stated["role"] == "counted") & (stated["kind"] == "extrapolation")]


@pytest.mark.parametrize(("factor", "tasks", "clusters"), [(10, 80, 25), (100, 30, 12)])
def test_the_core_reaches_far_from_many_clusters(core, factor, tasks, clusters):
    far = core[core["far"] >= factor]
    assert len(far) >= tasks and far["cluster"].nunique() >= clusters


def test_a_task_named_far_holds_out_nothing_nearer(mirror):
    suite = load_suite("v2")
    named = [spec for spec in suite.specs if re.search(r"far-\d+x$", spec.split.label())]
    assert len(named) > 60
    for spec in named:
        factor = int(re.search(r"far-(\d+)x$", spec.split.label())[1])
        for task in suite.build(collections=(spec.collection,), fetch=True):
            if task.id.startswith(spec.id) and task.spec is spec:
                for fold in task.folds:
                    assert len(fold.y_train) >= 8, task.id
                assert task.spec.split.test_min >= factor * task.spec.split.train_max * (1 - 1e-9), task.id
                if task.cost_basis == spec.split.variable:
                    nearest = min(fold.cost[fold.scored].min() / fold.train_cost.max() for fold in task.folds)
                    assert nearest >= factor * (1 - 1e-9), task.id


def test_only_extrapolation_counts_beside_the_tracks_of_their_own(stated):
    own = stated["kind"].isin(["training-curve", "interpolation", "transfer"])
    assert (stated["kind"][own] == stated["track"][own]).all()
    assert not stated["track"][~own].isin(["training-curve", "interpolation", "transfer"]).any()
    assert (stated["shared_runs"][(stated["kind"] != "training-curve") & (stated["track"] != "inference")] == 0).all()
    assert (stated["inside"][stated["kind"] == "extrapolation"] <= 0.5).all()


def test_no_held_out_row_is_a_training_row(stated):
    assert (stated["same_rows"] == 0).all()
    assert (stated["same_inputs"][stated["kind"] == "extrapolation"] == 0).all()


def test_no_cluster_outweighs_its_cap(stated):
    cap = load_suite("v2").rules.cap
    for role in ("counted", "tuning", "synthetic"):
        weights = stated[stated["role"] == role].groupby(["cluster", "track"])["weight"].sum()
        assert (weights <= cap + 1e-9).all()
    np.testing.assert_array_equal(stated["weight"][stated["role"] == "shown"], 0)


def test_collections_set_aside_share_no_run_with_counted_ones(stated):
    tuning, counted = (set(stated[stated["role"] == role]["cluster"]) for role in ("tuning", "counted"))
    assert tuning and not tuning & counted


def test_nothing_synthetic_counts(stated):
    assert set(stated["role"][stated["domain"] == "synthetic"]) == {"synthetic"}
