"""Suites with rules: what their tasks count is computed, and a task is ranked where its kind belongs."""

import json
from collections import defaultdict
from dataclasses import replace

import made_tasks
import numpy as np
import pytest

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.tasks.rules import Rules, weighed
from scalingbench.benchmark.tasks.suite import freeze_statements, load_suite, stated_tasks, task_table
from scalingbench.common.errors import SchemaError

HEAD = """
description: with rules
reference: mean
pool: [mean]
rules: {cap: 2.5}
tasks:
"""
SET_ASIDE = HEAD.replace("cap", "tuning: [quest_precision], cap")


def entry(collection, track, variables, split, metric="loss", **more):
    """Return one entry of a suite file; `split` is its kind with its values."""
    return {"collection": collection, "metric": metric, "track": track, "variables": variables, "split": split, **more}


def frontier(variable, train_max, **more):
    return {"kind": "frontier", "variable": variable, "train_max": train_max, **more}


CURVE = {"curves": ["rw/base/short/chinchilla"]}


def porian(name, train_max=1e18, **more):
    return entry("porian", "compute", ["params", "tokens"], frontier("flops", train_max, name=name), "loss_val", where=CURVE, **more)


def downstream(collection, metric, train_max):
    return entry(collection, "downstream", ["flops"], frontier("flops", train_max), metric=metric, pooled=True)


RUNGS = {"kind": "ladder", "variable": "params", "first": 8, "last": 11, "tolerance": 0.1}
LADDER = entry("porian", "compute", ["params"], RUNGS, "loss_val", where=CURVE)
WORLD = entry("synthetic_chinchilla", "compute", ["params", "tokens"], frontier("flops", 1e20, test_min=1e22))
TUNING = entry("quest_precision", "compute", ["params", "tokens"], frontier("params", 2e8))
LEADERBOARD = [
    downstream("sloth", "accuracy_mmlu", 1e22),
    downstream("sloth", "accuracy_mmlu", 3e22),
    downstream("sloth", "accuracy_bbh", 1e23),
    downstream("obs_scaling", "accuracy_mmlu", 1e23),
]
"""Four tasks of one cluster in one track."""


@pytest.fixture
def suite_of(tmp_path):
    def written(*entries, head=HEAD):
        path = tmp_path / "small.yaml"
        path.write_text(head + "".join(f"  - {json.dumps(entry)}\n" for entry in entries))
        return load_suite(str(path))

    return written


def weights(suite):
    return {t.id.partition("/")[2]: t.weight for t in suite.tasks}


def test_tasks_that_hold_out_the_same_runs_are_worth_one_together(suite_of):
    suite = suite_of(porian("a"), porian("b"), porian("c", 2e18))
    assert weights(suite) == pytest.approx({"loss_val/a": 0.5, "loss_val/b": 0.5, "loss_val/c": 1.0})


def test_rows_of_context_do_not_make_the_held_out_runs_others():
    runs = np.array([1, 2])
    plain = replace(made_tasks.fold("f", [1.0, 2.0]), test_runs=runs)
    other = replace(made_tasks.fold("f", [1.0, 2.0, 3.0], scored=[True, True, False]), test_runs=np.array([1, 2, 3]))
    tasks = [made_tasks.task(f, name=name, collection="porian") for name, f in [("a", plain), ("b", other)]]
    assert [t.weight for t in weighed(tasks, Rules())] == [0.5, 0.5]


def test_the_rungs_of_a_ladder_are_worth_one_together(suite_of):
    suite = suite_of(LADDER)
    assert len(suite.tasks) == 4 and sum(t.weight for t in suite.tasks) == pytest.approx(1.0)
    assert len({t.weight for t in suite.tasks}) == 1


def test_the_tasks_of_a_cluster_in_a_track_sum_to_the_cap_at_most(suite_of):
    assert cluster_of("sloth") == cluster_of("obs_scaling")
    suite = suite_of(*LEADERBOARD, porian("a"))
    total = defaultdict(float)
    for task in suite.tasks:
        total[task.cluster, task.track] += task.weight
    assert total == pytest.approx({(cluster_of("sloth"), "downstream"): 2.5, (cluster_of("porian"), "compute"): 1.0})
    assert {t.weight for t in suite.tasks if t.track == "downstream"} == {2.5 / 4}


def test_weights_do_not_depend_on_which_tasks_are_asked_for(suite_of):
    suite = suite_of(*LEADERBOARD)
    (alone,) = suite.build(collections=("obs_scaling",))
    assert alone.weight == pytest.approx(2.5 / 4) and alone is suite.tasks[-1]


def test_each_task_has_the_role_that_its_collection_and_weight_give_it(suite_of):
    suite = suite_of(porian("a"), porian("b", weight=0), WORLD, TUNING, head=SET_ASIDE)
    assert [t.role for t in suite.tasks] == ["counted", "shown", "synthetic", "tuning"]
    assert [t.weight for t in suite.tasks] == [1.0, 0.0, 1.0, 1.0]  # what is only shown takes no weight from its twin
    assert task_table(suite.tasks)["role"].tolist() == [t.role for t in suite.tasks]


