"""CLIP and MaMMUT compared (Nezhurina et al. 2025): ImageNet and segmentation errors over compute."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "laion_clip_mammut",
        "segmentation_results_compact.csv.gz",
        "5eb5599346db5e7498d4fe2ee4bb4484715e273c781629add11af853ad57987d",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return every run, and the best of each family, architecture and number of samples."""
    raw = pd.read_csv(paths["segmentation_results_compact.csv.gz"])
    runs = pd.DataFrame(
        {
            "curve": raw["namespace"],
            "run": raw["name"],
            "params": raw["model_mparams"] * 1e6,
            "tokens": raw["samples_seen"],
            "flops": 3e9 * raw["gflops"],
            "learning_rate": raw["lr"],
            "batch_size": raw["global_batch_size"],
            "warmup_steps": raw["warmup"],
            "steps": raw["steps"],
        }
    )
    imagenet = runs.assign(metric="error_rate_imagenet1k", value=1.0 - raw["acc1"])
    segmentation = runs.assign(metric="error_rate_ade20k", value=1.0 - raw["miou"])
    contrastive = runs.assign(metric="loss_contrastive", value=raw["train_contrastive_loss"])
    best = imagenet.loc[imagenet.groupby(["curve", "params", "tokens"])["value"].idxmin()].assign(metric="error_rate_imagenet1k_tuned")
    rows = pd.concat([imagenet, segmentation, contrastive, best], ignore_index=True)
    return rows[rows["value"].notna()]
