"""Storage of runs: one small JSON file each, written atomically, so that a killed process loses one group."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

__all__ = ["Record", "Store", "code_version"]


@dataclass(frozen=True)
class Record:
    """One trained network."""

    world: str
    stage: str
    size: int
    width: int
    depth: int
    params: int
    params_nonembedding: int
    tokens: int
    unique_tokens: int
    epochs: int
    steps: int
    batch: int
    learning_rate: float
    schedule: str
    seed: int
    flops: int
    loss: float | None
    """None where training diverged."""
    loss_se: float | None
    """Standard error from the finite evaluation set, which all runs share."""
    checkpoint_steps: tuple[int, ...]
    checkpoint_losses: tuple[float | None, ...]
    group_size: int
    seconds: float
    """Wall time of the group, divided by its size."""
    cpu_seconds: float
    code: str
    torch: str
    hardware: str


class Store:
    """A folder of run files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holds(self, world: str, name: str) -> bool:
        return self._path(world, name).exists()

    def write(self, record: Record, name: str) -> None:
        path = self._path(record.world, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(record)))
        part.replace(path)

    def table(self, world: str) -> pd.DataFrame:
        """Return every run of a world, cheapest first."""
        rows = [json.loads(path.read_text()) for path in sorted((self.folder / world).glob("*.json"))]
        if not rows:
            return pd.DataFrame(columns=list(Record.__dataclass_fields__))
        return pd.DataFrame(rows).sort_values(["stage", "flops", "size", "tokens", "batch", "schedule", "epochs", "learning_rate", "seed"])

    def _path(self, world: str, name: str) -> Path:
        return self.folder / world / f"{name}.json"


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def code_version() -> str:
    """Return a fingerprint of the code that determines the result of a run."""
    here = Path(__file__).parent
    texts = [(here / name).read_bytes() for name in ("mlp.py", "stacked.py", "text.py", "train.py", "transformer.py")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]
