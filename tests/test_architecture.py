"""Rules about the code as a whole."""

import ast
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ("benchmark", "predictors", "leaderboard", "scalingbench")
COMMON = "scalingbench.common"
MAY_USE = {
    COMMON: (),
    "predictors": (COMMON,),
    "benchmark": (COMMON, "predictors.contract"),
    "leaderboard": (COMMON, "predictors", "benchmark"),
    "scalingbench": (COMMON, "predictors", "benchmark", "leaderboard"),
}
"""What each package may import beside itself."""
ROOMS = ("benchmark.data", "benchmark.tasks", "benchmark.evaluation", "benchmark.scores", "benchmark.hub")
"""In the order in which data flows: a room uses those before it."""


def home(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def module_name(package: str, path: Path) -> str:
    parts = path.relative_to(home(package)).with_suffix("").parts
    return ".".join((package, *parts)).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    """Return every module of the project by its name; source modules of collections count as one."""
    return {module_name(package, path): path for package in PACKAGES for path in home(package).rglob("*.py")}


@cache
def imports(module: str) -> frozenset[str]:
    """Return the project's modules that a module imports anywhere, but for what only type checkers read."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found = set()
    for node in (n for n in ast.walk(tree) if id(n) not in hidden):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            below = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            found |= below or {node.module}
    return frozenset(name for name in found if name in modules())


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("package", MAY_USE)
def test_packages_import_one_way(package):
    own = [m for m in modules() if is_in(m, package) and (package == COMMON or not is_in(m, COMMON))]
    assert own
    for module in own:
        for name in imports(module):
            allowed = is_in(name, package) or any(is_in(name, other) for other in MAY_USE[package])
            assert allowed, f"{module} imports {name}"


def test_rooms_of_benchmark_are_used_in_the_order_of_the_data():
    place = {room: i for i, room in enumerate(ROOMS)}
    for room in ROOMS:
        for module in (m for m in modules() if is_in(m, room)):
            later = [name for name in imports(module) for other in ROOMS if is_in(name, other) and place[other] > place[room]]
            assert not later, f"{module} imports {later[0]}, which comes after it"


def test_no_module_imports_itself_through_others():
    cleared: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in cleared:
            for name in sorted(imports(module)):
                walk(name, (*path, module))
            cleared.add(module)

    for module in modules():
        walk(module, ())


def test_modules_are_small_enough_to_read():
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in modules().values()}
    assert max(sizes.values()) <= 450, max(sizes, key=sizes.__getitem__)


@pytest.mark.skipif("SCALINGBENCH_EXPECT_INSTALLED" not in os.environ, reason="only where the wheel is under test")
def test_the_installed_package_is_under_test():
    assert all("site-packages" in str(home(package)) for package in PACKAGES)
