"""ModuleFormer and its kin (Shen et al. 2023): six mixtures of experts evaluated along training."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "colpret",
        "IBM_MoE.csv",
        "112bd464afefef86b5a28f63c2f54367c337d447b72fb2226f687a45102f788c",
        "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/raw_data/IBM_MoE.csv",
    ),
)

_SUFFIXES = {"M": 1e6, "B": 1e9}
_ACCURACIES = {
    "hellaswag acc": "hellaswag",
    "PIQA acc": "piqa",
    "ARC_easy acc": "arc_easy",
    "ARC_challenge acc": "arc_challenge",
    "OpenBookQA acc": "openbookqa",
    "lambada_openai acc": "lambada",
    "Winogrande acc": "winogrande",
    "race_high acc": "race_high",
    "boolq acc": "boolq",
    "TriviaQA acc": "triviaqa",
}
_SUSPECT = ("obsidian-17B", 3.75e11)
"""Its WikiText perplexity jumps back to that of 2e11 tokens while every other evaluation improves."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, number of tokens and metric; the end of training has no stated number of tokens."""
    raw = pd.read_csv(paths["IBM_MoE.csv"]).dropna(subset="Model")
    runs = pd.DataFrame({"curve": raw["Model"] + "/" + raw["data"].str.replace(" ", "-"), "run": raw["Model"] + "/" + raw["data"]})
    runs["params_total"] = raw["Params"].map(_number)
    runs["params_active"] = raw["Effective Params"].map(_number)
    runs["tokens"] = raw["tokens_seen"].map(_number)
    suspect = (raw["Model"] == _SUSPECT[0]) & (runs["tokens"] == _SUSPECT[1])
    perplexities = [
        runs.assign(metric="perplexity_wikitext", value=raw["wikitext ppl"], flag=suspect.map({True: "outlier", False: ""})),
        runs.assign(metric="perplexity_lambada", value=raw["lambada_openai ppl"], flag=""),
    ]
    shares = [runs.assign(metric=f"accuracy_{task}", value=raw[column] / 100.0, flag="") for column, task in _ACCURACIES.items()]
    return pd.concat([*perplexities, *shares], ignore_index=True).dropna(subset="value")


def _number(text: object) -> float:
    """Return 4e9 for '4B', and nothing for a name or an empty cell."""
    label = str(text)
    if label[-1:] not in _SUFFIXES or not label[:-1].replace(".", "").isdigit():
        return float("nan")
    return float(label[:-1]) * _SUFFIXES[label[-1]]
