"""Submit, verify, and every way of tampering refused with its reason."""

import json
import re
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from command import scalingbench
from made import suite_file

from scalingbench.benchmark.evaluation.results import FoldResult, read_results, write_results
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.submissions import verify as verifying

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
LAW = """
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible


class Joint(ParametricLaw):
    variables = ("params", "tokens")
    parameters = (irreducible("E"), amplitude("A", N="alpha", D="beta"), exponent("alpha"), exponent("beta"))

    @staticmethod
    def formula(N, D, E, A, alpha, beta):
        return E + A * N**-alpha * D**-beta
"""
SUITE = suite_file(
    """  - collection: quest_precision
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: params, train_max: 2.0e+08}
"""
)
NAMED = ("--name", "joint", "--authors", "A. Nobody", "--paper", "unpublished", "--license", "MIT", "--suite", "two.yaml", "--out", "subs")


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    try:
        raise_wall()
    except InputError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("submit")
    (folder / "joint.py").write_text(LAW)
    (folder / "two.yaml").write_text(SUITE)
    done = scalingbench("submit", "joint.py:Joint", *NAMED, "--trained-on", "quest_precision", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy(submitted, tmp_path):
    shutil.copytree(submitted, tmp_path / "w")
    return tmp_path / "w"


def verify(folder, *arguments):
    return scalingbench("verify", "subs/joint", "--suite", "two.yaml", *arguments, cwd=folder)


def refused(done, *parts, status=2):
    """Status 2: it is no submission of this suite; status 1: it is one, and does not recompute."""
    assert done.returncode == status, done.stdout + done.stderr
    start = "error: " if status == 2 else "refused: subs/joint: "
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "refused: "))]
    assert len(lines) == 1 and lines[0].startswith(start) and all(part in lines[0] for part in parts), done.stderr
    assert "Traceback" not in done.stderr


def edit(folder, change):
    path = folder / "subs" / "joint" / "submission.yaml"
    facts = yaml.safe_load(path.read_text())
    change(facts)
    path.write_text(yaml.safe_dump(facts))


def edit_results(folder, change):
    path = folder / "subs" / "joint" / "results.parquet"
    write_results(path, [change(r) for r in read_results(path)])


def test_a_submission_holds_all_that_is_needed(submitted):
    folder = submitted / "subs" / "joint"
    names = {"predictor.py", "submission.yaml", "requirements.txt", "results.parquet", "environment.json"}
    assert {p.name for p in folder.iterdir()} == names
    assert [p.name for p in (submitted / "subs").iterdir()] == ["joint"]
    facts = yaml.safe_load((folder / "submission.yaml").read_text())
    assert facts["license"] == "MIT" and facts["trained_on"] == ["quest_precision"]
    assert "python" in json.loads((folder / "environment.json").read_text())
    assert {r.task for r in read_results(folder / "results.parquet")} == {
        "distillation_apple/loss/frontier-flops-1e21",
        "quest_precision/loss/frontier-params-2e08",
    }


def test_it_verifies(submitted):
    done = verify(submitted)
    assert done.returncode == 0, done.stderr
    assert "predictions on 2 tasks recomputed within 0.0001" in done.stdout
    assert "confined by namespaces" in done.stderr and "confined by namespaces" in done.stdout


@pytest.mark.full
def test_the_preview_ranks_it_without_what_it_was_trained_on(submitted, tmp_path):
    work = tmp_path / "w"
    shutil.copytree(submitted, work)
    done = scalingbench(
        "submit", "joint.py:Joint", *NAMED[:-4], "--suite", "lite", "--out", "lite", "--trained-on", "datablations", cwd=work
    )
    assert done.returncode == 0, done.stderr
    done = scalingbench("verify", "lite/joint", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "not ranked on what it was trained on: datablations" in done.stdout
    assert (
        "joint enters 33% of the weight: a specialised law" in done.stdout
    )  # 5 of 15 tasks that extrapolate, without that of datablations


def test_an_edited_prediction_is_refused(copy):
    def change(result):
        fold = result.folds[0]
        predictions = fold.predictions.copy()
        predictions[1] *= 1.001
        return replace(result, folds=(replace(fold, predictions=predictions), *result.folds[1:]))

    edit_results(copy, change)
    refused(verify(copy), "fold 'c4', row 1: submitted", "the results are not reproduced", status=1)


@pytest.mark.full
def test_a_stale_fingerprint_is_refused(copy):
    edit_results(copy, lambda r: replace(r, fingerprint="0" * 16))
    refused(verify(copy), "distillation_apple/loss/frontier-flops-1e21: stale fingerprint")


@pytest.mark.full
def test_a_task_left_out_is_refused(copy):
    path = copy / "subs" / "joint" / "results.parquet"
    write_results(path, read_results(path)[:1])
    refused(verify(copy), "quest_precision/loss/frontier-params-2e08: no result")


def test_a_failure_that_is_hidden_is_refused(copy):
    edit_results(copy, lambda r: replace(r, folds=tuple(replace(f, status="error", predictions=np.empty(0)) for f in r.folds)))
    refused(verify(copy), "submitted as 'error', recomputed as 'ok'", status=1)


def test_a_changed_source_is_refused(copy):
    with (copy / "subs" / "joint" / "predictor.py").open("a") as file:
        file.write("# a better idea\n")
    refused(verify(copy), "predictor.py: not the source that gave the results")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("license"), "license: Field required"),
        (lambda f: f.update(name="Joint Law"), "name: String should match pattern"),
    ],
)
def test_broken_metadata_is_refused(copy, change, message):
    edit(copy, change)
    refused(verify(copy), message)


