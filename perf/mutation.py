"""Mutation test of what the scores rest on: change one point of a module, run the tests nearest to it, expect a failure.

    python perf/mutation.py [--modules elo,ranking] [--limit 300] [--seed 0] [--jobs 2] [--json FILE] [--list]

What is changed is stated in `mutants.py`. No file is written: the changed module is compiled in a fork of an interpreter that
has the libraries loaded, and pytest runs there and stops at the first failure. Status 0: all were killed but those of
`equivalent_mutants.toml`, which says why no test can tell them apart; an entry there holds for one exact change of one exact
statement, is run like any other, and is reported when it no longer fits.

Not a library: mutmut changes function bodies only, so that no module's constant is ever touched, and cosmic-ray edits
the tree and starts pytest anew for every mutant, 3 to 5 s each against 0.5 s here.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import select
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants import Key, Mutant, mutants_of

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # forks of threads hang
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # others' plugins take longer than the tests

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
NEAREST: dict[str, tuple[str, ...]] = {
    "scalingbench.benchmark.scores.scoring": ("tests/benchmark/scores/test_scoring.py",),
    "scalingbench.benchmark.scores.table": ("tests/benchmark/scores/test_table.py",),
    "scalingbench.benchmark.scores.regret": ("tests/benchmark/scores/test_regret.py",),
    "scalingbench.benchmark.scores.metrics": ("tests/benchmark/scores/test_metrics.py",),
    "scalingbench.benchmark.scores.protocols": ("tests/benchmark/scores/test_protocols.py",),
    "scalingbench.leaderboard.ranking": ("tests/leaderboard/test_ranking.py",),
    "scalingbench.leaderboard.pairwise": ("tests/leaderboard/test_pairwise.py",),
    "scalingbench.leaderboard.slices": ("tests/leaderboard/test_slices.py",),
    "scalingbench.leaderboard.significance": ("tests/leaderboard/test_significance.py",),
    "scalingbench.leaderboard.releases": ("tests/leaderboard/test_releases.py",),
    "scalingbench.benchmark.tasks.splits": ("tests/benchmark/tasks",),
    "scalingbench.benchmark.tasks.selection": ("tests/benchmark/tasks",),
    "scalingbench.benchmark.tasks.assembly": ("tests/benchmark/tasks/test_selection.py", "tests/benchmark/tasks/test_reach.py"),
    "scalingbench.benchmark.tasks.quantities": ("tests/benchmark/tasks",),
    "scalingbench.benchmark.tasks.cost": ("tests/benchmark/tasks/test_cost.py",),
    "scalingbench.benchmark.tasks.reach": ("tests/benchmark/tasks/test_reach.py",),
    "scalingbench.benchmark.tasks.rules": ("tests/benchmark/tasks/test_rules.py", "tests/benchmark/tasks/test_leakage.py"),
    "scalingbench.benchmark.tasks.leakage": ("tests/benchmark/tasks/test_leakage.py",),
    "scalingbench.benchmark.tasks.inputs": ("tests/benchmark/tasks/test_selection.py",),
    "scalingbench.predictors.backtests": ("tests/predictors/test_backtests.py",),
    "scalingbench.benchmark.evaluation.results": ("tests/benchmark/evaluation/test_results.py",),
    "scalingbench.benchmark.data.card": ("tests/benchmark/data/test_card.py",),
    "scalingbench.predictors.intervals": ("tests/predictors/test_fitting.py",),
    "scalingbench.predictors.autolaw": ("tests/predictors/test_autolaw.py",),
}
"""The tests that should notice a change of each module."""
ON_REQUEST = (
    "scalingbench.benchmark.evaluation.results",
    "scalingbench.benchmark.data.card",
    "scalingbench.predictors.intervals",
    "scalingbench.predictors.autolaw",
)
"""Modules that are mutated only where `--modules` names them."""
NOT_RUN = "not suite_v"
"""Of the nearest tests, those that rebuild a whole suite say nothing that the others do not, and take half a minute."""


def listed() -> dict[Key, str]:
    """Return the reason of each mutant that is known to be equivalent."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", []) if EQUIVALENT.is_file() else []
    return {(e["module"], e["function"], e["before"], e["after"]): e["reason"] for e in entries}


# --- running them ----------------------------------------------------------------------------------------------------


