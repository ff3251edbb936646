"""PyTorch Image Models (Wightman 2019 to 2026): accuracy of ImageNet models on six test sets, with their size and cost."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
_COST = "benchmark-infer-amp-nchw-pt291-cu130-5090.csv"
_TESTS = {
    "imagenet": ("results-imagenet.csv", "30972bf7c7ab451bbd4480ec6116b13d0a84441c57bbc946896fd312264acfcd"),
    "real": ("results-imagenet-real.csv", "e94696aed665475e4d0235195733775c5e1b3f36d6f5f7de99f4386e7ed11630"),
    "v2": ("results-imagenetv2-matched-frequency.csv", "1d066d8897c40224b14f3cf1d02029c49ebdc56b761ba9a3841bd3bdd3bd0a8e"),
    "sketch": ("results-sketch.csv", "f3176de38d4a26aa808b3d0cc1fee4261268d70b2be7c9d43e65cb03b3864f46"),
    "a": ("results-imagenet-a.csv", "89471dcea0cd98b56211e2b808cb6bbf7b3c8bb4fe691ba58fec1f198e3fcf91"),
    "a_clean": ("results-imagenet-a-clean.csv", "9146fe8f640dffec93fc7b0052aff2bc38f9de6627cab06117bdf9f43496c162"),
    "r": ("results-imagenet-r.csv", "2dcc1f3dea098ffc1080ad04309b11477646f6f25837b041ce6075610f863209"),
    "r_clean": ("results-imagenet-r-clean.csv", "ce531f6b5d2471f98a1029dae76f683b9ccf69d1d5b54ee09d78c4d530e2bb9c"),
}


def _file(name: str, sha256: str) -> UpstreamFile:
    return UpstreamFile("timm_results", name, sha256, f"{_URL}/{name}")


FILES = (
    *(_file(*pinned) for pinned in _TESTS.values()),
    _file(_COST, "6e1260e7fa846cb43cd928c1a5a02ea798fb579ecca7042d099c29ee031f3f2a"),
)

_MORE_DATA = (
    "in12k|in21k|in22k|i21k|jft|webli|laion|openai|m30m|m38m|ig1b|swsl|ssl|yfcc|seer|swag|merged|datacomp|dfn|metaclip|lvd|apple_mclip"
)
"""Words of a tag that name images beyond ImageNet-1k."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, image size and test set; a curve is what the tag says of the training data."""
    cost = pd.read_csv(paths[_COST]).set_index(["model", "infer_img_size"])["infer_gmacs"]
    return pd.concat([_on(name, pd.read_csv(paths[file]), cost) for name, (file, _) in _TESTS.items()], ignore_index=True)


def _on(test: str, raw: pd.DataFrame, cost: pd.Series) -> pd.DataFrame:
    parts = raw["model"].str.split(".", n=1)
    more = parts.str[1].str.contains(_MORE_DATA)
    at = pd.MultiIndex.from_arrays([parts.str[0], raw["img_size"]])
    return pd.DataFrame(
        {
            "curve": more.map({True: "more-data", False: "imagenet-1k"}),
            "run": raw["model"],
            "metric": f"accuracy_{test}",
            "value": raw["top1"] / 100.0,
            "params": raw["param_count"].astype(str).str.replace(",", "").astype(float) * 1e6,
            "x_image_size": raw["img_size"],
            "x_gmacs": cost.reindex(at).to_numpy(),
        }
    )
