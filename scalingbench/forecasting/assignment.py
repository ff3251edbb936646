"""Which column of a table is what: by the user's word, by the headers, and by what the cells can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import InputError
from scalingbench.common.names import nearest, unknown_name
from scalingbench.common.variables import VARIABLES, is_variable
from scalingbench.forecasting.headers import TRAINING, UNSTATED, Meaning, held_out_metric, key_of, meaning_of, metric_of_value, named_metric
from scalingbench.forecasting.numbers import cells_of, number_of, numbers_of, shown, stored_number
from scalingbench.forecasting.runs import Options

__all__ = ["TEXT", "assign", "filter_rows", "has_numbers"]

TEXT = ("run", "curve", "flag", "metric", "state")
"""Meanings of columns of text."""


def filter_rows(raw: pd.DataFrame, options: Options, dropped: dict[str, int]) -> pd.DataFrame:
    """Return the rows that ``--where`` keeps.

    Raises
    ------
    InputError
        If a column is unknown, or no row has the cell.
    """
    for given, wanted in options.where.items():
        header = header_of(given, raw, options.names, "--where")
        keep = _equal(raw[header], str(wanted).strip(), meaning_of(header))
        if not keep.any():
            found = ", ".join(map(repr, sorted(raw[header].astype(str).unique())[:8]))
            raise InputError(f"--where {given}={wanted}: no row has it; the cells are {found}")
        dropped[f"without {given}={wanted}"] = int((~keep).sum())
        raw = raw[keep]
    return raw.reset_index(drop=True)


def _equal(column: pd.Series, wanted: str, meaning: Meaning | None) -> np.ndarray:
    """Return which cells are the wanted text, or the wanted number, as it stands or in the unit of the header."""
    same = np.asarray(column.astype(str).str.strip() == wanted, bool)
    number = number_of(wanted)
    if same.any() or number is None:
        return same
    cells = [stored if (stored := stored_number(cell)) is not None else number_of(str(cell)) for cell in column]
    values = np.array([np.nan if v is None else v for v in cells])
    either = np.stack([values, values * (meaning.unit if meaning else 1.0)])
    return np.asarray(np.isclose(either, number, rtol=1e-9, atol=0.0).any(axis=0), bool)


def header_of(given: str, raw: pd.DataFrame, names: Mapping[str, str], option: str) -> str:
    """Return the header that an option means: by itself, by its spelling, or by its meaning.

    Raises
    ------
    InputError
        If there is none, or several have the meaning.
    """
    headers = [str(c) for c in raw.columns]
    if given in headers:
        return given
    wanted = meaning_of(given)
    spelt = [h for h in headers if key_of(h) == key_of(given)]
    meant = [h for h in headers if wanted is not None and (names.get(h) or getattr(meaning_of(h), "name", None)) == wanted.name]
    found = spelt or meant
    if len(found) > 1:
        raise InputError(f"{option}: {given!r} could be {' or '.join(map(repr, found[:4]))}; name the header")
    if not found:
        raise InputError(f"{option}: {unknown_name('column', given, headers)}")
    return found[0]


def assign(raw: pd.DataFrame, options: Options, notes: list[str]) -> dict[str, Meaning]:
    """Return what each used column is, by header."""
    names = {header_of(given, raw, {}, "--map"): name for given, name in options.names.items()}
    if options.by is not None:
        names[header_of(options.by, raw, names, "--by")] = "curve"
    if any(str(h).endswith(("__MIN", "__MAX")) for h in raw.columns) or _is_chart([str(h) for h in raw.columns]):
        raise InputError(
            "is the export of a W&B chart: a column for each run, without the params, tokens or other settings of the runs; "
            "export the table of runs instead"
        )
    found: dict[str, list[tuple[str, Meaning]]] = {}
    words: dict[str, str] = {}
    for header in map(str, raw.columns):
        meaning = _stated(header, names) if header in names else meaning_of(header)
        if meaning is not None and (meaning.name in TEXT or header in names or has_numbers(raw[header])):
            found.setdefault(meaning.name, []).append((header, meaning))
        elif meaning is not None:
            words.setdefault(meaning.name, header)
    for name in words.keys() - found.keys():
        _refuse_unreadable(raw[words[name]], words[name])
    _with_named_metric(raw, found, names, options)
    if not any(_is_asked(c, options) and c[1].metric != "loss" for c in found.get("value", [])):
        _refuse_training_loss(raw, found.get("value", []), notes)
    if "value" not in found:
        _refuse_without_value(raw)
    found["run"] = _identities(raw, found.get("run", []))
    chosen = {}
    for name, candidates in ((n, c) for n, c in found.items() if c):
        header, meaning = _best(name, _distinct(raw, candidates), options, notes)
        chosen[header] = meaning
    _with_losses(raw, found, chosen, notes)
    for given, unit in options.units.items():
        header = _unit_header(given, unit, chosen)
        old = chosen[header]
        chosen[header] = Meaning(old.name, float(unit), old.metric, old.rank)
    return chosen


def _is_asked(candidate: tuple[str, Meaning], options: Options) -> bool:
    """Return whether a column of values is the one that ``--metric`` or ``--map`` asks for."""
    header, meaning = candidate
    return meaning.rank < 0 or (options.metric is not None and options.metric in (header, meaning.metric, key_of(header)))


def _with_named_metric(raw: pd.DataFrame, found: dict[str, list[tuple[str, Meaning]]], names: Mapping[str, str], options: Options) -> None:
    """Add the column that ``--metric`` names where the header alone is of no known meaning, such as ``accuracy_hellaswag``."""
    wanted = options.metric
    if wanted is None or "value" in names.values() or any(_is_asked(c, options) for c in found.get("value", [])):
        return
    free = [h for h in map(str, raw.columns) if h not in names and has_numbers(raw[h]) and _may_be_value(h)]
    asked = [h for h in free if wanted in (h, key_of(h), named_metric(h))]
    found.setdefault("value", []).extend((h, Meaning("value", metric=named_metric(h) or metric_of_value(h), rank=-1)) for h in asked)
    if not found["value"]:
        del found["value"]


def _may_be_value(header: str) -> bool:
    meaning = meaning_of(header)
    return meaning is None or meaning.name == "value"


def _with_losses(raw: pd.DataFrame, found: Mapping[str, list[tuple[str, Meaning]]], chosen: dict[str, Meaning], notes: list[str]) -> None:
    """Add the losses of the same runs, where the values are accuracies or error rates: a forecast may go through them."""
    value = next((m for m in chosen.values() if m.name == "value"), None)
    if value is None or "source_loss" in found or not value.metric.startswith(("accuracy", "error_rate")):
        return
    others = [(h, m) for h, m in found["value"] if m.metric == "loss" and h not in chosen]
    others += [
        (h, Meaning("value", metric=m)) for h in map(str, raw.columns) if (m := held_out_metric(h)) and _is_loss(m) and has_numbers(raw[h])
    ]
    least = min((m.rank for _, m in others), default=0)
    best = [(h, m) for h, m in others if m.rank == least]
    if len(best) == 1:
        header, meaning = best[0]
        chosen[header] = Meaning("source_loss", meaning.unit, rank=meaning.rank)
    elif best:
        listed = ", ".join(h for h, _ in best[:4])
        notes.append(f"several losses of the same runs: {listed}; --map {best[0][0]}=source_loss lets a forecast go through one")


def _is_loss(metric: str) -> bool:
    return metric_kind(metric).name == "loss"


def _unit_header(given: str, unit: float, chosen: Mapping[str, Meaning]) -> str:
    """Return the used column that ``--unit`` means, by its variable, its header or an alias."""
    wanted = meaning_of(given)
    found = [h for h, m in chosen.items() if given in (m.name, h)] or [h for h, m in chosen.items() if wanted and m.name == wanted.name]
    if not found:
        raise InputError(f"--unit {given}={unit:g}: {unknown_name('column', given, sorted(m.name for m in chosen.values()))}")
    return found[0]


def _is_chart(headers: Sequence[str]) -> bool:
    """Return whether several columns are of one key, each of a run: ``run-1 - val/loss``."""
    keys = [header.rpartition(" - ")[2] for header in headers if " - " in header]
    return len(keys) > 1 and len(set(keys)) == 1 and meaning_of(keys[0]) is not None


def _stated(header: str, names: Mapping[str, str]) -> Meaning | None:
    name = names[header]
    if name == "ignore":
        return None
    if name == "value":
        return Meaning("value", metric=metric_of_value(header), rank=-1)
    alias = meaning_of(name)
    name = alias.name if alias is not None and is_variable(alias.name) else name
    if name not in (*TEXT, "seed") and not is_variable(name):
        raise InputError(f"--map {header}={name}: {unknown_name('variable', name, [*VARIABLES, 'value', 'run', 'curve', 'ignore'])}")
    return Meaning(name, rank=-1)


def has_numbers(column: pd.Series) -> bool:
    """Return whether any cell is a number: a column of words is not used."""
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return bool(column.notna().any())
    values = (number_of(cell, mark) for cell in cells_of(column) for mark in (".", ","))
    stored = map(stored_number, column)
    return any(v is not None and np.isfinite(v) for v in (*stored, *values))


def _refuse_unreadable(column: pd.Series, header: str) -> None:
    """Refuse a column of a variable or of values whose cells have digits, but are no numbers; words have none."""
    for i, cell in enumerate(column.astype(object)):
        if isinstance(cell, list | tuple | dict | np.ndarray):
            raise InputError(f"row {i + 1}, column {header!r}: holds several values; write one number a row, or say --map {header}=ignore")
        if isinstance(cell, str | int) and any(c.isdigit() for c in str(cell)):
            raise InputError(
                f"row {i + 1}, column {header!r}: {shown(cell)} is not a number; write e.g. 7e9, 7B or 1.4T, or say --map {header}=ignore"
            )


def _refuse_training_loss(raw: pd.DataFrame, values: list[tuple[str, Meaning]], notes: list[str]) -> None:
    """Refuse a value that is not said to be held out where other columns are: only the user knows which set is meant."""
    held_out = [h for h in map(str, raw.columns) if held_out_metric(h) and has_numbers(raw[h])]
    best = min((m.rank for _, m in values), default=9)
    if held_out and best >= UNSTATED:
        others = [h for h, _ in values]
        raise InputError(
            f"several metrics, and which is meant isn't said: {', '.join([*held_out, *others])}; choose with --map {held_out[0]}=value"
        )
    if best >= TRAINING and values:
        notes.append(f"the values are training losses, from {values[0][0]!r}: no column is held out")


def _identities(raw: pd.DataFrame, candidates: list[tuple[str, Meaning]]) -> list[tuple[str, Meaning]]:
    """Return the columns that can name runs: a column that numbers the rows names none where another does."""
    kept = [(h, m) for h, m in candidates if m.rank < 0 or not _numbers_rows(raw[h])]
    return kept or candidates[:1]


def _numbers_rows(column: pd.Series) -> bool:
    cells = [str(cell).removesuffix(".0") for cell in column]
    return cells in ([str(i) for i in range(len(cells))], [str(i + 1) for i in range(len(cells))])


def _refuse_without_value(raw: pd.DataFrame) -> None:
    headers = [str(c) for c in raw.columns]
    free = [h for h in headers if meaning_of(h) is None and has_numbers(raw[h])]
    near = next((h for h in free if nearest(key_of(h), ("value", "loss", "val_loss", "eval_loss", "accuracy"), cutoff=0.7)), None)
    remedy = f"; name it with --map {near or free[-1]}=value" if free else ", nor another column of numbers"
    raise InputError(
        f"no column of measured values (loss, val/loss, accuracy, ...) among {', '.join(headers[:12]) or 'no columns'}{remedy}"
    )


def _distinct(raw: pd.DataFrame, candidates: list[tuple[str, Meaning]]) -> list[tuple[str, Meaning]]:
    """Return the columns without those that repeat another one, such as planned tokens beside tokens seen."""
    kept: list[tuple[str, Meaning]] = []
    for header, meaning in candidates:
        if meaning.name in TEXT or not any(_alike(raw, header, meaning, other, m) for other, m in kept):
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
        candidates = [c for c in candidates if _is_asked(c, options)] or candidates
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
