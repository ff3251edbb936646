import os
import sys
import time
from dataclasses import replace

import cloudpickle
import numpy as np
import pytest

from scalingbench.benchmark.evaluation.predictor import usable
from scalingbench.benchmark.evaluation.results import load_results, part_path, predictor_path
from scalingbench.benchmark.evaluation.run import evaluate, run_suite
from scalingbench.benchmark.evaluation.unit import Job, batches
from scalingbench.benchmark.scores.scoring import score
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import InputError
from scalingbench.predictors.registry import make

# worker processes cannot import a test module by name
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Base:
    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        self.params_ = {"mean": self.mean_}
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Noisy(Base):
    """Depends on every bit of its input, to show differences between processes."""

    def predict(self, X):
        log = np.log(X.to_numpy(float))
        return np.exp(np.linalg.svd(log @ log.T)[1].sum() * 1e-9 + log.sum(axis=1) * 0.01)


class Hangs(Base):
    def fit(self, X, y):
        time.sleep(3600)


class Raises(Base):
    def fit(self, X, y):
        raise RuntimeError("cannot\nfit")


class ReturnsNaN(Base):
    def predict(self, X):
        return np.full(len(X), np.nan)


class WrongShape(Base):
    def predict(self, X):
        return np.zeros((len(X) + 1, 2))


class ReturnsText(Base):
    def predict(self, X):
        return ["much"] * len(X)


class Dies(Base):
    def fit(self, X, y):
        os._exit(3)


class Peeks(Base):
    """Looks for the held-out values wherever it can reach from its arguments."""

    def fit(self, X, y):
        frame = sys._getframe()
        self.found_ = []
        while frame is not None:
            self.found_ += [v for v in frame.f_locals.values() if type(v).__name__ in ("Task", "Fold")]
            frame = frame.f_back
        return super().fit(X, y)

    def predict(self, X):
        return np.full(len(X), 1.0 + len(self.found_))


class Scribbles(Base):
    """Changes what it is handed."""

    def fit(self, X, y):
        super().fit(X, y)
        X.iloc[:] = 1.0
        y[:] = 1.0
        return self


@pytest.fixture(scope="module")
def tasks():
    common = {"collection": "distillation_apple", "metric": "loss", "track": "compute", "variables": ["params", "tokens"]}
    splits = [{"kind": "frontier", "variable": "flops", "train_max": 2e20}, {"kind": "budget", "share": 0.1}]
    return tuple(t for s in splits for t in build_tasks(TaskSpec.model_validate({**common, "split": s})))


def test_a_result_holds_predictions_constants_times_and_versions(tasks):
    result = evaluate(Base(), tasks[0], name="mean")
    (fold,) = result.folds
    assert fold.status == "ok" and len(fold.predictions) == tasks[0].n_test
    assert fold.constants == {"mean": pytest.approx(float(np.mean(tasks[0].folds[0].y_train)))}
    assert fold.fit_seconds >= 0 and "numpy" in result.versions and result.fingerprint == tasks[0].fingerprint


@pytest.mark.parametrize(
    ("predictor", "status", "message"),
    [
        (Raises(), "error", "RuntimeError: cannot fit"),
        (ReturnsNaN(), "not-finite", "70 of 70 values"),
        (WrongShape(), "wrong-shape", r"shape \(71, 2\), expected \(70,\)"),
        (ReturnsText(), "wrong-shape", "list, expected 70 numbers"),
    ],
)
def test_when_a_predictor_misbehaves_then_it_is_a_recorded_failure(tasks, predictor, status, message):
    import re

    (fold,) = evaluate(predictor, tasks[0]).folds
    assert fold.status == status and re.search(message, fold.message) and len(fold.predictions) == 0


def test_when_a_predictor_hangs_or_dies_then_the_rest_is_scored(tasks, tmp_path):
    named = {"base": Base(), "hangs": Hangs(), "dies": Dies()}
    results = run_suite(named, tasks[:1], tmp_path, jobs=2, time_limit=1.0)
    assert {r.predictor: r.folds[0].status for r in results} == {"base": "ok", "hangs": "timeout", "dies": "crash"}
    assert "1 s" in results[1].folds[0].message and "exit code 3" in results[2].folds[0].message


def _slow_import():
    if "imported_slowly" not in sys.modules:
        time.sleep(3.0)
        sys.modules["imported_slowly"] = sys
    return Base()


class LoadsSlowly(Base):
    """Takes longer to load for the first time than it may take to fit, as one does whose imports are slow."""

    def __reduce__(self):
        return _slow_import, ()


def test_the_time_limit_counts_from_when_the_predictor_is_loaded(tasks, tmp_path):
    (result,) = run_suite({"slow": LoadsSlowly()}, tasks[:1], tmp_path, time_limit=2.0)
    assert result.folds[0].status == "ok"


