"""The committed results are those that the jobs give."""

import json

import numpy as np
import pytest
from command import scalingbench

from benchmark.evaluation.results import load_results
from benchmark.tasks.suite import list_suites, load_suite, task_table
from leaderboard.result_files import committed_folder
from predictors.registry import list_predictors

SAMPLE = ("chinchilla[huber-log]", "log-linear", "nearest-neighbor", "data-mixing", "compressed-representation", "beta-binomial")
JOINED_SINCE = {
    *("additive-power", "autolaw[2026-11]", "chinchilla[prior]", "law-gp", "log-linear[floor]", "logit-linear", "mean-of-laws"),
    *("median-of-laws", "shifted-power-law[prior]", "two-stage[bounded]"),
}
"""Predictors that were not there when the results of v1 were made."""
SAMPLED = ("chinchilla", "quest_precision", "synthetic_coverage")


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """Run the main job once, as the README has it; return its folder and board."""
    folder = tmp_path_factory.mktemp("job")
    done = scalingbench("run", "--suite", "v0", "--pool", "--out", "out", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out", json.loads(done.stdout)


def by_fold(results):
    return {(r.predictor, r.task, f.fold): f for r in results for f in r.folds}


def gap(one, other):
    """Return the largest relative difference of two folds' predictions."""
    scale = np.maximum(np.abs(other.predictions), 1e-12)
    return float(np.max(np.abs(one.predictions - other.predictions) / scale)) if other.status == "ok" else 0.0


def test_every_committed_result_belongs_to_todays_tasks():
    for name in list_suites():
        suite = load_suite(name)
        if not committed_folder(name).is_dir():
            continue
        results = load_results(committed_folder(name))
        stated = task_table(suite.tasks) if suite.rules is None else suite.stated  # by rules those on fetch-only collections count too
        today = dict(zip(stated["task"], stated["fingerprint"], strict=True))
        assert {(r.predictor, r.task) for r in results if today.get(r.task) != r.fingerprint} == set()
        assert {r.task for r in results} == set(today)
        assert {r.predictor for r in results} >= {*suite.pool, suite.reference}


def test_every_registered_predictor_has_its_results_of_the_current_suite():
    from benchmark.evaluation.predictor import usable

    committed = {r.predictor for r in load_results(committed_folder("v1"))}
    tasks = load_suite("v1").tasks
    built_in = [e for e in list_predictors() if e.target.startswith("predictors.")]
    assert committed == {e.name for e in built_in if any(usable(e.make(), t) for t in tasks)} - JOINED_SINCE


def test_the_main_job_reproduces_the_committed_predictions(job):
    ours, committed = by_fold(load_results(job[0])), by_fold(load_results(committed_folder("v0")))
    assert ours.keys() == committed.keys()
    assert all(ours[key].status == committed[key].status for key in ours)
    # other processors round differently, and a few fits have flat optima
    apart = [key for key in ours if gap(ours[key], committed[key]) > 1e-4]
    assert len(apart) <= 0.03 * len(ours), apart[:10]


def test_a_sample_of_the_current_suite_reproduces_the_committed_predictions(tmp_path):
    done = scalingbench("run", "--predictors", ",".join(SAMPLE), "--collections", ",".join(SAMPLED), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours, committed = by_fold(load_results(tmp_path / "out")), by_fold(load_results(committed_folder("v1")))
    assert len(ours) > 60 and ours.keys() <= committed.keys()
    apart = [key for key in ours if gap(ours[key], committed[key]) > 1e-3]
    assert len(apart) <= 0.05 * len(ours), apart[:10]


def test_the_main_job_prints_the_committed_board(job):
    done = scalingbench("leaderboard", "--suite", "v0", "--variants", "--format", "json")
    assert done.returncode == 0, done.stderr
    ours, committed = ({row["predictor"]: row for row in b["rows"]} for b in (job[1], json.loads(done.stdout)))
    assert ours.keys() == committed.keys()
    # on the few fits with more constants than rows, processors end at other optima: those predictors' skill may differ
    made, stored = by_fold(load_results(job[0])), by_fold(load_results(committed_folder("v0")))
    open_fits = {key[0] for key in made if gap(made[key], stored[key]) > 1e-4}
    assert len(open_fits) <= 0.2 * len(ours), open_fits
    for name, row in ours.items():
        assert row["skill"] == pytest.approx(committed[name]["skill"], abs=5e-2 if name in open_fits else 5e-3), name
        assert (row["tasks_entered"], row["failed_folds"]) == (committed[name]["tasks_entered"], committed[name]["failed_folds"])
