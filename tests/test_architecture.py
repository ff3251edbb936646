"""Rules about the code as a whole."""

import ast
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGE = "scalingbench"
COMMON, PREDICTORS, BENCHMARK, LEADERBOARD, FORECASTING, CLI = (
    f"{PACKAGE}.{room}" for room in ("common", "predictors", "benchmark", "leaderboard", "forecasting", "cli")
)
MAY_USE = {
    COMMON: (),
    PREDICTORS: (COMMON,),
    BENCHMARK: (COMMON, f"{PREDICTORS}.contract"),
    LEADERBOARD: (COMMON, PREDICTORS, BENCHMARK),
    FORECASTING: (COMMON, PREDICTORS, BENCHMARK, LEADERBOARD),
    CLI: (COMMON, PREDICTORS, BENCHMARK, LEADERBOARD, FORECASTING),
}
"""What each room may import beside itself; the package's own module holds the public names and may use all of them."""
ROOMS = tuple(f"{BENCHMARK}.{room}" for room in ("data", "tasks", "evaluation", "scores", "hub"))
"""In the order in which data flows: a room uses those before it."""
FLOORS = (
    ("contract", "candidacy", "columns", "axes", "parameters", "meanings"),
    ("fitting",),
    ("allocation", "estimator", "law"),
    ("laws",),
    ("generic",),
    ("catalogue", "registry", "published"),
    ("autolaw",),
)
"""Of `scalingbench.predictors`, as its docstring lists them: a floor uses itself and those before it."""
LONGEST = 450


def home() -> Path:
    spec = find_spec(PACKAGE)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


@cache
def modules() -> dict[str, Path]:
    """Return every module of the project by its name; rooms that are links in a source tree are followed."""
    found = {}
    for folder, _, files in os.walk(home(), followlinks=True):
        for path in (Path(folder) / name for name in files if name.endswith(".py")):
            parts = path.relative_to(home()).with_suffix("").parts
            found[".".join((PACKAGE, *parts)).removesuffix(".__init__")] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """Return the project's modules that a module imports anywhere, also for types alone."""
    found = set()
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            below = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            found |= below or {node.module}
    return frozenset(name for name in found if name in modules())


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("room", MAY_USE)
def test_rooms_import_one_way(room):
    own = [m for m in modules() if is_in(m, room)]
    assert own
    for module in own:
        for name in imports(module):
            allowed = is_in(name, room) or any(is_in(name, other) for other in MAY_USE[room])
            assert allowed, f"{module} imports {name}"


def test_every_module_is_in_a_room():
    assert {m for m in modules() if not any(is_in(m, room) for room in MAY_USE)} == {PACKAGE, f"{PACKAGE}.__main__"}


def test_rooms_of_benchmark_are_used_in_the_order_of_the_data():
    place = {room: i for i, room in enumerate(ROOMS)}
    for room in ROOMS:
        for module in (m for m in modules() if is_in(m, room)):
            later = [name for name in imports(module) for other in ROOMS if is_in(name, other) and place[other] > place[room]]
            assert not later, f"{module} imports {later[0]}, which comes after it"


def test_floors_of_predictors_import_one_way():
    place = {f"{PREDICTORS}.{name}": i for i, floor in enumerate(FLOORS) for name in floor}
    own = [m for m in modules() if is_in(m, PREDICTORS) and m != PREDICTORS]
    floor = {m: place[next(name for name in place if is_in(m, name))] for m in own}
    for module in own:
        later = [name for name in imports(module) if floor.get(name, -1) > floor[module]]
        assert not later, f"{module} imports {later[0]}, which stands on a later floor"


def test_no_module_imports_itself_through_others():
    cleared: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in cleared:
            for name in sorted(imports(module)):
                walk(name, (*path, module))
            cleared.add(module)

    for module in modules().keys() - {PACKAGE}:  # the public names are looked up on first use
        walk(module, ())


def test_modules_are_small_enough_to_read():
    sizes = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    assert {name: size for name, size in sizes.items() if size > LONGEST} == {}


@pytest.mark.skipif("SCALINGBENCH_EXPECT_INSTALLED" not in os.environ, reason="only where the wheel is under test")
def test_the_installed_package_is_under_test():
    assert "site-packages" in str(home())
