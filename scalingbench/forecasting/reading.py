"""Reading a table of runs: its columns and units, the rows that are kept, and a summary of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind, variables_of
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.names import nearest, only_or_chosen, unknown_name
from scalingbench.common.variables import VARIABLES, family_of, is_variable
from scalingbench.forecasting.files import open_table
from scalingbench.forecasting.headers import Meaning, key_of, meaning_of, metric_of_value
from scalingbench.forecasting.numbers import number_of, numbers_of

__all__ = ["Options", "ReadColumn", "Reading", "Runs", "TableLike", "read_runs"]

TableLike = str | Path | pd.DataFrame
_FINISHED = frozenset({"finished", "completed", "complete", "done", "success", "succeeded", "ok", ""})
_TEXT = ("run", "curve", "flag", "metric", "state")


@dataclass(frozen=True)
class Options:
    """How a table is read.

    Attributes
    ----------
    names : mapping of str to str
        Header -> its meaning: a variable, ``value``, ``run``, ``curve``, ``seed`` or ``ignore``. It overrides the meaning
        that the header suggests.
    units : mapping of str to float
        Variable or ``value`` -> one unit of the column, such as ``{"params": 1e6}``.
    where : mapping of str to str
        Header -> the cell of the rows that are kept.
    metric, curve : str, optional
        Which metric and curve, where the table has several.
    checkpoints : bool
        Keep every row of a run. By default only the last one is kept, because a checkpoint under a decaying learning rate
        is not a finished run.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    metric: str | None = None
    curve: str | None = None
    checkpoints: bool = False


class Reading(TypedDict, total=False):
    """Keywords of the functions that read a table: the fields of `Options`."""

    names: Mapping[str, str]
    units: Mapping[str, float]
    where: Mapping[str, str]
    metric: str | None
    curve: str | None
    checkpoints: bool


@dataclass(frozen=True)
class ReadColumn:
    """The meaning, unit and range of a column."""

    name: str
    header: str
    unit: float
    low: float
    high: float
    distinct: int


@dataclass(frozen=True)
class Runs:
    """A table of runs as it was read.

    Attributes
    ----------
    source : str
        File or folder.
    metric : str
        The metric of ``value``.
    table : DataFrame
        ``run``, ``value`` and the scale variables, in the schema's units; one row a finished run.
    rest : DataFrame
        The columns that are not used, for the same rows.
    columns : tuple of ReadColumn
        The columns that are used.
    rows_read : int
        Rows of the source.
    dropped : dict of str to int
        Rows left out, by reason.
    ignored : tuple of str
        Headers of the columns that are not used.
    notes : tuple of str
        Choices that were made where the table allows several.
    """

    source: str
    metric: str
    table: pd.DataFrame
    rest: pd.DataFrame
    columns: tuple[ReadColumn, ...]
    rows_read: int
    dropped: dict[str, int]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The scale variables of the table."""
        return variables_of(self.table)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the rows as plain values."""
        return {
            "source": self.source,
            "metric": self.metric,
            "rows_read": self.rows_read,
            "rows_kept": len(self.table),
            "dropped": self.dropped,
            "columns": [asdict(c) for c in self.columns],
            "ignored": list(self.ignored),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        gone = ", ".join(f"{n} {why}" for why, n in self.dropped.items())
        lines = [f"{self.source}: {len(self.table)} of {self.rows_read} rows kept" + (f" ({gone})" if gone else "")]
        width = max(len(c.name) for c in self.columns)
        for c in self.columns:
            meaning = self.metric if c.name == "value" else _unit_of(c.name)
            unit = "" if c.unit == 1.0 else f" x {c.unit:g}"
            lines.append(f"  {c.name:<{width}}  from {c.header!r}{unit}: {c.low:.4g} to {c.high:.4g}, {c.distinct} values ({meaning})")
        if self.ignored:
            lines.append(f"  not used: {', '.join(self.ignored[:20])}" + (" ..." if len(self.ignored) > 20 else ""))
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def _unit_of(name: str) -> str:
    family = family_of(name)
    return VARIABLES[name].unit if family is None else family.meaning


def read_runs(source: TableLike | Runs, options: Options | None = None) -> Runs:
    """Read a table of runs.

    Parameters
    ----------
    source : str, Path, DataFrame or Runs
        A CSV, TSV, JSON, JSON-lines or Parquet file, ``-`` for standard input, the folder of an experiment tracker, or
        a table in memory. `Runs` are returned as they are.
    options : Options, optional
        Names, units, rows to keep.

    Raises
    ------
    InputError
        If it cannot be read, has no column of values, or is ambiguous; the message names the file and the option that
        resolves it.
    """
    if isinstance(source, Runs):
        return source
    options = options or Options()
    name = "the table" if isinstance(source, pd.DataFrame) else "standard input" if str(source) == "-" else str(source)
    raw = source.reset_index(drop=True) if isinstance(source, pd.DataFrame) else open_table(source).reset_index(drop=True)
    try:
        return _understand(raw, name, options)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(name) else f"{name}: {text}") from None


