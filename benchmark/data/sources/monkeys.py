"""Repeated sampling (Brown et al. 2024; Schaeffer et al. 2025): coverage against samples, and over pre-training."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "monkeys",
        "math_original_coverage.csv",
        "49538639a15b33d5d0e166a41a8d20bb23fe43691a89f41a8dff0cb13724c5ca",
    ),
    UpstreamFile(
        "monkeys",
        "pythia_gsm8k_coverage.csv",
        "c8e06218b9da369a99b46af7a623e8f8286525c511454a65dd0d5ac4c03c1e65",
    ),
    UpstreamFile(
        "monkeys",
        "pythia_math_coverage.csv",
        "0242c68e823bbd4dec4beb2a66a6bb8d84c046685c30f24bb78b36c205ba9adf",
    ),
    UpstreamFile(
        "monkeys",
        "pythia_gsm8k_solution_nll.csv.gz",
        "b7d75c306ac9fd15bced2f3635e41e5ea60edbb99837641360e2ad1251efaf8f",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return coverage by number of samples, and the loss on reference solutions by compute."""
    grids = [_grid(pd.read_csv(paths[f"pythia_{name}_coverage.csv"]), name) for name in ("gsm8k", "math")]
    return pd.concat([_original(pd.read_csv(paths["math_original_coverage.csv"])), *grids, _solutions(paths)], ignore_index=True)


def _original(raw: pd.DataFrame) -> pd.DataFrame:
    model = raw["model"].str.lower().str.replace(" ", "-")
    return pd.DataFrame(
        {
            "curve": "math-10000/" + model,
            "run": model,
            "metric": "accuracy_coverage",
            "value": raw["coverage_pass_at_k"],
            "samples": raw["k"],
        }
    )


def _grid(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    """Coverage of checkpoints; unknown where a problem was sampled fewer than k times."""
    exact = raw["coverage_exact"]
    return pd.DataFrame(
        {
            "curve": name,
            "run": raw["model"],
            "metric": "accuracy_coverage",
            "value": exact,
            "params": raw["n_params"],
            "params_nonembedding": raw["n_params_nonemb"],
            "tokens": raw["n_tokens"],
            "samples": raw["k"],
            "flag": ["missing" if unknown else "" for unknown in exact.isna()],
        }
    )


def _solutions(paths: dict[str, Path]) -> pd.DataFrame:
    raw = pd.read_csv(paths["pythia_gsm8k_solution_nll.csv.gz"])
    mean = raw.groupby(["model", "train_flops", "n_params", "n_params_nonemb", "n_tokens"], as_index=False)["nll_solution"].mean()
    return pd.DataFrame(
        {
            "curve": "gsm8k-solutions",
            "run": mean["model"],
            "metric": "loss_solution",
            "value": mean["nll_solution"],
            "params": mean["n_params"],
            "params_nonembedding": mean["n_params_nonemb"],
            "tokens": mean["n_tokens"],
            "flops": mean["train_flops"],
        }
    )
