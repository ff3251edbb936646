"""AstroPT (Smith et al. 2024): validation loss of four transformers on galaxy images, through training."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/Smith42/astroPT/8e5f0a9f119d78f0301946c436e124db36c7c811/scripts/scaling"
_RUNS = {
    "003M": (3.4e6, "c9e4988087f5ca6ccc4455e560ad3ba7a466dd351a085cb747c8027a2710626b"),
    "010M": (13.3e6, "a16a18e2f379bd0fc3a393e9ff91abdc1c73094c9225ab8917fa55514c440fc5"),
    "300M": (335e6, "e53d823a16779546e5545ea3f5a3c4c7bb2475d74c1af5300274db5b7506c80a"),
    "700M": (740e6, "30e770b5bbac4040587fdc76dcd037cecd375aa6b48df3561db4b914279d5973"),
}
_TOKENS_PER_STEP = 163_800

FILES = tuple(UpstreamFile("astropt_galaxy", f"loss_{run}.txt", sha256, f"{_URL}/loss_{run}.txt") for run, (_, sha256) in _RUNS.items())


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluation; evaluations of untrained models after restarts are flagged."""
    return pd.concat([_curve(run, params, paths[f"loss_{run}.txt"]) for run, (params, _) in _RUNS.items()], ignore_index=True)


def _curve(run: str, params: float, path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path, header=None, usecols=[0, 1], names=["steps", "value"])
    tokens = (raw["steps"] * float(_TOKENS_PER_STEP)).where(raw["steps"] > 0)
    again = raw.duplicated("steps")
    return raw.assign(
        run=run,
        metric="loss_huber",
        params=params,
        tokens=tokens,
        flops=6.0 * params * tokens,
        flag=again.map({True: "duplicate", False: ""}),
    )
