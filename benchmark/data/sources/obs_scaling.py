"""Observational scaling laws (Ruan et al. 2024): benchmark results of public base models with size, data and compute."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "obs_scaling",
        "base_llm_benchmark_eval.csv",
        "511996815735a4c46251dc585dcc525e370d148201f86561e6f927f9df2d0db8",
        "https://raw.githubusercontent.com/ryoungj/ObsScaling/4d6e1e43fd2635d04654aa77d1df9d5266ea0382/eval_results/base_llm_benchmark_eval.csv",
    ),
    UpstreamFile(
        "obs_scaling",
        "base_llm_emergent_capability_eval.csv",
        "a156beee73c39b7833c3c53535c473939105512d85e90b0143be7325e516ef7c",
        "https://raw.githubusercontent.com/ryoungj/ObsScaling/4d6e1e43fd2635d04654aa77d1df9d5266ea0382/eval_results/base_llm_emergent_capability_eval.csv",
    ),
    UpstreamFile(
        "obs_scaling",
        "base_llm_leaderboard_v2_eval.csv",
        "ace728c962dfb2b9133fe92081c818e3fba01391694c9590fa0198f850062563",
        "https://raw.githubusercontent.com/ryoungj/ObsScaling/4d6e1e43fd2635d04654aa77d1df9d5266ea0382/eval_results/base_llm_leaderboard_v2_eval.csv",
    ),
)

_BASE = {
    "MMLU": "mmlu",
    "ARC-C": "arc_challenge",
    "HellaSwag": "hellaswag",
    "Winograd": "winograd",
    "TruthfulQA": "truthfulqa",
    "GSM8K": "gsm8k",
    "XWinograd": "xwinograd",
    "HumanEval": "humaneval",
}
_EMERGENT = {
    "parsinlu_qa_2_acc": "accuracy_parsinlu_qa",
    "word_unscrambling_2_exact_match": "accuracy_word_unscrambling",
    "ipa_transliterate_2_bleu": "score_ipa_bleu",
    "arithmetic_3ds_2_acc": "accuracy_arithmetic_3ds",
    "arithmetic_2da_2_acc": "accuracy_arithmetic_2da",
}
_LEADERBOARD = {f"leaderboard_{name}": f"accuracy_{name}" for name in ("bbh", "gpqa", "ifeval", "math_hard", "mmlu_pro", "musr")}
_CUTOFF = 84e21  # the compute of Llama-2 7B
_MISPLACED = {"cerebras/btlm-3b-8k-base": 1e-3}
"""Tokens and compute upstream are a thousand times too large."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and benchmark; the split is the paper's cut-off in compute."""
    raw = pd.read_csv(paths["base_llm_benchmark_eval.csv"])
    for file in ("base_llm_emergent_capability_eval.csv", "base_llm_leaderboard_v2_eval.csv"):
        raw = raw.merge(pd.read_csv(paths[file]), on="Model", how="left")
    factor = raw["Model"].map(_MISPLACED).fillna(1.0)
    flops = raw["FLOPs (1E21)"] * 1e21 * factor
    models = pd.DataFrame(
        {
            "curve": raw["Model Family"].str.lower(),
            "run": raw["Model"],
            "params": raw["Model Size (B)"] * 1e9,
            "tokens": raw["Pretraining Data Size (T)"] * 1e12 * factor,
            "flops": flops,
            "split": ["train" if c <= _CUTOFF else "test" if c > _CUTOFF else "" for c in flops],
        }
    )
    metrics = {**{column: f"accuracy_{name}" for column, name in _BASE.items()}, **_EMERGENT, **_LEADERBOARD}
    rows = pd.concat([models.assign(metric=metric, value=raw[column]) for column, metric in metrics.items()], ignore_index=True)
    return rows[rows["value"].notna()]
