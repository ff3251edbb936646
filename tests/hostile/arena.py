"""Where hostile predictors are tried: a tiny suite, a submission that claims too much, and what must look the same afterwards."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import time
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import yaml
from attacks import Attack

import scalingbench
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult, as_stored, write_results
from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.tasks.task import Fold, Task, TaskSpec
from scalingbench.common.errors import InputError
from scalingbench.common.files import sha256_of
from scalingbench.leaderboard.submissions.submit import Execution
from scalingbench.leaderboard.submissions.verify import verify

ROOT = Path(scalingbench.__file__).parent.parent
SECRET = "SB_HOSTILE_SECRET"
MARK = "sb-hostile"
COLLECTIONS = ("distillation_apple", "porian")
"""Of different clusters: fits on them may run side by side."""


def suite(groups: int, tasks: int = 1) -> SimpleNamespace:
    """Return a suite of tasks alike: every group of six rows is held out once, and trained on by the other folds."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"params": np.geomspace(1e7, 1e10, 18), "tokens": np.geomspace(1e11, 1e9, 18) * rng.uniform(0.5, 2, 18)})
    y = 1.7 + 400 * X["params"].to_numpy() ** -0.34 + 410 * X["tokens"].to_numpy() ** -0.28
    group = np.arange(18) % 3
    folds = tuple(
        Fold(
            name=f"group {g}",
            X_train=X[group != g].reset_index(drop=True),
            y_train=y[group != g],
            X_test=X[group == g].reset_index(drop=True),
            y_test=y[group == g],
            scored=np.ones(6, bool),
            cost=np.ones(6),
        )
        for g in range(groups)
    )
    made = tuple(_task(collection, folds) for collection in COLLECTIONS[:tasks])
    return SimpleNamespace(name="tiny", tasks=made, tasks_with=lambda fetch_only: made)


def _task(collection: str, folds: tuple[Fold, ...]) -> Task:
    spec = {"collection": collection, "metric": "loss", "track": "compute", "variables": ["params", "tokens"]}
    split = {"kind": "frontier", "variable": "flops", "train_max": 1e21}
    return Task(f"{collection}/loss/frontier-flops-1e21", TaskSpec.model_validate({**spec, "split": split}), folds, 1.0, 1.0, "flops", ())


SUITES = {(groups, tasks): suite(groups, tasks) for groups in (1, 3) for tasks in (1, 2)}


def claimed(attack: Attack, folds: tuple[Fold, ...]) -> list[np.ndarray]:
    """Return the predictions that the submission claims, by fold."""
    honest = [np.full(len(f.y_test), np.mean(f.y_train)) for f in folds]
    return {
        "truth": [f.y_test for f in folds],
        "two": [np.full(len(f.y_test), 2.0) for f in folds],
        "mean": honest,
        # the first fold has nothing to remember; the rows of the others were trained on before
        "memory": [honest[0], *(f.y_test for f in folds[1:])],
        "together": [_given(attack.source, f) for f in folds] if attack.claim == "together" else [],
    }[attack.claim]


def _given(source: str, fold: Fold) -> np.ndarray:
    """Return what the code predicts; it is ours, and does no harm."""
    names: dict[str, object] = {}
    exec(source, names)
    predictor = names["P"]().fit(fold.X_train, fold.y_train)  # type: ignore[operator]
    return np.asarray(predictor.predict(fold.X_test), float)


