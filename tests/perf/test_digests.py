"""Recorded digests of the rows that AutoLaw was tuned on: no counted task holds one out."""

import numpy as np
import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.predictors.autolaw.learnt import FILE

LARGE = {"crl_depth", "designed_text", "gemstones", "lcdb", "olmo_ladder", "primate_vvs", "revisiting_nsl"}
"""Left to the test of all collections, because their rows take seconds."""


@pytest.fixture(scope="module")
def digests():
    return perf_module("tuning.digests")


def bundled(names):
    return {name for name in names if load_card(name).scalingbench.tier == "bundled"}


def test_no_counted_task_on_bundled_collections_holds_out_a_row_that_autolaw_was_tuned_on(digests):
    tuned = digests.read(digests.AUTOLAW)
    names = bundled(tuned) - LARGE
    tasks = digests.counted(names)
    assert len(names) > 4 and len(tasks) > 12
    assert digests.concerned(tasks, tuned) == {}
    assert digests.unknown({name: tuned[name] for name in names}) == 0  # every digest is that of a row of today's tables


@pytest.mark.full
def test_no_counted_task_holds_out_a_row_that_autolaw_was_tuned_on(digests, mirror):
    tuned = digests.read(digests.AUTOLAW)
    assert digests.concerned(digests.counted(tuned), tuned) == {}
    assert digests.unknown(tuned) == 0


def test_a_held_out_row_among_the_recorded_ones_is_found(digests):
    (task, *_) = digests.counted(["quest_precision"])
    table = load_collection("quest_precision").table
    held_out = task.folds[0].test_rows[task.folds[0].scored]
    recorded = {"quest_precision": digests.row_digests(table.iloc[held_out[:1]])}
    assert digests.concerned([task], recorded) == {task.id: (1, task.n_test)}
    assert digests.unknown({"quest_precision": np.array([0])}) == 1


def test_the_tables_that_are_shipped_learnt_from_the_recorded_collections_and_those_set_aside(digests):
    learnt = set(pd.read_json(FILE, typ="series")["all"]["learnt from"])
    real = {name for name in learnt if not name.startswith("world-")}
    assert real == {*digests.read(digests.AUTOLAW), *digests.SET_ASIDE}


def test_collections_set_aside_are_not_counted(digests):
    stated = load_suite("v3").frozen_tasks
    assert not set(stated.loc[stated["role"] == "counted", "collection"]) & set(digests.SET_ASIDE)


def test_a_digest_is_of_the_row_not_of_its_value(digests):
    table = load_collection("quest_precision").table.head(6)
    same = digests.row_digests(table)
    assert len(set(same)) == 6 and np.array_equal(digests.row_digests(table.assign(value=1.0, flag="outlier")), same)
    assert not set(digests.row_digests(table.assign(params=2.0 * table["params"]))) & set(same)


def test_one_set_is_replaced_and_the_other_kept(digests, tmp_path, monkeypatch):
    first = digests.read(digests.FIRST)
    copy = tmp_path / "rows.parquet"
    copy.write_bytes(digests.FILE.read_bytes())
    monkeypatch.setattr(digests, "FILE", copy)
    digests.write(digests.AUTOLAW, {"porian": np.array([3, 1, 3])})
    assert {name: rows.tolist() for name, rows in digests.read(digests.AUTOLAW).items()} == {"porian": [1, 3]}
    assert all(np.array_equal(rows, first[name]) for name, rows in digests.read(digests.FIRST).items())


def test_the_lead_is_over_all_tasks_of_the_board(digests):
    rows = digests.lead().rows
    gave, none, every = ([int(cell) for cell in row[1:3]] for row in rows)
    assert every == [a + b for a, b in zip(gave, none, strict=True)] and min(gave[1], none[1]) > 10
