"""From a user's table of runs to a question that predictors can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.schema import read_table
from scalingbench.benchmark.data.variables import is_variable, variables_of
from scalingbench.common.errors import InputError
from scalingbench.common.names import only_or_chosen
from scalingbench.leaderboard.forecasts.making import Question

__all__ = ["parse_targets", "question_of"]


def question_of(
    path: Path,
    name: str,
    targets: Sequence[str],
    *,
    metric: str | None = None,
    curve: str | None = None,
    unit: str = "nats",
    what: str = "",
    by_hand: bool = False,
) -> Question:
    """Return the question that a table and its targets make; the rows are those without a flag that hold every input.

    Parameters
    ----------
    path : Path
        CSV or Parquet by the schema.
    name : str
        Of the question.
    targets : sequence of str
        ``NAME:variable=number,...``; all with the same variables.
    metric, curve : str, optional
        Which of the table's, where it has several.
    unit, what : str
        Unit of the metric, and the question in a sentence.
    by_hand : bool
        Whether the rows were typed in.

    Raises
    ------
    InputError
        If a target cannot be read, or the table lacks what it names.
    """
    asked = parse_targets(targets)
    inputs = tuple(next(iter(asked.values())))
    table = read_table(path)
    table = table[(table["flag"] == "") & table["value"].notna()]
    for column, chosen in (("metric", metric), ("curve", curve)):
        table = table[table[column] == only_or_chosen(column, table[column], chosen, where=str(path))]
    for variable in inputs:
        if variable not in variables_of(table) or not table[variable].notna().any():
            raise InputError(f"{path}: no column {variable!r}, which a target names; it has {', '.join(variables_of(table))}")
    rows = table.dropna(subset=list(inputs))
    kept = [*inputs, "value", *(["flops"] if "flops" in rows and "flops" not in inputs else [])]
    return Question(
        id=name,
        what=what or name,
        metric=str(rows["metric"].iloc[0]),
        unit=unit,
        inputs=inputs,
        rows=pd.DataFrame(rows[kept]).reset_index(drop=True),
        targets=asked,
        table=path.name,
        selection=f"curve {rows['curve'].iloc[0]}",
        by_hand=by_hand,
    )


def parse_targets(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the inputs of each target by its name.

    Raises
    ------
    InputError
        If a text is not ``NAME:variable=number,...``, a variable is not in the schema, or targets name different ones.

    Examples
    --------
    >>> parse_targets(["7b:params=7e9,tokens=2e12"])
    {'7b': {'params': 7000000000.0, 'tokens': 2000000000000.0}}
    """
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        name, colon, inputs = text.partition(":")
        if not colon or not name.strip():
            raise InputError(f"--target: expected NAME:variable=number, got {text!r}")
        found[name.strip()] = dict(_input(part) for part in inputs.split(","))
    if len({tuple(sorted(inputs)) for inputs in found.values()}) != 1:
        raise InputError("--target: every target of a question names the same variables")
    return found


def _input(text: str) -> tuple[str, float]:
    name, equals, number = (piece.strip() for piece in text.partition("="))
    if not equals or not is_variable(name):
        raise InputError(f"--target: expected variable=number with a variable of the schema, got {text!r}")
    try:
        value = float(number)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"--target: {name}: expected a number, got {number!r}")
    return name, value
