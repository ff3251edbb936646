"""The scripts of perf/ are no part of the package: a test imports them from the tree, and leaves none behind."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def perf_module() -> Iterator[Callable[[str], ModuleType]]:
    """Return a function that imports a module of perf/ by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield lambda name: importlib.import_module(f"perf.{name}")
    for name in [n for n in sys.modules if n == "perf" or n.startswith("perf.")]:
        del sys.modules[name]
