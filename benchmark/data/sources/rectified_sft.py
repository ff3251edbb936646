"""Fine-tuning loss by number of examples (Lin et al. 2024): 30 pre-trained models on three data sets.

Upstream holds one wide CSV per data set: a row per model, a column per number of examples.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/linhaowei1/Fine-tuning-Scaling-Law/5214568013af65e3cefd03860ecd7bc9358b308c/benchmark"
_HASHES = {
    "flan.csv": "ead24af8eaa97ac0507bbd76c4880eb09c6361e252f4971666ba55017215d1e9",
    "gigaword.csv": "7d0b08ef9df06eefb4355f859fb44e7860c1e55effd781d318d60a1f8661f2b3",
    "wmt19.csv": "523b044495f87c1f954c359fb489cf4e38f739c7fca8161d70665853fb2d293a",
}

FILES = tuple(UpstreamFile("rectified_sft", name, sha256, f"{_URL}/{name}") for name, sha256 in _HASHES.items())

_DATASETS = {"flan.csv": "FLAN", "gigaword.csv": "Gigaword", "wmt19.csv": "WMT19"}
_COPIED = frozenset(  # the evidence for each cell is in the card
    {
        ("WMT19/gpt2-xl", 409_600),
        ("WMT19/facebook/opt-350m", 400),
        ("Gigaword/microsoft/phi-2", 409_600),
        ("Gigaword/microsoft/phi-2", 819_200),
        ("Gigaword/microsoft/phi-2", 1_638_400),
    }
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, data set and number of examples, copied cells flagged."""
    table = pd.concat([_dataset(path, _DATASETS[name]) for name, path in paths.items()], ignore_index=True)
    cells = zip(table["curve"], table["samples"], strict=True)
    table["flag"] = ["copy-error" if cell in _COPIED else "" for cell in cells]
    return table


def _dataset(path: Path, dataset: str) -> pd.DataFrame:
    wide = pd.read_csv(path).rename(columns={"size": "params"})
    table = wide.drop(columns="family").melt(["config name", "params"], var_name="samples")
    table["samples"] = table["samples"].astype(int)
    table["curve"] = dataset + "/" + table["config name"]
    table["run"] = table["samples"].map(lambda samples: f"{samples}-samples")
    table["metric"] = "loss"
    return table.drop(columns="config name")
