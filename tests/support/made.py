"""Everything made up for tests, small enough to be worked out by hand.

From rows to boards: collections of a few rows, and entries of a suite that make tasks of them; tasks and results of a few rows; a suite of
three tasks, and results whose errors are known; scores of predictors by ratio; a suite of stored scores of every role and kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult, as_stored, list_result_files, predictor_path, write_results
from scalingbench.benchmark.scores.store import read_scores, write_scores
from scalingbench.benchmark.scores.table import CEILING
from scalingbench.benchmark.tasks.frozen import Rules, SuiteHead
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import Suite, load_suite
from scalingbench.benchmark.tasks.task import Fold, Task, TaskSpec
from scalingbench.leaderboard.committed import ScoredTasks
from scalingbench.leaderboard.ranking import Ranking, rank
from scalingbench.leaderboard.rescoring import rescore, store_scores
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.leaderboard.store import Store

# Collections of a few rows, and tasks of them.

ABOVE_5 = {"kind": "frontier", "variable": "params", "train_max": 5}
LADDER = {"kind": "ladder", "variable": "params"}
LEAVE_OUT = {"kind": "leave-group-out"}
FROM_C4 = {"variables": ["source_loss"], "inputs": {"source_loss": {"metric": "loss", "curve": "c4", "by": ["params", "tokens"]}}}


def made(**columns):
    """Return a collection of these rows; the values count down from 9 unless they are given."""
    rows = len(next(iter(columns.values())))
    base = {"run": [f"r{i}" for i in range(1, rows + 1)], "value": 9.0 - np.arange(rows)}
    return Collection("chinchilla", normalise(pd.DataFrame({**base, **columns})), load_card("chinchilla"))


def spec(**changes):
    base = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "split": ABOVE_5, "min_train": 1}
    return TaskSpec.model_validate({**base, **changes})


def built(collection, **changes):
    return build_tasks(spec(**changes), collection)


def only(collection, **changes):
    """Return the one task of an entry, and its one fold."""
    (task,) = built(collection, **changes)
    (fold,) = task.folds
    return task, fold


def trained(fold):
    return fold.y_train.tolist()


def held_out(fold):
    return fold.y_test.tolist()


# A table of the schema.


def table(**columns):
    base = {
        "curve": ["a"] * 4,
        "run": ["r1", "r2", "r3", "r4"],
        "metric": ["loss"] * 4,
        "value": [3.0, 2.5, 2.2, 2.1],
        "params": [1e7, 1e8, 1e9, 1e10],
    }
    return pd.DataFrame({**base, **columns})


# Suite files of few small tasks, of collections that come with the project.

DISTILLATION = """  - collection: distillation_apple
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: flops, train_max: 1.0e+21}
"""


def suite_file(*tasks: str, pool: str = "nearest-neighbor", rules: str = "{}") -> str:
    """Return the text of a suite of these entries, the distillation runs' first."""
    head = f"\ndescription: a small suite\nreference: nearest-neighbor\npool: [{pool}]\nrules: {rules}\ntasks:\n"
    return head + DISTILLATION + "".join(tasks)


@cache
def rebuilt(name: str) -> Suite:
    """Return a suite of the package that computes what it states; its tasks are built once for all tests of a process."""
    return replace(load_suite(name), statements=None)


# Tasks and results of a few rows.


def fold(name, y, *, scored=None, X=None, cost=None):
    """Return a fold that holds out rows with values `y`; its one training row does not matter."""
    y = np.asarray(y, float)
    X = pd.DataFrame({"params": np.arange(1.0, len(y) + 1)}) if X is None else X
    scored = np.ones(len(y), bool) if scored is None else np.asarray(scored)
    return Fold(name, X.head(1), y[:1], X, y, scored, np.arange(1.0, len(y) + 1) if cost is None else np.asarray(cost, float))


def task(*folds, name="made/loss/frontier", metric="loss", track="curve", basis="flops", collection="made", weight=1.0, split="made"):
    """Return a task of these folds."""
    frontier = {"kind": "frontier", "name": split, "variable": "params", "train_max": 1}
    entry = TaskSpec(collection=collection, metric=metric, track=track, variables=("params",), split=frontier)
    return Task(name, entry, tuple(folds), 3.0, 0.25, basis, (), weight)


