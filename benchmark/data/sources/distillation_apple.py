"""Distillation scaling laws (Busbridge et al. 2025): student loss by size, tokens and teacher loss."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "distillation_apple",
        "train.parquet",
        "a01e76a9d567b41d51baa31769923b6611380a03fa65a13efcb0247a8e587f7e",
    ),
    UpstreamFile(
        "distillation_apple",
        "test.parquet",
        "573b94cb7596873d29035de3b5d9b00d83d85fa80906394048d7cff31a590291",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per student; the split is the copy's own."""
    raw = pd.concat([pd.read_parquet(paths[f"{s}.parquet"]).assign(split=s) for s in ("train", "test")], ignore_index=True)
    student = (raw["NS"] / 1e6).round().astype(int).astype(str) + "M-" + (raw["DS"] / 1e9).round(1).astype(str) + "B"
    run = student + "-teacher" + raw["LT"].astype(str)
    again = run.groupby(run).cumcount()  # points of one student with teachers of the same loss to four digits
    return pd.DataFrame(
        {
            "curve": "c4",
            "run": run.where(again == 0, run + "-" + (again + 1).astype(str)),
            "metric": "loss",
            "value": raw["LS"],
            "params": raw["NS"],
            "tokens": raw["DS"],
            "flops": 6.0 * raw["NS"] * raw["DS"],
            "teacher_loss": raw["LT"],
            "split": raw["split"],
        }
    )
