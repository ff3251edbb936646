"""What is drawn when the site is built: formulas, and the preview image that links show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scalingbench.leaderboard.site.content import Whisker

__all__ = ["draw_preview", "formula"]


@cache  # recipes of a law have one formula
def formula(latex: str) -> str:
    """Return a formula as MathML, which browsers set in the colour and the size of the text; empty if there is none."""
    from latex2mathml.converter import convert

    return str(convert(latex, display="block")) if latex else ""


def draw_preview(rows: Sequence[Whisker], title: str, path: Path) -> None:
    """Draw skill with whiskers, 1200 x 630 pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.3), dpi=100, layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(reversed(rows)):
        color = "#0b6e4f" if row.kind == "published" else "#57606a"
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=color, linewidth=2.5)
        axes.plot(row.value, place, "o", color=color, markersize=9)
    axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)], fontsize=15)
    axes.axvline(0, color="#57606a", linewidth=1, linestyle="--")
    axes.tick_params(axis="x", labelsize=14)
    axes.set_xlabel("skill on held-out larger runs (right is better)", fontsize=15)
    axes.set_title(title, fontsize=20, loc="left")
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
