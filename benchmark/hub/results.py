"""Results on the Hub: the files of a suite, from which its board can be rebuilt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scalingbench.benchmark.evaluation.results import SCORES, read_results
from scalingbench.benchmark.hub.address import checked_name, checked_repo
from scalingbench.benchmark.hub.client import commit
from scalingbench.common.errors import InputError

__all__ = ["push_results"]

_CARD = """---
pretty_name: ScalingBench results, suite {suite}
license: cc0-1.0
tags: [scaling-laws, benchmark, leaderboard]
configs:
  - config_name: {suite}
    data_files: [{{split: train, path: "{suite}/*.parquet"}}]
---
# ScalingBench results, suite {suite}

One file per predictor, with the predictions of every task and fold. Rebuild the board from a copy of this folder:

```bash
scalingbench leaderboard --suite {suite} --results {suite}
```
"""


def push_results(folder: Path, suite: str, repo: str) -> str:
    """Upload a folder of result files in one commit; every file is read first.

    Raises
    ------
    InputError
        If there are no results, one cannot be read, or the Hub refuses.
    """
    from huggingface_hub import CommitOperationAdd

    checked_repo(repo)
    checked_name(suite, "suite")
    files = [file for file in sorted(folder.glob("*.parquet")) if file.name != SCORES] if folder.is_dir() else []
    if not files:
        raise InputError(f"{folder}: holds no result files")
    for file in files:
        read_results(file)
    operations: list[Any] = [CommitOperationAdd(f"{suite}/{file.name}", str(file)) for file in files]
    operations.append(CommitOperationAdd("README.md", _CARD.format(suite=suite).encode()))
    return commit(repo, operations, f"Results of suite {suite}")
