"""The command as a user calls it: a process of its own."""

import subprocess
import sys


def scalingbench(*arguments, cwd=None):
    """Run ``scalingbench`` with the arguments given; returns the finished process with its output as text."""
    return subprocess.run([sys.executable, "-m", "scalingbench", *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
