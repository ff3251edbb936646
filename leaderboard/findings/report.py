"""The list of findings, as text, table and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.messages import count_of
from scalingbench.common.tables import Table, Tabular
from scalingbench.leaderboard.findings.questions import Finding, answers
from scalingbench.leaderboard.results import Results

__all__ = ["Findings", "findings"]


@dataclass(frozen=True, eq=False, repr=False)
class Findings(Tabular):
    """What the committed results of a suite say.

    Attributes
    ----------
    suite : str
        The suite.
    version : str
        Version of its board.
    items : tuple of Finding
        The findings.
    """

    suite: str
    version: str
    items: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def cut(self, top: int | None) -> Findings:
        """Return the first findings only."""
        return replace(self, items=self.items[:top])

    @property
    def rows(self) -> pd.DataFrame:  # type: ignore[override]
        """One row per finding."""
        return pd.DataFrame([{k: v for k, v in asdict(item).items() if k != "numbers"} for item in self.items])

    def table(self) -> Table:
        cells = [[item.question, item.sentence, f"`scalingbench {item.command}`"] for item in self.items]
        return Table(("question", "finding", "command"), cells, frozenset(range(3)), compact=True)

    def render(self, form: Any = "md") -> str:
        if form != "md":
            return super().render(form)
        return "\n".join(f"- **{item.question}** {item.sentence} `scalingbench {item.command}`" for item in self.items)

    def facts(self) -> dict[str, Any]:
        return {"suite": self.suite, "board": self.version, "findings": [asdict(item) for item in self.items]}

    def __repr__(self) -> str:
        return f"Findings({count_of(len(self.items), 'finding')} of board {self.version})"


def findings(suite: str = DEFAULT_SUITE) -> Findings:
    """Return what the committed results of a suite say, in sentences worded by rule from the numbers.

    Parameters
    ----------
    suite : str
        Name of the suite.

    Examples
    --------
    >>> import scalingbench as sb
    >>> found = sb.findings()
    >>> found.items[0].command
    'compare --kind published --track compute --top 5'
    """
    results = Results.load(suite)
    return Findings(suite, results.version, tuple(answers(results)))
