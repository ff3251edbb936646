"""Reading a table of runs: its columns and units, the rows that are kept, and a summary of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind, variables_of
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.names import only_or_chosen
from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.assignment import TEXT, assign, filter_rows
from scalingbench.forecasting.files import open_table
from scalingbench.forecasting.headers import Meaning, meaning_of, metric_of_value
from scalingbench.forecasting.histories import Dropped, one_row_a_run, with_value
from scalingbench.forecasting.numbers import (
    Mark,
    cells_of,
    decimal_mark,
    has_spread,
    has_unit,
    is_numeric,
    marks_of,
    numbers_of,
)
from scalingbench.forecasting.objects import flat
from scalingbench.forecasting.runs import Options, ReadColumn, Reading, Runs, reasons

__all__ = ["Options", "ReadColumn", "Reading", "Runs", "TableLike", "read_runs"]

TableLike = str | Path | pd.DataFrame
_FINISHED = frozenset({"finished", "completed", "complete", "done", "success", "succeeded", "ok", ""})
_FAILED = frozenset({"inf", "infinity", "diverged"})
"""Cells that say that training failed."""
_SUMMARIES = frozenset({"mean", "average", "avg", "median", "total", "sum", "std", "stdev", "min", "max", "count"})
"""Names of rows below a table that sum up its runs."""


def read_runs(source: TableLike | Runs, options: Options | None = None, **reading: Unpack[Reading]) -> Runs:
    """Read a table of runs.

    Parameters
    ----------
    source : str, Path, DataFrame or Runs
        A CSV, TSV, JSON, JSON-lines or Parquet file, ``-`` for standard input, the folder of an experiment tracker, or
        a table in memory. `Runs` are returned as they are.
    options : Options, optional
        Names, units, rows to keep.
    **reading
        The fields of `Options`, one by one: names, units, where, metric, curve, checkpoints, decimal.

    Raises
    ------
    InputError
        If it cannot be read, has no column of values, or is ambiguous; the message names the file and the option that
        resolves it.

    Examples
    --------
    >>> import scalingbench as sb
    >>> runs = sb.read_runs("runs.csv")
    >>> runs.variables, runs.metric, len(runs.table)
    (('params', 'tokens', 'flops'), 'loss', 25)
    """
    if isinstance(source, Runs):
        return source
    options = options or Options(**reading)
    name = "the table" if isinstance(source, pd.DataFrame) else "standard input" if str(source) == "-" else str(source)
    raw = flat(source) if isinstance(source, pd.DataFrame) else open_table(source, history=options.history).reset_index(drop=True)
    try:
        return _understand(raw, name, options)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(name) else f"{name}: {text}") from None


def _understand(raw: pd.DataFrame, source: str, options: Options) -> Runs:
    planned = raw.attrs.get("planned")
    rows_read, gone = len(raw), Dropped(dict(raw.attrs.get("dropped", {})), list(raw.attrs.get("notes", ())))
    if rows_read == 0:
        raise InputError("has no rows")
    rows_read += sum(gone.rows.values())
    raw = filter_rows(_with_headers(raw), options, gone.rows)
    used = assign(raw, options, gone.notes)
    typed, metric = _typed(raw, used, options, gone.notes)
    typed = _with_tokens(typed, used, gone.notes)
    keep = _finished(typed, gone.rows) & _no_summary(typed, gone.rows)
    typed, raw = typed[keep], raw[keep]
    typed, chosen = _one_metric(typed, metric, options, gone.notes, named=any(m.name == "run" for m in used.values()))
    typed = _one_curve(typed, options)
    _ask(typed, raw, options, gone.notes)
    typed = _finished_runs(typed, used, options, gone)
    _check_ranges(typed, chosen)
    typed = _no_repeats(typed, gone.rows, named=any(m.name == "run" for m in used.values())).drop(columns="failed")
    if len(typed) == 0:
        raise InputError(f"no row is left to fit: {reasons(gone.rows)}")
    ignored = tuple(str(c) for c in raw.columns if c not in used)
    rest = raw.loc[typed.index, list(ignored)].reset_index(drop=True)
    rest.attrs = {}
    table = typed.reset_index(drop=True)
    columns, notes = _columns(table, used), tuple(gone.notes)
    return Runs(source, chosen, table, rest, columns, rows_read, gone.rows, ignored, notes, gone.identity, planned)


def _with_headers(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text as headers, each once; levels of headers are joined by points."""
    levels = raw.columns.nlevels > 1
    headers = [".".join(str(part) for part in c if str(part)) if levels else str(c).strip() for c in raw.columns]
    twice = [h for h in headers if headers.count(h) > 1]
    if twice:
        raise InputError(f"has two columns {twice[0]!r}; rename or remove one")
    return raw.set_axis(headers, axis=1)


