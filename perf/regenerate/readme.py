"""Output of commands in pages.

A block between ``<!-- board: scalingbench ... -->`` and ``<!-- /board -->`` is the output of that command; likewise ``findings``, and
``output``, which is quoted as it stands, of a command in a folder with ``runs.csv``, the table that the README makes. A command that ends
with ``| head -N`` gives its first lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BLOCK = re.compile(r"(<!-- (board|findings|output): scalingbench (.*?) -->\n).*?(<!-- /\2 -->)", flags=re.DOTALL)
TABLE = ("runs.csv", "example base")


def with_output(page: str, *kinds: str) -> str:
    """Return the page with the output of the commands of these kinds in it; they run side by side, each once."""
    wanted = [match for match in BLOCK.finditer(page) if match[2] in kinds]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = Path(name)
        if "output" in kinds and TABLE[0] in page:
            (folder / TABLE[0]).write_text(_printed(TABLE[1], folder) + "\n", encoding="utf-8")
        commands = list(dict.fromkeys(_command(match)[0] for match in wanted))
        printed = dict(zip(commands, pool.map(lambda command: _printed(command, folder), commands), strict=True))
    return BLOCK.sub(lambda match: f"{match[1]}{_block(match, printed)}\n{match[4]}" if match[2] in kinds else match[0], page)


def _command(match: re.Match[str]) -> tuple[str, int | None]:
    """Return the command of a block, and the number of its lines that are shown."""
    command, _, lines = match[3].partition(" | head -")
    return command, int(lines) if lines else None


def _block(match: re.Match[str], printed: Mapping[str, str]) -> str:
    command, lines = _command(match)
    text = "\n".join(printed[command].splitlines()[:lines])
    return f"```text\n{text}\n```" if match[2] == "output" else text


def _printed(command: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "scalingbench", *command.split()], stdout=subprocess.PIPE, text=True, check=True, cwd=folder
    )
    return done.stdout.strip()
