"""Write into docs/leaderboard.md what the columns of a board are: ``python docs/update_columns.py``."""

import re
from pathlib import Path

from scalingbench.common.files import replacing
from scalingbench.leaderboard.columns import columns_markdown

PAGE = Path(__file__).parent / "leaderboard.md"
BLOCK = re.compile(r"(<!-- columns -->\n).*?(<!-- /columns -->)", flags=re.DOTALL)


def updated(text: str) -> str:
    """Return the page with today's columns."""
    return BLOCK.sub(lambda match: f"{match[1]}{columns_markdown()}\n{match[2]}", text)


if __name__ == "__main__":
    with replacing(PAGE) as temporary:
        temporary.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
