"""Data-constrained language models (Muennighoff et al. 2023): validation loss along training, repeated data and code mixtures.

Upstream (Choshen et al.) holds what the authors' notebooks logged, one row per evaluation. In the file of code
mixtures ``epochs`` is the percentage of C4 and ``Seed`` is 1 for the C4 loss and 2 for the Python loss.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import log_spaced

_URL = "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/aggregated_eval"

FILES = (
    UpstreamFile(
        "colpret",
        "datablations_losses.csv",
        "b3c448c2cd1a17128e06ee3120a9c377c4e2bf649e09b2446db59f98ef957b48",
        f"{_URL}/datablations_losses.csv",
    ),
    UpstreamFile(
        "colpret",
        "datablations_code_losses.csv",
        "6e93a1d6842c0699f0492450e433733f706f3c7db6a4385d4c571f6b4aaf257e",
        f"{_URL}/datablations_code_losses.csv",
    ),
)

_POINTS = 40
_COPIED = ("2.8B", "oscar", 4)
"""Its 326 losses are those of three epochs, to the last digit."""
_LOSS_OF = {1: "loss_c4", 2: "loss_python"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most forty points of each of the 48 repeated-data curves, and all points of the nine code mixtures."""
    return pd.concat([_repeated(paths["datablations_losses.csv"]), _mixed(paths["datablations_code_losses.csv"])], ignore_index=True)


def _repeated(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path).drop_duplicates(["num_params", "data", "epochs", "token_num"])
    thin = log_spaced(raw, ["num_params", "data", "epochs"], "token_num", _POINTS)
    copied = (thin["num_params"] == _COPIED[0]) & (thin["data"] == _COPIED[1]) & (thin["epochs"] == _COPIED[2])
    return pd.DataFrame(
        {
            "curve": thin["data"],
            "run": thin["num_params"] + "-" + thin["data"] + "-" + thin["epochs"].astype(str) + "ep",
            "metric": "loss_" + thin["data"],
            "value": thin["loss"],
            "params": _params(thin["num_params"]),
            "tokens": thin["token_num"].astype(float),
            "unique_tokens": thin["tokens_per_epoch"],
            "epochs": thin["token_num"] / thin["tokens_per_epoch"],
            "flag": copied.map({True: "copy-error", False: ""}),
        }
    )


def _mixed(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path)
    return pd.DataFrame(
        {
            "curve": "c4+python",
            "run": raw["num_params"] + "-c4-" + raw["epochs"].astype(str) + "pct",
            "metric": raw["Seed"].map(_LOSS_OF),
            "value": raw["loss"],
            "params": _params(raw["num_params"]),
            "tokens": raw["token_num"].astype(float),
            "mix_c4": raw["epochs"] / 100.0,
            "mix_python": 1.0 - raw["epochs"] / 100.0,
            "flag": "",
        }
    )


def _params(label: pd.Series) -> pd.Series:
    return label.str.removesuffix("B").astype(float) * 1e9
