"""CPU time of commands in a fresh process, the least of several: ``python -m perf.speed.cold [--times 5]``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

TABLE = "scalingbench/examples/base.csv"
COMMANDS = (
    ("--version",),
    ("show", "chinchila"),
    ("tasks", "--track", "computer"),
    ("leaderboard", "--track", "computer"),
    ("forecast", TABLE, "--target", "params=2B,tokns=40B"),
    ("tasks",),
    ("predictors",),
    ("leaderboard",),
    ("cite",),
    ("show", "data_mixing_laws"),
    ("read", TABLE),
    ("forecast", TABLE, "--target", "params=2B,tokens=40B"),
)


def cpu_seconds(arguments: tuple[str, ...]) -> float:
    """Return user and system time of one run of a command."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "scalingbench", *arguments], capture_output=True, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    print("| command | CPU seconds |\n| --- | ---: |")
    for arguments in COMMANDS:
        least = min(cpu_seconds(arguments) for _ in range(times))
        print(f"| `scalingbench {' '.join(arguments)}` | {least:.2f} |", flush=True)


if __name__ == "__main__":
    main()