def test_the_cap_is_five_and_finite():
    assert Rules().cap == 5.0
    with pytest.raises(ValueError, match="finite"):
        Rules(cap=float("inf"))


def test_suites_without_rules_keep_the_weights_that_are_written(suite_of):
    suite = suite_of(porian("a", weight=0.3), WORLD, head=HEAD.replace("rules: {cap: 2.5}\n", ""))
    assert [(t.weight, t.role) for t in suite.tasks] == [(0.3, "counted"), (1.0, "counted")] and suite.rules is None


@pytest.mark.parametrize(
    ("task", "kind", "why"),
    [
        (porian("a", 4e18), "interpolation", r"56% of its held-out rows lie between training rows"),
        (entry("gemstones", "compute", ["tokens"], frontier("tokens", 1e11)), "training-curve", r"\d+% of its held-out runs trained too"),
        (
            entry("sloth", "compute", ["flops"], {"kind": "leave-group-out", "groups": ["llama/base"]}, "accuracy_mmlu"),
            "transfer",
            "it holds out groups",
        ),
    ],
)
def test_a_task_is_ranked_where_its_kind_belongs(suite_of, task, kind, why):
    message = rf"suite small: task .* is of kind {kind} \({why}\), so its track must be '{kind}', not 'compute'"
    with pytest.raises(SchemaError, match=message) as caught:
        _ = suite_of(task).tasks
    assert "\n" not in str(caught.value)
    assert [t.kind for t in suite_of({**task, "track": kind}).tasks] == [kind]


@pytest.mark.parametrize("track", ["interpolation", "training-curve", "transfer"])
def test_an_extrapolation_is_in_none_of_the_tracks_of_other_kinds(suite_of, track):
    with pytest.raises(SchemaError, match=f"is of kind extrapolation .* cannot be '{track}'"):
        _ = suite_of({**porian("a"), "track": track}).tasks


@pytest.mark.parametrize(
    ("task", "head", "message"),
    [
        (porian("a", weight=0.5), HEAD, "porian/loss_val/a: weights are computed by the rules"),
        (porian("a"), SET_ASIDE, "rules: tuning: no task is on 'quest_precision'"),
        (porian("a"), HEAD.replace("2.5", "0"), "rules.cap: Input should be greater than 0"),
        (porian("a"), HEAD.replace("cap", "most"), "rules.most: Extra inputs are not permitted"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_one_line(suite_of, task, head, message):
    with pytest.raises(SchemaError, match=message) as caught:
        suite_of(task, head=head)
    assert "\n" not in str(caught.value)


def test_a_frozen_suite_states_its_tasks_and_weighs_them_as_stated(suite_of, tmp_path):
    entries = (porian("a"), porian("b"), WORLD, TUNING)
    suite = suite_of(*entries, head=SET_ASIDE)
    assert stated_tasks(suite) is None
    (tmp_path / "small.tasks.json").write_text(freeze_statements(suite))
    frozen = suite_of(*entries, head=SET_ASIDE)
    stated = stated_tasks(frozen)
    assert stated is not None and stated["task"].tolist() == [t.id for t in suite.tasks]
    built = task_table(suite.tasks)
    assert list(stated.columns) == list(built.columns)
    for column in built:
        assert stated[column].tolist() == pytest.approx(built[column].tolist(), nan_ok=True) if built[column].dtype == float else True
    assert stated["axes"].tolist() == built["axes"].tolist() and stated["fingerprint"].tolist() == built["fingerprint"].tolist()

    records = json.loads((tmp_path / "small.tasks.json").read_text())
    records[0]["weight"] = 0.125
    (tmp_path / "small.tasks.json").write_text(json.dumps(records))
    assert suite_of(*entries, head=SET_ASIDE).tasks[0].weight == 0.125
    assert freeze_statements(suite_of(*entries, head=SET_ASIDE)) == freeze_statements(
        suite
    )  # freezing looks at the data, not at what was stated


def test_a_task_that_a_frozen_suite_does_not_state_is_refused(suite_of, tmp_path):
    (tmp_path / "small.tasks.json").write_text(freeze_statements(suite_of(porian("a"), TUNING, head=SET_ASIDE)))
    with pytest.raises(SchemaError, match="states no task 'porian/loss_val/b'; freeze the suite again"):
        _ = suite_of(porian("b"), TUNING, head=SET_ASIDE).tasks
    (tmp_path / "small.tasks.json").write_text("[{")
    with pytest.raises(SchemaError, match="is no list of statements of tasks"):
        _ = suite_of(porian("a"), TUNING, head=SET_ASIDE).tasks