def test_each_predictor_has_the_time_limit_of_its_name(tasks, tmp_path):
    named = {"short": Sleeps(0.6), "long": Sleeps(0.6)}
    results = run_suite(named, tasks[:1], tmp_path, time_limit={"short": 0.2, "long": 30.0})
    assert {r.predictor: r.folds[0].status for r in results} == {"short": "timeout", "long": "ok"}
    assert "0.2 s" in results[0].folds[0].message


def test_held_out_values_are_out_of_reach(tasks):
    alone = evaluate(Peeks(), tasks[0], time_limit=30).folds[0]
    assert alone.status == "ok" and (alone.predictions == 1.0).all()


def test_inputs_are_copies(tasks):
    before = tasks[0].fingerprint, tasks[0].folds[0].X_train.copy()
    evaluate(Scribbles(), tasks[0])
    assert tasks[0].folds[0].X_train.equals(before[1]) and len(set(tasks[0].folds[0].y_train)) > 1


def test_predictions_are_bit_identical_for_any_number_of_jobs(tasks, tmp_path):
    named = {"noisy": Noisy(), "base": Base()}
    one = run_suite(named, tasks, tmp_path / "1", jobs=1)
    two = run_suite(named, tasks, tmp_path / "2", jobs=2)
    here = [evaluate(p, t, name=n) for n, p in named.items() for t in tasks]
    for a, b, c in zip(one, two, here, strict=True):
        assert (a.predictor, a.task) == (b.predictor, b.task) == (c.predictor, c.task)
        assert a.folds[0].predictions.tobytes() == b.folds[0].predictions.tobytes() == c.folds[0].predictions.tobytes()


def test_result_files_round_trip(tasks, tmp_path):
    results = run_suite({"base": Base()}, tasks, tmp_path)
    (loaded,) = {r.predictor for r in load_results(tmp_path)}
    assert loaded == "base" and [p.name for p in tmp_path.iterdir()] == ["base.parquet"]
    for a, b in zip(results, load_results(tmp_path), strict=True):
        assert (a.task, a.fingerprint, a.parameters, a.versions) == (b.task, b.fingerprint, b.parameters, b.versions)
        assert a.folds[0].predictions.tobytes() == b.folds[0].predictions.tobytes()
        assert a.folds[0].constants == b.folds[0].constants


class Interrupt(Exception):
    pass


def test_when_killed_half_way_then_resume_completes_without_repeating(tasks, tmp_path):
    def stop_after_one(done, total, what):
        if done == 1:
            raise Interrupt

    with pytest.raises(Interrupt):
        run_suite({"noisy": Noisy()}, tasks, tmp_path, progress=stop_after_one)
    kept = list(part_path(tmp_path, "noisy", "x").parent.glob("*.parquet"))
    assert len(kept) == 1 and not predictor_path(tmp_path, "noisy").exists()
    steps = []
    resumed = run_suite({"noisy": Noisy()}, tasks, tmp_path, resume=True, progress=lambda *a: steps.append(a))
    assert [s[0] for s in steps] == [1, 2] and not (tmp_path / ".parts").exists()
    whole = run_suite({"noisy": Noisy()}, tasks, tmp_path / "whole")
    assert [r.folds[0].predictions.tobytes() for r in resumed] == [r.folds[0].predictions.tobytes() for r in whole]


def test_when_the_constructor_arguments_changed_then_resume_runs_again(tasks, tmp_path, constant):
    from sklearn.base import clone

    cloudpickle.register_pickle_by_value(sys.modules[type(constant).__module__])
    run_suite({"c": constant}, tasks[:1], tmp_path)
    steps = []
    changed = clone(constant).set_params(shift=1.0)
    run_suite({"c": changed}, tasks[:1], tmp_path, resume=True, progress=lambda *a: steps.append(a[0]))
    assert steps == [0, 1]


class FitsTogether(Base):
    """Fits all folds in one call; its clones say so."""

    def fit_many(self, frames, ys):
        return [type(self)().fit(X, y).mark() for X, y in zip(frames, ys, strict=True)]

    def mark(self):
        self.params_["together"] = 1.0
        return self


class FailsTogether(FitsTogether):
    def fit_many(self, frames, ys):
        raise RuntimeError("one of them is bad")

    def fit(self, X, y):
        if len(y) == 5:
            raise ValueError("this one")
        return super().fit(X, y)


