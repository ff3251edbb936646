"""Pictures that are drawn when the site is built: formulas, and the preview image that links show."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scalingbench.leaderboard.site.content import Whisker

__all__ = ["draw_preview", "formula_svg"]


@cache  # recipes of a law have one formula
def formula_svg(latex: str) -> str | None:
    """Return the picture of a formula; None if it is empty or matplotlib cannot draw it."""
    if not latex:
        return None
    from matplotlib import mathtext, rc_context
    from matplotlib.font_manager import FontProperties

    out = io.StringIO()
    try:
        with rc_context({"savefig.transparent": True, "svg.hashsalt": "formula"}):
            mathtext.math_to_image(f"${latex}$", out, prop=FontProperties(size=15), format="svg")
    except ValueError:
        return None
    return re.sub(r"\s*<metadata>.*?</metadata>", "", out.getvalue(), flags=re.DOTALL)


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
