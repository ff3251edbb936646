"""Every suite: its tasks are what it states, nothing held out is known, and what may be tuned on is held out nowhere."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from made import rebuilt

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.clusters import relatives
from scalingbench.benchmark.data.collection import Collection, load_collection
from scalingbench.benchmark.tasks import rules
from scalingbench.benchmark.tasks.leakage import held_out_rows, tuning_rows
from scalingbench.benchmark.tasks.rules import refuse_leak
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.statements import differences
from scalingbench.benchmark.tasks.suite import freeze_statements, list_suites, load_suite
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import SchemaError

SUITES = list_suites()


@cache
def coded(collection):
    """Return the curve, and the curve and run, of every row of a table as whole numbers."""
    table = load_collection(collection).table
    curve, run = (pd.factorize(table[column])[0] for column in ("curve", "run"))
    return {"curve": curve, "run": run if load_card(collection).scalingbench.runs == "shared" else curve * len(table) + run}


def shared(train, test):
    """Return whether a row of one table is a row of another."""
    one, other = (pd.util.hash_pandas_object(frame, index=False).to_numpy() for frame in (train, test))
    return bool(np.isin(one, other).any())


def on_both_sides(task):
    """Return what is on both sides of a fold, from the rows of the table alone."""
    collection, codes = load_collection(task.collection), coded(task.collection)
    for fold in task.folds:
        train, test = fold.train_rows, fold.test_rows[fold.scored]
        if np.intersect1d(train, fold.test_rows).size:
            yield "a row"
        if task.kind != "training-curve" and task.track != "inference" and np.isin(codes["run"][train], codes["run"][test]).any():
            yield "a run"
        if shared(fold.X_train, fold.X_test[fold.scored]):
            if task.kind == "extrapolation":
                yield "the same inputs"
            if shared(fold.X_train.assign(value=fold.y_train), fold.X_test.assign(value=fold.y_test)[fold.scored]):
                yield "a value of the same inputs"
        if task.spec.split.kind == "leave-group-out" and task.spec.split.by in ("curve", "family"):
            stated = collection.card.scalingbench.families
            of = {curve: family for family, own in stated.items() for curve in collection.table["curve"].unique() if matches(curve, own)}
            one, other = (collection.table["curve"].iloc[rows].unique() for rows in (train, test))
            if {of.get(c, c) for c in one} & {of.get(c, c) for c in other}:
                yield "a family"


def matches(curve, patterns):
    return any(curve == p or (p.endswith("*") and curve.startswith(p[:-1])) for p in patterns)


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_with_rules_is_what_it_states_and_leaks_nothing(name, mirror):
    suite = load_suite(name)
    stated = suite.frozen_tasks
    assert stated is not None, "freeze it: python -m perf.regenerate statements"
    anew = rebuilt(name)
    tasks = anew.build(fetch=True)
    assert differences(stated, tasks) == []
    assert [(task.id, what) for task in tasks for what in on_both_sides(task)] == []

    held_out, free = held_out_rows(anew), tuning_rows(anew)
    counted = {task.collection for task in tasks if task.role == "counted"}
    assert set(held_out) == counted and free
    for task in tasks:
        if task.role == "counted":
            assert set().union(*(fold.test_rows.tolist() for fold in task.folds)) <= set(held_out[task.collection].tolist())
    for collection, rows in free.items():
        table = load_collection(collection).table
        asked = held_out.get(collection, np.empty(0, int))
        assert len(rows) and not set(rows.tolist()) & set(asked.tolist())
        assert not set(table["run"].iloc[rows]) & set(table["run"].iloc[asked])
        assert not (relatives(collection) - {collection}) & counted


ENTRY = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "min_train": 1}


def written(tmp_path, *entries):
    path = tmp_path / "small.yaml"
    head = {"description": "small", "reference": "mean", "pool": ["mean"], "rules": {"tuning": ["quest_precision"]}}
    path.write_text(json.dumps({**head, "tasks": list(entries)}))
    return load_suite(str(path))


def test_what_may_be_tuned_on_are_runs_that_no_counted_task_holds_out(tmp_path):
    ahead = {"kind": "frontier", "variable": "flops", "train_max": 3e19}
    held = {**ENTRY, "collection": "datablations", "variables": ["params", "tokens"], "split": ahead}
    shown = {**held, "split": {**ahead, "train_max": 1e18, "name": "shown"}, "weight": 0}
    aside = {**ENTRY, "collection": "quest_precision", "split": {"kind": "frontier", "variable": "params", "train_max": 2e8}}
    related = {
        **ENTRY,
        "collection": "sloth",
        "metric": "accuracy_mmlu",
        "track": "downstream",
        "variables": ["flops"],
        "pooled": True,
        "split": {"kind": "frontier", "variable": "flops", "train_max": 1e23},
    }
    suite = written(tmp_path, held, shown, aside, related, {**related, "collection": "obs_scaling"})
    assert {t.role for t in suite.tasks} == {"counted", "shown", "tuning"}
    table = load_collection("datablations").table
    held_out, free = held_out_rows(suite), tuning_rows(suite)
    assert list(held_out) == ["datablations", "obs_scaling", "sloth"] and list(free) == ["datablations", "quest_precision"]
    kept = (table["flag"] == "") & (table["curve"] != "C4-reshaped")  # of which too few rows are below to train on
    assert held_out["datablations"].tolist() == np.flatnonzero(kept & (table["flops"] > 3e19)).tolist()
    assert free["datablations"].tolist() == np.flatnonzero(~(kept & (table["flops"] > 3e19))).tolist()
    assert len(free["quest_precision"]) == len(load_collection("quest_precision").table)


def test_rows_of_another_metric_of_a_run_that_is_held_out_are_not_tuned_on(tmp_path):
    ahead = {"kind": "frontier", "variable": "params", "train_max": 5e8}
    entry = {**ENTRY, "collection": "gadre_overtraining", "metric": "loss_c4_val", "split": ahead}
    aside = {**ENTRY, "collection": "quest_precision", "split": {"kind": "frontier", "variable": "params", "train_max": 2e8}}
    suite = written(tmp_path, entry, aside)
    table = load_collection("gadre_overtraining").table
    free = table.iloc[tuning_rows(suite)["gadre_overtraining"]]
    assert free["params"].max() <= 5e8 and free["metric"].nunique() > 10


def made(**columns):
    rows = len(columns["params"])
    base = {"collection": "chinchilla", "metric": "loss", "curve": "all", "run": [f"r{i}" for i in range(rows)], "flag": "", "split": ""}
    return Collection("chinchilla", pd.DataFrame({**base, "value": 9.0 - np.arange(rows), **columns}), load_card("chinchilla"))


@pytest.mark.parametrize(
    ("columns", "changes", "message"),
    [
        (
            {"params": [1.0, 2.0, 2.0, 9.0, 9.0], "value": [5.0, 4.0, 4.0, 3.0, 2.0], "split": ["train", "train", "test", "test", "test"]},
            {},
            r"33\.33% of its held-out rows have the inputs and the value of a training row",
        ),
        (
            {"params": [1.0, 2.0, 2.0, 9.0], "value": [5.0, 4.0, 3.9, 3.0], "split": ["train", "train", "test", "test"]},
            {},
            r"50\.00% of its held-out rows have the inputs of a training row, which is no extrapolation",
        ),
        (
            {"params": [1.0, 2.0, 3.0], "curve": ["a/base", "a/chat", "b"]},
            {"split": {"kind": "leave-group-out", "groups": ["a/chat"]}},
            "family 'a' is left out and trained on; leave out by 'family'",
        ),
    ],
)
def test_a_task_that_leaks_is_refused_with_what_leaks(monkeypatch, columns, changes, message):
    collection = made(**columns)
    facts = collection.card.scalingbench.model_copy(update={"families": {"a": ("a/*",)}})
    collection = replace(collection, card=collection.card.model_copy(update={"scalingbench": facts}))
    monkeypatch.setattr(rules, "load_collection", lambda name: collection)
    (task,) = build_tasks(TaskSpec.model_validate({**ENTRY, "split": {"kind": "published"}, **changes}), collection)
    with pytest.raises(SchemaError, match=rf"suite mine: task chinchilla/loss/\S+: {message}"):
        refuse_leak("mine", task)


def test_whole_families_left_out_leak_nothing(monkeypatch):
    collection = made(params=[1.0, 2.0, 3.0], curve=["a/base", "a/chat", "b"])
    facts = collection.card.scalingbench.model_copy(update={"families": {"a": ("a/*",)}})
    collection = replace(collection, card=collection.card.model_copy(update={"scalingbench": facts}))
    monkeypatch.setattr(rules, "load_collection", lambda name: collection)
    for by in ("family", "run"):  # of runs left out one by one, the family is not the unit
        split = {"kind": "leave-group-out", "by": by}
        (task,) = build_tasks(TaskSpec.model_validate({**ENTRY, "split": split}), collection)
        refuse_leak("mine", task)


def test_a_suite_whose_task_leaks_is_refused(tmp_path):
    chat = {"kind": "leave-group-out", "groups": ["llama-2/base"]}
    entry = {**ENTRY, "collection": "sloth", "metric": "accuracy_mmlu", "track": "transfer", "variables": ["flops"], "split": chat}
    aside = {**ENTRY, "collection": "quest_precision", "split": {"kind": "frontier", "variable": "params", "train_max": 2e8}}
    with pytest.raises(SchemaError, match="family 'llama-2' is left out and trained on"):
        _ = written(tmp_path, entry, aside).tasks
    whole = {**entry, "split": {**chat, "by": "family", "groups": ["llama-2"]}}
    (task,) = (t for t in written(tmp_path, whole, aside).tasks if t.kind == "transfer")
    curves = load_collection("sloth").table["curve"].to_numpy()
    assert {c.split("/")[0] for c in curves[task.folds[0].test_rows]} == {"llama-2", "codellama"}


def test_differences_from_what_was_stated_are_named(tmp_path):
    ahead = {"kind": "frontier", "variable": "params", "train_max": 1e9}
    aside = {**ENTRY, "collection": "quest_precision", "split": {**ahead, "train_max": 2e8}}
    counted = {**ENTRY, "collection": "distillation_apple"}
    suite = written(tmp_path, {**counted, "split": {**ahead, "name": "one"}}, {**counted, "split": {**ahead, "name": "two"}}, aside)
    (tmp_path / "small.tasks.json").write_text(freeze_statements(suite))
    stated = load_suite(str(tmp_path / "small.yaml")).frozen_tasks
    assert differences(stated, suite.tasks) == []
    assert differences(stated.assign(far=stated["far"] * (1 + 1e-12)), suite.tasks) == []
    one, two, _ = (t.id for t in suite.tasks)
    assert differences(stated, suite.tasks[1:]) == [f"{one}: is stated but not in the suite"]
    assert differences(stated[1:], suite.tasks) == [f"{one}: is in the suite but not stated"]
    wrong = stated.assign(n_train=[*stated["n_train"][:1], 7, *stated["n_train"][2:]])
    assert differences(wrong, suite.tasks) == [f"{two}: n_train: stated 7, is {suite.tasks[1].n_train}"]
    deeper = [{**axes, "params": {**axes["params"], "median_over_max": 0.5}} if i == 0 else axes for i, axes in enumerate(stated["axes"])]
    assert [line.split(":")[:2] for line in differences(stated.assign(axes=deeper), suite.tasks)] == [[one, " axes"]]
