"""The Hub data set: built, checked, pushed to and pulled from a server that speaks the Hub's API, through the real client."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hub_folders import COLLECTIONS
from notebooks import assert_prints_the_same

from scalingbench.benchmark.hub import build, list_changes, pull, push, validate_folder
from scalingbench.benchmark.hub.client import push_results
from scalingbench.benchmark.hub.load import _loaded, load_collection
from scalingbench.common.errors import InputError

REPO = "org/scaling"
NOTEBOOK = Path(__file__).parents[3] / "docs" / "data.ipynb"


def test_two_builds_are_byte_identical_and_valid(folder, tmp_path):
    files = build(tmp_path / "again", collections=COLLECTIONS)
    assert {n: (folder / n).read_bytes() for n in files} == {n: (tmp_path / "again" / n).read_bytes() for n in files}
    said = []
    validate_folder(folder, say=said.append)
    assert len(said) == 6 and "croissant: no errors" in said


def test_tasks_are_configurations_with_training_and_held_out_rows(folder):
    import datasets

    loaded = datasets.load_dataset(str(folder), "porian.loss_val.chinchilla-decay-frontier", cache_dir=str(folder.parent / "cache"))
    assert set(loaded) == {"train", "test"}
    (task,) = [t for t in _suite_tasks() if t.id == "porian/loss_val/chinchilla-decay-frontier"]
    assert loaded["train"]["value"][:] == [y for fold in task.folds for y in fold.y_train] and len(loaded["test"]) == task.n_test


def _suite_tasks():
    from scalingbench.benchmark.tasks.suite import load_suite

    return load_suite("v3").build(collections=("porian",))


def test_croissant_passes_its_own_command(folder):
    command = Path(sys.executable).parent / "mlcroissant"
    done = subprocess.run([str(command), "validate", "--jsonld", "croissant.json"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and "rror" not in done.stderr, done.stderr[-500:]
    rai = [key for key in json.loads((folder / "croissant.json").read_text()) if key.startswith("rai:")]
    assert len(rai) >= 5


def test_a_fetch_only_collection_is_refused_and_an_old_folder_is_kept(tmp_path):
    with pytest.raises(InputError, match="'steplaw' is fetch-only"):
        build(tmp_path / "x", collections=("steplaw",))
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="exists and is not empty"):
        build(tmp_path / "y", collections=("porian",))
    assert [p.name for p in tmp_path.iterdir()] == ["y"] and (tmp_path / "y" / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "README.md").write_text("x"), r"README\.md: was altered"),
        (lambda f: (f / "data/porian/table.parquet").unlink(), r"table\.parquet: is missing"),
        (lambda f: (f / "extra.txt").write_text("x"), r"extra\.txt: is not in CHECKSUMS"),
        (lambda f: (f / "CHECKSUMS").write_text("nonsense\n"), r"line 1: expected '<sha256>"),
        (lambda f: (f / "data" / "x").symlink_to("/etc/hostname"), r"data/x: is a link"),
        (lambda f: (f / "data" / "x").symlink_to("/nowhere"), r"data/x: is a link"),
    ],
)
def test_a_damaged_folder_is_refused(folder, tmp_path, damage, message):
    shutil.copytree(folder, tmp_path / "copy")
    damage(tmp_path / "copy")
    with pytest.raises(InputError, match=message):
        validate_folder(tmp_path / "copy", load=False)
    with pytest.raises(InputError, match=message):
        push(tmp_path / "copy", REPO)


def test_push_then_pull_is_a_round_trip(folder, hub, tmp_path):
    assert {line.split()[0] for line in list_changes(folder, REPO)} == {"add"}
    assert "/commit/" in push(folder, REPO, revision="v1.0")
    assert push(folder, REPO) == f"{REPO}: nothing to change" and list_changes(folder, REPO) == []
    pulled = pull(REPO, "v1.0", tmp_path / "pulled")
    validate_folder(pulled, load=False)
    loaded = load_collection("porian", source="hub", repo=REPO, revision="v1.0")
    pd.testing.assert_frame_equal(loaded.table, load_collection("porian").table, check_dtype=False)
    hub.close()  # what was pulled stays at hand
    _loaded.cache_clear()
    assert len(load_collection("porian", source="hub", repo=REPO, revision="v1.0").table) == 940


def test_an_altered_cache_is_noticed(folder, hub, tmp_path):
    push(folder, REPO, revision="v1.0")
    _loaded.cache_clear()
    load_collection("porian", source="hub", repo=REPO, revision="v1.0")
    (path,) = (tmp_path / "cache").rglob("table.parquet")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    _loaded.cache_clear()
    with pytest.raises(InputError, match="was altered since it was pulled"):
        load_collection("porian", source="hub", repo=REPO, revision="v1.0")


def test_what_the_hub_refuses_is_one_clear_line(folder, hub, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # the client tries again, and again
    with pytest.raises(InputError, match="pull from org/nothing@v1: not "):
        pull("org/nothing", "v1", tmp_path / "a")
    push(folder, REPO, revision="v1.0")
    with pytest.raises(InputError, match="has no such revision"):
        pull(REPO, "v9", tmp_path / "b")
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(InputError, match="not allowed; log in"):
        push_results(_results(tmp_path), "lite", "org/results")
    hub.close()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="cannot be reached"):
        pull(REPO, "v1.0", tmp_path / "c")
    assert not [p for p in tmp_path.iterdir() if p.name in "abc" or p.name.startswith(".")]


@pytest.mark.parametrize("fault", ["cut", "corrupt"])
def test_a_broken_download_leaves_nothing_behind(fault, folder, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "2")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    push(folder, REPO, revision="v1.0")
    hub.fault = fault
    with pytest.raises(InputError):
        pull(REPO, "v1.0", tmp_path / "pulled", collections=("porian",))
    assert not (tmp_path / "pulled").exists() and not list(tmp_path.glob(".pulled*"))


def test_a_full_disk_leaves_nothing_behind(folder, hub, tmp_path, monkeypatch):
    push(folder, REPO, revision="v1.0")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("huggingface_hub.HfApi.hf_hub_download", full)
    with pytest.raises(InputError, match="No space left on device"):
        pull(REPO, "v1.0", tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists() and not list(tmp_path.glob(".pulled*"))


def _results(tmp_path):
    from scalingbench.benchmark.evaluation.run import run_suite
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.predictors.registry import make

    tasks = load_suite("lite").build(collections=("datablations",))
    run_suite({"nearest-neighbor": make("nearest-neighbor")}, tasks, tmp_path / "results", suite="lite")
    return tmp_path / "results"


def test_results_go_there_too(hub, tmp_path):
    folder = _results(tmp_path)
    assert "/commit/" in push_results(folder, "lite", "org/results")
    assert set(hub.files("org/results")) == {"README.md", "lite/nearest-neighbor.parquet"}
    with pytest.raises(InputError, match="holds no result files"):
        push_results(tmp_path / "none", "lite", "org/results")


@pytest.mark.full
def test_the_notebook_runs_on_a_built_folder(folder, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("SCALINGBENCH_HUB", str(folder))
    monkeypatch.setenv("SCALINGBENCH_CACHE", str(tmp_path / "cache"))
    committed, again = (nbformat.read(NOTEBOOK, as_version=4) for _ in range(2))
    nbclient.NotebookClient(again, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert_prints_the_same(again, committed)
    assert "1e22 FLOPs" in "".join(o.get("text", "") for cell in committed.cells for o in cell.get("outputs", ()))


def test_the_notebook_is_committed_with_its_outputs_and_without_paths():
    outputs = [cell["outputs"] for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [len(own) for own in outputs] == [1, 1, 1, 1, 1] and "image/png" in outputs[1][0]["data"]
    text = json.dumps([o for own in outputs for o in own if "image/png" not in o.get("data", {})])
    assert not re.search(r"/(?:tmp|home|root|work|usr)/", text)
