import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection, load_collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import InputError, SchemaError, TaskError

FRONTIER = {"kind": "frontier", "variable": "flops", "train_max": 1e21}


def spec(**changes):
    base = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params", "tokens"], "split": FRONTIER}
    return TaskSpec.model_validate({**base, **changes})


def small(**columns):
    base = {
        "curve": ["dense", "dense", "hash", "hash", "sbase", "sbase"],
        "run": ["d1", "d2", "h1", "h2", "s1", "s2"],
        "value": [3.0, 2.0, 2.9, 1.9, 2.8, 1.8],
        "params": [1.0, 10.0, 1.0, 10.0, 1.0, 10.0],
    }
    return Collection("chinchilla", normalise(pd.DataFrame({**base, **columns})), load_card("chinchilla"))


def test_chinchilla_frontier_has_the_rows_that_besiroglu_keep(mirror):
    (task,) = build_tasks(spec())
    assert (task.n_train, task.n_test) == (217, 23)
    assert task.id == "chinchilla/loss/frontier-flops-1e21"
    table = load_collection("chinchilla").table
    kept = table[table["flag"] == ""]
    assert task.extrapolation == pytest.approx(kept["flops"].max() / kept.loc[kept["flops"] <= 1e21, "flops"].max())
    assert task.compute_share == pytest.approx(kept.loc[kept["flops"] <= 1e21, "flops"].sum() / kept["flops"].sum())


def test_when_flags_are_admitted_then_their_rows_take_part(mirror):
    (task,) = build_tasks(spec(where={"flags": ["outlier"]}))
    assert task.n_train + task.n_test == 245


PORIAN = {"collection": "porian", "metric": "loss_val", "where": {"curves": ["rw/base/short/chinchilla"]}}
"""A grid of IsoFLOP lines that is part of the package, from 1.25e16 to 2.56e19 FLOPs."""
LINES = {**FRONTIER, "train_max": 1e18}


def test_training_rows_and_held_out_rows_never_overlap():
    for task in build_tasks(spec(**PORIAN, split={"kind": "ladder", "variable": "params", "first": 5, "tolerance": 0.02})):
        for fold in task.folds:
            seen = set(map(tuple, fold.X_train.to_numpy())) & set(map(tuple, fold.X_test.to_numpy()))
            assert not seen


def test_the_fingerprint_changes_with_any_cell_and_only_then():
    entry = spec(**PORIAN, split=LINES)
    (task,) = build_tasks(entry)
    table = load_collection("porian").table
    card = load_card("porian")
    (again,) = build_tasks(entry, Collection("porian", table.copy(), card))
    assert again.fingerprint == task.fingerprint
    middle = table.index[table["curve"] == "rw/base/short/chinchilla"][40]
    for column in ("value", "params"):
        changed = table.copy()
        changed.loc[middle, column] = np.nextafter(changed.loc[middle, column], np.inf)
        (other,) = build_tasks(entry, Collection("porian", changed, card))
        assert other.fingerprint != task.fingerprint


def test_shared_curves_join_every_other_curve():
    split = {"kind": "frontier", "variable": "params", "train_max": 5}
    (task,) = build_tasks(spec(variables=["params"], split=split, shared=["dense"], min_train=1), small())
    assert [f.name for f in task.folds] == ["hash", "sbase"]
    assert all(len(f.y_train) == 2 and len(f.y_test) == 2 for f in task.folds)


def test_leave_group_out_pools_the_curves():
    (task,) = build_tasks(spec(variables=["params"], split={"kind": "leave-group-out"}, min_train=1), small())
    assert [f.name for f in task.folds] == ["dense", "hash", "sbase"]
    assert all(len(f.y_train) == 4 and len(f.y_test) == 2 for f in task.folds)


def test_where_filters_by_curve_range_and_last_checkpoint():
    steps = small(steps=[1.0, 2.0, 1.0, 2.0, 1.0, 2.0], run=["d", "d", "h", "h", "s", "s"])
    where = {"curves": ["h*", "d*"], "final": "steps", "between": {"params": [None, 10]}}
    (task,) = build_tasks(spec(variables=["params"], split={"kind": "leave-group-out"}, where=where, min_train=1), steps)
    assert task.n_test == 2 and {f.name for f in task.folds} == {"dense", "hash"}


