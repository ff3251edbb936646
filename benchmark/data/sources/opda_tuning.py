"""Random searches of four models (Lourie et al. 2023): every run, its curve, and the best that a number of runs is expected to find."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import evenly_placed

_URL = "https://raw.githubusercontent.com/nicholaslourie/opda/9529a34b7715e0b32920f630c1f7f7ff6f891060/data"
_SHA256 = {
    "alexnet": "05477f1b081650daea8c66f7b7b02f885f4dae2915e7f6ad3ebd1f9d5f38822b",
    "convnext-tiny": "58e9c5956c4309145cd95bccee2ab8b7de6ac6bd9e076519fd75619097cc9bfc",
    "deberta-base": "e87fadcab74fd19616f1a456fdbba2455b861a7b2bf1f4b2ccb0129a4ef7aa97",
    "deberta-v3-base": "16e232c58a27c7a279d50f9669ae028701d5c6baecfdccb578c9906e159a512c",
}


def _file(model: str) -> UpstreamFile:
    name = f"{model}_tuning.results.jsonl"
    return UpstreamFile("opda_tuning", name, _SHA256[model], f"{_URL}/{model.split('-')[0]}/{name}")


FILES = tuple(_file(model) for model in _SHA256)

_CHANCE = 1e-3
"""Accuracy of a run without a single measurement: chance on 1,000 classes."""
_BLOCK, _BLOCKS = 32, 4
_TRIALS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_AHEAD = (64, 128, 256)
_CURVES, _POINTS = 64, 16


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return a row per run, the curves of the first runs of the image models, and the expected best of k runs."""
    parts = []
    for model in _SHA256:
        lines = paths[f"{model}_tuning.results.jsonl"].read_text(encoding="utf-8").splitlines()
        runs = [json.loads(line) for line in lines]
        images = "learning_curve" in runs[0]
        finals = pd.DataFrame([(_image_run if images else _text_run)(run) for run in runs])
        parts += [finals.assign(curve=model, metric="accuracy_final"), pd.DataFrame(_tuning(model, finals["value"].tolist()))]
        parts += [_curves(model, runs[:_CURVES])] if images else []
    return pd.concat(parts, ignore_index=True)


def _image_run(run: dict[str, Any]) -> dict[str, Any]:
    points = run["learning_curve"]
    return {
        "run": f"{run['iteration']:04d}",
        "value": points[-1]["top_1"] if points else _CHANCE,
        "epochs": run["epochs"],
        "batch_size": run["batch_size"],
        "learning_rate": run["lr"],
        "momentum": run["momentum"],
        "weight_decay": run["weight_decay"],
        "x_peak_epoch": run["lr_peak_epoch"],
        "x_label_smoothing": run["label_smoothing"],
        "flag": "diverged" if run["nan_train_loss"] else "",
    }


def _text_run(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": f"{run['iteration']:04d}",
        "value": run["learning_curves"]["matched"][-1][1],
        "epochs": run["num_train_epochs"],
        "batch_size": run["train_batch_size"],
        "steps": run["total_model_steps"],
        "learning_rate": run["learning_rate"],
        "warmup_steps": run["warmup_steps"],
        "x_dropout": run["cls_drop_out"],
        "flag": "",
    }


def _curves(model: str, runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the accuracy after each epoch, thinned; `epochs` counts those done."""
    table = pd.DataFrame(
        {"run": f"{run['iteration']:04d}", "value": point["top_1"], "epochs": point["epoch"] + 1.0}
        for run in runs
        if not run["nan_train_loss"]
        for point in run["learning_curve"]
    )
    table = table[evenly_placed(table, "run", _POINTS)]
    return table.assign(curve=model + "/run" + table["run"], metric="accuracy_by_epoch")


def _tuning(model: str, values: list[float]) -> Iterator[dict[str, Any]]:
    """Yield the expected best of k: up to 32 runs from a block of 32, beyond from all runs outside it."""
    for block in range(_BLOCKS):
        start, end = block * _BLOCK, (block + 1) * _BLOCK
        for name, sample, counts in (("inside", values[start:end], _TRIALS), ("outside", values[:start] + values[end:], _AHEAD)):
            for k in counts:
                yield {
                    "curve": f"{model}/block{block + 1}",
                    "run": f"{name}-block{block + 1}",
                    "metric": "accuracy_best_of_k",
                    "value": expected_best(sample, k),
                    "trials": k,
                }


def expected_best(values: list[float], k: int) -> float:
    """Return the mean of the largest of k values over all choices of k without replacement; exact but for one rounding a term."""
    ways = math.comb(len(values), k)
    return math.fsum(math.comb(rank, k - 1) / ways * value for rank, value in enumerate(sorted(values)))
