"""Farseer (Li et al. 2025): one dense recipe over 26 sizes and a wide range of tokens.

The copy used, with its split, is the one that active-sl distributes under the MIT licence.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/PlanarG/active-sl/4fea0f4de5f067541c5a45f9c3d222c14dd8f071/benchmark/dataset/farseer_scaling_law"

FILES = (
    UpstreamFile(
        "active_sl_extras",
        "farseer.train.parquet",
        "98c4167b4b111814bcf8450bef0ec975239da067dd4f42ef6b71f4c1667705bc",
        f"{_URL}/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "active_sl_extras",
        "farseer.test.parquet",
        "f886cce70555fed73c6ecbdc6588edc0cb0947a00db36e15c8795afcba280f3d",
        f"{_URL}/test-00000-of-00001.parquet",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the 404 training and 7 test runs; a second copy of a run is flagged."""
    parts = [pd.read_parquet(paths[f"farseer.{split}.parquet"]).assign(split=split) for split in ("train", "test")]
    table = pd.concat(parts).rename(columns={"N": "params", "D": "tokens", "loss": "value"})
    table = table.drop(columns="group").sort_values(["params", "tokens", "value"], ignore_index=True)
    table["flops"] = 6.0 * table["params"] * table["tokens"]
    table["run"] = [f"run-{i:03d}" for i in range(len(table))]
    table["curve"] = "Farseer"
    table["metric"] = "loss"
    repeated = table.duplicated(["params", "tokens", "value"], keep="first")
    table["flag"] = ["duplicate" if again else "" for again in repeated]
    return table
