"""Results: the predictions of one predictor on one task, and their Parquet files.

A result file contains predictions, so that every score can be recomputed.
One row is one fold; the columns are self-describing (predictor, parameters, task fingerprint,
package versions), so a file can be read without this package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args, overload

import numpy as np

from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing
from scalingbench.common.limits import check_file
from scalingbench.common.messages import count_of, described, one_line
from scalingbench.common.names import slug
from scalingbench.common.tables import Table, number

__all__ = [
    "SCORES",
    "UNSTABLE",
    "FoldResult",
    "ResultFiles",
    "Status",
    "TaskResult",
    "as_stored",
    "failure_lines",
    "list_result_files",
    "load_results",
    "part_path",
    "predictor_path",
    "read_results",
    "write_results",
]

SCORES = "scores.parquet"
"""The file of scores in a folder of results, see `scalingbench.benchmark.scores.store`."""
"""The file of scores in a folder of results, see `scalingbench.benchmark.scores.store`."""
UNSTABLE = 1e-6
"""A prediction that moves by more than this, relative to its size, is unstable; see `scalingbench.benchmark.evaluation.stability`."""
Status = Literal["ok", "error", "timeout", "crash", "not-finite", "wrong-shape"]


@dataclass(frozen=True)
class FoldResult:
    """One fit.

    Attributes
    ----------
    fold : str
        Name of the fold.
    status : Status
        ``ok``, or how it failed.
    message : str
        The error, or the status of the fit.
    predictions : ndarray, shape (n_test,)
        In the order of the fold's held-out rows; empty if it failed.
    quantiles : dict of float to ndarray
        Predicted quantiles by level, if requested and available.
    constants : dict of str to float
        Fitted constants, where the predictor has ``params_``.
    fit_seconds, predict_seconds : float
        Wall time.
    instability : float
        Largest relative change of a prediction when the last bits of the training rows change; NaN if not measured.
    """

    fold: str
    status: Status
    message: str = ""
    predictions: np.ndarray = field(default_factory=lambda: np.empty(0))
    quantiles: dict[float, np.ndarray] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    fit_seconds: float = float("nan")
    predict_seconds: float = float("nan")
    instability: float = float("nan")


@dataclass(frozen=True)
class TaskResult:
    """All folds of one predictor on one task, and their conditions.

    Examples
    --------
    >>> import scalingbench as sb
    >>> task = sb.load_task("porian/loss_val/chinchilla-decay-frontier")
    >>> result = sb.evaluate(sb.make("kaplan"), task)
    >>> [len(fold.predictions) for fold in result.folds]
    [15, 15]
    """

    predictor: str
    parameters: str
    """Constructor arguments, as JSON."""
    suite: str
    task: str
    fingerprint: str
    versions: str
    """Package versions, as JSON."""
    folds: tuple[FoldResult, ...]
    conditions: str = ""
    """Source of the predictor, time limit and quantile levels, as JSON; empty if unknown."""

    @property
    def failures(self) -> tuple[FoldResult, ...]:
        """Folds that failed."""
        return tuple(f for f in self.folds if f.status != "ok")

    @property
    def measured(self) -> bool:
        """Whether the instability of every successful fold is known."""
        return not any(np.isnan(f.instability) for f in self.folds if f.status == "ok")

    @property
    def unstable(self) -> tuple[FoldResult, ...]:
        """Folds with a prediction that moves by more than `UNSTABLE` when the last bits of the training rows change."""
        return tuple(f for f in self.folds if f.instability > UNSTABLE)  # false for NaN

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        predictions = count_of(sum(len(f.predictions) for f in self.folds), "prediction")
        unstable = f", {len(self.unstable)} unstable" if self.unstable else ""
        return f"TaskResult({self.predictor} on {self.task}: {count_of(len(self.folds), 'fit')}{failed}{unstable}, {predictions})"

    def _repr_html_(self) -> str:
        rows = [
            [f.fold, f.status, str(len(f.predictions)), number(1000 * f.fit_seconds, 1), _constants(f), one_line(f.message)]
            for f in self.folds
        ]
        header = ("fit", "status", "predictions", "fit ms", "constants", "message")
        return Table(header, rows, text=frozenset({0, 1, 4, 5}), note=repr(self)).head(20).html()


def failure_lines(results: Iterable[TaskResult]) -> tuple[str, ...]:
    """Return one line per result with fits that failed."""
    return tuple(
        f"{r.predictor} on {r.task}: {len(r.failures)} of {len(r.folds)} fits failed: {r.failures[0].status}: {r.failures[0].message}"
        for r in results
        if r.failures
    )


def _constants(fold: FoldResult) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in fold.constants.items())


def as_stored(values: np.ndarray) -> np.ndarray:
    """Round to the seven digits of result files, far below the resolution of scores."""
    largest = np.finfo(np.float32).max
    stored: np.ndarray = np.clip(values, -largest, largest).astype(np.float32).astype(float)
    return stored


def predictor_path(folder: Path, predictor: str) -> Path:
    """Return the path of a predictor's result file.

    Raises
    ------
    InputError
        If the name collides with the file of scores.
    """
    name = f"{slug(predictor)}.parquet"
    if name == SCORES:
        raise InputError(f"predictor {predictor!r}: {SCORES} is the file of scores in a folder of results; choose another name")
    return folder / name


def part_path(folder: Path, predictor: str, task: str) -> Path:
    """Return the path of one task's result during a run."""
    return folder / ".parts" / slug(predictor) / f"{slug(task)}.parquet"


