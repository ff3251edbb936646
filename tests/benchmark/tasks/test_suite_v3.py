"""Suite v3 keeps what its rules promise (docs/rules.md); all figures are those of the frozen statements, which another test rebuilds."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from made import rebuilt

from scalingbench.benchmark.tasks.suite import load_suite


@pytest.fixture(scope="module")
def stated():
    return load_suite("v3").frozen_tasks


@pytest.fixture(scope="module")
def core(stated):
    return stated[(stated["role"] == "counted") & (stated["kind"] == "extrapolation")]


@pytest.mark.parametrize(("factor", "tasks", "clusters"), [(10, 90, 28), (100, 35, 15)])
def test_the_core_reaches_far_from_many_clusters(core, factor, tasks, clusters):
    far = core[core["far"] >= factor]
    assert len(far) >= tasks and far["cluster"].nunique() >= clusters


def test_a_task_named_far_holds_out_nothing_nearer(mirror):
    suite = rebuilt("v3")
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


def test_an_extrapolation_costs_more_or_goes_beyond_at_no_less_cost(stated):
    core = stated[stated["kind"] == "extrapolation"]
    assert (core["compute"].isna() | (core["compute"] > 1 - 1e-9)).all()
    assert (core["extrapolates"] != "").all()
    cheaper = stated[stated["kind"] == "within-budget"]
    assert len(cheaper) > 10 and (cheaper["compute"].fillna(0) <= 1 + 1e-9).all()


def test_no_run_counts_more_than_once(mirror):
    """A run counts 1 in all tasks of its role together, and a task has the mean over its runs, before clusters are scaled to their cap."""
    tasks = rebuilt("v3").build(fetch=True)
    rungs = Counter(id(task.spec) for task in tasks)
    held_out = [{(t.role, t.collection, int(run)) for f in t.folds for run in f.test_runs[f.scored]} for t in tasks]
    alone = [t.spec.weight / rungs[id(t.spec)] for t in tasks]
    alone = [w if len(of) >= 3 else w * min(1.0, t.n_test / 5) for w, t, of in zip(alone, tasks, held_out, strict=True)]
    total = Counter()
    for weight, runs in zip(alone, held_out, strict=True):
        total.update(dict.fromkeys(runs, weight))
    assert max(total.values()) > 2  # several tasks hold out the same run
    shares = [weight * np.mean([1 / max(1.0, total[run]) for run in runs]) for weight, runs in zip(alone, held_out, strict=True)]
    table = pd.DataFrame([(t.id, t.role, t.cluster, t.track, t.weight, share) for t, share in zip(tasks, shares, strict=True)])
    table.columns = ["id", "role", "cluster", "track", "weight", "share"]
    together = table.groupby(["role", "cluster", "track"])["share"].transform("sum")
    scale = np.minimum(1.0, load_suite("v3").rules.cap / np.maximum(together, 1e-12))
    np.testing.assert_allclose(table["weight"], table["share"] * scale, rtol=1e-6)


def test_no_held_out_row_is_a_training_row(stated):
    assert (stated["same_rows"] == 0).all()
    assert (stated["same_inputs"][stated["kind"] == "extrapolation"] == 0).all()


def test_no_cluster_outweighs_its_cap(stated):
    cap = load_suite("v3").rules.cap
    for role in ("counted", "tuning", "synthetic"):
        weights = stated[stated["role"] == role].groupby(["cluster", "track"])["weight"].sum()
        assert (weights <= cap + 1e-9).all()
    np.testing.assert_array_equal(stated["weight"][stated["role"] == "shown"], 0)


def test_collections_set_aside_share_no_run_with_counted_ones(stated):
    tuning, counted = (set(stated[stated["role"] == role]["cluster"]) for role in ("tuning", "counted"))
    assert tuning and not tuning & counted


def test_nothing_synthetic_counts(stated):
    assert set(stated["role"][stated["domain"] == "synthetic"]) == {"synthetic"}