@pytest.mark.parametrize("line", ["numpy>=1"])
def test_requirements_that_are_not_pinned_are_refused(copy, line):
    with (copy / "subs" / "joint" / "requirements.txt").open("a") as file:
        file.write(f"{line}\n")
    refused(verify(copy), "requirements.txt: expected lines of the form name==version")


def test_the_workflow_has_read_only_rights_and_installs_nothing_of_a_submission():
    flow = yaml.safe_load((WORKFLOWS / "verify-submission.yml").read_text(encoding="utf-8"))
    assert flow["permissions"] == {"contents": "read"}
    assert set(flow[True]) == {"pull_request_target"}  # the workflow of the base branch, not the submission's; YAML reads 'on' as true
    (job,) = flow["jobs"].values()
    lines = [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]
    assert [line for line in lines if line.startswith("scalingbench verify")] and not any("--unconfined" in line for line in lines)
    assert any("apt-get install" in line and "bubblewrap" in line for line in lines)
    assert [line for line in lines if "pip install" in line] == ["pip install ./base"]
    downloads = [line for line in lines if "pip download" in line]
    assert downloads and all(f in line for line in downloads for f in ("--require-hashes", "--only-binary :all:", "--no-deps"))
    checkouts = [step["with"] for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert all(settings["persist-credentials"] is False for settings in checkouts)
    for settings in checkouts:  # of the pull request nothing but the folder of submissions; checkout 7 refuses even that unless told
        assert ("head" in settings["ref"]) is (settings.get("sparse-checkout") == "/leaderboard/submissions/")
        assert ("head" in settings["ref"]) is settings.get("allow-unsafe-pr-checkout", False)


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.name)
def test_a_workflow_runs_actions_at_a_commit_and_not_at_a_tag(path):
    used = re.findall(r"uses: *(\S+)", path.read_text(encoding="utf-8"))
    assert used and all(re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", action) for action in used)


@pytest.mark.parametrize("name", ["results.parquet"])
def test_a_missing_file_is_refused(copy, name):
    (copy / "subs" / "joint" / name).unlink()
    refused(verify(copy), f"{name}: missing")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.py:Joint", *NAMED), "expected FILE.py:Class with a file that exists"),
        (("joint.py:Gone", *NAMED[:1], "new", *NAMED[2:]), "has no class 'Gone'"),
        (("joint.py:Joint", *NAMED), "already exists"),
        (("joint.py:Joint", "--name", "kaplan", *NAMED[2:]), "'kaplan' is a predictor of the board"),
        (("joint.py:Joint", "--name", "chinchilla-huber-log", *NAMED[2:]), "has the same file and page: 'chinchilla[huber-log]'"),
        (("joint.py:Joint", "--name", "Two Words", *NAMED[2:]), "--name: String should match pattern"),
        (("joint.py:Joint", *NAMED[:6], "--license", "mine", *NAMED[8:], "--name", "new"), "license: expected one of"),
        (("joint.py:Joint", *NAMED, "--trained-on", "chinchila"), "did you mean 'chinchilla'?"),
    ],
)
def test_bad_submissions_leave_nothing_behind(copy, arguments, message):
    before = sorted(p.name for p in (copy / "subs").iterdir())
    refused(scalingbench("submit", *arguments, cwd=copy), message)
    assert sorted(p.name for p in (copy / "subs").iterdir()) == before


