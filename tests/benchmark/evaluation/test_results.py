"""Result files: what is written is what is read, to seven digits, and a broken file is refused in one line."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scalingbench.benchmark.evaluation.results import (
    FoldResult,
    TaskResult,
    as_stored,
    load_results,
    part_path,
    predictor_path,
    read_results,
    write_results,
)
from scalingbench.common.errors import InputError

GOOD = FoldResult(
    "curve/a, b",
    "ok",
    message="E: at its lower bound",
    predictions=np.array([2.0, 1.5, 3.25]),
    quantiles={0.9: np.array([2.5, 2.0, 4.0]), 0.1: np.array([1.5, 1.0, 3.0])},
    constants={"E": 1.7, "α": 0.25},
    fit_seconds=0.5,
    predict_seconds=0.25,
)
FAILED = FoldResult("b", "timeout", message="60 s")


def task_result(name="law[l2]", task="c/loss/x", folds=(GOOD, FAILED)):
    return TaskResult(name, '{"loss": "l2"}', "v1", task, "0123456789abcdef", '{"numpy": "2"}', tuple(folds))


def same(one, other):
    """Return whether two results are equal, arrays and missing numbers included."""
    for f, g in zip(one.folds, other.folds, strict=True):
        assert (f.fold, f.status, f.message, f.constants) == (g.fold, g.status, g.message, g.constants)
        np.testing.assert_array_equal(
            [*f.predictions, f.fit_seconds, f.predict_seconds], [*g.predictions, g.fit_seconds, g.predict_seconds]
        )
        assert f.predictions.dtype == g.predictions.dtype == float
        assert f.quantiles.keys() == g.quantiles.keys()
        for level, values in f.quantiles.items():
            np.testing.assert_array_equal(values, g.quantiles[level])
    names = ("predictor", "parameters", "suite", "task", "fingerprint", "versions")
    return all(getattr(one, n) == getattr(other, n) for n in names)


def test_a_file_gives_back_what_was_written(tmp_path):
    results = [task_result(), task_result(task="c/loss/y", folds=(GOOD,)), task_result("other")]
    write_results(tmp_path / "deep" / "r.parquet", results)
    found = read_results(tmp_path / "deep" / "r.parquet")
    assert len(found) == 3 and all(same(a, b) for a, b in zip(results, found, strict=True))
    assert list(found[0].folds[0].quantiles) == [0.1, 0.9]  # levels in order


def test_a_file_of_nothing_gives_nothing(tmp_path):
    write_results(tmp_path / "r.parquet", [])
    assert read_results(tmp_path / "r.parquet") == ()


def test_predictions_are_kept_to_seven_digits_and_infinity_as_the_largest_number(tmp_path):
    exact = np.array([np.pi * 1e-9, 1 / 3, np.pi * 1e9, np.inf, -np.inf, 1e300])
    write_results(tmp_path / "r.parquet", [task_result(folds=(FoldResult("a", "ok", predictions=as_stored(exact)),))])
    found = read_results(tmp_path / "r.parquet")[0].folds[0].predictions
    np.testing.assert_array_equal(found, as_stored(exact))
    np.testing.assert_allclose(found[:3], exact[:3], rtol=1e-7)
    assert np.isfinite(found).all() and found[3] == found[5] == np.finfo(np.float32).max == -found[4]


def test_a_file_describes_itself_without_this_package(tmp_path):
    write_results(tmp_path / "r.parquet", [task_result()])
    rows = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert [row["fold"] for row in rows] == ["curve/a, b", "b"]
    assert rows[0]["predictor"] == "law[l2]" and json.loads(rows[0]["constants"]) == {"E": 1.7, "α": 0.25}
    assert rows[0]["quantile_levels"] == [0.1, 0.9] and rows[1]["predictions"] == []


def test_failures_are_the_folds_that_are_not_ok():
    assert task_result().failures == (FAILED,) and task_result(folds=(GOOD,)).failures == ()


def test_files_are_named_after_predictor_and_task(tmp_path):
    assert predictor_path(tmp_path, "law[l2]") == tmp_path / "law-l2.parquet"
    assert part_path(tmp_path, "law[l2]", "c/loss/x") == tmp_path / ".parts" / "law-l2" / "c-loss-x.parquet"


def test_a_folder_gives_all_its_files_and_no_parts(tmp_path):
    for name in ("b", "a"):
        write_results(predictor_path(tmp_path, name), [task_result(name)])
    write_results(part_path(tmp_path, "c", "t"), [task_result("c")])
    assert [r.predictor for r in load_results(tmp_path)] == ["a", "b"]


def test_results_on_some_tasks_are_read_without_the_others(tmp_path):
    results = [task_result(task="c/loss/x", folds=(FAILED, GOOD)), task_result(task="c/loss/y"), task_result("other", task="c/loss/y")]
    write_results(predictor_path(tmp_path, "r"), results)
    found = load_results(tmp_path, (task for task in ("c/loss/y", "c/loss/z")))
    assert len(found) == 2 and all(same(a, b) for a, b in zip(results[1:], found, strict=True))


def test_when_a_file_or_folder_is_broken_then_one_line_names_it(tmp_path):
    with pytest.raises(InputError, match=r"gone: no such folder of results"):
        load_results(tmp_path / "gone")
    with pytest.raises(InputError, match=r"holds no result files \(\*\.parquet\)$"):
        load_results(tmp_path)
    (tmp_path / ".parts").mkdir()
    with pytest.raises(InputError, match="a run here was not finished, continue it with --resume"):
        load_results(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(InputError, match=r"x\.parquet: not a result file: ") as caught:
        load_results(tmp_path)
    assert "\n" not in str(caught.value)
    pq.write_table(pa.table({"predictor": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"x\.parquet: not a result file: "):
        read_results(tmp_path / "x.parquet")


def test_when_writing_fails_then_the_old_file_stays(tmp_path):
    path = tmp_path / "r.parquet"
    write_results(path, [task_result()])
    broken = FoldResult("a", "ok", predictions=np.array(["no number"], object))
    with pytest.raises(pa.ArrowException):
        write_results(path, [task_result(folds=(broken,))])
    assert same(read_results(path)[0], task_result()) and [f.name for f in tmp_path.iterdir()] == ["r.parquet"]