def _ask(typed: pd.DataFrame, raw: pd.DataFrame, options: Options, notes: list[str]) -> None:
    """Refuse rows that differ in what only the user can choose: the number of shots, the revision of a model.

    Revisions that are steps are checkpoints of which the last is kept.
    """
    for column in (c for c in raw.attrs.get("asked", ()) if c in raw and c not in options.where):
        cells = raw.loc[typed.index, column]
        groups = typed["run"] if column == "revision" else pd.Series("", typed.index)
        if cells.groupby(groups).nunique(dropna=False).max() < 2:
            continue
        found = sorted(map(str, cells.unique()))
        if column != "revision" or "steps" not in typed or typed["steps"].isna().any():
            raise InputError(f"has several of {column}: {', '.join(found[:8])}; choose one with --where {column}={found[0]}")
        notes.append(f"of each model the last revision is kept; --where revision={found[0]} chooses another")


def _finished_runs(typed: pd.DataFrame, used: Mapping[str, Meaning], options: Options, gone: Dropped) -> pd.DataFrame:
    named = [(header, meaning.rank) for header, meaning in used.items() if meaning.name == "run"]
    if named:
        header, rank = named[0]
        typed = one_row_a_run(typed, header, rank, gone, keep="all" if options.checkpoints or options.history else "last")
    return with_value(typed, gone)


def _columns(table: pd.DataFrame, used: Mapping[str, Meaning]) -> tuple[ReadColumn, ...]:
    headers = {meaning.name: header for header, meaning in used.items() if meaning.name not in TEXT}
    names = [n for n in ("value", *variables_of(table)) if n in headers and table[n].notna().any()]
    return tuple(_column(table, n, headers[n], used[headers[n]].unit) for n in names)


