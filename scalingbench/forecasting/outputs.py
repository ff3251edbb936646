"""What a picture and a report need; it is checked before anything is computed."""

from __future__ import annotations

from pathlib import Path

from scalingbench.common.errors import InputError
from scalingbench.common.extras import require

__all__ = ["check_outputs"]

_PICTURES = (".png", ".svg", ".pdf")


def check_outputs(plot: Path | None, report: Path | None) -> None:
    """Refuse files that cannot be written: of another suffix, in no folder, or by a library that is not installed.

    Raises
    ------
    InputError
        With the option.
    """
    if plot is not None:
        if plot.suffix.lower() not in _PICTURES:
            raise InputError(f"--plot {plot}: expected a name that ends in .png, .svg or .pdf")
        require("--plot", "plot", "matplotlib")
    if report is not None:
        if report.suffix.lower() not in (".html", ".htm", ".md"):
            raise InputError(f"--report {report}: expected a name that ends in .html or .md")
        if report.suffix.lower() != ".md":
            require("--report", "site", "jinja2", "matplotlib")
    for option, path in (("--plot", plot), ("--report", report)):
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{option} {path}: {path.parent} is no folder")
