"""Rules about the code as a whole."""

import ast
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ("benchmark", "predictors", "leaderboard", "scalingbench", "data_cards")
ALLOWED = {
    "benchmark": {"benchmark", "data_cards"},
    "predictors": {"predictors"},
    "leaderboard": {"leaderboard"},
    "scalingbench": {"benchmark", "predictors", "leaderboard", "scalingbench"},
    "data_cards": set(),
}
LEADERBOARD_MAY_USE = {"benchmark.metrics", "benchmark.tasks", "benchmark.suites"}


def home(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module}
    return {name for name in found if name.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package):
    for path in home(package).rglob("*.py"):
        for name in imports(path):
            allowed = name.split(".")[0] in ALLOWED[package] or (package == "leaderboard" and name in LEADERBOARD_MAY_USE)
            assert allowed, f"{path} imports {name}"


def test_modules_are_small_enough_to_read():
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for package in PACKAGES for p in home(package).rglob("*.py")}
    assert max(sizes.values()) <= 450, max(sizes, key=sizes.__getitem__)


@pytest.mark.skipif("SCALINGBENCH_EXPECT_INSTALLED" not in os.environ, reason="only where the wheel is under test")
def test_the_installed_package_is_under_test():
    assert all("site-packages" in str(home(package)) for package in PACKAGES)
