"""Models of the primate visual stream (Gokce & Schrimpf 2025): brain and behaviour alignment by compute."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "primate_vvs",
        "benchmark_scores_wide.csv.gz",
        "21ac3a77a4167a21a04525121790114f424493225708aceffe63d381a8f9d4f3",
    ),
)

_REGIONS = ("V1", "V2", "V4", "IT", "Behavioral")


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the controlled models: trained with labels on ImageNet or Ecoset, nothing pretrained, random or ablated."""
    raw = pd.read_csv(paths["benchmark_scores_wide.csv.gz"])
    special = raw[["is_pretrained", "is_random", "is_ssl", "is_ablation", "is_adv", "is_open_clip"]].any(axis=1)
    raw = raw[raw["dataset"].isin(["imagenet", "ecoset"]) & ~special]
    models = pd.DataFrame(
        {
            "curve": raw["arch"] + "/" + raw["dataset"],
            "run": raw["model_id"],
            "params": raw["n_params"],
            "tokens": raw["n_samples_seen"],
            "unique_tokens": raw["n_samples"],
            "epochs": raw["n_epochs"],
            "flops": raw["total_flops"],
            "seed": raw["seed"],
        }
    )
    parts = [models.assign(metric=f"loss_{region.lower()}", value=1.0 - raw[f"score_{region}"]) for region in _REGIONS]
    mean = models.assign(metric="loss_mean", value=1.0 - raw["score_avg"])
    error = models.assign(metric="error_rate", value=1.0 - raw["acc"])
    rows = pd.concat([*parts, mean, error], ignore_index=True)
    return rows[rows["value"].notna()]
