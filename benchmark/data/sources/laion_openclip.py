"""Reproducible scaling laws for CLIP (Cherti et al. 2023): zero-shot errors by size, samples and data set."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "laion_openclip",
        "zeroshot_results.csv",
        "a04786cfcde5d47436c8ddbca0f0bdbb39cc584c0d0776b4f99145ae430a6568",
        "https://raw.githubusercontent.com/LAION-AI/scaling-laws-openclip/652b1e7471f7ccf372277f67cb680de5c9fa139d/zeroshot_results.csv",
    ),
    UpstreamFile(
        "laion_openclip",
        "arch_info.csv",
        "44189a6d88685eb70a632fcf0db20e9944e7277d58c0a2d343ee9d9d6d5bcc08",
        "https://raw.githubusercontent.com/LAION-AI/scaling-laws-openclip/652b1e7471f7ccf372277f67cb680de5c9fa139d/arch_info.csv",
    ),
)

_DATA = {"LAION-80M": 8.0e7, "LAION-400M": 4.0e8, "LAION-2B": 2.0e9, "CLIP-WIT": 4.0e8}
_KEPT = {
    "imagenet1k": "acc1",
    "imagenet_robustness": "acc1",
    "imagenetv2": "acc1",
    "imagenet-r": "acc1",
    "imagenet_sketch": "acc1",
    "objectnet": "acc1",
    "vtab": "acc1",
    "vtab+": "acc1",
    "sun397": "acc1",
    "cars": "acc1",
    "country211": "acc1",
    "vtab/cifar100": "acc1",
    "mscoco_captions": "image_retrieval_recall@5",
    "flickr30k": "image_retrieval_recall@5",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return fourteen of the 41 downstream sets as errors; a run is one architecture, data set and number of samples."""
    raw = pd.read_csv(paths["zeroshot_results.csv"])
    size = pd.read_csv(paths["arch_info.csv"]).set_index("model")["mparams"] * 1e6
    parts = []
    for name, column in _KEPT.items():
        part = raw[raw["downstream_dataset"] == name]
        parts.append(
            pd.DataFrame(
                {
                    "curve": part["upstream_dataset"].str.lower(),
                    "run": part["arch"] + "-" + part["samples_seen_pretty"],
                    "metric": "error_rate_" + name.replace("/", "_").replace("-", "_").replace("+", "_plus"),
                    "value": 1.0 - part[column],
                    "params": part["arch"].map(size),
                    "tokens": part["samples_seen"],
                    "unique_tokens": part["upstream_dataset"].map(_DATA),
                    "flops": 6e9 * part["gmacs_total"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
