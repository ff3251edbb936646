"""Metrics as inputs of a predictor: of the same run at the same point, or of a matching run of another curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from scalingbench.benchmark.data.variables import may_be_variable, variables_of
from scalingbench.common.errors import TaskError

__all__ = ["InputOf", "Source", "with_inputs"]

_SOURCE = "source row"


def _key(name: str) -> str:
    if name not in ("run", "seed") and not may_be_variable(name):
        raise ValueError(f"{name!r} is not registered")
    return name


class InputOf(BaseModel):
    """Source of an input from another run: the row of another curve that agrees in the named columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    curve: str
    by: tuple[Annotated[str, AfterValidator(_key)], ...] = Field(min_length=1)
    """Columns that must agree in both rows: variables, ``run`` or ``seed``."""


Source = Annotated[
    Annotated[str, Tag("metric")] | Annotated[InputOf, Tag("curve")],
    Discriminator(lambda source: "metric" if isinstance(source, str) else "curve"),
]
"""A metric of the same run at the same point, or another source."""


def with_inputs(table: pd.DataFrame, metric: str, inputs: Mapping[str, str | InputOf]) -> pd.DataFrame:
    """Return the rows of a metric joined with their inputs; rows without one are dropped. The index is kept.

    Parameters
    ----------
    table : DataFrame
        A collection's rows.
    metric : str
        The task's metric.
    inputs : dict of str to str or InputOf
        Input column -> a metric of the same run at the same point, or another source.

    Raises
    ------
    TaskError
        If a metric, a curve or a column is not in the table, or several rows of the other curve match one row.
    """
    known = set(table["metric"].unique())
    for name in (metric, *(source if isinstance(source, str) else source.metric for source in inputs.values())):
        if name not in known:
            raise TaskError(f"the collection has no metric {name!r}")
    if not inputs:
        return table
    rows = table[table["metric"] == metric]
    for name, source in inputs.items():
        if name in table:
            raise TaskError(f"inputs: {name!r} is a variable of the collection itself")
        rows = _of_same_run(rows, table, name, source) if isinstance(source, str) else _of_other_curve(rows, table, name, source)
    return rows


def _of_same_run(rows: pd.DataFrame, table: pd.DataFrame, name: str, metric: str) -> pd.DataFrame:
    point = ["curve", "run", *variables_of(table), *(("seed",) if "seed" in table else ())]
    other = table[(table["metric"] == metric) & (table["flag"] == "")]
    joined = other[[*point, "value"]].drop_duplicates(point).rename(columns={"value": name})
    return _merged(rows, joined, point)


def _of_other_curve(rows: pd.DataFrame, table: pd.DataFrame, name: str, source: InputOf) -> pd.DataFrame:
    by = list(source.by)
    for column in by:
        if column not in table:
            raise TaskError(f"inputs: {name!r}: the collection has no variable {column!r}")
    other = table[(table["metric"] == source.metric) & (table["curve"] == source.curve) & (table["flag"] == "")].dropna(
        subset=[*by, "value"]
    )
    if other.empty:
        raise TaskError(f"inputs: {name!r}: curve {source.curve!r} has no {source.metric!r} with {', '.join(by)}")
    twice = other.duplicated(by)
    if twice.any():
        at = ", ".join(f"{column} {other.loc[twice, column].iloc[0]}" for column in by)
        raise TaskError(f"inputs: {name!r}: curve {source.curve!r} has several {source.metric!r} at {at}; name more in 'by'")
    joined = other[[*by, "value"]].rename(columns={"value": name}).assign(**{_SOURCE: other.index})
    found = _merged(rows, joined, by)
    itself = found.index.to_numpy() == found[_SOURCE].to_numpy()
    others: pd.DataFrame = found.loc[~itself].drop(columns=_SOURCE)
    return others


def _merged(rows: pd.DataFrame, joined: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    return rows.rename_axis("row").reset_index().merge(joined, on=on).set_index("row")  # missing values join with missing values