def test_code_that_looks_up_the_answers_fails_and_says_so(submitted, tmp_path):
    spy = """
    from scalingbench.benchmark.data.collection import load_collection


    class Spy:
        variables = ("params", "tokens")

        def fit(self, X, y):
            self.table_ = load_collection("distillation_apple").table
            return self

        def predict(self, X):
            return X["params"].to_numpy() * 0 + 1.0
    """
    (tmp_path / "spy.py").write_text(textwrap.dedent(spy))
    (tmp_path / "two.yaml").write_text(SUITE)
    done = scalingbench("submit", "spy.py:Spy", "--name", "spy", *NAMED[2:], cwd=tmp_path)
    assert done.returncode == 2 and "No module named 'scalingbench.benchmark.data'" in done.stderr
    assert not (tmp_path / "subs" / "spy").exists()


RULED = """
description: a bundled and a fetch-only collection
reference: nearest-neighbor
pool: [nearest-neighbor]
rules: {cap: 5}
tasks:
  - collection: distillation_apple
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: flops, train_max: 1.0e+20, test_min: 1.0e+21, name: far-10x}
  - collection: openeurollm
    metric: loss_tuned
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: flops, train_max: 1.0e+20, test_min: 1.0e+21, name: far-10x}
"""


def ruled(folder, *arguments):
    (folder / "joint.py").write_text(LAW)
    (folder / "ruled.yaml").write_text(RULED)
    done = scalingbench("submit", "joint.py:Joint", *NAMED[:-4], "--suite", "ruled.yaml", "--out", "subs", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return {r.task.split("/")[0] for r in read_results(folder / "subs" / "joint" / "results.parquet")}


@pytest.mark.full
def test_a_submission_is_run_on_bundled_collections_unless_all_are_asked_for(submitted, mirror, tmp_path):
    """What it was run on stands in it, and is what a verifier runs."""
    for arguments, collections in (((), {"distillation_apple"}), (("--all",), {"distillation_apple", "openeurollm"})):
        folder = tmp_path / "-".join(("w", *arguments))
        folder.mkdir()
        assert ruled(folder, *arguments) == collections
        facts = yaml.safe_load((folder / "subs" / "joint" / "submission.yaml").read_text())
        assert facts["fetch_only"] == sorted(collections - {"distillation_apple"})
        done = scalingbench("verify", "subs/joint", "--suite", "ruled.yaml", cwd=folder)
        assert done.returncode == 0 and f"on {len(collections)} tasks recomputed" in done.stdout, done.stderr
    edit(folder, lambda f: f.update(fetch_only=["distillation_apple"]))
    done = scalingbench("verify", "subs/joint", "--suite", "ruled.yaml", cwd=folder)
    refused(done, "unknown fetch-only collection of suite ruled 'distillation_apple'")
    edit(folder, lambda f: f.update(fetch_only=[]))
    done = scalingbench("verify", "subs/joint", "--suite", "ruled.yaml", cwd=folder)
    refused(done, "2 rows of 12 values; the tasks have 1 folds")


def folds_apart(by):
    """Return a fold of 4 rows and two results of it that differ by a share `by`."""
    values = np.array([2.0, 2.1, 2.2, 2.3])
    fold = SimpleNamespace(name="f", y_test=values)
    return fold, FoldResult("f", "ok", predictions=values), FoldResult("f", "ok", predictions=values * (1.0 + by))


def compared(by, instability, monkeypatch):
    """Return what is counted for two results a share `by` apart, and how often the instability of their fold was measured."""
    fold, ours, theirs = folds_apart(by)
    count, measured = verifying.Count(), []
    monkeypatch.setattr(verifying, "measure", lambda *_, **__: measured.append(1) or instability)
    verifying._compare_fold(ours, theirs, fold, SimpleNamespace(id="t"), verifying._Allowance(None, 1e-4, 1.0), count)
    return count.folds_compared, count.folds_unstable, len(measured)


@pytest.mark.parametrize(("by", "instability", "expected"), [(5e-5, None, (1, 0, 0)), (5e-3, 1e-3, (1, 1, 1))])
def test_a_fold_beyond_the_tolerance_is_measured_and_allowed_ten_times_its_instability(by, instability, expected, monkeypatch):
    assert compared(by, instability, monkeypatch) == expected


@pytest.mark.parametrize(("by", "instability"), [(5e-3, 1e-4), (5e-3, np.nan), (5e-3, np.inf), (0.02, 1.0)])
def test_a_fold_farther_apart_than_its_instability_explains_is_refused(by, instability, monkeypatch):
    """A refit that fails explains nothing, and nothing explains more than 1 %: a submission can make itself as unstable as it likes."""
    with pytest.raises(verifying._Refused, match="not reproduced"):
        compared(by, instability, monkeypatch)


def test_a_submission_most_of_whose_predictions_are_unstable_is_refused():
    few, most = (verifying.Count(4, 100, 4, 100, folds_unstable=2, predictions_unstable=n) for n in (50, 51))
    assert verifying._shortcoming(few) == "" and "51 of 100 predictions are unstable" in verifying._shortcoming(most)
