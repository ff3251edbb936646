"""DataDecide (Magnusson et al. 2025): 25 corpora, 14 sizes, three seeds; answer loss of OLMES-10."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "datadecide",
        "datadecide_olmes_nll.csv",
        "9982265daea4e5cf6e72fb6e49f0d0af416efc3ec6b3e0e659c1ebd0c68e30b6",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per corpus, size and seed; the split is the paper's, with the 1B models held out."""
    raw = pd.read_csv(paths["datadecide_olmes_nll.csv"])
    size = (raw["N_label"] / 1e6).map("{:g}M".format)
    return pd.DataFrame(
        {
            "curve": raw["corpus"],
            "run": size + "-seed" + raw["seed_index"].astype(str),
            "metric": "loss_answer",
            "value": raw["nll"],
            "params": raw["N_label"],
            "tokens": 100.0 * raw["N_label"],
            "seed": raw["seed_index"],
            "flag": ["outlier" if n == 7.5e8 else "" for n in raw["N_label"]],
            "split": raw["split"],
        }
    )
