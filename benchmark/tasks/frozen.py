"""The frozen statements of a suite: read with nothing else of a suite or a collection, because boards are printed from them at once."""

from __future__ import annotations

import importlib.resources
import json

import pandas as pd

from scalingbench.common.errors import SchemaError

__all__ = ["frozen_statements", "read_statements"]

_NUMBERS = ("noise", "compute")
"""Fields that may be missing."""


def frozen_statements(suite: str) -> pd.DataFrame | None:
    """Return what a suite that comes with the package states of its tasks; None if it is not frozen.

    Raises
    ------
    SchemaError
        If the file is broken.
    """
    file = importlib.resources.files("scalingbench.benchmark.tasks") / "suites" / f"{suite}.tasks.json"
    return read_statements(str(file), file.read_text(encoding="utf-8")) if file.is_file() else None


def read_statements(name: str, text: str) -> pd.DataFrame:
    """Return the table of a file of statements; `name` is what messages call it.

    Raises
    ------
    SchemaError
        If it is no list of statements.
    """
    try:
        table = pd.DataFrame(json.loads(text))
        return table.astype({"task": str, **dict.fromkeys(_NUMBERS, float)})
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError(f"{name}: is no list of statements of tasks: {error}") from None
