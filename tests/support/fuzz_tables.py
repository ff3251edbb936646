"""Tables of runs in many notations and containers, each with the runs that it states: what reads one differently is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from fuzz_cells import HEADERS, NOTATIONS, VALUE_HEADERS, VALUES
from fuzz_containers import CONTAINERS


@dataclass(frozen=True)
class Made:
    """A table with its true reading.

    Attributes
    ----------
    name : str
        Of the file.
    content : bytes
        Of the file.
    truth : list of (params, tokens, value)
        Sorted.
    clear : bool
        Whether it can only be read in one way, so that a refusal is a fault.
    how : str
        Notation, container and what else was done.
    """

    name: str
    content: bytes
    truth: list[tuple[float, float, float]]
    clear: bool
    how: str


def made(seed: int) -> Made:
    """Return the table of a seed."""
    rng = np.random.default_rng(seed)
    notation = NOTATIONS[seed % len(NOTATIONS)]
    container = list(CONTAINERS)[seed % len(CONTAINERS)]  # the two numbers have no common factor: every pair comes
    value_form = str(rng.choice(list(VALUES), p=[0.35, 0.15, 0.1, *[0.05] * 8]))
    n = int(rng.integers(4, 11))
    sizes = {name: [_exact(rng, low, high) for _ in range(n)] for name, low, high in (("params", 6.5, 10), ("tokens", 8.5, 12))}
    values = [Decimal(int(rng.integers(15000, 60000))) / 10000 for _ in range(n)]
    if value_form == "three digits":
        values = [v.quantize(Decimal("0.001")) for v in values]
    write, value_clear, *other = VALUES[value_form]
    if other:
        values = [v / 10 for v in values]
    columns = {name: (_header(rng, name) + notation.header, [notation.write(x / notation.scale) for x in sizes[name]]) for name in sizes}
    cells = [write(v).replace(".", ",") if notation.decimal == "," else write(v) for v in values]
    columns["value"] = (other[0] if other else _header(rng, "value"), cells)
    table = {header: cells for header, cells in (columns[name] for name in rng.permutation(list(columns)))}
    truth = sorted(zip(map(float, sizes["params"]), map(float, sizes["tokens"]), map(float, values), strict=True))
    done, clear, rows = [], notation.clear and value_clear, pd.DataFrame(table)
    for change in CHANGES:
        if rng.random() < 0.15:
            rows, truth, still = change(rng, rows, truth)
            clear, done = clear and still, [*done, change.__name__]
    name, content, still = CONTAINERS[container](rng, rows, notation.decimal)
    return Made(name, content, truth, clear and still, " / ".join([notation.name, container, value_form, *done]))


def _exact(rng: np.random.Generator, low: float, high: float) -> Decimal:
    return Decimal(f"{10 ** rng.uniform(low, high):.{int(rng.integers(0, 4))}e}")


def _header(rng: np.random.Generator, name: str) -> str:
    return str(rng.choice(HEADERS[name]))


def noted(rng, rows, truth):
    notes = ["", "rerun, see log", 'said "ok"', "# of nodes: 3", "// slow", "a;b", "lr 3e-4", "x|y"]
    return rows.assign(notes=rng.choice(notes, len(rows))), truth, True


def numbered(rng, rows, truth):
    rows = rows.copy()
    rows.insert(0, "", [str(i) for i in range(len(rows))])
    return rows, truth, True


def named(rng, rows, truth):
    return rows.assign(name=[f"run-{i}" for i in range(len(rows))]), truth, True


def sized_names(rng, rows, truth):
    return rows.assign(model=rng.choice(["small", "large"], len(rows))), truth, True


def dated(rng, rows, truth):
    return rows.assign(created=[f"2026-0{1 + i % 9}-01" for i in range(len(rows))]), truth, True


def unfinished(rng, rows, truth):
    """A last row without a value is no run."""
    more = rows.iloc[[0]].copy()
    value = next(h for h in rows if h in VALUE_HEADERS)
    more[value] = rng.choice(["", "NaN", "nan", "N/A", "-", "—", "diverged", "null", "inf"])
    return pd.concat([rows, more], ignore_index=True), truth, True


def trained(rng, rows, truth):
    """A training loss beside held-out values; beside an unstated loss nobody can say."""
    value = next(h for h in rows if h in VALUE_HEADERS)
    stated = any(word in value.lower() for word in ("val", "eval", "test"))
    return rows.assign(**{"train/loss": rows[value].to_numpy()[::-1]}), truth, stated


def seeded(rng, rows, truth):
    return rows.assign(seed=[str(i) for i in range(len(rows))]), truth, True


def constant(rng, rows, truth):
    return rows.assign(lr="3e-4", bs="256"), truth, True


def again(rng, rows, truth):
    """A row that is repeated is one run."""
    return pd.concat([rows, rows.iloc[[1]]], ignore_index=True), truth, True


def costly(rng, rows, truth):
    """The flops of each row, whose params and tokens cannot be read here: any number may stand there."""
    return rows.assign(C=[f"{c:.3e}" for c in rng.uniform(1e18, 1e21, len(rows))]), truth, True


def checkpointed(rng, rows, truth):
    """Each run twice more, at earlier steps and with other values."""
    column = next(h for h in rows if h in VALUE_HEADERS)
    runs = [f"r{i}" for i in range(len(rows))]
    early = [rows.assign(**{column: rows[column].to_numpy()[::-1]}, run=runs, step=str(step)) for step in (100, 200)]
    return pd.concat([*early, rows.assign(run=runs, step="300")], ignore_index=True), truth, True


CHANGES = (noted, numbered, named, sized_names, dated, unfinished, trained, seeded, constant, costly, checkpointed, again)
