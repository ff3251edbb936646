"""Synthetic-to-real transfer (Mikami et al. 2021): error after fine-tuning by pre-training images, fine-tuning images and size."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/pfnet-research/cg-transfer/0a2a47ef15450ed337862188409bb4e098444a7e/results"
FILES = (
    UpstreamFile(
        "cg_transfer",
        "results_finetune.csv",
        "f5757c36b2aa4336f7c0e0098f557d10906491c8befff582ec03b6212617052b",
        f"{_URL}/results_finetune.csv",
    ),
)

_SETTING = ["pretrain.data", "pscale", "ptask", "fdata", "fratio", "ftask", "model", "pdata"]
_TRAINING_IMAGES = {"imagenet": 1_281_167, "coco": 118_287, "ade20k": 20_210}
_METRICS = {
    "imagenet/sinclass": "error_rate_imagenet",
    "coco/objdet": "error_rate_coco_boxes",
    "coco/semseg": "error_rate_coco_masks",
    "ade20k/semseg": "error_rate_ade20k",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the error at the end of every fine-tuning."""
    raw = pd.read_csv(paths["results_finetune.csv"])
    last = raw.loc[raw.groupby(_SETTING, dropna=False)["n_eval"].idxmax()]
    images = last["pretrain.data"]
    data = last["pdata"] + "-" + last["pscale"]
    data = data.mask(last["pdata"] == "imagenet", "imagenet").mask(images == 0, "scratch")
    return pd.DataFrame(
        {
            "curve": (data + "/" + last["ptask"] + "/" + last["model"]).mask(images == 0, "scratch/" + last["model"]),
            "run": images.map("{:.0f}".format)
            + "-images-"
            + last["fdata"]
            + "-"
            + last["ftask"]
            + "-"
            + last["fratio"].astype(str)
            + "pct",
            "metric": (last["fdata"] + "/" + last["ftask"]).map(_METRICS),
            "value": 1.0 - last["value"],
            "params": last["nparam"] * 1e6,
            "unique_tokens": images.where(images > 0),
            "samples": (last["fratio"] / 100.0 * last["fdata"].map(_TRAINING_IMAGES)).round(),
        }
    )
