"""The mutation tool: what it changes, what it finds, and that its list of equivalent mutants holds for no other."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PERF = Path(__file__).parents[2] / "perf"
pytestmark = pytest.mark.skipif(not (PERF / "mutation.py").is_file(), reason="perf/ is in the source tree only")


@pytest.fixture(scope="module")
def tool():
    """Return the modules of the tool, without what importing it sets for its forks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PERF))
        patch.setattr("os.environ", dict(__import__("os").environ))
        yield importlib.import_module("mutation"), importlib.import_module("mutants")


def changes(tool, source):
    return {(m.before, m.after) for m in tool[1].mutants_of("m", source)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return x < 5", "return x <= 5"),
        ("return x + y", "return x - y"),
        ("return x + y", "return y"),
        ("return a and b", "return a or b"),
        ("return not x", "return x"),
        ("return 1.5", "return 1.6500000000000001"),
        ("return f(flag=True)", "return f(flag=False)"),
        ("return reference.mean()", "return np.median(reference)"),
        ("return np.minimum(errors, cap)", "return errors"),
        ("return tasks.query('weight > 0')", "return tasks"),
        ("return y[scored]", "return y"),
        ("return (x / d).astype(int)", "return (x / d).round().astype(int)"),
        ("return [x for x in xs if x]", "return [x for x in xs]"),
        ("return bias if log else shift", "return shift"),
        ("return 0.0 < level < 1.0", "return 0.0 < level <= 1.0"),
    ],
)
def test_a_point_is_changed_at_a_time(tool, before, after):
    assert (before, after) in changes(tool, f"def f():\n    {before}\n")


def test_defaults_constants_of_the_module_and_statements_are_changed(tool):
    source = (
        "LIMIT = 1.05\n\ndef f(n=3, log=True):\n    total = 0\n    total += n\n    if n:\n        raise ValueError(n)\n    return total\n"
    )
    found = changes(tool, source)
    assert ("LIMIT = 1.05", "LIMIT = 1.1550000000000002") in found
    assert ("def f(n=3, log=True):", "def f(n=4, log=True):") in found and ("def f(n=3, log=True):", "def f(n=3, log=False):") in found
    assert ("total += n", "pass") in found and ("raise ValueError(n)", "pass") in found and ("if n:", "if False:") in found


def test_text_types_and_pictures_are_left_alone(tool):
    source = '"""Ten 10."""\n__all__ = ["f"]\nKind = Literal[1, 2]\n\ndef draw(x: "int | None" = None) -> int:\n    return 1\n'
    assert changes(tool, source) == set()


def test_a_mutant_is_named_by_its_function_and_line(tool):
    (first, *_) = tool[1].mutants_of("m", "class A:\n    def f(self):\n        return 2\n")
    assert (first.function, first.line, first.key) == ("A.f", 3, ("m", "A.f", "return 2", "return 3"))


def test_every_line_of_the_list_of_equivalents_is_one_of_todays_mutants_and_says_why(tool):
    """A changed statement takes its excuse with it: what is listed cannot hide a new mutant."""
    mutation, mutants = tool
    reasons = mutation.listed()
    known = {m.key for module in mutation.NEAREST for m in mutants.mutants_of(module, mutation.path_of(module).read_text(encoding="utf-8"))}
    assert [key for key in reasons if key not in known] == []
    assert all(len(reason) > 10 for reason in reasons.values())


def test_modules_and_their_nearest_tests_exist(tool):
    mutation, _ = tool
    for module, files in mutation.NEAREST.items():
        assert mutation.path_of(module).is_file() and all((mutation.ROOT / f).exists() for f in files), module
    assert len(mutation.sample(mutation.chosen_modules(None), 0, 0)) > 1000
    first, again = (mutation.sample(mutation.chosen_modules(None), 20, 3) for _ in range(2))
    assert [m.key for m in first] == [m.key for m in again] and len(first) == 20
    with pytest.raises(SystemExit, match="--modules: unknown 'nothing'; expected some of scoring, table"):
        mutation.chosen_modules("nothing")


def test_a_run_kills_what_the_tests_notice():
    done = subprocess.run(
        [sys.executable, str(PERF / "mutation.py"), "--modules", "metrics", "--limit", "2", "--seed", "1", "--jobs", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "benchmark.scores.metrics            2        2        0          0" in done.stdout
