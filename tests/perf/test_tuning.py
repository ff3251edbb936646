"""Tuning cases of the boards' collections: none has a row that a counted task holds out, and curves of a task are divided alike."""

import numpy as np
import pandas as pd
import pytest
from made import rebuilt
from scripts import perf_module

from scalingbench.benchmark.data.clusters import relatives
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.tasks.leakage import held_out_rows
from scalingbench.benchmark.tasks.suite import load_suite


@pytest.fixture(scope="module")
def tuning():
    return perf_module("tuning.cases")


@pytest.fixture(scope="module")
def cases(tuning, mirror):
    return list(tuning.task_cases())


@pytest.mark.full
def test_no_case_has_a_row_that_a_counted_task_holds_out(cases):
    held_out = held_out_rows(rebuilt("v3"))
    spare = [case for case in cases if case.source]
    assert len(spare) > 150 and len({case.collection for case in spare}) > 15
    for case in spare:
        assert len(case.rows) == len(case.y_train) + len(case.y)
        assert not np.isin(case.rows, held_out.get(case.source, ())).any(), case.name
        values = load_collection(case.source).table["value"].to_numpy()[list(case.rows)]
        assert np.array_equal(values, np.concatenate([case.y_train, case.y]))
        assert case.source not in relatives("sldbench")


@pytest.mark.full
def test_other_cases_are_of_collections_that_count_nowhere(tuning, cases):
    others = {case.collection for case in cases if not case.source}
    assert others and others <= {*tuning.REAL, *tuning.SYNTHETIC}
    assert set(tuning.REAL) == set(load_suite("v3").rules.tuning)


@pytest.mark.full
def test_curves_of_a_group_are_of_one_task_and_ask_for_rows_beyond(cases):
    groups = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    assert max(map(len, groups.values())) > 3
    for members in groups.values():
        assert len({(tuple(case.X_train.columns), case.collection, case.log) for case in members}) == 1


def test_few_cases_of_a_collection_count_less():
    assert perf_module("tuning.rules").weights_of(pd.Series([1, 3, 4, 40])).tolist() == [0.25, 0.75, 1.0, 1.0]


def test_shares_are_a_softmax_of_the_usable():
    found = perf_module("tuning.rules").shares(np.log([[1.0, 3.0, 4.0]]), np.array([[True, True, False]]))
    assert found == pytest.approx(np.array([[0.25, 0.75, 0.0]]))
