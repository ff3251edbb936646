"""Chinchilla (Hoffmann et al. 2022), figure 4, as digitised by Besiroglu et al. 2024.

Upstream gives N, D and the loss; D was derived there from the digitised FLOP as C / (6 N).
The copy used is the one that active-sl distributes under the MIT licence.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = (
    "https://raw.githubusercontent.com/PlanarG/active-sl/cf7992d0e78b5411863ecc25fedb07b050e38036/benchmark/dataset/chinchilla_scaling_law"
)

FILES = (
    UpstreamFile(
        "active_sl_extras",
        "chinchilla.train.parquet",
        "9b35a22598ac94a5f3d230dd78038dac859e0705fb5bfa2a75ad52db3d087742",
        f"{_URL}/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "active_sl_extras",
        "chinchilla.test.parquet",
        "d4d5a7ee30a0f41a82b6869f567ef4989a358524d7e2c03904aaff6b26d71967",
        f"{_URL}/test-00000-of-00001.parquet",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the 245 points, the five of highest loss flagged as Besiroglu et al. drop them."""
    points = pd.concat([pd.read_parquet(path) for path in paths.values()], ignore_index=True)
    table = points.rename(columns={"N": "params", "D": "tokens", "loss": "value"})
    table["flops"] = 6.0 * table["params"] * table["tokens"]
    table = table.sort_values(["params", "tokens"], ignore_index=True)
    table["run"] = [f"point-{i:03d}" for i in range(len(table))]
    table["curve"] = "MassiveText"
    table["metric"] = "loss"
    dropped = table["value"].nlargest(5, keep="first").index
    table["flag"] = ["outlier" if i in dropped else "" for i in table.index]
    return table