def _column(table: pd.DataFrame, name: str, header: str, unit: float) -> ReadColumn:
    x = table[name].to_numpy(float)
    known = x[np.isfinite(x)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (float("nan"), float("nan"))
    return ReadColumn(name, str(header), unit, low, high, len(np.unique(known)))


def _typed(raw: pd.DataFrame, used: Mapping[str, Meaning], options: Options, notes: list[str]) -> tuple[pd.DataFrame, str]:
    """Return the columns under the schema's names and in its units, and the metric of the values."""
    typed, metric = pd.DataFrame(index=raw.index), "loss"
    marks = _decimal_marks(raw, used, options)
    for header, meaning in used.items():
        if meaning.name in TEXT:
            typed[meaning.name] = raw[header].astype(object).where(raw[header].notna(), "").astype(str).str.strip()
            continue
        typed[meaning.name] = numbers_of(raw[header], header, marks[header]) * _unit(raw[header], header, meaning.unit)
        if meaning.name == "value":
            metric = meaning.metric or metric_of_value(header)
            if raw[header].astype(str).str.contains("%").any() and meaning.unit == 1.0:
                notes.append(f"{header!r}: cells with '%' were read as shares")
            typed["failed"] = [str(cell).strip().lower().strip("+-") in _FAILED for cell in raw[header]]
    notes.extend(_rough(raw, used))
    if "run" not in typed:
        typed["run"] = [str(i) for i in range(1, len(typed) + 1)]
        return typed, metric
    empty = typed["run"] == ""
    typed.loc[empty, "run"] = [f"row {i + 1}" for i in typed.index[empty]]
    return typed, metric


def _unit(column: pd.Series, header: str, unit: float) -> float:
    """Return the unit of a column's numbers: that of its header, or of the cells where they are written with one, such as 7B.

    Raises
    ------
    InputError
        If the header has a unit and only some of the cells have.
    """
    cells = [] if unit == 1.0 or is_numeric(column) else cells_of(column)
    own = [cell for cell in cells if has_unit(cell)]
    if not own:
        return unit
    if len(own) < len(cells):
        bare = next(cell for cell in cells if not has_unit(cell))
        raise InputError(f"column {header!r}: {own[0]!r} has a unit of its own and {bare!r} has none; write the column in one way")
    return 1.0


def _with_tokens(typed: pd.DataFrame, used: dict[str, Meaning], notes: list[str]) -> pd.DataFrame:
    """Return the table with tokens from tokens per parameter; where the table has both, the ratio is no variable of its own."""
    ratio = next((h for h, m in used.items() if m.name == "tokens_per_param"), None)
    if ratio is None or "params" not in typed:
        return typed
    tokens = typed["params"] * typed["tokens_per_param"]
    if "tokens" in typed and not np.allclose(typed["tokens"], tokens, rtol=0.05, equal_nan=True):
        return typed
    del used[ratio]
    if "tokens" not in typed:
        used[ratio] = Meaning("tokens")
        notes.append(f"tokens are params x {ratio!r}")
    return typed.drop(columns="tokens_per_param").assign(tokens=typed.get("tokens", tokens))


def _decimal_marks(raw: pd.DataFrame, used: Mapping[str, Meaning], options: Options) -> dict[str, Mark]:
    """Return the decimal mark of each used column: its own cells decide, then those of the others."""
    found = {str(h): marks for h in raw.columns if not is_numeric(raw[h]) and (marks := marks_of(raw[h])) is not None}
    chosen = dict[str, Mark]()
    for header, meaning in used.items():
        others = {mark for other, marks in found.items() if other != header and len(marks.certain) == 1 for mark in marks.certain}
        text = meaning.name not in TEXT and header in found
        chosen[header] = decimal_mark(header, found[header], others, options.decimal, value=meaning.name == "value") if text else "."
    return chosen


def _rough(raw: pd.DataFrame, used: Mapping[str, Meaning]) -> list[str]:
    """Return notes of columns with rounded numbers or with spreads."""
    texts = {h: " ".join(cells_of(raw[h])) for h, m in used.items() if m.name not in TEXT and not is_numeric(raw[h])}
    about = [f"{h!r}: numbers with '~' are read as they stand" for h, text in texts.items() if set(text) & set("~≈≃∼")]
    return about + [f"{h!r}: of a number with its spread the number is read" for h, text in texts.items() if has_spread(text)]


def _finished(typed: pd.DataFrame, dropped: dict[str, int]) -> np.ndarray:
    keep = np.ones(len(typed), bool)
    if "state" in typed:
        ended = typed["state"].str.lower().isin(_FINISHED).to_numpy()
        if ended.any() and not ended.all():  # where no cell says 'finished' the column means something else
            dropped["of runs that did not finish"] = int((~ended).sum())
            keep &= ended
    if "flag" in typed:
        flagged = (typed["flag"] != "").to_numpy() & keep
        if flagged.any():
            dropped["flagged"] = int(flagged.sum())
        keep &= ~flagged
    return keep


def _no_summary(typed: pd.DataFrame, dropped: dict[str, int]) -> np.ndarray:
    """Return which rows are not named as a summary of the others."""
    summary = typed["run"].str.lower().isin(_SUMMARIES).to_numpy()
    if summary.any():
        dropped["that sum up others (" + ", ".join(sorted(set(typed.loc[summary, "run"]))) + ")"] = int(summary.sum())
    return ~summary


def _one_metric(typed: pd.DataFrame, metric: str, options: Options, notes: list[str], *, named: bool) -> tuple[pd.DataFrame, str]:
    if "metric" not in typed:
        if options.metric is not None:
            metric = _known_metric(options.metric, metric)
        return typed, metric
    chosen = only_or_chosen("metric", typed["metric"], options.metric)
    known = _known_metric(chosen, metric)
    rows = typed[typed["metric"] == chosen]
    return (_with_losses(rows, typed, notes) if named and known.startswith(("accuracy", "error_rate")) else rows), known


def _with_losses(rows: pd.DataFrame, typed: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return the rows of a share with the losses of the same runs at the same point, where one metric of the table is a loss."""
    losses = sorted(m for m in typed["metric"].unique() if m == "loss" or m.startswith("loss_"))
    if "source_loss" in rows or not losses or ("loss" not in losses and len(losses) > 1):
        return rows
    chosen = "loss" if "loss" in losses else losses[0]
    keys = [c for c in rows if c not in ("value", "metric", "failed", "flag", "state")]
    found = typed.loc[typed["metric"] == chosen, [*keys, "value"]].rename(columns={"value": "source_loss"})
    if found.duplicated(keys).any():
        return rows
    notes.append(f"losses of the same runs are those of metric {chosen!r}")
    return rows.reset_index().merge(found, on=keys, how="left").set_index("index")


def _known_metric(name: str, otherwise: str) -> str:
    try:
        metric_kind(name)
    except SchemaError:
        found = meaning_of(name)
        if found is None or not found.metric:
            raise InputError(f"unknown metric {name!r}; the table's values are {otherwise!r}") from None
        return found.metric
    if name != otherwise and metric_kind(name).log != metric_kind(otherwise).log and otherwise != "loss":
        raise InputError(f"unknown metric {name!r}; the table's values are {otherwise!r}")
    return name


def _one_curve(typed: pd.DataFrame, options: Options) -> pd.DataFrame:
    if options.by is not None:  # runs of several curves may share a name
        return typed.assign(run=typed["curve"] + "/" + typed["run"])
    if "curve" not in typed:
        if options.curve is not None:
            raise InputError("--curve: the table has no column 'curve'; choose rows with --where COLUMN=VALUE")
        return typed
    return typed[typed["curve"] == only_or_chosen("curve", typed["curve"], options.curve)]


def _check_ranges(typed: pd.DataFrame, metric: str) -> None:
    """Refuse numbers outside the range of their variable or metric; rows are counted from 1 below the header."""
    for name in variables_of(typed):
        variable = VARIABLES.get(name)
        x = typed[name]
        legal = x.isna() | (x >= 0 if variable is None or variable.zero else x > 0) | bool(variable and variable.sign)
        if not legal.all():
            row = legal.index[~legal][0]
            raise InputError(f"row {row + 1}, column {name!r}: {x[row]:g} must be positive")
    kind, y = metric_kind(metric), typed["value"]
    legal = (y >= kind.low if kind.zero else y > kind.low) & (y <= kind.high)
    if not legal.all():
        row = legal.index[~legal][0]
        percent = kind.high == 1.0 and bool((y <= 100.0).all() and (y >= 0.0).all())
        remedy = "; if it is in percent, say --unit value=0.01" if percent else "; if it is another metric, say --metric score or --map it"
        raise InputError(f"row {row + 1}, column 'value': {y[row]:g} is outside the range of {metric!r}{remedy}")


def _no_repeats(typed: pd.DataFrame, dropped: dict[str, int], *, named: bool) -> pd.DataFrame:
    """Return the rows without exact repeats, which have the same run name where there is one."""
    again = typed.duplicated([c for c in typed.columns if named or c != "run"], keep="first")
    if again.any():
        dropped["repeated"] = int(again.sum())
    return typed[~again]