def _understand(raw: pd.DataFrame, source: str, options: Options) -> Runs:
    rows_read, dropped, notes = len(raw), dict[str, int](), list[str]()
    if rows_read == 0:
        raise InputError("has no rows")
    raw = _where(raw, options.where, dropped)
    used = _assign(raw, options, notes)
    typed, metric = _typed(raw, used, options, notes)
    units = {c: used[c].unit for c in used}
    keep = _finished(typed, dropped)
    typed, raw = typed[keep], raw[keep]
    typed, chosen = _one_metric(typed, metric, options)
    typed = _one_curve(typed, options)
    typed = _with_value(typed, dropped)
    _check_ranges(typed, chosen)
    typed = _last_of_runs(typed, options, dropped, notes)
    typed = _no_repeats(typed, dropped, named=any(m.name == "run" for m in used.values()))
    headers = {used[h].name: h for h in used if used[h].name not in _TEXT}
    ignored = tuple(str(c) for c in raw.columns if c not in used)
    rest = raw.loc[typed.index, list(ignored)].reset_index(drop=True)
    table = typed.reset_index(drop=True)
    if len(table) == 0:
        gone = ", ".join(f"{n} {why}" for why, n in dropped.items())
        raise InputError(f"no row is left to fit: {gone}")
    columns = tuple(
        _column(table, n, headers[n], units[headers[n]]) for n in ("value", *variables_of(table)) if n in headers and table[n].notna().any()
    )
    return Runs(source, chosen, table, rest, columns, rows_read, dropped, ignored, tuple(notes))


