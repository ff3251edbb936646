"""Vision transformers pre-trained on head-camera video (Orhan 2023): ImageNet accuracy by size, hours and image side."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "humanlike_vits",
        "finetuning_log.csv",
        "c6e127fef97e718eff776aa2818e5eab34e17812233a8326bdd1e574476f4892",
    ),
)

_ALL_HOURS = 5_000.0  # of the combined data set, rounded as in the README
_MODEL = ["arch", "data_fraction", "seed"]
_DEFAULT_SIDE = "224"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per fine-tuned model and metric."""
    log = pd.read_csv(paths["finetuning_log.csv"])
    models = log.groupby(_MODEL, as_index=False).agg(
        params=("n_parameters", "first"), top1=("test_acc1", "max"), top5=("test_acc5", "max"), loss=("test_loss", "min")
    )
    models = models.merge(log.loc[log.groupby(_MODEL)["epoch"].idxmax(), [*_MODEL, "test_acc1"]], on=_MODEL)
    return pd.concat(
        [
            _metric(models, "accuracy_imagenet", models["top1"] / 100.0),
            _metric(models, "accuracy_imagenet_top5", models["top5"] / 100.0),
            _metric(models, "accuracy_imagenet_last", models["test_acc1"] / 100.0),
            _metric(models, "loss_imagenet", models["loss"]),
        ],
        ignore_index=True,
    )


def _metric(models: pd.DataFrame, name: str, value: pd.Series) -> pd.DataFrame:
    fraction = models["data_fraction"].astype(str)
    return pd.DataFrame(
        {
            "curve": models["arch"],
            "run": models["arch"] + "_" + fraction + "_" + models["seed"].astype(str),
            "metric": name,
            "value": value,
            "params": models["params"],
            "unique_tokens": models["data_fraction"] * _ALL_HOURS,
            "x_pixels": models["arch"].str.partition("@")[2].replace("", _DEFAULT_SIDE).astype(float),
            "seed": models["seed"],
        }
    )
