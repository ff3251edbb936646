"""All parts that are generated from the code, the data and the committed results.

    python -m perf.regenerate [NAME ...] [--check]

Without a name it makes the parts that take seconds and read the repository alone. ``--check`` writes nothing, names stale parts and ends
with status 1. A part that needs upstream files (``SCALINGBENCH_MIRROR`` or the network) is made only if named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from perf.budgeted import page as budgeted
from perf.designed import report
from perf.regenerate import audit, data, evidence, exponents, forecasts, heads, laws, licences, links, papers, readme, reference
from scalingbench.benchmark.data.clusters import clusters_from_cards
from scalingbench.benchmark.tasks.suite import freeze_statements, load_suite
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.files import replacing
from scalingbench.leaderboard import pictures
from scalingbench.leaderboard.columns import columns_markdown
from scalingbench.leaderboard.results import Results

ROOT = Path(__file__).parents[2]
DOCS, BENCHMARK = ROOT / "docs", ROOT / "benchmark"
LINKED = (*(ROOT / name for name in ("README.md", "pyproject.toml", "mkdocs.yml", "CITATION.cff")), DOCS / "data.md")
BOARDS = (*(DOCS / name for name in ("board.md", "leaderboard.md", "other-benchmarks.md")), ROOT / "README.md")
STATEMENTS = BENCHMARK / "tasks" / "suites" / f"{DEFAULT_SUITE}.tasks.json"


@dataclass(frozen=True)
class Part:
    """One generated part.

    Attributes
    ----------
    path : Path
        Its file.
    make : callable
        From the current text of the file to the new one.
    reads : {"repository", "upstream"}
        Inputs: the repository alone (seconds), or the upstream files of fetch-only collections (minutes).
    """

    path: Path
    make: Callable[[str], str]
    reads: Literal["repository", "upstream"] = "repository"

    def stale(self) -> str | None:
        """Return the new content of the file; None if it is up to date."""
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        made = self.make(text)
        return None if made == text else made


COLUMNS = re.compile(r"(<!-- columns -->\n).*?(<!-- /columns -->)", flags=re.DOTALL)


def _with_columns(page: str) -> str:
    """Return docs/leaderboard.md with the meaning of a board's columns."""
    return COLUMNS.sub(lambda match: f"{match[1]}{columns_markdown()}\n{match[2]}", page)


def _output(path: Path, *kinds: str) -> Part:
    return Part(path, lambda page: readme.with_output(page, *kinds))


def _picture(name: str) -> Part:
    return Part(DOCS / "pictures" / f"{name}.svg", lambda text: _redrawn(text, name))


@cache
def _committed() -> Results:
    return Results.load()


def _redrawn(text: str, name: str) -> str:
    """Return a picture as it is if it shows the numbers of the committed results, else a new one."""
    results = _committed()
    return text if pictures.digest(results, name) in text else pictures.svg_of(results, name)


PARTS: Mapping[str, tuple[Part, ...]] = {
    "heads": (Part(ROOT / "predictors" / "heads.json", lambda _: heads.table()),),
    "boards": tuple(_output(path, "board", "output") for path in BOARDS),
    "examples": tuple(
        _output(DOCS / page, "board", "output") for page in ("tutorials/forecast.md", "explanation/intervals.md", "explanation/reach.md")
    ),
    "findings": tuple(_output(path, "findings") for path in (DOCS / "findings.md", ROOT / "README.md")),
    "pictures": tuple(_picture(name) for name in pictures.PICTURES),
    "links": tuple(Part(path, links.with_links) for path in LINKED),
    "columns": (Part(DOCS / "leaderboard.md", _with_columns),),
    "cli": (Part(DOCS / "reference" / "cli.md", lambda _: reference.cli_page()),),
    "schema": (Part(DOCS / "reference" / "schema.md", reference.with_schema),),
    "licences": (Part(DOCS / "licences.md", lambda _: licences.page()),),
    "papers": (Part(DOCS / "papers.md", lambda _: papers.page()),),
    "clusters": (Part(BENCHMARK / "data" / "clusters.json", lambda _: clusters_from_cards().model_dump_json(indent=2) + "\n"),),
    "forecasts": (Part(DOCS / "replays.md", lambda _: forecasts.page()),),
    "designed": (Part(DOCS / "designed.md", lambda _: report.page()),),
    "collections": (Part(DOCS / "collections.md", data.with_table, "upstream"),),
    "data-quality": (Part(DOCS / "data-quality.md", lambda _: data.report(), "upstream"),),
    "laws": (Part(DOCS / "laws.md", lambda _: laws.page(), "upstream"),),
    "exponents": (Part(DOCS / "exponents.md", lambda _: exponents.page(), "upstream"),),
    "budgeted": (Part(DOCS / "other-benchmarks.md", budgeted.with_table, "upstream"),),
    "audit": (Part(DOCS / "audit.md", lambda page: audit.with_tables(page, "counts", "digests"), "upstream"),),
    "lead": (Part(DOCS / "audit.md", lambda page: audit.with_tables(page, "lead")),),
    "reconstruction": (Part(DOCS / "audit.md", lambda page: audit.with_tables(page, "reconstruction"), "upstream"),),
    "evidence": (Part(evidence.PATH, lambda _: evidence.table(DEFAULT_SUITE), "upstream"),),
    "statements": (Part(STATEMENTS, lambda _: freeze_statements(load_suite(DEFAULT_SUITE)), "upstream"),),
}
"""By name; the parts of one name are made together."""


def quick() -> list[str]:
    """Return the names of what is made from the repository alone."""
    return [name for name, parts in PARTS.items() if all(part.reads == "repository" for part in parts)]


def regenerate(names: list[str], *, check: bool) -> list[str]:
    """Make parts, write those that differ unless `check`, print the outcome, and return the names of the stale ones."""
    stale = []
    for name, part in ((wanted, part) for wanted in names for part in PARTS[wanted]):
        made = part.stale()
        if made is not None:
            stale.append(name)
            if not check:
                part.path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(part.path) as temporary:
                    temporary.write_text(made, encoding="utf-8")
        print(f"{name}: {part.path.relative_to(ROOT)} {'is as made' if made is None else 'is stale' if check else 'written'}", flush=True)
    return list(dict.fromkeys(stale))
