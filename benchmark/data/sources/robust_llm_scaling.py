"""Robustness of classifiers (Howe et al. 2024): accuracy under attack by size, attack steps and adversarial training."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile("robust_llm_scaling", "eval_finetuned.csv", "0c18ce21bf1d3b51b965dedca4675b712e9237e5efe0b8842d49c159cb2d5198"),
    UpstreamFile("robust_llm_scaling", "eval_adv_trained.csv", "4343e9b0a957a3f5c32f35ead63e6efdd11ddda87d5bbb74607d4e330e423e2b"),
    UpstreamFile("robust_llm_scaling", "adv_training_flops.csv", "535655a93787c7ee6ccdf2281242e088652611ac3d941e6db5abce13955fddd1"),
)

_FINE_TUNED = {  # experiment -> curve: task, family, attack
    "ian_102a_gcg_pythia_harmless": "harmless/pythia/gcg",
    "ian_103a_gcg_pythia_helpful": "helpful/pythia/gcg",
    "ian_106_gcg_pythia_imdb": "imdb/pythia/gcg",
    "ian_107_gcg_pythia_pm": "password-match/pythia/gcg",
    "ian_108_gcg_pythia_wl": "word-length/pythia/gcg",
    "ian_109_gcg_pythia_spam": "spam/pythia/gcg",
    "oskar_025a_gcg_eval_qwen25_ft_harmless": "harmless/qwen2.5/gcg",
    "oskar_025b_gcg_eval_qwen25_ft_spam": "spam/qwen2.5/gcg",
    "tom_019b_beast_eval_pythia_ft_harmless": "harmless/pythia/beast",
    "tom_021b_beast_eval_qwen25_ft_harmless": "harmless/qwen2.5/beast",
    "tom_022b_beast_eval_qwen25_ft_spam": "spam/qwen2.5/beast",
}
_ADVERSARIAL = {  # experiment -> adversarial training, curve: task, family, attack, attack trained against
    "tom_007_eval_niki_152_gcg": ("niki_152_", "imdb/pythia/gcg/trained-gcg"),
    "tom_008_eval_niki_152_gcg_infix90": ("niki_152_", "imdb/pythia/gcg-infix/trained-gcg"),
    "tom_011_eval_niki_151_gcg": ("niki_151_", "password-match/pythia/gcg/trained-random-token"),
    "tom_012_eval_niki_153_gcg": ("niki_153_", "word-length/pythia/gcg/trained-random-token"),
    "tom_013_eval_niki_171_gcg": ("niki_171_", "password-match/pythia/gcg/trained-gcg"),
    "tom_014_eval_niki_172_gcg": ("niki_172_", "word-length/pythia/gcg/trained-gcg"),
    "tom_016_eval_niki_170_gcg_prefix": ("niki_170_", "spam/pythia/gcg-prefix/trained-gcg"),
}
_ATTACK_STEPS = (12, 24, 48, 96, 128)  # that all evaluations of adversarially trained models hold
_MODEL = ["training", "num_params", "seed_idx", "adv_training_round"]


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and number of attack steps."""
    tuned = pd.read_csv(paths["eval_finetuned.csv"])
    tuned = tuned.assign(curve=tuned["experiment"].map(_FINE_TUNED)).dropna(subset="curve")
    hardened = _with_training(pd.read_csv(paths["eval_adv_trained.csv"]), pd.read_csv(paths["adv_training_flops.csv"]))
    return pd.concat([_rows(tuned), _rows(hardened).assign(flops=hardened["train_total_flops"].to_numpy())], ignore_index=True)


def _with_training(raw: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluations after at least one round of adversarial training, with its compute up to the round."""
    chosen = raw["experiment"].isin(list(_ADVERSARIAL)) & raw["iteration"].isin(_ATTACK_STEPS) & (raw["adv_training_round"] > 0)
    raw = raw[chosen].assign(
        training=raw["experiment"].map({name: training for name, (training, _) in _ADVERSARIAL.items()}),
        curve=raw["experiment"].map({name: curve for name, (_, curve) in _ADVERSARIAL.items()}),
    )
    log = log.assign(training=log["experiment"].str.extract(r"(niki_\d+_)", expand=False))
    compute = log.groupby(_MODEL, as_index=False)["train_total_flops"].max()
    return raw.merge(compute, on=_MODEL, how="left", validate="many_to_one")


def _rows(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "curve": raw["curve"],
            "run": raw["num_params"].astype(str) + "-seed" + raw["seed_idx"].astype(str),
            "metric": "accuracy_under_attack",
            "value": 1.0 - raw["asr"],
            "params": raw["num_params"],
            "seed": raw["seed_idx"],
            "x_attack_steps": raw["iteration"],
            "x_attack_flops": raw["iteration"] * raw["flops_per_iteration"],
            "x_rounds": raw["adv_training_round"],
        }
    )
