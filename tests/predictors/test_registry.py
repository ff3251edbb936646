import ast
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from sklearn.base import clone

import scalingbench.predictors as predictors
from scalingbench.benchmark.tasks.task import Track
from scalingbench.common.errors import PredictorError
from scalingbench.predictors import registry
from scalingbench.predictors.registry import Entry, families, get, list_predictors, make

EXPECTED = (
    "power-law shifted-power-law offset-power-law m4 bnsl-1 rectified kaplan chinchilla[huber-log] chinchilla[l2-log] chinchilla[l2] "
    "compute-only over-training data-constrained farseer routed moe-power lr-annealing "
    "mean nearest-observation nearest-neighbor log-linear gaussian-process gradient-boosting"
)


def test_every_form_has_its_entry():
    assert {e.name for e in list_predictors()} >= set(EXPECTED.split())


@pytest.mark.parametrize("name", EXPECTED.split())
def test_entries_make_clonable_estimators(name):
    model = make(name)
    assert clone(model).get_params() == model.get_params()
    assert make(name) is not model
    assert get(name).family == families()[name]


def test_recipes_of_one_form_are_one_family():
    assert {families()[f"chinchilla[{r}]"] for r in ("huber-log", "l2-log", "l2")} == {"chinchilla"}
    models = [make(f"chinchilla[{r}]") for r in ("huber-log", "l2-log", "l2")]
    assert [(m.loss, m.space) for m in models] == [("huber", "log"), ("l2", "log"), ("l2", "linear")]


def test_laws_name_their_paper():
    assert all("arXiv" in e.paper or "refit" in e.paper for e in list_predictors() if e.tracks)


def test_tracks_filter_and_generic_predictors_are_everywhere():
    names = {e.name for e in list_predictors("architecture")}
    assert {"routed", "moe-power", "mean"} <= names and "kaplan" not in names
    with pytest.raises(PredictorError, match="unknown track 'curves'; did you mean 'curve'"):
        list_predictors("curves")


def test_tracks_are_those_of_the_tasks():
    assert get_args(Track) == registry.TRACKS


def test_unknown_names_get_a_hint():
    with pytest.raises(PredictorError, match=r"unknown predictor 'chinchila\[l2\]'; did you mean 'chinchilla\[l2\]'"):
        make("chinchila[l2]")


class Point:
    """An entry point as another package would declare it."""

    def __init__(self, name, value, loaded):
        self.name, self.value, self.loaded = name, value, loaded

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


def test_other_peoples_packages_join_by_entry_point(monkeypatch, caplog):
    points = [
        Point("theirs", "scalingbench.predictors.generic.nearest:MeanPredictor", lambda: None),
        Point("broken", "gone.module:X", ImportError("no module named gone")),
        Point("kaplan", "thief:Kaplan", lambda: None),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "scalingbench.predictors" else [])
    registry._entries.cache_clear()
    try:
        assert type(make("theirs")).__name__ == "MeanPredictor"
        assert "broken" not in families() and "'broken' of gone.module:X cannot be loaded: no module named gone" in caplog.text
        assert get("kaplan").target == "scalingbench.predictors.laws.compute:Kaplan" and "the name is taken" in caplog.text
    finally:
        registry._entries.cache_clear()


def test_listing_imports_nothing_heavy():
    code = "import sys, scalingbench.predictors.registry as r; r.list_predictors(); print({'sklearn', 'scipy', 'pandas'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_only_heavy_models_are_imported_inside_functions():
    """The docstring of the package says which, and why."""
    folder = Path(predictors.__file__).parent
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        inside = {node.module for f in functions for node in ast.walk(f) if isinstance(node, ast.ImportFrom)}
        plain = [node for f in functions for node in ast.walk(f) if isinstance(node, ast.Import)]
        assert not plain and all(name.startswith(("sklearn.", "scipy.stats", "scipy.signal", "gplearn.")) for name in inside), path.name


def test_an_entry_passes_its_arguments_on():
    assert Entry("x", "scalingbench.predictors.laws.power_laws:BNSL", "bnsl", arguments={"n_breaks": 3}).make().n_breaks == 3