def result(of, predictor, *predictions, quantiles=None, seconds=(), constants=None, fingerprint=None):
    """Return a result with one array of predictions per fold of the task; None is a fold that failed."""
    folds = []
    for i, (part, values) in enumerate(zip(of.folds, predictions, strict=True)):
        folds.append(
            FoldResult(
                part.name,
                "error" if values is None else "ok",
                "no way" if values is None else "",
                predictions=np.empty(0) if values is None else np.broadcast_to(np.asarray(values, float), part.y_test.shape),
                quantiles={} if quantiles is None else {level: np.asarray(q[i], float) for level, q in quantiles.items()},
                constants=constants or {},
                fit_seconds=seconds[i] if seconds else float("nan"),
            )
        )
    return TaskResult(predictor, "{}", "made-up", of.id, fingerprint or of.fingerprint, "{}", tuple(folds))


def off_by(of, *factors):
    """Return, for each fold, predictions that are its values times a factor: a log error of |log(factor)| on every row."""
    return [None if f is None else part.y_test * f for part, f in zip(of.folds, factors, strict=True)]


# A suite of three tasks whose data are at hand. Collections are real, because cards are looked up; their rows are not.

REFERENCE = "nearest-neighbor"
UNIT = 0.2
"""Error of the reference on every task."""
FETCH_ONLY = "monkeys"
WHERE = (("distillation_apple", "compute"), ("porian", "curve"), (FETCH_ONLY, "inference"))
"""Collection and track of each task."""
BUNDLED = (("datablations", "compute"), ("porian", "compute"), ("distillation_apple", "data-constrained"))
METRICS = {"porian": "loss_val", FETCH_ONLY: "loss_solution"}
ERRORS = {REFERENCE: (UNIT, UNIT, UNIT), "law": (0.1, 0.1, 0.4), "mean": (0.4, 0.4, 0.4)}
"""Errors of each predictor on the three tasks."""


def made_up_task(collection: str, track: str, weight: float = 1.0) -> Task:
    """Return a task of one fold with four held-out rows."""
    split = {"kind": "frontier", "variable": "params", "train_max": 1e9}
    metric = METRICS.get(collection, "loss")
    entry = TaskSpec(collection=collection, metric=metric, track=track, variables=("params",), split=split, weight=weight)
    X, X_test = (pd.DataFrame({"params": np.geomspace(*ends)}) for ends in ((1e8, 1e9, 6), (2e9, 8e9, 4)))
    y, y_test = (1.0 + 1e2 * frame["params"].to_numpy() ** -0.3 for frame in (X, X_test))
    part = Fold("all", X, y, X_test, y_test, np.ones(4, bool), X_test["params"].to_numpy(), X["params"].to_numpy())
    return Task(entry.id, entry, (part,), 8.0, 0.1, "params", (), weight, "counted" if weight else "shown")


def made_up_result(predictor: str, of: Task, error: float | None) -> TaskResult:
    """Return a result whose error on the task is the one given; None is a fit that failed."""
    (part,) = of.folds
    values = None if error is None else as_stored(part.y_test * np.exp(error))
    return result(of, predictor, values, seconds=(0.25,), constants={"E": 1.5})


@dataclass(frozen=True)
class MadeUpSuite(Suite):
    """A suite whose tasks are at hand; notes which tracks and collections are built."""

    made: tuple[Task, ...] = ()
    asked: list[Sequence[str] | None] = field(default_factory=list)

    def build(self, *, collections: Sequence[str] | None = None, track: str | None = None, fetch: bool = False) -> tuple[Task, ...]:
        self.asked.append(collections)
        chosen = self.entries(collections=None if collections is None else tuple(collections), track=track, fetch=True)
        return tuple(t for t in self.made if t.spec in chosen)


def made_up_suite(*tasks: Task, where=WHERE) -> MadeUpSuite:
    """Return a suite of three tasks, or of those given."""
    tasks = tasks or tuple(made_up_task(*of) for of in where)
    return MadeUpSuite("made-up", "three tasks", REFERENCE, (REFERENCE, "mean"), specs=tuple(t.spec for t in tasks), made=tasks)


