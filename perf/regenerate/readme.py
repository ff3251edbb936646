"""Output of commands in pages.

A block between ``<!-- board: scalingbench ... -->`` and ``<!-- /board -->`` is the output of that command; likewise ``findings``.
"""

from __future__ import annotations

import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- (board|findings): scalingbench (.*?) -->\n).*?(<!-- /\2 -->)", flags=re.DOTALL)


def with_output(page: str, kind: str) -> str:
    """Return the page with the output of the commands of one kind in it; they run side by side."""
    commands = dict.fromkeys(match[3] for match in BLOCK.finditer(page) if match[2] == kind)
    running = {
        command: subprocess.Popen([sys.executable, "-m", "scalingbench", *command.split()], stdout=subprocess.PIPE, text=True)
        for command in commands
    }
    printed = {command: _printed(process) for command, process in running.items()}
    return BLOCK.sub(lambda match: f"{match[1]}{printed[match[3]]}\n{match[4]}" if match[2] == kind else match[0], page)


def _printed(process: subprocess.Popen[str]) -> str:
    text, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return text.strip()
