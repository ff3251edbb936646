"""Output of the commands in README.md.

A block between ``<!-- board: scalingbench ... -->`` and ``<!-- /board -->`` is the output of that command.
"""

from __future__ import annotations

import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- board: scalingbench (.*?) -->\n).*?(<!-- /board -->)", flags=re.DOTALL)


def with_output(readme: str) -> str:
    """Return the README with the output of its commands in it; they run side by side."""
    commands = dict.fromkeys(match[2] for match in BLOCK.finditer(readme))
    running = {
        command: subprocess.Popen([sys.executable, "-m", "scalingbench", *command.split()], stdout=subprocess.PIPE, text=True)
        for command in commands
    }
    printed = {command: _printed(process) for command, process in running.items()}
    return BLOCK.sub(lambda match: f"{match[1]}{printed[match[2]]}\n{match[3]}", readme)


def _printed(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return text.strip()
