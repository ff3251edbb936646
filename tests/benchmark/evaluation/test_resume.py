"""What --resume keeps: results of the same source, time limit and quantile levels, and no others."""

import json
import sys
from pathlib import Path

import pytest
from made import fold, task

from scalingbench.benchmark.evaluation import kept
from scalingbench.benchmark.evaluation.conditions import source_hash
from scalingbench.benchmark.evaluation.results import predictor_path, read_results
from scalingbench.benchmark.evaluation.run import run_suite
from scalingbench.benchmark.evaluation.unit import versions
from scalingbench.cli.predictor_argument import load_target
from scalingbench.predictors import registry

TASK = task(fold("f", [1.0, 2.0]))
LAW = """
from resumed_helper import LEVEL

class Law:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return [LEVEL] * len(X)

    def predict_quantiles(self, X, levels):
        return [[LEVEL] * len(levels)] * len(X)
"""


@pytest.fixture
def law(tmp_path, monkeypatch):
    """Return the file of a law that imports a module beside it, which imports another one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "resumed_helper").mkdir()
    (tmp_path / "resumed_helper" / "__init__.py").write_text("from .numbers import LEVEL\n", encoding="utf-8")
    (tmp_path / "resumed_helper" / "numbers.py").write_text("LEVEL = 1.0\n", encoding="utf-8")
    (tmp_path / "law.py").write_text(LAW, encoding="utf-8")
    yield tmp_path / "law.py"
    for name in [n for n in sys.modules if n.split(".")[0] == "resumed_helper"]:
        del sys.modules[name]


def run(law, out, **settings):
    """Return how many tasks were run by a resumed run."""
    _, predictor = load_target(f"{law}:Law")
    ran = []
    run_suite({"law": predictor}, [TASK], out, resume=True, progress=lambda done, total, what: ran.append(what), **settings)
    return sum(map(bool, ran))


def test_when_nothing_changed_then_results_are_kept(law, tmp_path):
    assert [run(law, tmp_path / "out", levels=(0.1, 0.9)) for _ in range(2)] == [1, 0]
    (tmp_path / "unrelated.py").write_text("x = 1\n", encoding="utf-8")
    assert run(law, tmp_path / "out", levels=(0.1, 0.9)) == 0


@pytest.mark.parametrize("edited", ["law.py", "resumed_helper/__init__.py", "resumed_helper/numbers.py"])
def test_when_the_file_or_a_module_that_it_imports_changed_then_it_is_run_again(law, tmp_path, edited):
    run(law, tmp_path / "out")
    path = tmp_path / edited
    path.write_text(path.read_text(encoding="utf-8").replace("LEVEL = 1.0", "LEVEL = 2.0") + "\n# another\n", encoding="utf-8")
    assert run(law, tmp_path / "out") == 1


@pytest.mark.parametrize("setting", [{"time_limit": 30.0}, {"levels": (0.1, 0.9)}])
def test_when_time_limit_or_levels_are_others_then_it_is_run_again(law, tmp_path, setting):
    run(law, tmp_path / "out")
    assert [run(law, tmp_path / "out", **setting) for _ in range(2)] == [1, 0]
    (result,) = read_results(predictor_path(tmp_path / "out", "law"))
    assert set(result.folds[0].quantiles) == set(setting.get("levels", ()))


def test_results_of_before_conditions_were_recorded_are_read_and_not_kept(law, tmp_path):
    run(law, tmp_path / "out")
    file = predictor_path(tmp_path / "out", "law")

    import pyarrow.parquet as pq

    pq.write_table(pq.ParquetFile(file).read().drop_columns(["conditions"]), file)
    assert read_results(file)[0].conditions == ""
    assert run(law, tmp_path / "out") == 1


def test_a_built_in_law_is_hashed_with_what_it_imports_alone(tmp_path, monkeypatch):
    """Another family's file changes nothing; a base module, and for AutoLaw every law, does."""
    read, edited = Path.read_text, []
    monkeypatch.setattr(Path, "read_text", lambda path, *a, **k: read(path, *a, **k) + "#" * path.as_posix().endswith(tuple(edited)))
    names = ("chinchilla[huber-log]", "autolaw", "log-linear")
    before = {name: source_hash(registry.make(name)) for name in names}
    assert len(set(before.values())) == 3
    changed = {}
    for file in ("predictors/laws/compute.py", "predictors/laws/mixture.py", "predictors/law.py", "predictors/autolaw/tables.json"):
        edited[:] = [file]
        changed[file] = {name for name in names if source_hash(registry.make(name)) != before[name]}
    assert changed == {
        "predictors/laws/compute.py": {"chinchilla[huber-log]", "autolaw"},
        "predictors/laws/mixture.py": {"autolaw"},
        "predictors/law.py": {"chinchilla[huber-log]", "autolaw"},
        "predictors/autolaw/tables.json": {"autolaw"},
    }


def test_a_class_without_source_is_unknown_and_never_kept(tmp_path):
    made_here: dict = {}
    exec(LAW.replace("from resumed_helper import LEVEL", "LEVEL = 1.0"), {"__name__": "nowhere"}, made_here)
    assert source_hash(made_here["Law"]()) == ""


def test_results_of_earlier_files_are_kept_by_the_same_rule_and_fresh_runs_them_again(law, tmp_path):
    run(law, tmp_path / "old", levels=(0.1, 0.9))
    earlier = {"law": predictor_path(tmp_path / "old", "law"), "other": tmp_path / "gone.parquet"}
    assert run(law, tmp_path / "a", levels=(0.1,), earlier=earlier) == 0
    (result,) = read_results(predictor_path(tmp_path / "a", "law"))
    assert set(result.folds[0].quantiles) == {0.1} and json.loads(result.conditions)["levels"] == [0.1]
    assert run(law, tmp_path / "b", levels=(0.1,), earlier=earlier, fresh=True) == 1
    assert run(law, tmp_path / "c", levels=(0.1, 0.5), earlier=earlier) == 1
    law.write_text(law.read_text(encoding="utf-8") + "\nx = 1\n", encoding="utf-8")
    assert run(law, tmp_path / "d", levels=(0.1,), earlier=earlier) == 1


PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}.99"


@pytest.mark.parametrize(("package", "now", "ran"), [("numpy", "0.9", 1), ("python", "3.4.1", 1), ("python", PYTHON, 0)])
def test_of_python_the_minor_version_counts_and_of_packages_every_digit(law, tmp_path, monkeypatch, package, now, ran):
    run(law, tmp_path / "out")
    monkeypatch.setattr(kept, "versions", lambda: json.dumps({**json.loads(versions()), package: now}))
    assert run(law, tmp_path / "out") == ran