def test_where_filters_by_a_ratio_and_by_a_missing_value():
    rows = small(tokens=[10.0, 10.0, 10.0, 10.0, 10.0, 10.0], seed=[np.nan, np.nan, 1.0, np.nan, np.nan, np.nan])
    split = {"kind": "leave-group-out"}
    (task,) = build_tasks(spec(variables=["params"], split=split, where={"between": {"tokens/params": [5, None]}}, min_train=1), rows)
    assert task.n_test == 3 and all((f.X_test["params"] == 1.0).all() for f in task.folds)
    (task,) = build_tasks(spec(variables=["params"], split=split, where={"equals": {"seed": None}}, min_train=1), rows)
    assert task.n_test == 5


def test_groups_that_cannot_be_split_are_left_out_and_named():
    rows = small(params=[1.0, 10.0, 1.0, 2.0, 1.0, 10.0])
    (task,) = build_tasks(spec(variables=["params"], split={"kind": "frontier", "variable": "params", "train_max": 5}, min_train=1), rows)
    assert task.left_out == ("hash",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "loss_nope"}, "no metric 'loss_nope'"),
        ({"variables": ["experts"]}, "no variable 'experts'"),
        ({"split": {**FRONTIER, "variable": "experts"}}, "no variable 'experts'"),
        ({"split": {**FRONTIER, "train_max": 1.0}}, "no group has 3 training rows"),
        ({"where": {"curves": ["nope*"]}}, "the filter leaves no rows"),
    ],
)
def test_when_a_task_cannot_be_built_then_it_is_named_with_the_reason(changes, message):
    with pytest.raises(TaskError, match=f"task porian/.*{message}"):
        build_tasks(spec(**{**PORIAN, "split": LINES, **changes}))


def test_a_variable_that_is_not_registered_is_refused():
    with pytest.raises(ValueError, match="'parms' is not registered"):
        spec(variables=["parms"])


def load_suite_of(entry):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(f"description: small\nreference: mean\npool: [mean]\ntasks: [{json.dumps(entry)}]\n")
        return load_suite(str(path))


SUITE = """
description: small
reference: mean
pool: [mean]
tasks:
  - {collection: porian, metric: loss_val, track: compute, variables: [params, tokens], split: {kind: budget, share: 0.1}}
"""


def test_a_suite_file_is_read_from_a_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE)
    suite = load_suite(str(path))
    assert suite.name == "mine" and [t.id for t in suite.tasks] == ["porian/loss_val/budget-10pct"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share: 0.1", "share: 7", "tasks.0.split.budget.share: Input should be less than 1"),
        ("track: compute", "track: nope", "tasks.0.track"),
        ("porian", "porain", "unknown collection 'porain'; did you mean 'porian'"),
        ("pool: [mean]", "pool: [mean", "not YAML"),
        ("description: small", "summary: small", "description: Field required"),
    ],
)
def test_when_a_suite_file_is_broken_then_one_line_names_the_field(tmp_path, old, new, message):
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE.replace(old, new))
    with pytest.raises(SchemaError, match=message) as caught:
        load_suite(str(path))
    assert "\n" not in str(caught.value)


def test_two_tasks_of_one_name_are_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE + SUITE.splitlines()[-1] + "\n")
    with pytest.raises(SchemaError, match="two tasks are called"):
        _ = load_suite(str(path)).tasks


def test_unknown_suites_and_collections_get_a_hint():
    with pytest.raises(InputError, match="unknown suite 'lit'; did you mean 'lite'"):
        load_suite("lit")
    with pytest.raises(InputError, match="did you mean 'chinchilla'"):
        load_suite("v3").build(collections=("chinchila",))


def test_a_relative_frontier_follows_the_length_of_each_curve(mirror):
    entry = {"collection": "double_descent", "metric": "error_rate", "track": "curve", "variables": ["width"]}
    split = {"kind": "frontier", "variable": "width", "train_max": 0.5, "relative": True}
    (task,) = build_tasks(TaskSpec.model_validate({**entry, "split": split}))
    assert task.id == "double_descent/error_rate/frontier-width-50pct"
    assert {f.X_train["width"].max() for f in task.folds} == {32.0, 64.0}


def test_the_weight_of_a_ladder_is_split_over_its_rungs_and_repeated_runs_have_none():
    ladder = next(s for s in load_suite("v3").specs if s.split.kind == "ladder" and s.collection == "porian")
    rungs = build_tasks(ladder)
    assert sum(t.weight for t in rungs) == pytest.approx(ladder.weight)
    with pytest.raises(ValueError, match="give this task weight 0"):
        TaskSpec.model_validate({**ladder.model_dump(), "duplicates": "chinchilla", "weight": 1.0})
