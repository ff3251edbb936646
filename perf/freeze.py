"""Freeze what a suite states of its tasks: ``python perf/freeze.py v2`` writes ``benchmark/tasks/suites/v2.tasks.json``.

Every task is built anew, so all collections must be at hand: fetch-only ones come from ``SCALINGBENCH_MIRROR`` or the network.
"""

import sys
from pathlib import Path

from scalingbench.benchmark.tasks.suite import freeze_statements, load_suite
from scalingbench.common.files import replacing

SUITES = Path(__file__).parents[1] / "benchmark" / "tasks" / "suites"


def main() -> None:
    """Write the statements of every suite named."""
    for name in sys.argv[1:]:
        suite = load_suite(name)
        text = freeze_statements(suite)
        with replacing(SUITES / f"{name}.tasks.json") as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"{name}: {text.count(chr(10)) - 2} tasks")


if __name__ == "__main__":
    main()
