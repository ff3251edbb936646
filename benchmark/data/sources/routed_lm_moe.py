"""Routed language models (Clark et al. 2022): validation and transfer losses of 223 dense and routed runs.

Upstream holds one gzipped CSV with a row per run and evaluated step, six losses wide.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "routed_lm_moe",
        "curves.csv.gz",
        "c03e7531add85e594f368d33bac4a0220280be858a7ed12d147cf73af6a3819f",
        "https://raw.githubusercontent.com/google-deepmind/scaling_laws_for_routing/42da0c392b127df2c01fa7b705f72396050d05e5/data/curves.csv.gz",
    ),
)

TOKENS_PER_STEP = 256 * 2048
_FORWARD_AND_BACKWARD = 3.0  # a backward pass costs two forward passes
_COLUMNS = {
    "step": "steps",
    "dense_parameter_count": "params",
    "total_parameter_count": "params_total",
    "num_experts": "experts",
    "k": "top_k",
    "routing_frequency": "routing_frequency",
    "d_model": "width",
    "num_blocks": "depth",
    "seed": "seed",
}
_LOSSES = ("loss_validation", "loss_c4", "loss_curation_corpus", "loss_lambada", "loss_pile", "loss_wikitext103")


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run, step and loss; an evaluation without a value is flagged 'missing'."""
    evaluations = pd.read_csv(paths["curves.csv.gz"])
    runs = _runs(evaluations)
    table = pd.concat([runs.assign(metric=name, value=evaluations[name]) for name in _LOSSES], ignore_index=True)
    table["flag"] = table["value"].isna().map({True: "missing", False: ""})
    return table


def _runs(evaluations: pd.DataFrame) -> pd.DataFrame:
    runs = evaluations[list(_COLUMNS)].rename(columns=_COLUMNS)
    trained = runs["steps"].where(runs["steps"] > 0).astype(float)  # an untrained model has seen no tokens
    runs["tokens"] = trained * TOKENS_PER_STEP
    runs["flops"] = trained * _FORWARD_AND_BACKWARD * evaluations["flops_per_step"]
    runs["run"] = evaluations["hyper_id"].map(lambda i: f"run-{i:03d}")
    widened = evaluations["flop_increase"].map(lambda factor: f"/flops{factor:g}" if factor > 1 else "")
    runs["curve"] = evaluations["router_type"] + widened
    return runs