_SHARED = tuple(f.name for f in fields(TaskResult) if f.name != "folds")
_LATER = {"conditions": "", "instability": float("nan")}
"""Columns that older files lack, with their default."""


_MOST_ROWS = 50_000
_NUMBERS = ("predictions.list.element", "quantiles.list.element.list.element", "fit_seconds", "predict_seconds")


def write_results(path: Path, results: Iterable[TaskResult]) -> None:
    """Write results to a Parquet file, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [row for result in results for row in _rows(result)]
    schema = _schema()
    with replacing(path) as temporary:
        pq.write_table(
            pa.Table.from_pylist(rows, schema=schema),
            temporary,
            compression="zstd",
            compression_level=9,
            use_dictionary=[f.name for f in schema if f.type == pa.string()],
            column_encoding=dict.fromkeys(_NUMBERS, "BYTE_STREAM_SPLIT"),  # half the size: neighbouring floats share bytes
        )


@cache
def _schema(later: frozenset[str] = frozenset(_LATER)) -> Any:
    """Return the columns of a result file and their types, with a subset of the later columns."""
    import pyarrow as pa

    return pa.schema(
        [
            *((name, pa.string()) for name in (*_SHARED, "fold", "status", "message") if name in later or name not in _LATER),
            ("predictions", pa.list_(pa.float32())),
            ("quantile_levels", pa.list_(pa.float64())),
            ("quantiles", pa.list_(pa.list_(pa.float32()))),
            ("constants", pa.string()),
            ("fit_seconds", pa.float64()),
            ("predict_seconds", pa.float64()),
            *([("instability", pa.float64())] if "instability" in later else []),
        ]
    )


def _rows(result: TaskResult) -> Iterator[dict[str, object]]:
    shared = {name: getattr(result, name) for name in _SHARED}
    for f in result.folds:
        row = {k: v for k, v in asdict(f).items() if k != "quantiles"}
        levels = sorted(f.quantiles)
        yield {
            **shared,
            **row,
            "constants": json.dumps(f.constants),
            "quantile_levels": levels,
            "quantiles": [f.quantiles[level] for level in levels],
        }


def read_results(source: Path | BinaryIO, tasks: Iterable[str] | None = None) -> tuple[TaskResult, ...]:
    """Read a result file.

    Parameters
    ----------
    source : Path or binary file
        The file.
    tasks : iterable of str, optional
        Only the results on these tasks.

    Raises
    ------
    InputError
        If it is not a result file, or a row breaks a rule; names the file.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    where = f"{source}: " if isinstance(source, Path) else ""
    if isinstance(source, Path):
        check_file(source)
    try:
        table = _checked(pq.ParquetFile(source)).read()  # a file, never a folder
        rows = _records(table if tasks is None else table.filter(pc.field("task").isin(list(tasks))))
        grouped: dict[tuple[str, ...], list[FoldResult]] = {}
        seen: set[tuple[tuple[str, ...], str]] = set()
        for number, row in enumerate(rows, start=1):
            if rule := _broken_rule(row, fold := _fold(row)):
                raise ValueError(f"row {number}: {rule}")
            key = tuple(row[name] for name in _SHARED)
            if (key, fold.fold) in seen:
                raise ValueError(f"row {number}: fold {fold.fold!r} of the task is there twice")
            seen.add((key, fold.fold))
            grouped.setdefault(key, []).append(fold)
    except Exception as error:  # the libraries raise many kinds of errors on invalid files
        raise InputError(f"{where}not a result file: {described(error, 200)}") from None
    return tuple(TaskResult(**dict(zip(_SHARED, shared, strict=True)), folds=tuple(folds)) for shared, folds in grouped.items())


