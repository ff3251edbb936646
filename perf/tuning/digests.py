"""Digests of the rows that defaults were chosen on, and what held-out rows are among them.

    python -m perf.tuning.digests [--tasks]              rows in common with the held-out rows of every counted task
    python -m perf.tuning.digests --lead                 AutoLaw's lead, on clusters that gave tuning cases and on the others
    python -m perf.tuning.digests --write tasks.pkl      record the rows of new tuning cases, see `perf.tuning.record`

A digest is a hash of what identifies a row (collection, metric, curve, run and scale variables), not of its value, so that those of
fetch-only collections can be committed. `FILE` has two sets: `AUTOLAW`, the spare rows that AutoLaw's candidates, rules, ridges,
exponents and tables were chosen on, drawn by the cases of commit 1d13ca9 from suite v2; and `FIRST`, the training rows of every task of
suite v1 at that commit, on which defaults of the other laws and of `autolaw[2026-11]` may have been chosen. The rest of AutoLaw's cases
are of worlds and of collections that are set aside whole (`perf.tuning.cases.SET_ASIDE`).
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from perf.tuning.cases import SET_ASIDE, Case
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.variables import variables_of
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.files import replacing
from scalingbench.common.tables import Table
from scalingbench.leaderboard.ratios import error_ratio
from scalingbench.leaderboard.results import Results

__all__ = ["AUTOLAW", "FILE", "FIRST", "Digests", "concerned", "lead", "read", "report", "row_digests", "tuned_clusters", "write"]

FILE = Path(__file__).with_name("rows.parquet")
AUTOLAW, FIRST = "autolaw", "before v1"
_BYTES = 5

Digests = Mapping[str, np.ndarray]
"""Collection -> sorted digests of rows, as whole numbers."""


def row_digests(table: pd.DataFrame) -> np.ndarray:
    """Return the digest of every row of a collection's table, shape (n_rows,)."""
    scales = sorted(variables_of(table))
    names = table[["collection", "metric", "curve", "run"]].astype(str).agg("\x1f".join, axis=1)
    values = table[scales].to_numpy(float)
    of_row = ("\x1f".join(f"{c}={v:.6g}" for c, v in zip(scales, row, strict=True) if np.isfinite(v)) for row in values)
    return np.array([_digest(f"{name}\x1e{scale}") for name, scale in zip(names, of_row, strict=True)], dtype=np.int64)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_BYTES], "big")


@cache
def digests_of(collection: str) -> np.ndarray:
    """Return the digests of all rows of a collection, by position."""
    return row_digests(load_collection(collection).table)


def read(chosen: str) -> dict[str, np.ndarray]:
    """Return one of the two recorded sets."""
    table = pd.read_parquet(FILE)
    return {str(name): rows["digest"].to_numpy() for name, rows in table[table["chosen"] == chosen].groupby("collection")}


def write(chosen: str, digests: Digests) -> None:
    """Replace one of the recorded sets."""
    others = pd.read_parquet(FILE) if FILE.is_file() else pd.DataFrame({"chosen": [], "collection": [], "digest": []})
    new = [pd.DataFrame({"chosen": chosen, "collection": name, "digest": np.unique(rows)}) for name, rows in sorted(digests.items())]
    table = pd.concat([others[others["chosen"] != chosen], *new]).sort_values(["chosen", "collection", "digest"], ignore_index=True)
    with replacing(FILE) as temporary:
        encoding = {"digest": "DELTA_BINARY_PACKED"}
        table.astype({"digest": "int64"}).to_parquet(
            temporary, index=False, compression="zstd", use_dictionary=["chosen", "collection"], column_encoding=encoding
        )


def spare_rows(cases: Iterable[Case]) -> dict[str, np.ndarray]:
    """Return the digests of the spare rows of tuning cases."""
    rows: dict[str, set[int]] = {}
    for case in cases:
        if case.source:
            rows.setdefault(case.source, set()).update(case.rows)
    return {name: digests_of(name)[sorted(found)] for name, found in rows.items()}


