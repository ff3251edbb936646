"""Packages of a submission are unpacked behind the wall, by hash, and seen by its fits alone."""

import base64
import hashlib
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command import scalingbench
from made import suite_file

from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.errors import InputError
from scalingbench.common.packages import brought
from scalingbench.leaderboard.submissions.dependencies import differing, needed, pinned, read_requirements

SUITE = suite_file()
USES = """
import numpy as np
import sbtiny

class P:
    variables = ("params", "tokens")
    def fit(self, X, y):
        self.level_ = sbtiny.level(y)
        return self
    def predict(self, X):
        return np.full(len(X), self.level_)
"""
ABOUT = ("--name", "tiny", "--authors", "A. Nobody", "--paper", "unpublished", "--license", "MIT", "--suite", "one.yaml", "--out", "subs")


def make_wheel(folder: Path, code: str, name: str = "sbtiny", version: str = "1.0", extra: dict[str, str] | None = None) -> Path:
    """Write a wheel of one module by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code,
        **(extra or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name_, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            wheel.writestr(name_, text)
    return path


@pytest.fixture
def place(tmp_path):
    try:
        raise_wall()
    except InputError as error:
        pytest.skip(str(error))
    (tmp_path / "one.yaml").write_text(SUITE)
    (tmp_path / "uses.py").write_text(USES)
    return tmp_path


def test_a_submission_that_brings_a_wheel_is_verified_the_verifier_never_has_it_and_no_other_one_will_do(place):
    trap = f"import os; open({str(place / 'TRAP')!r}, 'w').write('x')\n"
    make_wheel(place / "wheels", "def level(y):\n    return float(min(y))\n", extra={"sbtrap.pth": trap})
    made = scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place)
    assert made.returncode == 0, made.stderr
    lines = (place / "subs" / "tiny" / "requirements.txt").read_text().splitlines()
    digest = hashlib.sha256((place / "wheels" / "sbtiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert f"sbtiny==1.0 --hash=sha256:{digest}" in lines and f"numpy=={np.__version__}" in lines
    done = scalingbench("verify", "subs/tiny", "--suite", "one.yaml", "--wheels", "wheels", cwd=place)
    assert done.returncode == 0, done.stderr
    assert not (place / "TRAP").exists() and "sbtiny" not in sys.modules
    assert not list(Path(np.__file__).parent.parent.glob("sbtiny*")) and not list(Path(np.__file__).parent.parent.glob("sbtrap*"))

    command = ("verify", "subs/tiny", "--suite", "one.yaml")
    done = scalingbench(*command, cwd=place)
    assert done.returncode == 2 and "sbtiny==1.0: give the folder of its wheel with --wheels" in done.stderr
    make_wheel(place / "wheels", "def level(y):\n    return 1.0\n")
    done = scalingbench(*command, "--wheels", "wheels", cwd=place)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "HASH" in done.stderr.upper(), done.stderr


PORIAN = """  - collection: porian
    metric: loss_val
    track: compute
    variables: [params, tokens]
    where: {curves: ['*/chinchilla'], between: {tokens/params: [4, null]}}
    split: {kind: frontier, variable: flops, train_max: 3.3e+18}
"""


@pytest.mark.full
def test_held_out_values_in_a_wheel_are_named(place):
    (place / "one.yaml").write_text(suite_file(PORIAN))
    task = load_suite(str(place / "one.yaml")).tasks[-1]
    table = ",".join(repr(float(v)) for fold in task.folds for v in fold.y_test)
    code = "def level(y):\n    return float(min(y))\n"
    make_wheel(place / "wheels", code, extra={"sbdata/table.csv": table, "sbdata/other.csv": "1.234567,2.345678,3.456789,4.567891"})
    assert scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place).returncode == 0
    done = scalingbench("verify", "subs/tiny", "--suite", "one.yaml", "--wheels", "wheels", cwd=place)
    (line,) = (line for line in (done.stdout + done.stderr).splitlines() if "held-out values" in line)
    assert re.search(r"sbdata/table\.csv contains \d+ held-out values \(\d", line) and "other.csv" not in done.stdout + done.stderr


@pytest.mark.full
def test_a_wheel_that_is_none_is_refused_in_one_line(place):
    wheel = make_wheel(place / "wheels", "def level(y):\n    return float(min(y))\n")
    assert scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place).returncode == 0
    wheel.write_bytes(b"PK\x03\x04junk")
    done = scalingbench("verify", "subs/tiny", "--suite", "one.yaml", "--wheels", "wheels", cwd=place)
    assert done.returncode == 2 and "Traceback" not in done.stderr.replace("requirements.txt: ", "")


@pytest.mark.full
def test_a_wheel_that_exits_when_imported_is_a_refusal_and_nothing_more(place):
    make_wheel(place / "wheels", "import os; os._exit(0)\n")
    done = scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place)
    assert done.returncode == 2 and "its process died with exit code 0" in done.stderr and not (place / "subs" / "tiny").exists()


@pytest.mark.full
def test_a_wheel_cannot_replace_what_the_verifier_brings(place):
    """A folder named ``numpy`` in a wheel is not what a fit imports: the verifier's own packages come first."""
    make_wheel(
        place / "wheels",
        "def level(y):\n    import numpy\n    return float(numpy.__name__ == 'numpy')\n",
        extra={"numpy/__init__.py": "1 / 0\n"},
    )
    done = scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place)
    assert done.returncode == 0, done.stderr