def preload(modules: Sequence[str]) -> None:
    """Import the libraries that the modules and their tests import, so that no fork has to."""
    files = [
        path
        for module in modules
        for name in NEAREST[module]
        for path in ((ROOT / name).glob("*.py") if (ROOT / name).is_dir() else [ROOT / name])
    ]
    own = {path.stem for path in (ROOT / "tests" / "support").glob("*.py")} | {"benchmark", "leaderboard", "predictors", "scalingbench"}
    for path in (*files, *(ROOT / "tests").glob("conftest.py"), *map(path_of, modules)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
            )
            for name in names:
                if name and name.split(".")[0] not in own:
                    importlib.import_module(name)
    gc.freeze()


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Gives one module from a changed tree, and no other."""

    def __init__(self, mutant: Mutant):
        self.mutant = mutant
        self.path = str(path_of(mutant.module))

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self) if fullname == self.mutant.module else None

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def get_code(self, fullname: str) -> object:  # type: ignore[override]
        self.mutant.apply()
        return compile(self.mutant.tree, self.path, "exec", dont_inherit=True)


class _FirstFailure:
    """A pytest plugin that keeps the name of the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: object) -> None:
        if report.failed and not self.name:  # type: ignore[attr-defined]
            self.name = report.nodeid  # type: ignore[attr-defined]

    def pytest_collectreport(self, report: object) -> None:
        if report.failed and not self.name:  # type: ignore[attr-defined]
            self.name = "import"


@dataclass
class _Child:
    pid: int
    pipe: int
    started: float
    mutant: Mutant | None


def path_of(module: str) -> Path:
    """Return the file of a module in this tree."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def start(module: str, mutant: Mutant | None) -> _Child:
    """Run the nearest tests of a module in a fork, with a change or without."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return _Child(pid, read, time.monotonic(), mutant)
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    code, plugin = 3, _FirstFailure()
    try:
        import pytest

        if mutant is not None:
            sys.meta_path.insert(0, _Mutated(mutant))
        without = [f"-pno:{name}" for name in ("cacheprovider", "unraisableexception", "threadexception")]
        options = [
            "-x",
            "-q",
            "--tb=no",
            "--no-header",
            "-o",
            "addopts=--import-mode=importlib",
            f"-k={NOT_RUN}",
            f"--rootdir={ROOT}",
            *without,
        ]
        code = int(pytest.main([*options, *(str(ROOT / file) for file in NEAREST[module])], plugins=[plugin]))
    finally:
        os.write(write, f"{code} {plugin.name}".encode())
        os._exit(0)


def finished(child: _Child, limit: float) -> tuple[str, str] | None:
    """Return the outcome of a fork and the test that failed first, or None while it runs."""
    if select.select([child.pipe], [], [], 0.0)[0]:
        answer = os.read(child.pipe, 4096).decode()
    elif time.monotonic() - child.started > limit:
        answer = "timeout "
    else:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    os.close(child.pipe)
    code, _, name = (answer or "crash ").partition(" ")
    return ("survived" if code == "0" else "killed"), name or ("" if code == "0" else code)


def run(module: str, mutants: Sequence[Mutant], jobs: int, report: Callable[[Mutant], None]) -> float:
    """Run the tests against every mutant of a module; return how long they take on the module as it is."""
    child = start(module, None)
    while (found := finished(child, 600.0)) is None:
        time.sleep(0.01)
    if found[0] != "survived":
        raise SystemExit(f"{module}: its tests fail on the module as it is: {found[1]}")
    seconds = time.monotonic() - child.started
    waiting, running = list(mutants), list[_Child]()
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(start(module, waiting.pop(0)))
        time.sleep(0.01)
        for child in list(running):
            outcome = finished(child, max(30.0, 10.0 * seconds))
            if outcome is not None and child.mutant is not None:
                running.remove(child)
                child.mutant.outcome, child.mutant.by = outcome
                report(child.mutant)
    return seconds


# --- the report ------------------------------------------------------------------------------------------------------


def chosen_modules(names: str | None) -> tuple[str, ...]:
    """Return the modules named by their last parts, by default all but those on request."""
    if names is None:
        return tuple(m for m in NEAREST if m not in ON_REQUEST)
    by_name = {m.rpartition(".")[2]: m for m in NEAREST} | {m: m for m in NEAREST}
    unknown = [n for n in names.split(",") if n not in by_name]
    if unknown:
        raise SystemExit(f"--modules: unknown {unknown[0]!r}; expected some of {', '.join(m.rpartition('.')[2] for m in NEAREST)}")
    return tuple(by_name[n] for n in names.split(","))


