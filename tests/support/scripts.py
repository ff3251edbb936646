"""perf/ is no part of the package: this module makes ``perf`` importable, and keeps the source tree off the import path."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

_PERF = ModuleType("perf")
_PERF.__path__ = [str(Path(__file__).parents[2] / "perf")]
sys.modules.setdefault("perf", _PERF)


def perf_module(name):
    """Return a module of perf/ by its name, with dots."""
    return importlib.import_module(f"perf.{name}")