def test_an_import_that_verifiers_lack_needs_its_wheel(tmp_path):
    (tmp_path / "p.py").write_text("import pytest\n")
    with pytest.raises(InputError, match=r"imports pytest, not a dependency of ScalingBench; give its wheels with --wheels DIR"):
        pinned(tmp_path / "p.py", None)
    (tmp_path / "p.py").write_text(
        "import numpy, json\nfrom scipy import optimize\nfrom scalingbench.predictors.law import ParametricLaw\n"
    )
    assert [r.name for r in pinned(tmp_path / "p.py", None)] == ["numpy", "scipy"]
    (tmp_path / "p.py").write_text("import (")
    with pytest.raises(InputError, match="not Python"):
        pinned(tmp_path / "p.py", None)


def test_what_verifiers_bring_is_what_scalingbench_needs():
    assert {"numpy", "scipy", "pandas", "scikit-learn", "pyarrow", "joblib"} <= brought()
    assert not {"pytest", "mypy", "ruff"} & brought()


def test_other_versions_are_told(tmp_path):
    (tmp_path / "requirements.txt").write_text(f"numpy==0.1\nscipy=={__import__('scipy').__version__}\nx==1 --hash=sha256:{'0' * 64}\n")
    found = read_requirements(tmp_path / "requirements.txt")
    assert differing(found) == (f"numpy {np.__version__} instead of 0.1",)
    assert [r.name for r in needed(found)] == ["x"]


@pytest.fixture(scope="module")
def unpacking(tmp_path_factory):
    """Return a guard whose cells unpack wheels."""
    try:
        wall = raise_wall()
    except InputError as error:
        pytest.skip(str(error))
    wheel = make_wheel(tmp_path_factory.mktemp("first"), "", name="sbother")
    with Guards(wall, {wheel.name: wheel.read_bytes()}) as guards, guards.one() as guard:
        yield guard


def archive(folder: Path, entries: dict[str, bytes], *, declared: int | None = None) -> Path:
    """Write a wheel of these entries; one of them may say another size than it has."""
    path = make_wheel(folder, "def level(y):\n    return 1.0\n")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in entries.items():
            wheel.writestr(name, data)
        if declared is not None:
            wheel.filelist[-1].file_size = declared
    return path


@pytest.mark.parametrize(
    ("entries", "declared", "reason"),
    [
        pytest.param(
            {f"sbtiny_{i}.bin": bytes(2**28) for i in range(3)},
            None,
            "unpacks to 768 MiB in 7 files, at most 512 MiB in 20000 files",
            marks=pytest.mark.full,
        ),
        ({f"sbtiny_data/{i}": b"" for i in range(21_000)}, None, "in 21004 files, at most"),
        ({"x.bin": bytes(2**28)}, 10, "cannot be unpacked: BadZipFile"),
        ({"../x.py": b"1"}, None, "holds a file outside its folder"),
        ({"/etc/x.py": b"1"}, None, "holds a file outside its folder"),
        ({"a": b"1", "a/b": b"1"}, None, "cannot be unpacked"),
    ],
    ids=["size", "files", "a size that is a lie", "above its folder", "from the root", "a file that is a folder"],
)
def test_a_wheel_that_is_a_trap_is_refused_in_one_line(unpacking, tmp_path, entries, declared, reason):
    path = archive(tmp_path, entries, declared=declared)
    with pytest.raises(InputError) as refused:
        unpacking.unpack(path.name, path.read_bytes())
    assert reason in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.full
def test_a_submission_with_a_trap_is_refused_in_one_line_and_nothing_is_written(place):
    archive(place / "wheels", {"../x.py": b"1"})
    done = scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place)
    assert done.returncode == 2 and "holds a file outside its folder" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (place / "subs" / "tiny").exists()


def test_wheels_of_other_systems_are_refused(place):
    path = make_wheel(place / "wheels", "def level(y):\n    return 1.0\n")
    path.rename(path.with_name("sbtiny-1.0-cp31-cp31-win_amd64.whl"))
    done = scalingbench("submit", "uses.py:P", *ABOUT, "--wheels", "wheels", cwd=place)
    assert done.returncode == 2 and "not for this interpreter and system" in done.stderr
