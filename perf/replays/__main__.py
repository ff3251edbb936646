"""The command: see `perf.replays`."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase

from perf.replays import __doc__ as about
from perf.replays import published, records, releases, upcoming
from perf.replays.replay import append
from scalingbench.leaderboard.forecasts.book import load_book


def main() -> None:
    """Append to the project's own book what it does not have."""
    parser = argparse.ArgumentParser(prog="python -m perf.replays", description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", default=["*"], metavar="QUESTION", help="names or patterns of questions; all by default")
    wanted = parser.parse_args().questions
    every = (*records.questions(), *releases.questions(), *published.questions())
    chosen = [replay for replay in every if any(fnmatchcase(replay.asked.id, pattern) for pattern in wanted)]
    for line in append(chosen):
        print(line, flush=True)
    for line in (*published.append(), *upcoming.append()):
        print(line, flush=True)
    book = load_book()
    print(f"{len(book.registrations)} registrations, head {book.head[:12]}")


if __name__ == "__main__":
    main()
