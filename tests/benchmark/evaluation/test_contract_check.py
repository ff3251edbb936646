"""The mock run names every violation of the contract, and passes what keeps it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from command import scalingbench
from entries import each_predictor

from scalingbench.benchmark.evaluation.contract_check import check
from scalingbench.predictors.registry import make


class Good:
    variables = ("params", "tokens")

    def fit(self, X, y):
        self.level_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.level_) - 1e-3 * np.log(X["params"].to_numpy())


def broken(**methods):
    return type("Broken", (Good,), methods)


def _mutates(self, X, y):
    X["params"] = 0.0
    return Good.fit(self, X, y)


def _random(self, X, y):
    Good.fit(self, X, y)
    self.level_ += np.random.default_rng().normal()
    return self


def test_a_good_predictor_passes():
    assert check(Good) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (broken(fit=lambda self, X, y: setattr(self, "level_", 1.0)), "fit: expected to return self"),
        (broken(fit=_mutates), "fit: changes X or y"),
        (broken(fit=_random), "two fits to the same rows predict differently"),
        (broken(predict=lambda self, X: np.ones(len(X) + 1)), "predict: expected shape (4,), got (5,)"),
        (broken(predict=lambda self, X: np.full(len(X), np.nan)), "4 of 4 values are NaN"),
        (broken(predict=lambda self, X: ["a"] * len(X)), "expected 4 numbers, got list"),
        (broken(predict=lambda self, X: X.iloc[:, 0].to_numpy()), "depends on the order of the columns"),
        (broken(predict=lambda self, X: 1 / 0), "ZeroDivisionError"),
        (broken(predict_quantiles=lambda self, X, levels: np.ones((len(X), 2))), "expected shape (4, 3)"),
        (broken(predict_quantiles=lambda self, X, levels: np.tile([3.0, 2, 1], (len(X), 1))), "not increasing"),
        (broken(variables=("paramz",)), "'paramz' is not in the schema"),
        (broken(variables="params"), "expected a tuple of names"),
        (broken(predict=None), "predict: missing"),
        (broken(__init__=lambda self, a: None), "constructor: expected to work without arguments"),
    ],
)
def test_each_violation_is_named(kind, message):
    assert any(message in line for line in check(kind)), check(kind)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", each_predictor(long=("autolaw", "chinchilla[posterior]", "multi-power")))
def test_every_registered_predictor_keeps_the_contract(name):
    # what data a law refuses is its own business; that it says so in one line is the contract. How long a fit takes depends on what
    # else the machine does: it is said, and no breach of the contract here
    found = [line for line in check(lambda: make(name)) if "PredictorError" not in line and "fit: took" not in line]
    assert found == []


def test_the_template_passes_its_check_and_its_own_test(tmp_path):
    done = scalingbench("new-predictor", "my_law", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.split() == ["my_law.py", "test_my_law.py"]
    assert scalingbench("check", "my_law.py:MyLaw", cwd=tmp_path).stdout == "MyLaw: keeps the contract\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_law.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert tested.returncode == 0, tested.stdout
    again = scalingbench("new-predictor", "my_law", cwd=tmp_path)
    assert again.returncode == 2 and "my_law.py: already exists" in again.stderr
    assert scalingbench("new-predictor", "My-Law", cwd=tmp_path).returncode == 2


def test_violations_end_with_status_1(tmp_path):
    source = """
    import numpy as np
    class Bad:
        variables = ("params", "tokens")
        def fit(self, X, y):
            return self
        def predict(self, X):
            return np.zeros(3)
    """
    (tmp_path / "bad.py").write_text(textwrap.dedent(source))
    done = scalingbench("check", "bad.py:Bad", cwd=tmp_path)
    assert done.returncode == 1 and "Bad: 40 rows: predict: expected shape (4,), got (3,)" in done.stdout
