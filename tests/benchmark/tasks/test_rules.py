"""The rules of suites: what their tasks count is computed, and a task is ranked where its kind belongs."""

import json
from collections import defaultdict
from dataclasses import fields, replace

import made
import numpy as np
import pytest

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.tasks.frozen import Rules, SuiteHead, list_suites, read_head
from scalingbench.benchmark.tasks.rules import weighed
from scalingbench.benchmark.tasks.suite import freeze_statements, load_suite, task_table
from scalingbench.common.errors import InputError, SchemaError

HEAD = """
description: small
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
    suite = suite_of(porian("a"), porian("b"))
    assert weights(suite) == pytest.approx({"loss_val/a": 0.5, "loss_val/b": 0.5})


def test_a_run_counts_once_however_many_tasks_hold_it_out():
    """Tasks a and b share the runs 3 and 4, c has run 4 too: their weights are the means of 1, 1, 1/2, 1/3 and so on."""
    held_out = {"a": [1, 2, 3, 4], "b": [3, 4, 5], "c": [4, 6, 7], "d": [8, 9, 10]}
    tasks = weighed([holding_out(runs, name, "porian", "compute") for name, runs in held_out.items()], Rules())
    a, b, c = (1 + 1 + 1 / 2 + 1 / 3) / 4, (1 / 2 + 1 / 3 + 1) / 3, (1 / 3 + 1 + 1) / 3
    assert [t.weight for t in tasks] == pytest.approx([a, b, c, 1.0])


def test_a_task_of_few_held_out_rows_has_less_weight():
    """Five rows or three runs are enough; of one run with two rows it is two fifths."""
    rows = {"one row": [1], "two rows of a run": [1, 1], "five rows of a run": [1] * 5, "three runs": [1, 2, 3]}
    alone = [weighed([holding_out(runs, name, "porian", "compute")], Rules())[0].weight for name, runs in rows.items()]
    assert alone == pytest.approx([1 / 5, 2 / 5, 1.0, 1.0])


def test_rows_of_context_do_not_make_the_held_out_runs_others():
    runs = np.array([1, 2, 3])
    plain = replace(made.fold("f", [1.0, 2.0, 3.0]), test_runs=runs)
    other = replace(made.fold("f", [1.0, 2.0, 3.0, 4.0], scored=[True, True, True, False]), test_runs=np.array([*runs, 4]))
    tasks = [made.task(f, name=name, collection="porian") for name, f in [("a", plain), ("b", other)]]
    assert [t.weight for t in weighed(tasks, Rules())] == [0.5, 0.5]


def test_the_rungs_of_a_ladder_are_worth_one_together(suite_of):
    suite = suite_of(LADDER)
    assert len(suite.tasks) == 4 and sum(t.weight for t in suite.tasks) == pytest.approx(1.0)
    assert len({t.weight for t in suite.tasks}) == 1


def test_the_tasks_of_a_cluster_in_a_track_sum_to_the_cap_at_most(suite_of):
    assert cluster_of("sloth") == cluster_of("obs_scaling")
    suite = suite_of(*LEADERBOARD, porian("a"), head=HEAD.replace("2.5", "1.5"))
    total = defaultdict(float)
    for task in suite.tasks:
        total[task.cluster, task.track] += task.weight
    assert total == pytest.approx({(cluster_of("sloth"), "downstream"): 1.5, (cluster_of("porian"), "compute"): 1.0})


def test_weights_do_not_depend_on_which_tasks_are_asked_for(suite_of):
    suite = suite_of(*LEADERBOARD, head=HEAD.replace("2.5", "1.5"))
    (alone,) = suite.build(collections=("obs_scaling",))
    assert alone is suite.tasks[-1] and sum(t.weight for t in suite.tasks) == pytest.approx(1.5)


def test_each_task_has_the_role_that_its_collection_and_weight_give_it(suite_of):
    suite = suite_of(porian("a"), porian("b", weight=0), WORLD, TUNING, head=SET_ASIDE)
    assert [t.role for t in suite.tasks] == ["counted", "shown", "synthetic", "tuning"]
    assert [t.weight for t in suite.tasks] == [1.0, 0.0, 1.0, 1.0]  # what is only shown takes no weight from its twin
    assert task_table(suite.tasks)["role"].tolist() == [t.role for t in suite.tasks]


def holding_out(runs, name, collection, track):
    """Return a task that holds out these runs."""
    fold = replace(made.fold("f", np.arange(1.0, len(runs) + 1)), test_runs=np.array(runs))
    return made.task(fold, name=name, collection=collection, track=track)


def test_the_cap_of_a_cluster_is_one_of_each_track():
    """Three tasks of different runs on each of two tracks: each track has the cap, not both together."""
    runs = [[3 * i, 3 * i + 1, 3 * i + 2] for i in range(6)]
    tasks = [holding_out(of, f"t{i}", ("sloth", "obs_scaling")[i % 2], ("downstream", "curve")[i // 3]) for i, of in enumerate(runs)]
    assert len({t.cluster for t in tasks}) == 1
    assert [t.weight for t in weighed(tasks, Rules(cap=2.0))] == pytest.approx([2 / 3] * 6)


def test_runs_of_one_number_in_two_collections_are_different_runs():
    """Both hold out runs 1 to 3 of their own; a third one repeats the first."""
    where = (("a", "porian"), ("b", "gemstones"), ("c", "porian"))
    tasks = [holding_out([1, 2, 3], name, collection, "compute") for name, collection in where]
    assert [t.weight for t in weighed(tasks, Rules())] == [0.5, 1.0, 0.5]


def test_each_role_is_weighed_by_itself():
    tasks = [holding_out([1, 2, 3], name, "porian", "compute") for name in "ab"]
    shown = replace(tasks[1], spec=tasks[1].spec.model_copy(update={"weight": 0.0}), weight=0.0)
    assert [(t.role, t.weight) for t in weighed([tasks[0], shown], Rules())] == [("counted", 1.0), ("shown", 0.0)]
    assert [t.role for t in weighed(tasks, Rules(tuning=("porian",)))] == ["tuning", "tuning"]


def test_where_weights_are_equal_every_task_counts_one_whatever_it_holds_out():
    tasks = [holding_out([1], name, "porian", "compute") for name in "abc"]
    assert [t.weight for t in weighed(tasks, Rules(weights="equal", cap=2.0))] == [1.0] * 3


@pytest.mark.parametrize("rules", [{"cap": float("inf")}, {"cap": 0.0}, {"general": 1.1}, {"general": -0.1}])
def test_rules_out_of_range_are_refused(rules):
    (name,) = rules
    with pytest.raises(ValueError, match=f"{name}: expected"):
        Rules(**rules)
    assert Rules().cap == 5.0 and Rules().general == 0.95


def test_kinds_that_the_overall_board_ranks_on_stand_on_any_track(suite_of):
    head = HEAD.replace("cap: 2.5", "kinds: [extrapolation, interpolation]")
    (task,) = suite_of(porian("a", 4e18), head=head).tasks
    assert (task.kind, task.track) == ("interpolation", "compute")
    with pytest.raises(SchemaError, match=r"is of kind extrapolation .* cannot be 'transfer'"):
        _ = suite_of({**porian("a"), "track": "transfer"}, head=head).tasks


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
        (porian("a"), HEAD.replace("2.5", "0"), "cap: expected a finite number above 0, got 0"),
        (porian("a"), HEAD.replace("cap", "most"), "rules.most: Unexpected keyword argument"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_one_line(suite_of, task, head, message):
    with pytest.raises(SchemaError, match=message) as caught:
        suite_of(task, head=head)
    assert "\n" not in str(caught.value)


def test_a_frozen_suite_states_its_tasks_and_weighs_them_as_stated(suite_of, tmp_path):
    entries = (porian("a"), porian("b"), WORLD, TUNING)
    suite = suite_of(*entries, head=SET_ASIDE)
    assert suite.frozen_tasks is None
    (tmp_path / "small.tasks.json").write_text(freeze_statements(suite))
    frozen = suite_of(*entries, head=SET_ASIDE)
    stated = frozen.frozen_tasks
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


SELECTION = "description: chosen\nof: v3\n{more}tasks: [{tasks}]\n"
CHOSEN = ("porian/loss_val/far-10x", "porian/loss_val/chinchilla-decay-ladder-k5", "sloth/accuracy_bbh/frontier-flops-1.5e23")


@pytest.fixture
def selected(tmp_path):
    """Give a function that returns a suite of chosen tasks of v3."""

    def written(*tasks, more=""):
        (tmp_path / "mine.yaml").write_text(SELECTION.format(tasks=", ".join(tasks), more=more))
        return load_suite(str(tmp_path / "mine.yaml"))

    return written


def test_a_selection_has_the_tasks_that_it_names_weighed_by_its_own_rules(selected):
    """A rung is a quarter of its ladder; it holds out the runs of the first task, and 5 of its 7 runs are its own."""
    whole, chosen = load_suite("v3"), selected(*CHOSEN)
    assert (chosen.reference, chosen.pool, chosen.of, chosen.home) == (whole.reference, whole.pool, "v3", "v3")
    weights = dict(zip(CHOSEN, (1 / 1.25, 0.25 * (5 + 2 / 1.25) / 7, 1.0), strict=True))
    assert {t.id: t.weight for t in chosen.tasks} == pytest.approx(weights)
    assert {t.id: t.fingerprint for t in chosen.tasks} == {name: whole.task(name).fingerprint for name in CHOSEN}
    assert whole.task(CHOSEN[0]).weight < 0.8  # others of the suite hold out the same runs
    assert [t.weight for t in selected(CHOSEN[0], more="rules: {weights: equal, cap: 0.5}\n").tasks] == [1.0]


def test_a_selection_names_what_it_does_not_find(selected):
    with pytest.raises(SchemaError, match="unknown task of suite v3 'porian/loss_val/far-11x'; did you mean 'porian/loss_val/far-10x'"):
        selected("porian/loss_val/far-11x")
    with pytest.raises(SchemaError, match="most: Extra inputs are not permitted"):
        selected(CHOSEN[0], more="most: 1\n")


@pytest.mark.parametrize("name", list_suites())
def test_the_head_of_a_suite_is_read_without_its_tasks(name):
    suite = load_suite(name)
    assert read_head(name) == SuiteHead(**{f.name: getattr(suite, f.name) for f in fields(SuiteHead)})
    with pytest.raises(InputError, match="unknown suite 'v33'; did you mean 'v3'"):
        read_head("v33")