def test_folds_are_fitted_together_where_a_predictor_can_and_alone_where_that_fails():
    spec = {"collection": "gadre_overtraining", "metric": "loss_c4_val", "track": "compute", "variables": ["params", "tokens"]}
    (task,) = build_tasks(TaskSpec.model_validate({**spec, "split": {"kind": "frontier", "variable": "params", "train_max": 5e8}}))
    together, alone = evaluate(FitsTogether(), task), evaluate(Base(), task)
    assert [f.constants["together"] for f in together.folds] == [1.0, 1.0, 1.0]
    for a, b in zip(together.folds, alone.folds, strict=True):
        assert np.array_equal(a.predictions, b.predictions)
    assert {f.status for f in evaluate(FailsTogether(), task).folds} == {"ok"}
    (published,) = build_tasks(TaskSpec.model_validate({**spec, "split": {"kind": "published"}}))
    assert [f.message for f in evaluate(FailsTogether(), published).folds] == ["ValueError: this one"] * 3


class Pools(FitsTogether):
    """Says with how many others it was fitted."""

    pools = True

    def fit_many(self, frames, ys, groups):
        return [type(self)().fit(X, y).mark(groups.count(own)) for X, y, own in zip(frames, ys, groups, strict=True)]

    def mark(self, n):
        self.params_["together"] = float(n)
        return self


def test_a_predictor_that_pools_is_handed_curves_of_one_task_only(tmp_path):
    """Rungs of a ladder hold out what others train on, and so do these folds of families of models."""
    suite = load_suite("v3")
    ladder = [t for t in suite.build(collections=["porian"]) if t.spec.id == "porian/loss_val/chinchilla-decay-ladder"]
    assert len(ladder) > 1 and all(t.folds_are_apart for t in ladder)
    for result in run_suite({"pools": Pools()}, ladder, tmp_path):
        assert {f.constants["together"] for f in result.folds} == {float(len(result.folds))}
    left_out = suite.task("emergence_ushape/accuracy/published")
    for one in (evaluate(Pools(), left_out), *run_suite({"pools": Pools()}, [left_out], tmp_path)):
        assert len(one.folds) > 1 and all(f.constants["together"] == 1.0 for f in one.folds)


class HasRead(Base):
    """Knows of every cluster, unless it is told to forget one."""

    def __init__(self, forgets=""):
        self.forgets = forgets

    def get_params(self, deep=True):
        return {"forgets": self.forgets}

    def without_cluster(self, cluster):
        return HasRead(cluster)

    def predict(self, X):
        return np.full(len(X), float(len(self.forgets)))


def test_what_was_learnt_from_a_cluster_is_left_out_on_its_tasks(tasks, tmp_path):
    task = tasks[0]
    for result in (evaluate(HasRead(), task), *run_suite({"reads": HasRead()}, [task], tmp_path)):
        assert all((f.predictions == len(task.cluster)).all() for f in result.folds)
        assert result.parameters == '{"forgets": ""}'


def test_usable_asks_what_a_predictor_of_shares_requires():
    suite = load_suite("v3")
    loss, share = suite.task("porian/loss_val/far-10x"), suite.task("sloth/accuracy_mmlu/far-10x")
    assert usable(make("logit-linear"), share) and not usable(make("logit-linear"), loss)
    assert usable(make("log-linear[floor]"), loss)
    two_stage = next(t for t in suite.build(collections=["gadre_overtraining"]) if "source_loss" in t.variables)
    assert usable(make("two-stage[bounded]"), two_stage)
    assert not usable(make("two-stage[bounded]"), share) and not usable(make("two-stage[bounded]"), loss)


def test_usable_asks_for_the_variables(tasks):
    class Wants(Base):
        variables: tuple[str, ...] | None = None

    predictor = Wants()
    for wanted, answer in [(None, True), (("params",), True), (("tokens", "params"), True), (("experts",), False), (("*",), False)]:
        predictor.variables = wanted
        assert usable(predictor, tasks[0]) is answer
    with pytest.raises(InputError, match="none of the predictors"):
        run_suite({"x": predictor}, tasks, None)  # type: ignore[arg-type]


def test_scores_are_recomputed_from_predictions(tasks):
    reference, other = evaluate(Base(), tasks[0], name="mean"), evaluate(Noisy(), tasks[0], name="noisy")
    scores = score([reference, other], tasks, "mean").set_index("predictor")
    y, p = tasks[0].folds[0].y_test, other.folds[0].predictions
    error = np.sqrt(np.mean((np.log(p) - np.log(y)) ** 2))
    assert scores.loc["noisy", "error"] == pytest.approx(error)
    assert scores.loc["mean", "ratio"] == 1.0
    assert scores.loc["noisy", "ratio"] == pytest.approx(error / scores.loc["mean", "error"])


