import os
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from benchmark.evaluation.isolation import available
from sklearn.base import BaseEstimator, RegressorMixin

import benchmark
from benchmark.evaluation.run import run_suite
from benchmark.tasks.suite import load_suite

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a confined worker cannot read this file
pytestmark = pytest.mark.skipif(not available(), reason="this system has no Landlock")
DATA = Path(benchmark.__file__).parent / "data" / "chinchilla.parquet"


class Tries(RegressorMixin, BaseEstimator):
    """Predicts 1 where something is refused, 2 where it works."""

    def __init__(self, what="table", where=str(DATA)):
        self.what = what
        self.where = where

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Tries":
        try:
            getattr(self, self.what)()
            self.works_ = 2.0
        except (PermissionError, MemoryError):
            self.works_ = 1.0
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.full(len(X), self.works_)

    def table(self):
        Path(self.where).read_bytes()

    def load(self):
        from benchmark.data.collection import load_collection

        load_collection("chinchilla")

    def parent_memory(self):
        Path(f"/proc/{os.getppid()}/environ").read_bytes()

    def write(self):
        Path(self.where).write_text("x")

    def connect(self):
        import socket

        socket.create_connection(("127.0.0.1", 9), timeout=2)

    def remember(self):
        np.ones(2**31)

    def law(self):
        from predictors.registry import make

        X = pd.DataFrame({"params": np.geomspace(1e6, 1e9, 12), "tokens": np.geomspace(1e10, 1e8, 12)})
        make("chinchilla[huber-log]").fit(X, 1.7 + 400 * X["params"] ** -0.34 + 410 * X["tokens"] ** -0.28)


def outcome(tmp_path, confined=True, **arguments):
    tasks = load_suite("v0").build(collections=("chinchilla",))[:1]
    predictors = {"p": Tries(**arguments)}
    found = run_suite(predictors, tasks, tmp_path / "out", confined=confined)[0].folds[0]
    assert found.status == "ok", found.message
    return "works" if found.predictions[0] == 2.0 else "refused"


@pytest.mark.parametrize("what", ["table", "load", "parent_memory", "write", "remember"])
def test_a_confined_worker_is_refused(what, tmp_path):
    where = str(tmp_path / "new") if what == "write" else str(DATA)
    assert outcome(tmp_path, what=what, where=where) == "refused"


@pytest.mark.skipif(available() < 4, reason="this kernel's Landlock does not cover the network")
def test_a_confined_worker_reaches_no_network(tmp_path):
    assert outcome(tmp_path, what="connect") == "refused"


def test_a_confined_worker_can_fit_laws(tmp_path):
    assert outcome(tmp_path, what="law") == "works"


def test_other_workers_are_not_confined(tmp_path):
    assert outcome(tmp_path, what="table", confined=False) == "works"


def test_files_of_the_user_stay_closed(tmp_path):
    (tmp_path / "secret").write_text("x")
    assert outcome(tmp_path, where=str(tmp_path / "secret")) == "refused"
    assert outcome(tmp_path / "b", where=sys.executable) == "works"
