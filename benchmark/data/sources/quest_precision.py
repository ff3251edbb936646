"""QuEST (Panferov et al. 2025): quantised pre-training, loss by bits, size and tokens."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "quest_precision",
        "runs_for_scaling.csv",
        "8167fe22fb2bfc8b5b310b8149e4e2fbd4e08288c52087fc8aeb2ba18bceeb7b",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run; a curve is one pair of quantisers, whatever its bits."""
    raw = pd.read_csv(paths["runs_for_scaling.csv"])
    weights, activations = (raw[c].str.removesuffix("Quantizer").replace("No", "none") for c in ("w_quant", "a_quant"))
    return pd.DataFrame(
        {
            "curve": _curve(weights, activations),
            "run": _run(raw, weights),
            "metric": "loss",
            "value": raw["loss"],
            "params": raw["non_embedding_parameters"],
            "tokens": raw["tokens"],
            "flops": 6.0 * raw["non_embedding_parameters"] * raw["tokens"],
            "bits": raw["w_bits"],
            "learning_rate": raw["lr"],
            "depth": raw["n_layer"],
            "width": raw["n_embd"],
            "steps": raw["iterations"],
            "batch_size": raw["batch_size"] * raw["acc_steps"] * raw["world_size"],
            "weight_decay": raw["weight_decay"],
            "seed": raw["seed"],
        }
    )


def _curve(weights: pd.Series, activations: pd.Series) -> pd.Series:
    """Name the recipe; the unquantised baseline is one of its own."""
    return (weights + "/" + activations).replace("none/none", "bf16")


def _run(raw: pd.DataFrame, weights: pd.Series) -> pd.Series:
    bits = "w" + raw["w_bits"].astype(str) + "a" + raw["a_bits"].astype(str)
    return raw["model_size"].astype(str) + "M-" + bits + "-" + weights + "-" + raw["tokens"].floordiv(10**6).astype(str) + "M"
