"""The schema: one row is one measured value of one trained model at one point.

`validate` raises an error of one line that names the file, the row, the column and the rule.
`scalingbench.common.variables` and `scalingbench.benchmark.data.variables` list the variables, metrics and flags.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import FLAGS, is_own, metric_kind, variables_of
from scalingbench.common.errors import SchemaError
from scalingbench.common.limits import check_file, check_shape
from scalingbench.common.messages import described
from scalingbench.common.names import nearest
from scalingbench.common.variables import VARIABLES, Variable, is_variable

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["IDENTITY", "check_columns", "normalise", "read_table", "read_unchecked", "validate"]


IDENTITY = ("collection", "curve", "run", "metric")
_OPTIONAL_FLOATS = ("value_low", "value_high", "seed")
_TEXT = (*IDENTITY, "flag", "split")
_MAY_LACK_VALUE = frozenset({"missing", "diverged"})
_NUMBER_CELLS = (str, int, float, Decimal, np.integer, np.floating)
_TEXT_CELLS = (str, int, float, np.integer, np.floating)
_LONGEST_CELL = 80
_MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None")
"""Representations of a missing number in a CSV file."""
Own = Mapping[str, Variable]
_NONE: Own = MappingProxyType({})
_PARQUET_INDEX = r"__index_level_\d+__"


def normalise(table: pd.DataFrame, *, collection: str | None = None) -> pd.DataFrame:
    """Return the table with the schema's columns, types and row order; without checks.

    Missing optional columns are filled in (``metric`` is ``loss``, ``curve`` is ``all``, no flag,
    no split), variables become float64 and rows are sorted by curve, metric, run and variables.
    """
    table = table.copy()
    defaults = {"collection": collection or "table", "curve": "all", "metric": "loss", "flag": "", "split": ""}
    for column, default in defaults.items():
        if column not in table:
            table[column] = default
    if "run" not in table:
        table["run"] = [str(i) for i in range(1, len(table) + 1)]
    for column in _TEXT:
        table[column] = _to_text(table[column])
    variables = variables_of(table)
    for column in ("value", *variables, *(c for c in _OPTIONAL_FLOATS if c in table)):
        if column in table:
            table[column] = _to_float(table[column], column)
    unknown = [c for c in table.columns if c not in (*_TEXT, "value", *variables, *_OPTIONAL_FLOATS)]
    ordered = [*IDENTITY, "value", *variables, *_OPTIONAL_FLOATS, "flag", "split", *unknown]
    table = table[[c for c in ordered if c in table]]
    keys = [c for c in ("curve", "metric", "run", *variables, "seed", "value") if c in table]
    return table.sort_values(keys, kind="stable", ignore_index=True)


def _to_text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def _to_float(column: pd.Series, name: str) -> pd.Series:
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        return pd.Series(column.to_numpy("float64", na_value=np.nan), index=column.index)
    cells = column.astype(object)
    _refuse_cells(cells, _NUMBER_CELLS, name, "is not a number")
    numbers = pd.to_numeric(cells.map(_as_float), errors="coerce").astype("float64")
    broken = numbers.isna() & cells.notna() & (cells.astype(str).str.strip().str.lower() != "nan")
    _refuse(cells, broken, name, "is not a number")
    return numbers


def _as_float(cell: Any) -> Any:
    """Return a cell as a float if it is a number; text is unchanged."""
    if isinstance(cell, str) or pd.isna(cell):
        return cell
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def _refuse_cells(cells: pd.Series, kinds: tuple[type, ...], name: str, rule: str) -> None:
    """Raise for cells of other types: dates, booleans, bytes, lists."""
    wrong = [isinstance(c, bool) or not (isinstance(c, kinds) or c is None or c is pd.NA or c is pd.NaT) for c in cells]
    _refuse(cells, np.array(wrong, bool), name, rule)


def read_table(path: str | Path, own: Own = _NONE) -> pd.DataFrame:
    """Read and validate a user's table of runs from CSV or Parquet.

    Parameters
    ----------
    path : str or Path
        A ``.csv`` or ``.parquet`` file with a ``value`` column and the schema's names.
    own : dict of str to Variable, optional
        Variables beyond the registry, as the collection's card declares them (`Facts.own_variables`).

    Returns
    -------
    DataFrame
        The normalised table.

    Raises
    ------
    SchemaError
        If the file cannot be read or breaks a rule; rows are counted from 1 below the header.

    Examples
    --------
    >>> import pandas as pd
    >>> import scalingbench as sb
    >>> pd.DataFrame({"params": [1e8, 2e8], "value": [3.1, 2.9]}).to_csv("mine.csv", index=False)
    >>> sb.read_table("mine.csv")[["run", "metric", "value", "params"]]
      run metric  value       params
    0   1   loss    3.1  100000000.0
    1   2   loss    2.9  200000000.0
    """
    raw = read_unchecked(path)
    try:
        validate(raw, own)
        return normalise(raw)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None


def read_unchecked(path: str | Path) -> pd.DataFrame:
    """Return the cells of a CSV or Parquet file as they are.

    Raises
    ------
    SchemaError
        If the file cannot be read as a table.
    """
    path = Path(path)
    check_file(path, SchemaError)
    try:
        return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except FileNotFoundError:
        raise SchemaError(f"{path}: no such file") from None
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None
    except Exception as error:  # the libraries raise many kinds of errors on invalid files
        raise SchemaError(f"{path}: cannot be read as a table: {described(error, 200)}") from None


def _read_csv(path: Path) -> pd.DataFrame:
    """Return the cells of a CSV file; names are read as text, so ``001`` and ``NA`` are names too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # extra cells would be dropped or shift the others
        try:
            check_shape(*_size(path), error=SchemaError)
            numbers = [name for name in pd.read_csv(path, nrows=0, index_col=False).columns if name not in _TEXT]
            return pd.read_csv(
                path,
                dtype=dict.fromkeys(_TEXT, str),
                na_values=dict.fromkeys(numbers, _MISSING),
                keep_default_na=False,
                index_col=False,
                low_memory=False,
            )
        except pd.errors.ParserWarning:
            raise SchemaError("rows have more cells than the header has names") from None


