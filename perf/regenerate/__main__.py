"""The command: see `perf.regenerate`."""

from __future__ import annotations

import argparse
import sys

from perf.regenerate import PARTS, quick, regenerate
from perf.regenerate import __doc__ as about


def main() -> int:
    """Make or check the parts named; status 1 where `--check` finds one stale."""
    parser = argparse.ArgumentParser(
        prog="python -m perf.regenerate", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where a part is stale")
    chosen = parser.parse_args()
    if unknown := sorted({*chosen.names} - {*PARTS}):
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    stale = regenerate(chosen.names or quick(), check=chosen.check)
    if not chosen.names:
        print(f"skipped, made where named, from upstream files: {', '.join(name for name in PARTS if name not in quick())}")
    if chosen.check and stale:
        print(f"stale: python -m perf.regenerate {' '.join(stale)}", file=sys.stderr)
    return int(chosen.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