def concerned(tasks: Sequence[Task], digests: Digests) -> dict[str, tuple[int, int]]:
    """Return the tasks that hold out a recorded row: how many of how many held-out rows."""
    found = {}
    for task in (t for t in tasks if t.collection in digests):
        held_out = digests_of(task.collection)[np.concatenate([fold.test_rows[fold.scored] for fold in task.folds])]
        if shared := int(np.isin(held_out, digests[task.collection]).sum()):
            found[task.id] = (shared, len(held_out))
    return found


def unknown(digests: Digests) -> int:
    """Count the recorded rows that are in no table any more, of which nothing can be said."""
    return sum(int((~np.isin(rows, digests_of(name))).sum()) for name, rows in digests.items())


def counted(collections: Iterable[str] | None = None) -> list[Task]:
    """Return the counted tasks of the suite, on these collections; fetch-only ones must be available locally."""
    suite = load_suite(DEFAULT_SUITE)
    built = suite.build(fetch=True) if collections is None else suite.build(collections=sorted(collections))
    return [task for task in built if task.role == "counted"]


def report(tasks: Sequence[Task]) -> Table:
    """Return what the tasks hold out of each set of recorded rows, and how many of these are in no table any more.

    A row that several tasks hold out counts in each.
    """
    overall = load_suite(DEFAULT_SUITE).rules.kinds
    rows = []
    for chosen in (AUTOLAW, FIRST):
        digests = read(chosen)
        found = concerned(tasks, digests)
        ranked = [task for task in tasks if task.kind in overall]
        of_board = sum(task.id in found for task in ranked)
        numbers = (sum(map(len, digests.values())), len(digests), unknown(digests), sum(shared for shared, _ in found.values()))
        rows.append([chosen, *map(str, numbers), f"{len(found)} of {len(tasks)}", f"{of_board} of {len(ranked)}"])
    header = (
        "chosen on",
        "rows",
        "collections",
        "not in today's tables",
        "held-out rows among them",
        "counted tasks",
        "on the overall board",
    )
    return Table(header, rows)


def tuned_clusters() -> frozenset[str]:
    """Return the clusters of the collections whose rows, or tables, AutoLaw was tuned on."""
    return frozenset(cluster_of(name) for name in (*read(AUTOLAW), *SET_ASIDE))


def lead() -> Table:
    """Return AutoLaw's error over that of the law with a Gaussian process, by whether the cluster gave tuning cases."""
    results = Results.load(DEFAULT_SUITE)
    tasks = results.task_table
    scores = results.matrix.on(tasks["task"]).common(["autolaw", "law-gp"])
    gave = tasks["cluster"].isin(tuned_clusters()).to_numpy()
    rows = []
    for name, some in (("gave tuning cases", gave), ("gave none", ~gave), ("all", np.ones(len(tasks), bool))):
        part = scores.on(tasks.loc[some, "task"])
        ratio = error_ratio(part, "autolaw", "law-gp")
        skills = dict(zip(part.predictors, part.skill(), strict=True))
        rows.append([name, str(ratio.n_tasks), str(ratio.n_clusters), *(f"{skills[p]:.3f}" for p in ("autolaw", "law-gp")), *ratio.cells])
    return Table(("clusters that", "tasks", "clusters", "skill of autolaw", "of law-gp", "error ratio", "95 % interval"), rows)


def main() -> None:
    """Print the rows in common, or the lead; or record new rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", action="store_true", help="also list the tasks")
    parser.add_argument("--lead", action="store_true", help="AutoLaw's lead by whether the cluster gave tuning cases")
    parser.add_argument("--write", type=Path, help="a file of perf.tuning.record --tasks, whose rows are recorded")
    options = parser.parse_args()
    if options.write:
        from perf.tuning.record import load

        write(AUTOLAW, spare_rows(record.case for record in load(options.write)))
    elif options.lead:
        print(lead().markdown())
    else:
        tasks = counted()
        print(report(tasks).markdown())
        for chosen in (AUTOLAW, FIRST) if options.tasks else ():
            for name, (shared, of) in concerned(tasks, read(chosen)).items():
                print(f"{chosen}: {name}: {shared} of {of} held-out rows")


if __name__ == "__main__":
    main()
