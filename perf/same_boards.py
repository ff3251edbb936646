"""Whether two versions of the project print the same boards: ``python perf/same_boards.py OLD NEW``, two commands such as ``scalingbench``.

Both print every format, track and slice of the suites below; each line is ``equal`` or the first difference. Text is compared exactly,
numbers in full precision (JSON, CSV) to twelve digits, because rounding depends on the order of sums. Additional output of the second
command is named and is not a difference. ``--keep FOLDER`` keeps what the first command printed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import math
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scalingbench.common.tables import FORMATS
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.slices import SLICES

SUITES = {
    "v2": [*TRACKS, "synthetic"],
    "sldbench": ["architecture", "transfer", "mixture", "data-constrained", "hyperparameters", "downstream"],
    "revisiting-nsl": ["curve"],
}
SHOWN = ("skill", "coverage", "crps")
_SAME = 1e-12
_MOVED = {"version"}
"""Fields with other names on a board of another benchmark's suite by our rules."""
_RENAMED = ((" collections, adjusted", " clusters, adjusted"), ('"collections": 1', '"clusters": 1'))
"""Words of comparisons on those suites; their single collection is one cluster."""


def cuts() -> Iterator[list[str]]:
    """Yield the arguments of every command that is compared."""
    for suite, tracks in SUITES.items():
        board = ["leaderboard", "--suite", suite]
        yield from ([*board, "--format", form] for form in FORMATS)
        yield from ([*board, "--format", form, "--variants"] for form in ("md", "json"))
        yield [*board, "--top", "5"]
        yield from ([*board, "--track", track, "--format", form] for track in tracks for form in ("md", "json"))
        yield ["release", "--suite", suite]
        for more in ([], ["--top", "20"], ["--json"], ["--track", tracks[0]]):
            yield ["compare", "--suite", suite, *more]
        for form in ("bibtex", "apa", "cff"):
            yield ["cite", "--suite", suite, "--format", form]
        yield ["cite", "--suite", suite, "--predictor", "power-law"]
        yield ["tasks", "--suite", suite, "--json"]
    yield from _of_choices(["--suite", "v2"])


def _of_choices(suite: list[str]) -> Iterator[list[str]]:
    for choice in (["--bundled"], ["--published-after", "2024-06"], ["--bundled", "--track", "compute"]):
        yield from (["leaderboard", *suite, *choice, "--format", form] for form in ("md", "json"))
        yield ["compare", *suite, *choice]
    for by in SLICES:
        yield from (["leaderboard", *suite, "--by", by, "--what", what, "--format", "json"] for what in SHOWN)
        yield ["leaderboard", *suite, "--by", by, "--top", "5"]
    yield ["leaderboard", *suite, "--by", "reach", "--track", "compute", "--format", "csv"]
    yield ["leaderboard", *suite, "--by", "reach", "--bundled", "--format", "json"]


def printed(command: str, arguments: list[str]) -> str:
    """Return the output of a command; for a release its files, for an error its message."""
    with tempfile.TemporaryDirectory() as folder:
        more = ["--out", folder] if arguments[0] == "release" else []
        done = subprocess.run([*shlex.split(command), *arguments, *more], capture_output=True, text=True)
        if done.returncode:
            return f"exit status {done.returncode}: {done.stderr}"
        return Path(done.stdout.strip()).read_text(encoding="utf-8") if more and done.stdout else done.stdout


def parsed(text: str, arguments: list[str]) -> Any:
    """Return the content of text: JSON, the cells of a CSV, or its lines."""
    if text.startswith(("{", "[")):
        return json.loads(text)
    return list(csv.DictReader(io.StringIO(text))) if "csv" in arguments else text.splitlines()


def difference(old: Any, new: Any, where: str = "") -> str | None:
    """Return the first difference, ignoring keys that only the second has."""
    if isinstance(old, dict) and isinstance(new, dict):
        return next((d for k, v in old.items() if (d := difference(v, new.get(k), f"{where}/{k}"))), None)
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return f"{where}: {len(old)} entries, now {len(new)}"
        return next((d for i, (a, b) in enumerate(zip(old, new, strict=True)) if (d := difference(a, b, f"{where}/{i}"))), None)
    return None if old == new or _agree(old, new) else f"{where}: {old!r}, now {new!r}"


def _agree(old: Any, new: Any) -> bool:
    try:
        return math.isclose(float(old), float(new), rel_tol=_SAME, abs_tol=_SAME)
    except (TypeError, ValueError):
        return False


def verdict(arguments: list[str], old: str, new: str) -> str:
    """Return ``equal``, the additional output of the second, or the first difference."""
    if arguments[0] == "compare" and "v2" not in arguments:
        for word, now in _RENAMED:
            old = old.replace(word, now)
    if old == new:
        return "equal"
    before, after = (parsed(text, arguments) for text in (old, new))
    if arguments[0] == "release" and arguments[-1] != "v2":
        before = {name: value for name, value in before.items() if name not in _MOVED}
    if found := difference(before, after):
        return f"DIFFERS {found}"
    more = sorted(_keys(after) - _keys(before))
    return f"equal to twelve digits{', and also ' + ', '.join(more) if more else ''}"


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def main() -> int:
    """Compare every slice; status 1 if one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--keep", type=Path, default=None, help="folder that keeps what the first command printed")
    chosen = parser.parse_args()
    apart = 0
    for arguments in cuts():
        found = verdict(arguments, _kept(chosen.old, arguments, chosen.keep), printed(chosen.new, arguments))
        apart += found.startswith("DIFFERS")
        print(f"{' '.join(arguments)}: {found}", flush=True)
    print(f"{apart} cuts differ")
    return int(apart > 0)


def _kept(command: str, arguments: list[str], folder: Path | None) -> str:
    if folder is None:
        return printed(command, arguments)
    file = folder / hashlib.sha256(" ".join(arguments).encode()).hexdigest()[:16]
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(printed(command, arguments), encoding="utf-8")
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
