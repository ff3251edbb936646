"""What a cell may say, as a schema: whatever else it writes is refused.

Texts are cut of everything that a terminal would act on, numbers are finite, and every list and text has a longest length.
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

__all__ = ["Failed", "Fitted", "Loaded", "Predicted", "Ready", "Stored", "Unpacked", "parse", "rebuilt"]


def _parameters(text: str) -> str:
    """Return a JSON object as we write it."""
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


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Ready(_Said):
    """The cell is locked in, or why it is not; said before any code of a stranger is there."""

    step: Literal["ready"]
    problem: Text


class Failed(_Said):
    """The stranger's code raised something, or gave something else than predictions."""

    step: Literal["failed"]
    status: Literal["error", "wrong-shape", "not-finite"]
    message: Text


class Loaded(_Said):
    """The class was made."""

    step: Literal["loaded"]
    variables: Annotated[tuple[Name, ...], Field(max_length=500, strict=False)] | None
    positive_only: bool
    parameters: Parameters


class Fitted(_Said):
    """The fit ended."""

    step: Literal["fitted"]


class Unpacked(_Said):
    """A wheel was unpacked."""

    step: Literal["unpacked"]


class Predicted(_Said):
    """Predictions follow as bytes, then quantiles."""

    step: Literal["predicted"]
    quantiles: bool
    message: Text
    constants: Constants


class StoredFold(_Said):
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


class Stored(_Said):
    """The rows of a result file."""

    step: Literal["results"]
    rows: Annotated[tuple[StoredFold, ...], Field(max_length=100_000, strict=False)]


T = TypeVar("T", Ready, Loaded, Fitted, Unpacked, Predicted, Stored)


def parse(header: bytes, kind: type[T]) -> T | Failed:
    """Return what a cell said.

    Raises
    ------
    FrameError
        If it is not what was to be said at this point.
    """
    try:
        said = _schema(kind).validate_json(header)
    except ValidationError as error:
        raise FrameError(f"said something else than agreed: {one_line(first_problem(error), 200)}") from None
    assert isinstance(said, (kind, Failed))
    return said


@cache
def _schema(kind: type[BaseModel]) -> TypeAdapter[Any]:
    either: Any = Annotated[kind | Failed, Field(discriminator="step")]
    return TypeAdapter(either)


def rebuilt(stored: Stored, numbers: bytes) -> tuple[TaskResult, ...]:
    """Return the results that the rows of a file hold.

    Raises
    ------
    FrameError
        If there are more or fewer numbers than the rows say.
    """
    values = np.frombuffer(numbers, "<f8").astype(float)
    if len(values) != sum(row.n * (1 + len(row.levels)) for row in stored.rows):
        raise FrameError("wrote another amount of numbers than it said")
    at = 0
    grouped: dict[TaskResult, list[FoldResult]] = {}
    for row in stored.rows:
        columns = values[at : at + row.n * (1 + len(row.levels))].reshape(1 + len(row.levels), row.n)
        at += columns.size
        fold = FoldResult(row.fold, row.status, row.message, columns[0], dict(zip(row.levels, columns[1:], strict=True)), row.constants)
        task = TaskResult(row.predictor, row.parameters, row.suite, row.task, row.fingerprint, row.versions, folds=())
        grouped.setdefault(task, []).append(fold)
    return tuple(replace(task, folds=tuple(folds)) for task, folds in grouped.items())
