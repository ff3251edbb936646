"""The noise floor of the designed experiment: the spread of runs that differ in the seed alone.

    python -m perf.designed.noise

Prints, for each world, the standard deviation of the log loss between seeds by size and tokens (main stage), a plane
log sd = a + b log N + c log D through them, the share of it that the finite evaluation set explains, and the
standard error of a cell's mean over its seeds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["WORLDS", "main_runs", "noise_by_cell", "noise_plane"]

WORLDS = ("mlp", "text")
RAW = Path(__file__).parents[2] / "benchmark" / "data" / "raw"


def main_runs(world: str) -> pd.DataFrame:
    """Return the runs of the factorial, with their log loss."""
    runs = pd.read_parquet(RAW / f"designed_{world}.parquet")
    runs = runs[(runs["stage"] == "main") & runs["loss"].notna()]
    return runs.assign(log_loss=np.log(runs["loss"].astype(float)))


def noise_by_cell(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell: params, tokens, flops, mean and standard deviation of the log loss over seeds."""
    cells = runs.groupby(["params", "tokens", "flops"], as_index=False)
    return cells.agg(seeds=("seed", "size"), mean=("log_loss", "mean"), sd=("log_loss", "std"))


def noise_plane(cells: pd.DataFrame) -> np.ndarray:
    """Return a, b, c of log sd = a + b log N + c log D by least squares."""
    design = np.column_stack([np.ones(len(cells)), np.log(cells["params"]), np.log(cells["tokens"])])
    return np.linalg.lstsq(design, np.log(cells["sd"].to_numpy()), rcond=None)[0]


def main() -> None:
    for world in WORLDS:
        runs = main_runs(world)
        cells = noise_by_cell(runs)
        print(f"\n## {world}: standard deviation of log loss between {int(cells['seeds'].min())} seeds, percent\n")
        table = (100 * cells.pivot(index="params", columns="tokens", values="sd")).round(2)
        print("| params \\ tokens | " + " | ".join(f"{t:,}" for t in table.columns) + " |")
        print("|---:" * (len(table.columns) + 1) + "|")
        for params, row in table.iterrows():
            print(f"| {params:,} | " + " | ".join("-" if np.isnan(v) else f"{v:.2f}" for v in row) + " |")
        a, b, c = noise_plane(cells)
        print(f"\nplane: sd = {np.exp(a):.3g} N^{b:.3f} D^{c:.3f}; median over cells {100 * cells['sd'].median():.2f} %")
        share = (runs["loss_se"] / runs["loss"]).median()
        print(f"sampling error of the evaluation set, the same for all runs: median {100 * share:.2f} % of the loss")
        top = cells.sort_values("flops").iloc[-1]
        print(f"top cell: {np.exp(top['mean']):.5g}, standard error of its mean {100 * top['sd'] / top['seeds'] ** 0.5:.2f} %")


if __name__ == "__main__":
    main()
