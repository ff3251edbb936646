"""Data mixing laws (Ye et al. 2024): domain losses by mixture, model size and step."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "data_mixing_laws",
        "losses_merged_5domains.csv",
        "faa40d943b665045164e4468bf9d6a525b75ca8176fd7ded82b031cea2425af9",
    ),
    UpstreamFile(
        "data_mixing_laws",
        "losses_long.csv.gz",
        "798ad2544dba1abdf8d5bea61a9a7501f71a2a76719a28813106f3cf162a8856",
    ),
)

_PARAMS = {"70M": 7.0e7, "160M": 1.6e8, "305M": 3.05e8, "410M": 4.1e8, "1B": 1.0e9}
_DOMAINS = {
    "2Mix": ("github", "pile_cc"),
    "3Mix": ("github", "books3", "pile_cc"),
    "5Mix": ("academic", "prose", "dialogue", "symbolic", "internet"),
    "RedPajama": tuple(f"redpajama_{i}" for i in range(1, 8)),
}
_TOKENS_PER_STEP = 1e6
_MERGED = ("academic", "prose", "dialogue", "symbolic", "internet")


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the five merged domain losses of the large experiments and the raw ones of the small."""
    merged = pd.read_csv(paths["losses_merged_5domains.csv"])
    merged = merged.melt(["experiment", "model_size", "run_index", "mixture", "step"], _MERGED, "valid_domain", "loss")
    raw = pd.read_csv(paths["losses_long.csv.gz"])
    small = raw[raw["experiment"].isin(["2Mix", "3Mix"]) & (raw["step"] != "last")]
    rows = pd.concat([merged, small], ignore_index=True)
    return pd.concat([_experiment(rows[rows["experiment"] == name], name) for name in _DOMAINS], ignore_index=True)


def _experiment(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    shares = rows["mixture"].str.split("-", expand=True).astype(float)
    shares = shares.div(shares.sum(axis=1), axis=0)  # one mixture sums to 1.02
    shares.columns = [f"mix_{domain}" for domain in _DOMAINS[name]]
    index = rows["run_index"].fillna(-1).astype(int).astype(str)
    steps = rows["step"].astype(float)
    table = pd.DataFrame(
        {
            "curve": name.lower(),
            "run": rows["model_size"] + "-" + index + "-" + rows["mixture"],
            "metric": "loss_" + rows["valid_domain"].str.lower().str.replace("-", "_"),
            "value": rows["loss"],
            "params": rows["model_size"].map(_PARAMS),
            "steps": steps,
            "tokens": steps * _TOKENS_PER_STEP,
        }
    )
    return table.join(shares)
