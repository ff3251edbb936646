"""The committed results are those that the jobs give."""

import json

import numpy as np
import pandas as pd
import pytest
from command import scalingbench_process as scalingbench

from benchmark.evaluation.results import load_results
from benchmark.tasks.statements import differences
from benchmark.tasks.suite import list_suites, load_suite
from leaderboard.result_files import committed_files, committed_folder
from leaderboard.results import Results
from predictors.registry import list_predictors
from scalingbench.common.defaults import DEFAULT_SUITE

SAMPLE = ("chinchilla[huber-log]", "log-linear", "nearest-neighbor", "data-mixing", "compressed-representation", "beta-binomial")
SAMPLED = ("distillation_apple", "quest_precision", "synthetic_coverage")


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


def ranked(suite):
    """Return what a suite states of the tasks that it ranks on: without rules, on those that were bundled when it was frozen."""
    return suite.stated if suite.rules is not None else suite.stated[suite.stated["tier"] == "bundled"]


def test_every_committed_result_belongs_to_the_tasks_that_its_suite_states():
    for name in list_suites():
        suite = load_suite(name)
        if not committed_folder(name).is_dir():
            continue
        columns = ["predictor", "task", "fingerprint"]
        results = pd.concat([pd.read_parquet(file, columns=columns) for file in committed_files(name)])
        stated = dict(ranked(suite)[["task", "fingerprint"]].to_numpy())
        assert set(results[["task", "fingerprint"]].itertuples(index=False, name=None)) == set(stated.items())
        assert set(results["predictor"]) >= {*suite.pool, suite.reference}


@pytest.mark.parametrize("name", [name for name in list_suites() if name != "v1" and load_suite(name).rules is None])
def test_an_earlier_suite_is_what_it_stated_when_it_was_frozen(name, mirror):
    """Its tasks are the same to the last row; the tier of a collection is that of then, because licences are found out later."""
    suite = load_suite(name)
    found = differences(suite.stated, suite.build(fetch=True))
    changed = {line.split("/")[0] for line in found}
    assert all(line.endswith(": tier: stated 'bundled', is 'fetch-only'") for line in found)
    assert changed <= {"chinchilla", "double_descent", "farseer", "hitchhiker", "sldbench"}


def test_every_registered_predictor_has_its_results_of_the_current_suite(mirror):
    from benchmark.evaluation.predictor import usable

    committed = {r.predictor for r in load_results(committed_folder(DEFAULT_SUITE))}
    tasks = load_suite(DEFAULT_SUITE).build(fetch=True)
    built_in = [e for e in list_predictors() if e.target.startswith("predictors.")]
    assert committed == {e.name for e in built_in if any(usable(e.make(), t) for t in tasks)}


def test_the_main_job_reproduces_the_committed_predictions(job):
    bundled = {t.id for t in load_suite("v0").tasks}
    ours, committed = by_fold(load_results(job[0])), by_fold(r for r in load_results(committed_folder("v0")) if r.task in bundled)
    assert ours.keys() == committed.keys()
    assert all(ours[key].status == committed[key].status for key in ours)
    # other processors round differently, and a few fits have flat optima
    apart = [key for key in ours if gap(ours[key], committed[key]) > 1e-4]
    assert len(apart) <= 0.03 * len(ours), apart[:10]


def test_a_sample_of_the_current_suite_reproduces_the_committed_predictions(tmp_path):
    done = scalingbench("run", "--predictors", ",".join(SAMPLE), "--collections", ",".join(SAMPLED), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours, committed = by_fold(load_results(tmp_path / "out")), by_fold(load_results(committed_folder(DEFAULT_SUITE)))
    assert len(ours) > 60 and ours.keys() <= committed.keys()
    apart = [key for key in ours if gap(ours[key], committed[key]) > 1e-3]
    assert len(apart) <= 0.05 * len(ours), apart[:10]


def test_the_rest_of_the_main_job_reproduces_the_committed_predictions_where_its_files_are(mirror, tmp_path):
    names = set(load_suite("v0").ranked_on) & set(load_suite("v0").fetch_only)
    assert names == {"chinchilla", "farseer"}
    done = scalingbench("run", "--suite", "v0", "--pool", "--collections", ",".join(names), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours = by_fold(load_results(tmp_path / "out"))
    committed = by_fold(r for r in load_results(committed_folder("v0")) if r.task.split("/")[0] in names)
    assert ours.keys() == committed.keys()
    apart = [key for key in ours if gap(ours[key], committed[key]) > 1e-4]
    assert len(apart) <= 0.03 * len(ours), apart[:10]


def test_the_main_job_prints_the_committed_board(job):
    bundled = {t.collection for t in load_suite("v0").tasks}
    board = json.loads(Results.load("v0").select(collections=bundled).board().render("json"))
    ours, committed = ({row["predictor"]: row for row in b["rows"]} for b in (job[1], board))
    assert ours.keys() == committed.keys()
    # on the few fits with more constants than rows, processors end at other optima: those predictors' skill may differ
    made, stored = by_fold(load_results(job[0])), by_fold(load_results(committed_folder("v0")))
    open_fits = {key[0] for key in made if gap(made[key], stored[key]) > 1e-4}
    assert len(open_fits) <= 0.2 * len(ours), open_fits
    for name, row in ours.items():
        assert row["skill"] == pytest.approx(committed[name]["skill"], abs=5e-2 if name in open_fits else 5e-3), name
        assert (row["tasks_entered"], row["failed_folds"]) == (committed[name]["tasks_entered"], committed[name]["failed_folds"])