def _size(path: Path) -> tuple[int, int]:
    """Return the numbers of rows and columns of a CSV file, at most."""
    with path.open("rb") as file:
        columns = file.readline().count(b",") + 1
        return sum(1 for _ in file), columns


def _read_parquet(path: Path) -> pd.DataFrame:
    """Return the columns of a Parquet file; a pandas index is a column, unless it is row numbers."""
    import pyarrow.parquet as pq

    facts = pq.ParquetFile(path).metadata
    check_shape(facts.num_rows, facts.num_columns, error=SchemaError)
    table: pd.DataFrame = pq.read_table(path).to_pandas(ignore_metadata=True)
    return table.loc[:, [re.fullmatch(_PARQUET_INDEX, str(name)) is None for name in table.columns]]


def check_columns(table: pd.DataFrame, own: Own = _NONE) -> None:
    """Raise for unknown columns and for a table without values, before any conversion."""
    check_shape(*table.shape, table.columns, SchemaError)
    known = (*_TEXT, "value", *_OPTIONAL_FLOATS)
    for column in table.columns:
        if isinstance(column, str) and is_own(column) and column not in own:
            raise SchemaError(f"column {column!r}: the card of the collection does not declare it; state its unit and meaning there")
        if not isinstance(column, str) or (column not in known and column not in own and not is_variable(column)):
            near = _near(str(column), (*known, *VARIABLES))
            raise SchemaError(f"column {column!r}: not a column of the schema{near}")
    if not table.columns.is_unique:
        raise SchemaError(f"column {table.columns[table.columns.duplicated()][0]!r}: is there twice")
    if "value" not in table:
        raise SchemaError("column 'value': missing; it is the measured loss or accuracy")
    if len(table) == 0:
        raise SchemaError("the table has no rows")


def _near(name: str, known: tuple[str, ...]) -> str:
    near = nearest(name, known, cutoff=0.6)
    return f"; did you mean {near!r}?" if near else "; variables are registered in common/variables.py"


def validate(table: pd.DataFrame, own: Own = _NONE) -> None:
    """Check every rule of the schema.

    Parameters
    ----------
    table : DataFrame
        A table with any subset of the optional columns; rows may be in any order.
    own : dict of str to Variable, optional
        Variables beyond the registry, as the collection's card declares them (`Facts.own_variables`).

    Raises
    ------
    SchemaError
        On the first broken rule, with the row (counted from 1), the column and the rule.
    """
    check_columns(table, own)
    table = table.reset_index(drop=True)
    text = {c: _checked_text(table[c], c) for c in _TEXT if c in table}
    numbers = {c: _to_float(table[c], c) for c in table.columns if c not in _TEXT}
    typed = pd.DataFrame({**text, **numbers})
    flags = typed["flag"] if "flag" in typed else pd.Series("", index=typed.index)
    if "metric" not in typed:
        typed["metric"] = "loss"
    _check_with_pandera(typed, _rules(typed, own))
    _check_values(typed, flags)
    _check_intervals(typed)
    _check_unique(typed[~flags.str.contains("duplicate")])


def _checked_text(column: pd.Series, name: str) -> pd.Series:
    cells = column.astype(object)
    _refuse_cells(cells, _TEXT_CELLS, name, "is not text")
    _refuse(cells, np.array([not str(c).isprintable() for c in cells], bool), name, "holds a character that cannot be printed")
    return _to_text(cells)


