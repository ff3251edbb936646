"""gzip predicts data-dependent scaling laws (Pandey 2024): 150 models on five grammars of different compressibility.

Upstream holds one JSON record per run: total size, tokens, lists of training and validation losses over one epoch.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import log_spaced

FILES = (
    UpstreamFile(
        "colpret",
        "gzip_results_new.jsonl",
        "2273d445e1f361cde456955f2ed72357ace62ef668193829269cb92c6cab7ada",
        "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/raw_data/gzip/results_new.jsonl",
    ),
)

_VOCABULARY = 32_001
_POINTS = 30


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the final validation loss of every run, and at most thirty batch losses on the way."""
    runs = pd.DataFrame([_run(record) for record in _records(paths["gzip_results_new.jsonl"])])
    runs["run"] = runs["curve"] + "/" + (runs["params"] / 1e6).round(1).astype(str) + "M-" + runs["tokens"].map("{:.1g}".format)
    final = runs.assign(metric="loss_valid", value=runs["valid"])
    batches = runs.explode("train", ignore_index=True).assign(metric="loss_train").drop(columns="tokens")
    batches["value"] = batches["train"].astype(float)
    batches["steps"] = batches.groupby("run").cumcount() + 1.0
    table = pd.concat([final, log_spaced(batches, "run", "steps", _POINTS)], ignore_index=True)
    return table.drop(columns=["valid", "train"])


def _records(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _run(record: dict[str, Any]) -> dict[str, object]:
    total, width = record["model_size"], record["model_stats"]["hidden_size"]
    return {
        "curve": "gzip-" + record["dataset_name"].split("-")[1],
        "params": float(total),
        "params_nonembedding": float(total - 2 * _VOCABULARY * width),
        "tokens": float(record["token_ct"]),
        "width": float(width),
        "depth": float(record["model_stats"]["num_hidden_layers"]),
        "compressibility": record["dataset_gzip"][0],
        "valid": record["valid_loss"][-1],
        "train": record["train_loss"],
    }
