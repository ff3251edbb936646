"""Output of commands in pages.

A block between ``<!-- board: scalingbench ... -->`` and ``<!-- /board -->`` is the output of that command; likewise ``findings``, and
``output``, which is quoted as it stands, of a command in a folder with ``runs.csv``, the table that the README makes. A command that ends
with ``| head -N`` gives its first lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"(<!-- (board|findings|output): scalingbench (.*?) -->\n).*?(<!-- /\2 -->)", flags=re.DOTALL)
TABLE = ("runs.csv", "example base")


def with_output(page: str, *kinds: str) -> str:
    """Return the page with the output of the commands of these kinds in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "output" in kinds and TABLE[0] in page:
            (folder / TABLE[0]).write_text(_printed(TABLE[1], folder) + "\n", encoding="utf-8")
        return BLOCK.sub(lambda match: f"{match[1]}{_block(match, folder)}\n{match[4]}" if match[2] in kinds else match[0], page)


def _block(match: re.Match[str], folder: Path) -> str:
    command, _, lines = match[3].partition(" | head -")
    text = "\n".join(_printed(command, folder).splitlines()[: int(lines) if lines else None])
    return f"```text\n{text}\n```" if match[2] == "output" else text


def _printed(command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "scalingbench", *command.split()], stdout=subprocess.PIPE, text=True, check=True, cwd=folder
    )
    return done.stdout.strip()