def _column(table: pd.DataFrame, name: str, header: str, unit: float) -> ReadColumn:
    x = table[name].to_numpy(float)
    known = x[np.isfinite(x)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (float("nan"), float("nan"))
    return ReadColumn(name, str(header), unit, low, high, len(np.unique(known)))


def _where(raw: pd.DataFrame, where: Mapping[str, str], dropped: dict[str, int]) -> pd.DataFrame:
    for header, wanted in where.items():
        if header not in raw:
            raise unknown_name("column", header, [str(c) for c in raw.columns])
        keep = raw[header].astype(str).str.strip() == str(wanted).strip()
        if not keep.any():
            found = ", ".join(map(repr, sorted(raw[header].astype(str).unique())[:8]))
            raise InputError(f"--where {header}={wanted}: no row has it; the cells are {found}")
        dropped[f"without {header}={wanted}"] = int((~keep).sum())
        raw = raw[keep]
    return raw.reset_index(drop=True)


def _assign(raw: pd.DataFrame, options: Options, notes: list[str]) -> dict[str, Meaning]:
    """Return what each used column is, by header."""
    for header in options.names:
        if header not in raw:
            raise InputError(f"--map: {unknown_name('column', header, [str(c) for c in raw.columns])}")
    if any(str(h).endswith(("__MIN", "__MAX")) for h in raw.columns):
        raise InputError("is the export of a W&B chart (a column for each run); export the table of runs instead")
    found: dict[str, list[tuple[str, Meaning]]] = {}
    for header in map(str, raw.columns):
        meaning = _stated(header, options.names) if header in options.names else meaning_of(header)
        if meaning is not None and (meaning.name in _TEXT or header in options.names or _has_numbers(raw[header])):
            found.setdefault(meaning.name, []).append((header, meaning))
    if "value" not in found:
        _refuse_without_value(raw)
    chosen = {}
    for name, candidates in found.items():
        header, meaning = _best(name, _distinct(raw, candidates), options, notes)
        chosen[header] = meaning
    for name, unit in options.units.items():
        headers = [h for h, m in chosen.items() if m.name == name]
        if not headers:
            raise InputError(f"--unit {name}={unit:g}: {unknown_name('column', name, sorted(m.name for m in chosen.values()))}")
        old = chosen[headers[0]]
        chosen[headers[0]] = Meaning(name, float(unit), old.metric, old.rank)
    return chosen


def _stated(header: str, names: Mapping[str, str]) -> Meaning | None:
    name = names[header]
    if name == "ignore":
        return None
    if name == "value":
        return Meaning("value", metric=metric_of_value(header), rank=-1)
    if name not in (*_TEXT, "seed") and not is_variable(name):
        raise InputError(f"--map {header}={name}: {unknown_name('variable', name, [*VARIABLES, 'value', 'run', 'curve', 'ignore'])}")
    return Meaning(name, rank=-1)


def _has_numbers(column: pd.Series) -> bool:
    """Return whether any cell is a number: a column of words is not used."""
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return bool(column.notna().any())
    values = (number_of(str(cell)) for cell in column)
    return any(v is not None and np.isfinite(v) for v in values)


def _refuse_without_value(raw: pd.DataFrame) -> None:
    headers = [str(c) for c in raw.columns]
    near = next((h for h in headers if nearest(key_of(h), ("value", "loss", "val_loss", "eval_loss", "accuracy"), cutoff=0.7)), headers[-1])
    raise InputError(
        f"no column of measured values (loss, val/loss, accuracy, ...) among {', '.join(headers[:12])}; name it with --map {near}=value"
    )


def _distinct(raw: pd.DataFrame, candidates: list[tuple[str, Meaning]]) -> list[tuple[str, Meaning]]:
    """Return the columns without those that repeat another one, such as planned tokens beside tokens seen."""
    kept: list[tuple[str, Meaning]] = []
    for header, meaning in candidates:
        if meaning.name in _TEXT or not any(_alike(raw, header, meaning, other, m) for other, m in kept):
            kept.append((header, meaning))
    return kept


def _alike(raw: pd.DataFrame, one: str, m1: Meaning, two: str, m2: Meaning) -> bool:
    try:
        a, b = numbers_of(raw[one], one) * m1.unit, numbers_of(raw[two], two) * m2.unit
    except InputError:
        return False
    return m1.rank == m2.rank and bool(np.array_equal(np.isnan(a), np.isnan(b)) and np.allclose(a, b, rtol=0.01, atol=0.0, equal_nan=True))


def _best(name: str, candidates: list[tuple[str, Meaning]], options: Options, notes: list[str]) -> tuple[str, Meaning]:
    """Return the column to use where several have the same meaning."""
    if name == "value" and options.metric is not None:
        candidates = [c for c in candidates if options.metric in (c[0], c[1].metric, key_of(c[0]))] or candidates
    least = min(m.rank for _, m in candidates)
    best = [c for c in candidates if c[1].rank == least]
    exact = [c for c in best if key_of(c[0]) == name] or ([best[0]] if name in ("run", "state", "steps", "curve", "flag") else [])
    if len(best) > 1 and len(exact) == 1:
        best = exact
    if len(best) > 1:
        names = " and ".join(repr(h) for h, _ in best[:4])
        raise InputError(f"{names} could each be {name!r}; choose with --map {best[0][0]}={name}")
    if len(candidates) > 1 and name not in ("run", "state"):
        others = ", ".join(h for h, _ in candidates if h != best[0][0])
        notes.append(f"{name} is read from {best[0][0]!r}, not from {others}; --map chooses another")
    return best[0]


def _typed(raw: pd.DataFrame, used: Mapping[str, Meaning], options: Options, notes: list[str]) -> tuple[pd.DataFrame, str]:
    """Return the columns under the schema's names and in its units, and the metric of the values."""
    typed, metric = pd.DataFrame(index=raw.index), "loss"
    for header, meaning in used.items():
        if meaning.name in _TEXT:
            typed[meaning.name] = raw[header].astype(object).where(raw[header].notna(), "").astype(str).str.strip()
            continue
        typed[meaning.name] = numbers_of(raw[header], header) * meaning.unit
        if meaning.name == "value":
            metric = meaning.metric or metric_of_value(header)
            if raw[header].astype(str).str.contains("%").any() and meaning.unit == 1.0:
                notes.append(f"{header!r}: cells with '%' were read as shares")
    if "run" not in typed:
        typed["run"] = [str(i) for i in range(1, len(typed) + 1)]
        return typed, metric
    empty = typed["run"] == ""
    typed.loc[empty, "run"] = [f"row {i + 1}" for i in typed.index[empty]]
    return typed, metric


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


def _one_metric(typed: pd.DataFrame, metric: str, options: Options) -> tuple[pd.DataFrame, str]:
    if "metric" not in typed:
        if options.metric is not None:
            metric = _known_metric(options.metric, metric)
        return typed, metric
    chosen = only_or_chosen("metric", typed["metric"], options.metric)
    return typed[typed["metric"] == chosen], _known_metric(chosen, metric)


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
    if "curve" not in typed:
        if options.curve is not None:
            raise InputError("--curve: the table has no column 'curve'; choose rows with --where COLUMN=VALUE")
        return typed
    return typed[typed["curve"] == only_or_chosen("curve", typed["curve"], options.curve)]


def _with_value(typed: pd.DataFrame, dropped: dict[str, int]) -> pd.DataFrame:
    missing = ~np.isfinite(typed["value"].to_numpy(float))
    if missing.any():
        dropped["without a value"] = int(missing.sum())
    kept: pd.DataFrame = typed[~missing]
    return kept


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


def _last_of_runs(typed: pd.DataFrame, options: Options, dropped: dict[str, int], notes: list[str]) -> pd.DataFrame:
    """Return the last row of each run, where rows are points of training curves."""
    clock = next((c for c in ("steps", "tokens", "epochs", "flops") if c in typed and typed.groupby("run")[c].nunique().max() > 1), None)
    if clock is None or options.checkpoints or not typed["run"].duplicated().any():
        return typed
    if "params" in typed and typed.groupby("run")["params"].nunique().max() > 1:
        return typed  # the column does not name runs: one name has several sizes
    order = typed.assign(_clock=typed[clock].fillna(-np.inf)).sort_values("_clock", kind="stable")
    last = order.drop_duplicates("run", keep="last").index
    kept = typed.loc[sorted(last)]
    dropped["before a run's last"] = len(typed) - len(kept)
    notes.append(f"one row a run is kept, its last by {clock}: --checkpoints keeps all")
    return kept


def _no_repeats(typed: pd.DataFrame, dropped: dict[str, int], *, named: bool) -> pd.DataFrame:
    """Return the rows without exact repeats, which have the same run name where there is one."""
    again = typed.duplicated([c for c in typed.columns if named or c != "run"], keep="first")
    if again.any():
        dropped["repeated"] = int(again.sum())
    return typed[~again]
