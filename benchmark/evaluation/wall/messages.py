"""Schema of the messages of a cell; anything else is an error.

Texts are stripped of control characters, numbers are finite, and lists and texts have a maximum length.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult
from scalingbench.benchmark.evaluation.wall.frames import FrameError
from scalingbench.common.messages import first_problem, one_line

__all__ = ["Failed", "Fitted", "Loaded", "Predicted", "Ready", "Searched", "Stored", "Unpacked", "parse", "rebuilt"]


def _parameters(text: str) -> str:
    """Return a JSON object in canonical form."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("parameters are no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("parameters are no JSON object")
    return json.dumps(found, sort_keys=True)


Text = Annotated[str, Field(max_length=2000), AfterValidator(one_line)]
Name = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Constants = Annotated[dict[Name, Number], Field(max_length=2000)]
Parameters = Annotated[str, Field(max_length=20_000), AfterValidator(_parameters)]


MOST_KNOWN = 100
"""Files with known values, and values in one of them, that a cell reports."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Ready(_Message):
    """The cell is confined, or the reason why not; sent before any submitted code arrives."""

    step: Literal["ready"]
    problem: Text


class Failed(_Message):
    """The submitted code raised an error, or returned something other than predictions."""

    step: Literal["failed"]
    status: Literal["error", "wrong-shape", "not-finite"]
    message: Text


class Loaded(_Message):
    """The class was made."""

    step: Literal["loaded"]
    variables: Annotated[tuple[Name, ...], Field(max_length=500, strict=False)] | None
    positive_only: bool
    parameters: Parameters


class Fitted(_Message):
    """The fit ended."""

    step: Literal["fitted"]


class Unpacked(_Message):
    """A wheel was unpacked."""

    step: Literal["unpacked"]


class Searched(_Message):
    """The files of the packages that contain known values."""

    step: Literal["searched"]
    found: Annotated[dict[Name, Annotated[tuple[Number, ...], Field(max_length=MOST_KNOWN, strict=False)]], Field(max_length=MOST_KNOWN)]


class Predicted(_Message):
    """Predictions follow as bytes, then quantiles."""

    step: Literal["predicted"]
    quantiles: bool
    message: Text
    constants: Constants


class StoredFold(_Message):
    """One row of a result file; its numbers follow as bytes."""

    predictor: Name
    parameters: Parameters
    suite: Name
    task: Annotated[str, Field(max_length=500)]
    fingerprint: Name
    versions: Parameters
    fold: Annotated[str, Field(max_length=500)]
    status: Status
    message: Text
    constants: Constants
    n: Annotated[int, Field(ge=0, le=10**7)]
    levels: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=99, strict=False)]


class Stored(_Message):
    """The rows of a result file."""

    step: Literal["results"]
    rows: Annotated[tuple[StoredFold, ...], Field(max_length=100_000, strict=False)]


T = TypeVar("T", Ready, Loaded, Fitted, Unpacked, Searched, Predicted, Stored)


def parse(header: bytes, kind: type[T]) -> T | Failed:
    """Parse a message of a cell.

    Raises
    ------
    FrameError
        If it is not a valid message at this point.
    """
    try:
        message = _schema(kind).validate_json(header)
    except ValidationError as error:
        raise FrameError(f"wrote an unexpected message: {one_line(first_problem(error), 200)}") from None
    assert isinstance(message, (kind, Failed))
    return message


@cache
def _schema(kind: type[BaseModel]) -> TypeAdapter[Any]:
    either: Any = Annotated[kind | Failed, Field(discriminator="step")]
    return TypeAdapter(either)


def rebuilt(stored: Stored, numbers: bytes) -> tuple[TaskResult, ...]:
    """Return the results from the rows of a file.

    Raises
    ------
    FrameError
        If the amount of numbers does not match the rows.
    """
    values = np.frombuffer(numbers, "<f8").astype(float)
    if len(values) != sum(row.n * (1 + len(row.levels)) for row in stored.rows):
        raise FrameError("wrote an amount of numbers that does not match its rows")
    at = 0
    grouped: dict[TaskResult, list[FoldResult]] = {}
    for row in stored.rows:
        columns = values[at : at + row.n * (1 + len(row.levels))].reshape(1 + len(row.levels), row.n)
        at += columns.size
        fold = FoldResult(row.fold, row.status, row.message, columns[0], dict(zip(row.levels, columns[1:], strict=True)), row.constants)
        task = TaskResult(row.predictor, row.parameters, row.suite, row.task, row.fingerprint, row.versions, folds=())
        grouped.setdefault(task, []).append(fold)
    return tuple(replace(task, folds=tuple(folds)) for task, folds in grouped.items())
