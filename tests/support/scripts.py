"""Scripts of perf/, which are no part of the package: loaded by their path, so that the source tree stays off the import path."""

import importlib.util
import sys
from pathlib import Path


def script(name):
    """Return a module of perf/ by its name."""
    spec = importlib.util.spec_from_file_location(f"perf_{name}", Path(__file__).parents[2] / "perf" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
