"""Spectral scaling laws (2026): effective rank of feed-forward activations by width and optimiser."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = (
    "https://raw.githubusercontent.com/optimizer-scaling-laws/spectral-scaling-laws/"
    "6803c68d5afcbf4533d2fb6c608df7ef31afcbb6/results/processed"
)
_STEPS = "matched_loss_pr_trajectories.csv"
_SHA256 = {
    "global_rank_scaling_points.csv": "b983248b8ba83f316d29310ca1418e0d0918e18b4472e076b9d71372bd09f96d",
    "frequency_bucket_rank_scaling_points.csv": "a3e08fd4e0f4552cebe42982e5e21a7c05b06e745cba3044e643a5e681b30934",
    "tail_350m_rank_scaling_points.csv": "95601c51eee84f16d17f4e88d5baa0fad36edb5090959a1bf5e2a2c69fc1aec4",
    _STEPS: "ac77b2ca428021398b076142132dcb59df621e81e2eaf09d6ae69a8f31954d5f",
}

FILES = tuple(UpstreamFile("spectral_rank", name, sha256, f"{_URL}/{name}") for name, sha256 in _SHA256.items())

_COPIED = "160m_muon_8x"
"""All eight figures of this run are those of NorMuon at six times the base width."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return final ranks by width, and the hard rank through training, as shares of the width."""
    points = [_points(pd.read_csv(paths[name])) for name in _SHA256 if name != _STEPS]
    return pd.concat([*points, _steps(pd.read_csv(paths[_STEPS]))], ignore_index=True)


def _points(raw: pd.DataFrame) -> pd.DataFrame:
    width = raw["ffn_hidden_dim"]
    return pd.DataFrame(
        {
            "curve": raw["model_scale"] + "/" + raw["optimizer_variant"] + "/" + raw["bucket"],
            "run": raw["run_id"],
            "metric": "share_" + raw["metric"].str.removesuffix("_rank"),
            "value": raw["value"] / width,
            "value_low": raw["err_low"] / width,
            "value_high": raw["err_high"] / width,
            "width": width,
            "flag": (raw["run_id"] == _COPIED).map({True: "copy-error", False: ""}),
        }
    )


def _steps(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "curve": raw["model_scale"] + "/" + raw["optimizer_variant"] + "/" + raw["bucket"],
            "run": raw["model_scale"] + "_" + raw["optimizer_variant"] + "_" + raw["width_multiplier"].astype(str) + "x",
            "metric": "share_hard_by_step",
            "value": raw["hard_rank"] / raw["ffn_hidden_dim"],
            "width": raw["ffn_hidden_dim"],
            "steps": raw["step"],
        }
    )
