"""Write into README.md what its commands print: ``python docs/update_readme.py``.

A block between ``<!-- board: scalingbench ... -->`` and ``<!-- /board -->`` is the output of that command.
"""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- board: scalingbench (.*?) -->\n).*?(<!-- /board -->)", flags=re.DOTALL)


def printed(match: re.Match[str]) -> str:
    """Return the block with its command's output."""
    done = subprocess.run([sys.executable, "-m", "scalingbench", *match[2].split()], capture_output=True, text=True, check=True)
    return f"{match[1]}{done.stdout.strip()}\n{match[3]}"


if __name__ == "__main__":
    README.write_text(BLOCK.sub(printed, README.read_text(encoding="utf-8")), encoding="utf-8")
