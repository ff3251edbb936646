"""Result files: whatever one holds, its results are whole or one line names the file."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import NUMBERS, TEXT, edited, loads_or_is_refused
from hypothesis import assume, example, given
from hypothesis import strategies as st

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult, read_results, write_results

ROWS = (
    TaskResult(
        "mine",
        "{}",
        "v1",
        "c/loss/s",
        "0123456789abcdef",
        '{"numpy": "2"}',
        (
            FoldResult("a", "ok", "", np.array([1.0, 2.0]), {0.1: np.array([0.5, 1.5]), 0.9: np.array([1.5, 2.5])}, {"E": 1.0}, 0.1, 0.01),
            FoldResult("b", "error", "ValueError: x"),
            FoldResult("c", "ok", "", np.array([3.0])),
        ),
    ),
    TaskResult("mine", "{}", "v1", "c/loss/t", "fedcba9876543210", "{}", (FoldResult("a", "ok", "", np.array([1.0])),)),
)
TEXTS = ("predictor", "parameters", "suite", "task", "fingerprint", "versions", "fold", "status", "message", "constants")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "mine.parquet"
    write_results(path, ROWS)
    return path


def check(path):
    results = loads_or_is_refused(lambda: read_results(path), path)
    for result in results or ():
        assert all(isinstance(v, str) for v in (result.predictor, result.suite, result.task, result.fingerprint))
        assert isinstance(json.loads(result.parameters), dict) and isinstance(json.loads(result.versions), dict)
        names = [f.fold for f in result.folds]
        assert len(set(names)) == len(names) > 0
        for fold in result.folds:
            assert fold.predictions.dtype == float
            assert fold.status != "ok" or (len(fold.predictions) and np.isfinite(fold.predictions).all())
            assert all(0 < level < 1 and len(q) == len(fold.predictions) for level, q in fold.quantiles.items())
            assert all(isinstance(value, int | float) for value in fold.constants.values())


NESTED = st.lists(st.lists(st.floats(), max_size=2), max_size=2)
WORDS = st.sampled_from(["ok", "error", "a", "{}", "[]", "1", "null"])
CELL = st.one_of(st.none(), TEXT, st.lists(NUMBERS, max_size=3), NESTED, NUMBERS, WORDS)
CHANGE = st.tuples(st.integers(0, 3), st.sampled_from([*TEXTS, "predictions", "quantiles", "quantile_levels", "fit_seconds"]), CELL)
DROPPED = st.lists(st.sampled_from([*TEXTS, "predictions", "quantiles", "fit_seconds"]), max_size=1)


@example(changes=[(0, "constants", "true")], drop=[], rows=[], typed=True)
@example(changes=[(0, "constants", '{"E": "one"}')], drop=[], rows=[], typed=True)
@given(changes=st.lists(CHANGE, max_size=2), drop=DROPPED, rows=st.lists(st.integers(0, 3), max_size=5), typed=st.booleans())
def test_a_file_with_other_rows_columns_and_cells(changes, drop, rows, typed, written, tmp_path):
    table = pq.read_table(written)
    cells = table.to_pylist()
    for row, column, cell in changes:
        cells[row] = {**cells[row], column: cell}
    try:
        table = pa.Table.from_pylist([cells[i] for i in rows or range(4)], schema=table.schema if typed else None)
    except (pa.ArrowException, TypeError, OverflowError, ValueError):
        assume(False)
    path = tmp_path / "mine.parquet"
    pq.write_table(table.drop_columns([c for c in drop if c in table.column_names]), path)
    check(path)


@given(data=st.data())
def test_an_edited_file(data, written, tmp_path):
    path = tmp_path / "mine.parquet"
    path.write_bytes(data.draw(edited(written.read_bytes())))
    check(path)


@given(
    lengths=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
    levels=st.lists(st.one_of(st.floats(), st.sampled_from([0.1, 0.5, 0.9])), max_size=2, unique_by=repr),
    values=st.lists(st.floats(width=32), min_size=3, max_size=3),
    status=st.sampled_from(["ok", "ok", "error", "odd"]),
    name=TEXT,
)
def test_what_was_written_is_read_back_or_refused(lengths, levels, values, status, name, tmp_path):
    path = tmp_path / "mine.parquet"
    quantiles = dict(zip(levels, [np.array(values[:n]) for n in lengths[1:]], strict=False))
    given_fold = FoldResult("f", status, "", np.array(values[: lengths[0]]), quantiles)
    try:
        write_results(path, [TaskResult(name, "{}", "v1", "t", "f", "{}", (given_fold,))])
    except UnicodeEncodeError:
        assume(False)
    check(path)