def write_submission(folder: Path, source: str, suite: SimpleNamespace, predictions: list[np.ndarray], **changed: object) -> None:
    """Write a submission's folder with these predictions as its results."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predictor.py").write_text(source, encoding="utf-8", errors="surrogatepass")
    folds = tuple(FoldResult(f.name, "ok", "", as_stored(p)) for f, p in zip(suite.tasks[0].folds, predictions, strict=True))
    results = [TaskResult("hostile", "{}", suite.name, task.id, task.fingerprint, "{}", folds) for task in suite.tasks]
    write_results(folder / "results.parquet", results)
    facts = {
        "name": "hostile",
        "predictor": "P",
        "authors": "A. Nobody",
        "paper": "unpublished",
        "license": "MIT",
        "year": 2026,
        "suite": suite.name,
        "source_sha256": sha256_of(folder / "predictor.py"),
    }
    (folder / "submission.yaml").write_text(yaml.safe_dump({**facts, **changed}))
    (folder / "requirements.txt").write_text("")
    (folder / "environment.json").write_text(json.dumps({}))


@dataclass
class Outcome:
    """What came of an attack."""

    verdict: str
    reason: str
    seconds: float
    fit_seconds: list[float] = field(default_factory=list)


class Arena:
    """The judge's world around the wall, and what of it an attack may not change."""

    def __init__(self, guards: Guards, home: Path) -> None:
        self.guards = guards
        self.folder = home / "hostile"
        self.canary = home / "secrets" / "canary"
        self.canary.parent.mkdir()
        self.canary.write_text("secret")
        self.listeners = ExitStack()
        self.sockets = self._listen(home)
        self.rows: list[tuple[str, str, str, str, float]] = []

    def _listen(self, home: Path) -> list[socket.socket]:
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        self.port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", self.port))
        path, abstract, datagram = (
            socket.socket(socket.AF_UNIX, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        self.path, self.abstract = f"{home}/s", f"{MARK}-{os.getpid()}"
        for opened, where in ((path, self.path), (abstract, f"\0{self.abstract}"), (datagram, f"\0{self.abstract}d")):
            opened.bind(where)
        for opened in (path, abstract):
            opened.listen()
        found = [tcp, udp, path, abstract, datagram]
        for opened in found:
            self.listeners.enter_context(opened)
        return found

    @cached_property
    def table(self) -> str:
        """The held-out values by what the code is asked."""
        fold = SUITES[1, 1].tasks[0].folds[0]
        return repr({tuple(row): value for row, value in zip(fold.X_test.to_numpy().tolist(), fold.y_test.tolist(), strict=True)})

    @cached_property
    def words(self) -> dict[str, str]:
        """What the sources are filled in with."""
        return {
            "@JUDGE@": str(os.getpid()),
            "@TABLE@": self.table,
            "@PACKED@": base64.b85encode(zlib.compress(self.table.encode())).decode(),
            "@GROUP@": str(os.getpgrp()),
            "@PORT@": str(self.port),
            "@UNIX@": self.path,
            "@ABSTRACT@": self.abstract,
            "@CANARY@": str(self.canary),
            "@TABLES@": str(ROOT / "scalingbench" / "benchmark" / "data" / "tables"),
            "@ROOT@": str(ROOT),
            "@FOLDER@": str(self.folder),
            "@HOME@": os.path.expanduser("~"),
            "@MIRROR@": os.environ.get("SCALINGBENCH_MIRROR", "/nonexistent"),
            "@SECRET@": os.environ[SECRET],
        }

    def filled(self, source: str) -> str:
        for word, value in self.words.items():
            source = source.replace(word, value)
        return source

    def run(self, attack: Attack, jobs: int) -> Outcome:
        """Verify an attack as a maintainer would; with two jobs there are two tasks, so that two fits run side by side."""
        chosen = SUITES[3 if attack.claim == "memory" else 1, jobs]
        write_submission(self.folder, self.filled(attack.source), chosen, claimed(attack, chosen.tasks[0].folds))
        return self.judge(chosen, attack.seconds, jobs)

    def judge(self, chosen: SimpleNamespace, seconds: float = 30.0, jobs: int = 1) -> Outcome:
        """Verify what is in the folder."""
        began = time.monotonic()
        try:
            verdict = verify(self.folder, chosen, Execution(self.guards, jobs, seconds, lambda *_: None))
        except InputError as error:
            return Outcome("refused", f"bad input: {error}", time.monotonic() - began)
        times = [f.fit_seconds for r in verdict.results for f in r.folds]
        return Outcome("verified" if verdict.verified else "refused", verdict.reason, time.monotonic() - began, times)

    def state(self) -> dict[str, object]:
        """Return all that an attack must not have changed."""
        kept = [self.canary, self.canary.parent, Path(np.__file__), Path(np.__file__).parent]
        return {
            "processes": sorted(self.processes()),
            "files": {str(p): _facts(p) for p in kept},
            "beside the canary": sorted(os.listdir(self.canary.parent)),
            "left behind": [str(p) for d in _PLACES if d.is_dir() for p in d.glob(f"*{MARK}*") if p.exists() and str(p) != self.path],
            "heard": len(select.select(self.sockets, [], [], 0)[0]),
            "settings": (os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)), os.getcwd(), os.umask(os.umask(0o22))),
            "descriptors": len(os.listdir("/proc/self/fd")),
        }

    def processes(self) -> list[str]:
        """Return the descendants of this process, by number and name."""
        parents: dict[int, tuple[int, str]] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    text = Path(f"/proc/{entry}/stat").read_text()
                except OSError:
                    continue
                name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
                parents[int(entry)] = (int(rest[1]), name)
        found, level = [], {os.getpid()}
        while level := {p for p, (parent, _) in parents.items() if parent in level}:
            found += [f"{p} {parents[p][1]}" for p in level]
        return found


_PLACES = (
    Path("/tmp"),
    Path("/var/tmp"),
    Path("/dev/shm"),
    Path("/dev"),
    Path("/opt"),
    Path("/usr/lib"),
    Path("/"),
    Path.home(),
    Path.cwd(),
)


def _facts(path: Path) -> tuple[object, ...]:
    found = path.stat()
    return found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns, found.st_nlink, tuple(os.listxattr(path))