def _rules(table: pd.DataFrame, own: Own) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    def known_flags(column: pd.Series) -> pd.Series:
        return column.map(lambda f: f == "" or set(f.split("|")) <= set(FLAGS))

    columns: dict[str, Any] = {
        "flag": pa.Column(checks=pa.Check(known_flags, error=f"flags are joined by '|', each one of {', '.join(FLAGS)}")),
        "split": pa.Column(checks=pa.Check.isin(["train", "test", ""], error="must be 'train', 'test' or empty")),
    }
    columns |= {c: pa.Column(checks=pa.Check(lambda s: s != "", error="must not be empty")) for c in IDENTITY}
    for name in variables_of(table):
        variable = VARIABLES.get(name) or own.get(name) or Variable(name, "r", "1", "mixture weight", zero=True)
        columns[name] = pa.Column(float, nullable=True, checks=_range_check(variable))
    for name in _OPTIONAL_FLOATS:
        columns[name] = pa.Column(float, nullable=True, checks=_finite(pa))
    return pa.DataFrameSchema({c: spec for c, spec in columns.items() if c in table})


def _finite(pa: Any) -> Any:
    return pa.Check(lambda s: np.isfinite(s), error="must be finite")


def _range_check(variable: Variable) -> list[Any]:
    import pandera.pandas as pa

    checks = [_finite(pa)]
    if not variable.sign:
        checks.append(pa.Check.ge(0, error="must not be negative") if variable.zero else pa.Check.gt(0, error="must be positive"))
    return checks


def _check_with_pandera(table: pd.DataFrame, rules: pa.DataFrameSchema) -> None:
    import pandera.errors

    try:
        rules.validate(table, lazy=False)
    except pandera.errors.SchemaError as error:
        cases = error.failure_cases
        rule = getattr(error.check, "error", None) or str(error.check)
        if isinstance(cases, pd.DataFrame) and "index" in cases and cases["index"].notna().any():
            row, case = int(cases["index"].iloc[0]), cases["failure_case"].iloc[0]
            raise SchemaError(f"row {row + 1}, column {error.column_name!r}: {_shown(case)} {rule}") from None
        raise SchemaError(f"column {error.column_name!r}: {rule}") from None


def _check_values(table: pd.DataFrame, flags: pd.Series) -> None:
    value, metric = table["value"].to_numpy(float), table["metric"].to_numpy()
    excused = flags.map(lambda f: bool(_MAY_LACK_VALUE & set(f.split("|")))).to_numpy(bool)
    broken = ~np.isfinite(value) & ~(excused & np.isnan(value))
    _refuse(table["value"], broken, "value", "must be finite (a run without a value is flagged 'missing' or 'diverged')")
    for name in table["metric"].unique():
        of_metric = metric == name
        try:
            kind = metric_kind(name)
        except SchemaError as error:
            raise SchemaError(f"row {int(np.flatnonzero(of_metric)[0]) + 1}, column 'metric': {error}") from None
        low = (value < kind.low) if kind.zero else (value <= kind.low)
        outside = of_metric & np.isfinite(value) & (low | (value > kind.high))
        bracket = "[" if kind.zero else "("
        _refuse(table["value"], outside, "value", f"lies outside {bracket}{kind.low:g}, {kind.high:g}], the range of metric {name!r}")


def _check_intervals(table: pd.DataFrame) -> None:
    """Raise for an interval with low above high, or that does not contain the value."""
    for low, high in (("value_low", "value_high"), ("value_low", "value"), ("value", "value_high")):
        if low in table and high in table:
            _refuse(table[low], table[low] > table[high], low, f"lies above {high!r} of the row")


def _check_unique(table: pd.DataFrame) -> None:
    keys = [c for c in (*IDENTITY, *variables_of(table), "seed") if c in table]
    if "run" not in keys:
        keys.append("value")
    twice = table.duplicated(keys, keep="first")
    if twice.any():
        row = table.index[twice][0]
        same = (table[keys] == table.loc[row, keys]) | (table[keys].isna() & table.loc[row, keys].isna())
        first = table.index[same.all(axis=1)][0]
        raise SchemaError(f"row {row + 1}: repeats row {first + 1} in ({', '.join(keys)}); flag it 'duplicate' or remove it")


def _refuse(column: pd.Series, broken: np.ndarray | pd.Series, name: str, rule: str) -> None:
    """Raise for the first broken row of a column, if there is one."""
    rows = np.flatnonzero(np.asarray(broken, bool))
    if len(rows):
        raise SchemaError(f"row {rows[0] + 1}, column {name!r}: {_shown(column.iloc[rows[0]])} {rule}")


def _shown(cell: Any) -> str:
    """Return a cell as shown in a message."""
    return repr(cell.item() if isinstance(cell, np.generic) else cell)[:_LONGEST_CELL]
