"""Pile test loss and zero-shot accuracies of Cerebras-GPT, Pythia and others, from the Cerebras-GPT model card."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "cerebras_pythia_pile",
        "pile_xent_and_zero_shot.csv",
        "a5320f69298e8fd0ffc7c81ecc55903bcc43d644152c3160db5be20d306776ba",
    ),
)

_TASKS = ("hellaswag", "piqa", "winogrande", "lambada", "arc_e", "arc_c", "openbookqa")
_PYTHIA_TOKENS = 3e11
_TOKENS = {"111M": 2.22e9, "256M": 5.12e9, "590M": 1.18e10, "1.3B": 2.63e10, "2.7B": 5.30e10, "6.7B": 1.33e11, "13B": 2.57e11}
_SUSPECT = ("Pythia deduped", "1.4B")
"""Its loss is above that of the 1B model; the neighbours suggest about 1.79."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and metric."""
    raw = pd.read_csv(paths["pile_xent_and_zero_shot.csv"])
    runs = pd.DataFrame({"curve": raw["family"], "run": raw["family"] + "-" + raw["size"], "params": raw["params_label"].astype(float)})
    runs["tokens"] = [_tokens(f, s) for f, s in zip(raw["family"], raw["size"], strict=True)]
    runs["flops"] = raw["train_flops"].astype(float)
    loss = runs.assign(metric="loss", value=raw["pile_test_xent"])[raw["pile_test_xent"].notna()]
    suspect = (raw["family"] == _SUSPECT[0]) & (raw["size"] == _SUSPECT[1])
    loss["flag"] = ["outlier" if flag else "" for flag in suspect[loss.index]]
    accuracies = [runs.assign(metric=f"accuracy_{task}", value=raw[task], flag="") for task in _TASKS]
    mean = runs.assign(metric="accuracy_mean", value=raw[list(_TASKS)].mean(axis=1), flag="")
    return pd.concat([loss, *accuracies, mean], ignore_index=True)


def _tokens(family: str, size: str) -> float:
    if family.startswith("Cerebras"):
        return _TOKENS[size]
    return _PYTHIA_TOKENS if family.startswith("Pythia") else float("nan")
