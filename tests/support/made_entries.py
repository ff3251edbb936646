"""Collections of a few rows that are worked out by hand, and the entries of a suite that make tasks of them."""

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.task import TaskSpec

ABOVE_5 = {"kind": "frontier", "variable": "params", "train_max": 5}
LADDER = {"kind": "ladder", "variable": "params"}
LEAVE_OUT = {"kind": "leave-group-out"}
FROM_C4 = {"variables": ["source_loss"], "inputs": {"source_loss": {"metric": "loss", "curve": "c4", "by": ["params", "tokens"]}}}


def made(**columns):
    """Return a collection of these rows; the values count down from 9 unless they are given."""
    rows = len(next(iter(columns.values())))
    base = {"run": [f"r{i}" for i in range(1, rows + 1)], "value": 9.0 - np.arange(rows)}
    return Collection("chinchilla", normalise(pd.DataFrame({**base, **columns})), load_card("chinchilla"))


def spec(**changes):
    base = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "split": ABOVE_5, "min_train": 1}
    return TaskSpec.model_validate({**base, **changes})


def built(collection, **changes):
    return build_tasks(spec(**changes), collection)


def only(collection, **changes):
    """Return the one task of an entry, and its one fold."""
    (task,) = built(collection, **changes)
    (fold,) = task.folds
    return task, fold


def trained(fold):
    return fold.y_train.tolist()


def held_out(fold):
    return fold.y_test.tolist()
