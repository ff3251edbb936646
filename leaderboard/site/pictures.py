"""Pictures that are drawn when the site is built: formulas, and the preview image that links show."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scalingbench.leaderboard.site.content import Whisker

__all__ = ["draw_preview", "formula_svg"]

_SIZE = 20.0
_STEPS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
"""Letters of an SVG path by matplotlib's codes."""


@cache  # recipes of a law have one formula
def formula_svg(latex: str) -> str | None:
    """Return the picture of a formula in the colour of the text; None if it is empty or matplotlib cannot draw it."""
    if not latex:
        return None
    from matplotlib.textpath import TextPath

    try:
        drawn = TextPath((0, 0), f"${latex}$", size=_SIZE)
    except ValueError:
        return None
    box = drawn.get_extents()
    left, top, width, height = box.x0 - 1, -box.y1 - 1, box.width + 2, box.height + 2
    steps = ((_STEPS[int(code)], points.reshape(-1, 2) * (1, -1)) for points, code in drawn.iter_segments(simplify=False))
    path = "".join(letter + " ".join(f"{x:.1f} {y:.1f}" for x, y in points) if letter != "Z" else letter for letter, points in steps)
    frame = f'width="{width:.0f}" height="{height:.0f}" viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}"'
    return f'<svg class="formula" role="img" aria-label="{html.escape(latex)}" {frame}><path fill="currentColor" d="{path}"/></svg>'


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