def results_of(errors, suite) -> tuple[TaskResult, ...]:
    """Return results with these errors, by predictor and task; None where a predictor did not enter."""
    return tuple(made_up_result(n, t, e) for n, own in errors.items() for t, e in zip(suite.made, own, strict=True) if e is not None)


def made_up_results(errors=ERRORS, suite=None, **options) -> Results:
    """Return results of the suite that are not the committed ones; the reference's are added."""
    suite = suite or made_up_suite()
    return Results.of(results_of({REFERENCE: [UNIT] * len(suite.made), **errors}, suite), suite, **{"exclusions": {}, **options})


@dataclass
class Committed:
    """Committed results of the made-up suite and their stored scores; `absent` are collections whose data are not at hand."""

    folder: Path
    suite: MadeUpSuite
    absent: set[str]

    @property
    def scores(self) -> Path:
        return self.folder / "scores.parquet"

    def write(self, errors=ERRORS) -> None:
        """Replace the result files."""
        for old in set(self.folder.glob("*.parquet")) - {self.scores}:
            old.unlink()
        for name, own in errors.items():
            write_results(predictor_path(self.folder, name), results_of({name: own}, self.suite))

    def store(self) -> None:
        """Store the scores of the result files."""
        store_scores(rescore(self.suite, {}))

    def alter(self, change) -> None:
        """Store other scores than the results have."""
        write_scores(self.scores, change(self.table()))

    def table(self) -> pd.DataFrame:
        """Return the stored scores."""
        return read_scores(self.scores)


def committed(folder: Path, monkeypatch) -> Committed:
    """Return a folder that takes the place of the committed results."""
    world = Committed(folder, made_up_suite(), set())
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.committed_files", lambda suite: list_result_files(folder))
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.scores_path", lambda suite: world.scores)
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: name not in world.absent)
    world.write()
    world.store()
    return world


# Scores by ratio.

N_COLLECTIONS, PER_COLLECTION = 6, 4
TASKS = pd.DataFrame(
    [(f"c{i}/t{j}", f"c{i}", "curve") for i in range(N_COLLECTIONS) for j in range(PER_COLLECTION)],
    columns=["task", "collection", "track"],
)
POOL = ("ref", "law", "other")
RATIO_UNIT = 0.05
"""The reference's error on every task."""


def entry(predictor, ratios, *, failed=None, tasks=TASKS, **columns):
    """Return the scores of one predictor that has these ratios; a failed task is one of one fold, at the ceiling."""
    failed = np.zeros(len(tasks), int) if failed is None else np.asarray(failed)
    ratios = np.where(failed > 0, CEILING, np.asarray(ratios, float))
    text = {"predictor": predictor, "family": predictor, **{c: tasks[c].to_numpy() for c in ("task", "collection")}}
    track = tasks["track"].to_numpy() if "track" in tasks else "curve"
    errors = {"error": ratios * RATIO_UNIT, "reference_error": RATIO_UNIT, "ratio": ratios, "crps": ratios * RATIO_UNIT}
    fits = {"failed": failed, "folds": 1, "fit_seconds": 0.01, "mape": 0.02, "r2": 0.9, "bias": 0.0}
    unknown = dict.fromkeys(("coverage", "regret", "log_params_error", "exponent_error"), np.nan)
    return pd.DataFrame({**text, "track": track, **errors, **fits, **unknown, "extrapolation": 4.0, "compute_share": 0.2} | columns)


def world(seed=0, **more):
    rng = np.random.default_rng(seed)
    parts = [entry("ref", np.ones(24)), entry("law", np.exp(rng.normal(-0.5, 0.3, 24))), entry("other", np.exp(rng.normal(0.1, 0.3, 24)))]
    return pd.concat([*parts, *more.values()], ignore_index=True)


def matrix(scores, tasks=TASKS):
    """Return scores as arrays; without a weight tasks count 1, without a cluster their collection is theirs."""
    return ScoreMatrix.of(scores, tasks.assign(weight=tasks.get("weight", 1.0), cluster=tasks.get("cluster", tasks["collection"])))


def head(pool=POOL, reference="ref", name="s", **rules):
    return SuiteHead(name, "made up", reference, tuple(pool), Rules(**rules))


def board(scores, tasks=TASKS, *, pool=POOL, rules=None, order=(), track=None, n_resamples=40, seed=0, **options):
    return rank(matrix(scores, tasks), Ranking(head(pool, **(rules or {})), tuple(order), track, n_resamples, seed), **options)