def sample(modules: Sequence[str], limit: int, seed: int) -> list[Mutant]:
    """Return a random choice of the mutants of all modules, all of them where `limit` is 0."""
    everything = [m for module in modules for m in mutants_of(module, path_of(module).read_text(encoding="utf-8"))]
    chosen = random.Random(seed).sample(range(len(everything)), min(limit or len(everything), len(everything)))
    return [everything[i] for i in sorted(chosen)]


def shown(mutant: Mutant) -> str:
    """Return where a mutant is and what it changes, as a small diff."""
    where = f"{path_of(mutant.module).relative_to(ROOT)}:{mutant.line} in {mutant.function or 'the module'}"
    before, after = _around(mutant.before, mutant.after)
    return "\n".join([where, f"  - {before}", f"  + {after}", *([f"  {mutant.reason}"] if mutant.reason else [])])


def _around(before: str, after: str, width: int = 70) -> tuple[str, str]:
    """Return two long lines cut to where they differ."""
    if max(len(before), len(after)) <= 2 * width:
        return before, after
    begin, end = (max(0, _common(*lines) - width) for lines in ((before, after), (before[::-1], after[::-1])))
    return tuple("..." * (begin > 0) + line[begin : len(line) - end] + "..." * (end > 0) for line in (before, after))  # type: ignore[return-value]


def _common(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def print_report(modules: Sequence[str], mutants: Sequence[Mutant], unused: Sequence[Key]) -> bool:
    """Print counts, survivors and equivalents; return whether all is as it should be."""
    print(f"{'module':28} {'mutants':>8} {'killed':>8} {'survived':>8} {'equivalent':>10}")
    for module in (*modules, "all"):
        own = [m for m in mutants if module in (m.module, "all")]
        killed, survived = (sum(m.outcome == outcome for m in own) for outcome in ("killed", "survived"))
        equivalent = sum(m.outcome == "survived" and bool(m.reason) for m in own)
        print(f"{module:28} {len(own):8} {killed:8} {survived - equivalent:8} {equivalent:10}")
    survivors = [m for m in mutants if m.outcome == "survived" and not m.reason]
    mistaken = [m for m in mutants if m.outcome == "killed" and m.reason]
    for title, group in (
        ("survived", survivors),
        ("listed as equivalent, and killed", mistaken),
        ("equivalent", [m for m in mutants if m.outcome == "survived" and m.reason]),
    ):
        if group:
            print(f"\n{title}:", *map(shown, group), sep="\n")
    if unused:
        print(f"\n{EQUIVALENT.name}: fits no mutant:", *(f"  {' | '.join(key)}" for key in unused), sep="\n")
    return not (survivors or mistaken or unused)


def main() -> int:
    """Mutate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--modules", help="their last names, joined by commas; by default all but results, card, autolaw and intervals")
    parser.add_argument("--limit", type=int, default=300, help="how many mutants, drawn at random; 0 is all")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--jobs", type=int, default=2, help="tests at once")
    parser.add_argument("--json", type=Path, help="write every mutant with its outcome and the test that killed it")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    arguments = parser.parse_args()
    modules = chosen_modules(arguments.modules)
    mutants, reasons = sample(modules, arguments.limit, arguments.seed), listed()
    for mutant in mutants:
        mutant.reason = reasons.get(mutant.key, "")
    if arguments.list:
        print(*map(shown, mutants), f"{len(mutants)} mutants", sep="\n")
        return 0
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    preload(modules)
    begun, done = time.monotonic(), 0

    def progress(mutant: Mutant) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            print(f"\r{done}/{len(mutants)} {mutant.module:28}", end="", file=sys.stderr, flush=True)

    for module in modules:
        run(module, [m for m in mutants if m.module == module], arguments.jobs, progress)
    print(f"\r{len(mutants)} mutants in {time.monotonic() - begun:.0f} s, seed {arguments.seed}" + " " * 20, file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps([_facts(m) for m in mutants], indent=1), encoding="utf-8")
    known = {m.key for module in modules for m in mutants_of(module, path_of(module).read_text(encoding="utf-8"))}
    unused = [key for key in reasons if key[0] in modules and key not in known]
    return 0 if print_report(modules, mutants, unused) else 1


def _facts(mutant: Mutant) -> dict[str, object]:
    return {k: getattr(mutant, k) for k in ("module", "function", "line", "before", "after", "outcome", "by", "reason")}


if __name__ == "__main__":
    raise SystemExit(main())
