"""What is digested does not depend on the processor: the last bits of logarithms, powers and sums do."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalingbench.benchmark.data.sources
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.benchmark.data.sources._derived import natural_log

OLD = {  # an old processor: no fused multiply-add in NumPy, the C library and BLAS
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "OPENBLAS_CORETYPE": "Prescott",
}
DIGESTS = """
import hashlib, sys, warnings
import numpy as np, pandas as pd
warnings.simplefilter("ignore")  # NumPy says so where a feature that is switched off is not there
from scalingbench.benchmark.data.collection import load_collection, table_digest
from scalingbench.benchmark.data.sources import build_table
from scalingbench.benchmark.data.sources._derived import natural_log
from scalingbench.benchmark.data.sources.synthetic_plrf import _risk
from scalingbench.benchmark.data.synthetic import rounded
from scalingbench.benchmark.tasks.suite import load_suite

x = np.random.default_rng(0).uniform(1.0, 100.0, 20_000)
for what in (natural_log(pd.Series(x)).to_numpy(), rounded(10.0 ** (x / 10.0)), rounded(_risk(0.7, 1.2, 20), 7)):
    print(hashlib.sha256(what.tobytes()).hexdigest())
for name in sys.argv[1].split(","):
    print(table_digest(build_table(name)))
    print(*(task.fingerprint for task in load_suite("v3").build(collections=[name])))
"""
SYNTHETIC = tuple(name for name in list_collections() if name.startswith("synthetic"))
DERIVED = ("colpret", "misfitting", "vocab_scaling")
"""Fetch-only collections that hold logarithms of what their sources state."""


def digests(names, settings):
    command = [sys.executable, "-c", DIGESTS, ",".join(names)]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.full
@pytest.mark.parametrize("names", [("synthetic_broken",), SYNTHETIC], ids=["one", "all"])
def test_digests_and_fingerprints_are_those_of_any_processor(names):
    assert digests(names, {}) == digests(names, OLD)


@pytest.mark.full
def test_digests_of_logarithms_are_those_of_any_processor(mirror):
    assert digests(DERIVED, {}) == digests(DERIVED, OLD)


def test_a_logarithm_is_the_float_that_is_nearest_to_it():
    assert natural_log(pd.Series([1.0, 2.0, 10.0])).tolist() == [0.0, 0.6931471805599453, 2.302585092994046]
    found = natural_log(pd.Series([np.nan, 7.5], index=[4, 9]))
    assert found.index.tolist() == [4, 9] and np.isnan(found[4]) and abs(found[9] - np.log(7.5)) < 1e-15


@pytest.mark.parametrize("name", [n for n in list_collections() if not load_card(n).scalingbench.truth])
def test_a_source_derives_no_value_that_a_processor_rounds_its_own_way(name):
    """Such functions are called through `natural_log`, or their values are rounded; worlds of known truth round all of theirs."""
    tree = ast.parse((Path(scalingbench.benchmark.data.sources.__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np", "math")}
    assert not called & {"log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "power", "tanh", "sin", "cos"}
