"""What a row costs."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.tasks.cost import full_cost
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.task import TaskSpec

KNOWN = {
    "flops": [2.0, 3.0],
    "device_hours": [5.0, 7.0],
    "params_active": [11.0, 13.0],
    "params": [17.0, 19.0],
    "params_total": [23.0, 29.0],
    "latents": [31.0, 37.0],
    "tokens": [41.0, 43.0],
    "steps": [47.0, 53.0],
    "samples": [59.0, 61.0],
    "inference_tokens": [67.0, 71.0],
    "width": [73.0, 79.0],
}


@pytest.mark.parametrize(
    ("columns", "variables", "basis", "cost"),
    [
        ("flops device_hours params tokens", "params tokens", "flops", [2, 3]),
        ("device_hours params tokens", "params", "device_hours", [5, 7]),
        ("params_active params params_total tokens", "params_total", "params_active x tokens", [11 * 41, 13 * 43]),
        ("params params_total tokens steps", "params", "params x tokens", [17 * 41, 19 * 43]),
        ("params_total tokens", "tokens", "params_total x tokens", [23 * 41, 29 * 43]),
        ("params steps", "steps", "params x steps", [17 * 47, 19 * 53]),
        ("tokens steps", "tokens", "tokens", [41, 43]),
        ("latents", "latents", "latents", [31, 37]),
        ("params samples", "samples", "params x samples", [17 * 59, 19 * 61]),
        ("flops params tokens samples", "samples", "params x samples", [17 * 59, 19 * 61]),
        ("flops params tokens samples", "params tokens", "flops", [2, 3]),
        ("flops inference_tokens", "inference_tokens", "inference_tokens", [67, 71]),
        ("width", "width", "rows", [1, 1]),
    ],
)
def test_the_fullest_figure_of_cost_that_the_rows_have_is_what_they_cost(columns, variables, basis, cost):
    rows = pd.DataFrame({"run": ["a", "b"], **{c: KNOWN[c] for c in columns.split()}})
    found, name = full_cost(rows, variables.split())
    assert name == basis and found.tolist() == cost


def test_a_figure_that_one_row_lacks_is_not_used():
    rows = pd.DataFrame({"flops": [2.0, np.nan], "params": [3.0, 5.0], "tokens": [7.0, 11.0]})
    assert full_cost(rows, ["params"])[1] == "params x tokens"
    assert full_cost(rows.drop(columns="tokens"), ["params"])[1] == "params"


def test_all_groups_of_a_task_are_measured_alike():
    table = pd.DataFrame(
        {
            "curve": list("aabb"),
            "run": list("abcd"),
            "value": [4.0, 3, 2, 1],
            "params": [1.0, 8, 1, 8],
            "flops": [1.0, 100, np.nan, np.nan],
        }
    )
    collection = Collection("chinchilla", normalise(table), load_card("chinchilla"))
    split = {"kind": "frontier", "variable": "params", "train_max": 5}
    entry = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "split": split, "min_train": 1}
    (apart,) = build_tasks(TaskSpec.model_validate(entry), collection)
    (alike,) = build_tasks(TaskSpec.model_validate(entry), collection, cost=full_cost)
    assert [f.cost.tolist() for f in apart.folds] == [[100.0], [8.0]]
    assert [f.cost.tolist() for f in alike.folds] == [[8.0], [8.0]] and alike.cost_basis == "params"
    assert alike.fingerprint == apart.fingerprint and alike.reach.compute == pytest.approx(8.0)
    budget = {**entry, "scale": "params", "split": {"kind": "budget", "share": 0.2}}
    (alike,) = build_tasks(TaskSpec.model_validate(budget), collection, cost=full_cost)
    assert [f.y_train.tolist() for f in alike.folds] == [[4.0], [2.0]]