def test_failing_gets_the_ceiling_and_never_beats_trying(tasks):
    class Absurd(Base):
        def predict(self, X):
            return np.full(len(X), 1e30)

    reference = evaluate(Base(), tasks[0], name="mean")
    failed, absurd = evaluate(Raises(), tasks[0], name="failed"), evaluate(Absurd(), tasks[0], name="absurd")
    scores = score([reference, failed, absurd], tasks, "mean").set_index("predictor")
    assert scores.loc["failed", "ratio"] == 10.0 >= scores.loc["absurd", "ratio"]
    assert scores.loc["failed", "failed"] == 1 and scores.loc["absurd", "failed"] == 0


def test_when_the_reference_is_missing_then_it_is_named(tasks):
    with pytest.raises(InputError, match="no complete result of the reference 'mean' on distillation_apple"):
        score([evaluate(Noisy(), tasks[0], name="noisy")], tasks, "mean")


def test_results_of_an_altered_task_are_not_scored(tasks):
    from dataclasses import replace

    from scalingbench.benchmark.scores.scoring import current_results, stale_results

    stale = replace(evaluate(Base(), tasks[0], name="mean"), fingerprint="0" * 16)
    assert current_results([stale], tasks) == () and stale_results([stale], tasks) == (stale,)


def test_broken_result_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        load_results(tmp_path / "gone")
    with pytest.raises(InputError, match="holds no result files"):
        load_results(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"not parquet")
    with pytest.raises(InputError, match=r"x\.parquet: not a result file"):
        load_results(tmp_path)


def test_the_suites_reference_can_enter_every_task():
    from scalingbench.predictors.registry import make

    suite = load_suite("lite")
    assert all(usable(make(suite.reference), task) for task in suite.tasks)


def test_the_rungs_of_a_ladder_are_fitted_in_one_call_and_no_rung_fails_another(tmp_path):
    tasks = load_suite("v3").build(collections=("porian",))
    rungs = [t for t in tasks if "ladder" in t.id]
    law = make("chinchilla[huber-log]")
    found = batches([Job("law", law, t, "v3") for t in tasks])
    assert len(rungs) > 2 and [len(b) for b in found if len(b) > 1] == [len(rungs)]
    together = run_suite({"law": law}, rungs, tmp_path / "a", suite="v3")
    alone = [evaluate(law, t, name="law", suite="v3") for t in rungs]
    for one, other in zip(together, alone, strict=True):
        assert one.task == other.task and [f.fold for f in one.folds] == [f.fold for f in other.folds]
        for f, g in zip(one.folds, other.folds, strict=True):
            np.testing.assert_allclose(f.predictions, g.predictions, rtol=1e-6)
    slow = run_suite({"slow": SleepsOnManyRows()}, rungs, tmp_path / "b", suite="v3", time_limit=2.0)
    assert {r.folds[0].status for r in slow} == {"ok", "timeout"}


class SleepsOnManyRows:
    """Takes for ever on the larger rungs."""

    def fit(self, X, y):
        import time

        if len(y) > 38:
            time.sleep(60.0)
        self.mean_ = float(np.mean(y))
        return self

    def fit_many(self, frames, ys):
        return [SleepsOnManyRows().fit(X, y) for X, y in zip(frames, ys, strict=True)]

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Sleeps:
    """Takes its time over every fit."""

    def __init__(self, seconds):
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        return self

    def predict(self, X):
        return np.ones(len(X))


def test_a_task_of_many_folds_may_take_longer(tasks, tmp_path):
    task = replace(tasks[0], folds=tuple(replace(tasks[0].folds[0], name=f"f{i}") for i in range(21)))
    result = run_suite({"slow": Sleeps(0.07)}, [task], tmp_path, time_limit=1.0)[0]  # 1.5 s of the 3 s that 21 folds have
    assert {f.status for f in result.folds} == {"ok"}
    result = run_suite({"slow": Sleeps(0.3)}, [task], tmp_path, time_limit=1.0)[0]
    assert {f.status for f in result.folds} == {"timeout"} and result.folds[0].message == "took longer than 3 s"


def test_what_a_killed_run_left_is_swept_and_a_corrupt_part_is_named(tasks, tmp_path, constant):
    part = part_path(tmp_path, "c", tasks[0].id)
    part.parent.mkdir(parents=True)
    old, new = part.with_name(f".{part.name}.old.tmp"), part.with_name(f".{part.name}.new.tmp")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    run_suite({"c": constant}, tasks[:1], tmp_path)
    assert not old.exists() and new.exists()  # another run may be writing it
    part.write_bytes(b"half")
    with pytest.raises(InputError, match=f"{part.name}: not a result file.*; delete this file, and its tasks are run again"):
        run_suite({"c": constant}, tasks[:1], tmp_path, resume=True)
