"""Fits of every candidate to every tuning case, saved once, so that weighting rules are compared in seconds.

    python -m perf.tuning.record FILE [--tasks] [--only NAME,NAME]

With ``--tasks``, the cases are folds of tasks, and spare rows of counted ones; with ``--only``, these candidates are added to the
file.
"""

from __future__ import annotations

import argparse
import pickle
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from perf.tuning.cases import Case, cases, task_cases
from scalingbench.predictors import registry
from scalingbench.predictors.autolaw import backtest
from scalingbench.predictors.autolaw.backtest import DataSet
from scalingbench.predictors.registry import get

__all__ = ["Record", "load"]

_TOGETHER = 24


@dataclass
class Record:
    """A case and the fits of all candidates to it.

    Attributes
    ----------
    case : Case
        The rows.
    data : DataSet
        The training rows and their back-tests.
    values : dict of str to ndarray
        Predictions of the held-out rows on the scale that is averaged, NaN where there are none.
    residuals : dict of str to list
        Errors in each back-test, without the columns that held-out rows lack; None if it failed.
    constants : dict of str to int
        Number of constants of each candidate.
    seconds : dict of str to float
        Its share of the fit time.
    """

    case: Case
    data: DataSet
    values: dict[str, np.ndarray] = field(default_factory=dict)
    residuals: dict[str, list[np.ndarray | None]] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def load(path: Path) -> list[Record]:
    """Return the saved records."""
    with path.open("rb") as file:
        found: list[Record] = _Reader(file).load()
    return found


class _Reader(pickle.Unpickler):
    """Reads files that this module saved when run as a script."""

    def find_class(self, module: str, name: str) -> Any:
        return Record if name == "Record" else super().find_class(module, name)


def main() -> None:
    """Record, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", help="candidates to add, joined by commas")
    parser.add_argument("--without", default="", help="candidates that are not tried, joined by commas")
    parser.add_argument("--per-kind", type=int, default=14)
    parser.add_argument("--tasks", action="store_true", help="cases as the boards state tasks, by task, not those of tables and worlds")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.only:
        records = load(options.file)
        for name in options.only.split(","):
            add(records, name)
            _save(records, options.file)
    else:
        records = [
            Record(case, DataSet.of(case.X_train, case.y_train)) for case in (task_cases() if options.tasks else cases(options.per_kind))
        ]
        chosen = [backtest.candidates(r.data.X, r.data.y, options.without.split(",")) for r in records]
        names = [e.name for e in registry.list_predictors() if any(e.name in c for c in chosen)]
        for name in names:
            add(records, name, [k for k, c in enumerate(chosen) if name in c])
        print(f"{len(records)} cases", flush=True)
    _save(records, options.file)


def _save(records: list[Record], path: Path) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        pickle.dump(records, file)
    part.replace(path)


def add(records: list[Record], name: str, rows: list[int] | None = None) -> None:
    """Fit one candidate to every case that it can be fitted to."""
    start = time.perf_counter()
    rows = [k for k, r in enumerate(records) if _admits(name, r)] if rows is None else rows
    for group in _groups(records, rows):
        began = time.perf_counter()
        found = list(backtest._run(name, [r.data for r in group], [r.case.group or r.case.name for r in group]))
        for record, fit in zip(group, found, strict=True):
            _keep(record, name, fit)
            record.seconds[name] = (time.perf_counter() - began) / len(group)
    print(f"{name}: {len(rows)} cases, {time.perf_counter() - start:.1f} s", flush=True)


def _groups(records: list[Record], rows: list[int]) -> Iterator[list[Record]]:
    """Yield cases that are fitted together: curves of a task, or single cases of similar length."""
    groups: dict[str, list[Record]] = {}
    for k in rows:
        groups.setdefault(records[k].case.group or f"alone {k}", []).append(records[k])
    yield from (group for group in groups.values() if group[0].case.group)
    alone = sorted((group[0] for group in groups.values() if not group[0].case.group), key=lambda r: len(r.data.y))
    yield from (alone[i : i + _TOGETHER] for i in range(0, len(alone), _TOGETHER))


def _admits(name: str, record: Record) -> bool:
    from scalingbench.predictors.candidacy import Candidate
    from scalingbench.predictors.columns import numeric_columns
    from scalingbench.predictors.contract import columns_read, positive_only

    entry = get(name)
    stated, X, y = entry.candidacy(), record.data.X, record.data.y
    columns, numeric = list(map(str, X.columns)), numeric_columns(X)
    if isinstance(stated, Candidate) and not stated.admits(columns, len(numeric), len(y), float(y.max())):
        return False
    law = entry.make()
    return columns_read(getattr(law, "variables", None), columns, numeric) is not None and (bool((y > 0).all()) or not positive_only(law))


def _keep(record: Record, name: str, fit: backtest.CandidateFit) -> None:
    data, case = record.data, record.case
    hidden = [c for c in case.X_train if c not in case.X or case.X[c].isna().all()]
    residuals = list(fit.residuals)
    if hidden:
        blind = data.X.assign(**dict.fromkeys(hidden, np.nan))
        residuals = [data.residuals(m, t, blind) for m, t in zip(fit.lower, data.backtests, strict=True)]
    record.values[name], record.residuals[name] = _value(record, fit.model), residuals
    record.constants[name] = len(getattr(fit.model, "parameters", ()) or ()) if fit.model is not None else 0


def _value(record: Record, model: Any) -> np.ndarray:
    """Return what a model predicts of the held-out rows, on the scale that is averaged, NaN where it cannot."""
    value = backtest._predicted_apart(model, record.case.X, record.case.X.head(1))
    found: np.ndarray = np.log(np.maximum(value, 1e-12)) if record.data.log else value
    return found


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
