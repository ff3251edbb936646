"""Pythia (Biderman et al. 2023): benchmark accuracies and LAMBADA perplexity of every checkpoint."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "pythia_evals",
        "pythia_evals.csv.gz",
        "9c0520d116d5964bd65ee1cd1bfb8d1e283c41fe9feb0b97aa4f41a50d90b093",
    ),
)

_METRICS = {
    ("lambada_openai", "ppl"): "perplexity_lambada",
    ("lambada_openai", "acc"): "accuracy_lambada",
    ("arc_easy", "acc"): "accuracy_arc_easy",
    ("arc_challenge", "acc_norm"): "accuracy_arc_challenge",
    ("piqa", "acc"): "accuracy_piqa",
    ("sciq", "acc"): "accuracy_sciq",
    ("winogrande", "acc"): "accuracy_winogrande",
    ("wsc", "acc"): "accuracy_wsc",
    ("logiqa", "acc_norm"): "accuracy_logiqa",
    ("mmlu_mean57", "acc"): "accuracy_mmlu",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the second version of the suite; a curve is a training set, a batch variant and the number of shots."""
    raw = pd.read_csv(paths["pythia_evals.csv.gz"])
    raw = raw[raw["version"] == "pythia-v1"].reset_index(drop=True)
    metric = pd.Series([_METRICS.get(key, "") for key in zip(raw["task"], raw["metric"], strict=True)], index=raw.index)
    rows = pd.DataFrame(
        {
            "curve": raw["model"].map(_corpus) + "/" + raw["shots"].astype(str) + "-shot",
            "run": raw["model"],
            "metric": metric,
            "value": raw["value"],
            "params": raw["params"],
            "params_nonembedding": raw["params_non_embedding"],
            "steps": raw["step"],
            "tokens": raw["tokens"].where(raw["tokens"] > 0),
            "batch_size": raw["batch_tokens"],
        }
    )[metric != ""]
    twice = rows.duplicated(["curve", "run", "metric", "steps"])
    return rows.assign(flag=["duplicate" if again else "" for again in twice])


def _corpus(model: str) -> str:
    variant = next((part for part in model.split("-")[2:] if part != "deduped"), "")
    return ("pile-deduped" if model.endswith("deduped") else "pile") + (f"/{variant}" if variant else "")