def _records(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a result file. Lists of numbers become arrays, without a Python object for each number."""
    arrays = {name: _arrays(table.column(name)) for name in ("predictions", "quantile_levels", "quantiles")}
    rest = table.drop_columns(list(arrays)).to_pylist()
    return [{**_LATER, **row, **{name: values[i] for name, values in arrays.items()}} for i, row in enumerate(rest)]


def _arrays(column: Any) -> list[Any]:
    """Return the elements of a column of lists as arrays, of a column of lists of lists as lists of arrays."""
    import pyarrow as pa

    lists = column.combine_chunks()
    if lists.null_count:
        raise ValueError("a list is missing")
    inner = lists.flatten()
    values = _arrays(pa.chunked_array([inner])) if pa.types.is_list(inner.type) else inner.to_numpy(zero_copy_only=False).astype(float)
    ends = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())])
    return [values[a:b] for a, b in pairwise(ends)]


def _checked(file: Any) -> Any:
    """Check that a Parquet file has the columns of a result file and not too many rows, and return it."""
    there = set(file.schema_arrow.names)
    if not file.schema_arrow.equals(_schema(frozenset(_LATER) & there)):
        raise ValueError("its columns or their types are other ones")
    if file.metadata.num_rows > _MOST_ROWS:
        raise ValueError(f"{file.metadata.num_rows} rows; expected one for each fold, at most {_MOST_ROWS}")
    return file


def _broken_rule(row: dict[str, object], fold: FoldResult) -> str | None:
    """Return the broken rule of a row of a result file, or None; the task checks the number of predictions."""
    for name in (*_SHARED, "fold", "message"):
        if not isinstance(row[name], str):
            return f"{name} is no text"
    if not _is_object(str(row["parameters"])) or not _is_object(str(row["versions"])):
        return "parameters and versions are no JSON objects"
    if not isinstance(fold.constants, dict) or not all(isinstance(v, int | float) for v in fold.constants.values()):
        return "constants are no JSON object of numbers"
    if fold.status not in get_args(Status):
        return f"status {one_line(fold.status, 40)!r} is none of {', '.join(get_args(Status))}"
    if fold.status == "ok" and (fold.predictions.ndim != 1 or not len(fold.predictions) or not np.isfinite(fold.predictions).all()):
        return "a fold that is ok has one finite prediction or more"
    if any(q.shape != fold.predictions.shape or not 0.0 < level < 1.0 for level, q in fold.quantiles.items()):
        return "quantiles have a level between 0 and 1 and as many values as there are predictions"
    return None


@lru_cache(maxsize=256)  # all rows of a file have the same few
def _is_object(text: str) -> bool:
    return isinstance(json.loads(text), dict)


_PLAIN = tuple(f.name for f in fields(FoldResult) if f.name not in ("quantiles", "constants", "predictions"))


def _fold(row: dict[str, object]) -> FoldResult:
    values = {name: row[name] for name in _PLAIN if name in row}
    levels, quantiles = row["quantile_levels"], row["quantiles"]
    return FoldResult(
        **values,  # type: ignore[arg-type]
        predictions=np.asarray(row["predictions"], float),
        quantiles={level: np.asarray(q, float) for level, q in zip(levels, quantiles, strict=True)},  # type: ignore[call-overload]
        constants=json.loads(str(row["constants"])),
    )


def list_result_files(folder: str | Path) -> tuple[Path, ...]:
    """Return the result files of a folder; without the file of scores.

    Raises
    ------
    InputError
        If the folder does not exist or contains none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of results")
    files = tuple(file for file in sorted(folder.glob("*.parquet")) if file.name != SCORES)
    if not files:
        hint = "; a run here was not finished, continue it with --resume" if (folder / ".parts").is_dir() else ""
        raise InputError(f"{folder}: holds no result files (*.parquet){hint}")
    return files


def load_results(folder: str | Path, tasks: Iterable[str] | None = None) -> tuple[TaskResult, ...]:
    """Read all result files of a folder.

    Parameters
    ----------
    folder : str or Path
        The folder.
    tasks : iterable of str, optional
        Only the results on these tasks.

    Raises
    ------
    InputError
        If the folder does not exist, contains none, or one of them is invalid.

    Examples
    --------
    >>> from pathlib import Path
    >>> import scalingbench as sb
    >>> task = sb.load_task("porian/loss_val/chinchilla-decay-frontier")
    >>> _ = sb.run_suite({"kaplan": sb.make("kaplan")}, [task], Path("out"))
    >>> sb.load_results("out")
    (TaskResult(kaplan on porian/loss_val/chinchilla-decay-frontier: 2 fits, 30 predictions),)
    """
    wanted = None if tasks is None else frozenset(tasks)
    return tuple(result for file in list_result_files(folder) for result in read_results(file, wanted))


class ResultFiles(Sequence[TaskResult]):
    """The results of files, read on first access: boards from stored scores do not need them.

    Parameters
    ----------
    files : mapping of str to Path
        Result file of each predictor.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = dict(files)

    @cached_property
    def _read(self) -> tuple[TaskResult, ...]:
        return tuple(result for file in self.files.values() for result in read_results(file))

    def of(self, predictors: Iterable[str]) -> ResultFiles:
        """Return those of some predictors."""
        chosen = set(predictors)
        return ResultFiles({name: file for name, file in self.files.items() if name in chosen})

    @overload
    def __getitem__(self, index: int) -> TaskResult: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[TaskResult]: ...

    def __getitem__(self, index: int | slice) -> TaskResult | Sequence[TaskResult]:
        return self._read[index]

    def __len__(self) -> int:
        return len(self._read)

    def __bool__(self) -> bool:
        return bool(self.files)

    def __repr__(self) -> str:
        return f"ResultFiles({count_of(len(self.files), 'predictor')})"
