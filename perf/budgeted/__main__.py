"""Budgeted choice of runs: R2 at held-out runs by the share of the pool's cost that is spent (ScaleBench, arXiv 2604.22753).

    python -m perf.budgeted [--problems vocabulary,parallel] [--csv FILE]

Training rows of a task are on offer, each at its cost; a rule (`rules`) buys up to a share of the total of every group, a predictor is
fitted to what was bought, and R2 is that of all held-out rows and outputs together, clipped to [-1, 1]. A predictor that fails has -1.
`random` is the mean of three draws. AutoLaw is learnt without the cluster of the task's collection.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from perf.budgeted.measuring import measure
from perf.budgeted.page import report
from perf.budgeted.pools import PROBLEMS
from scalingbench.common.errors import InputError


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", default=",".join(p.name for p in PROBLEMS))
    parser.add_argument("--csv", type=Path, help="write every score")
    arguments = parser.parse_args()
    names = arguments.problems.split(",")
    if unknown := sorted({*names} - {p.name for p in PROBLEMS}):
        parser.error(f"--problems: no problem is called {', '.join(unknown)}; there are {', '.join(p.name for p in PROBLEMS)}")
    try:
        found = measure([p for p in PROBLEMS if p.name in names])
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if arguments.csv:
        found.to_csv(arguments.csv, index=False)
    print(report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