# A suite of stored scores: eleven tasks of every role and kind, and predictors whose boards can be worked out by hand.

_FIELDS = ("task", "collection", "cluster", "track", "kind", "role", "weight", "far", "published", "tier")
_ROWS = (
    # three tasks of one cluster, of two collections that share runs
    ("a/1", "a", "a", "compute", "extrapolation", "counted", 1.0, 2.9, "2020-01", "bundled"),
    ("a/2", "a", "a", "compute", "extrapolation", "counted", 1.0, 3.0, "2020-01", "bundled"),
    ("b/1", "b", "a", "compute", "extrapolation", "counted", 2.0, 10.0, "2021-06", "fetch-only"),
    ("c/1", "c", "c", "curve", "extrapolation", "counted", 4.0, 100.0, "2024-02", "bundled"),
    ("d/1", "d", "d", "mixture", "extrapolation", "counted", 2.0, 99.0, "2023-12", "fetch-only"),
    # kinds that the overall board leaves out
    ("e/1", "e", "e", "transfer", "transfer", "counted", 1.0, 1.0, "2022-03", "bundled"),
    ("f/1", "f", "f", "interpolation", "interpolation", "counted", 1.0, 0.5, "2022-04", "bundled"),
    # roles that count nowhere
    ("s/1", "s", "s", "compute", "extrapolation", "synthetic", 1.0, 5.0, "2026-01", "bundled"),
    ("t/1", "t", "t", "curve", "extrapolation", "tuning", 1.0, 4.0, "2019-01", "bundled"),
    ("u/1", "u", "u", "compute", "extrapolation", "tuning", 1.0, 4.0, "2019-02", "bundled"),
    ("z/1", "z", "z", "curve", "extrapolation", "shown", 0.0, 4.0, "2019-03", "bundled"),
)
_FACTS = {"domain": "language", "metric": "loss", "extrapolation": 7.0, "compute_share": 0.2, "rows_per_fit": 10.0, "noise": np.nan}
STATED = pd.DataFrame(_ROWS, columns=list(_FIELDS)).assign(fingerprint=lambda t: "fp-" + t["task"], **_FACTS)
STATED_POOL = ("ref", "plain")


def _ratios(*values):
    return dict(zip(STATED["task"], values, strict=True))


RATIOS = {
    # the general form, in two recipes: the second does better on the tuning tasks and worse on all others
    "form[a]": _ratios(0.5, 0.5, 0.25, 0.5, 1.0, 0.1, 0.1, 0.1, 0.9, 1.0, 0.01),
    "form[b]": _ratios(0.8, 0.8, 0.5, 1.0, 2.0, 0.2, 0.2, 0.2, 0.5, 1.0, 0.01),
    "plain": _ratios(*[2.0] * len(STATED)),
    # a law of one track, and of one task of another
    "law": {"a/1": 0.1, "a/2": 0.1, "b/1": 0.2, "e/1": 4.0},
}
FAMILIES = {"form[a]": "form", "form[b]": "form"}


def scores_of(name, ratios, **columns):
    """Return the stored scores of one predictor by task."""
    tasks = STATED[STATED["task"].isin(ratios)]
    scores = entry(name, [ratios[task] for task in tasks["task"]], tasks=tasks, family=FAMILIES.get(name, name), **columns)
    return scores.assign(fingerprint=tasks["fingerprint"].to_numpy(), digest=[f"{name}{r}" for r in scores["ratio"]], source="file")


def scored(stated=STATED, suite=None, cells=None, **ratios) -> Results:
    """Return the results of the made-up suite, of which only scores exist.

    `ratios` replace or add predictors, or leave one out that is None; `cells` maps (predictor, task, column) to other values.
    """
    known = {"ref": dict.fromkeys(STATED["task"], 1.0), **RATIOS, **ratios}
    scores = pd.concat([scores_of(name, found) for name, found in known.items() if found is not None], ignore_index=True)
    for (name, of, column), value in (cells or {}).items():
        scores.loc[(scores["predictor"] == name) & (scores["task"] == of), column] = value
    return Results(Store(suite or head(STATED_POOL, name="made", ranked=1), None, ScoredTasks(scores, stated), {}, {}))
