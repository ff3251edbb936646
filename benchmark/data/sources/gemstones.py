"""Gemstones (McLeish et al. 2025): 22 models by width and depth, losses and benchmarks along training."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "gemstones",
        "gemstones_curves.csv.gz",
        "4c6d63033573a3009dc2eb0105cee9e5dafacb6f567cb1caaa04e19db00c2bdb",
    ),
    UpstreamFile(
        "gemstones",
        "gemstones_other_val_losses.csv",
        "f321019b727eee36cb1f10ae8a8e5179075ef2efa0519318068324c0db8a7437",
    ),
    UpstreamFile(
        "gemstones",
        "gemstones_lighteval.csv",
        "2dc860769dae65686277c04d28084faa9809124652afbf546f55963b2b5ee48a",
    ),
    UpstreamFile(
        "gemstones",
        "gemstones_task_losses.csv.gz",
        "54f6daf15c4712e235a543cccf76c1434bdb0761b6f82a7940a63fa8a33b3bf6",
    ),
)

_PHASES = {"hot_2b": "constant", "cool_end": "cooldown", "lr_ablation_hot_2b": "constant-low-lr"}
"""hot_10b is part of hot_2b, and cool_begin holds points of it as well; both are left out."""
_TASKS = {
    "arc:challenge": "arc_challenge",
    "arc:easy": "arc_easy",
    "commonsense_qa": "csqa",
    "hellaswag": "hellaswag",
    "mmlu": "mmlu",
    "openbookqa": "openbookqa",
    "piqa": "piqa",
    "siqa": "siqa",
    "winogrande": "winogrande",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return training-loss curves by schedule, and what was evaluated on the checkpoints of the constant one."""
    curves = _curves(pd.read_csv(paths["gemstones_curves.csv.gz"]))
    shapes = curves.drop_duplicates("run").set_index("run")[["params", "width", "depth"]]
    other = pd.read_csv(paths["gemstones_other_val_losses.csv"])
    losses = _checkpoints(other["run_name"], other, "loss_" + other["val_set"], other["final_loss"], shapes)
    items = pd.read_csv(paths["gemstones_task_losses.csv.gz"])
    tasks = _checkpoints(items["model"], items, "loss_task_" + items["task"], items["mean_task_loss"], shapes)
    evaluated = pd.read_csv(paths["gemstones_lighteval.csv"])
    accuracies = [
        _checkpoints(evaluated["model"], evaluated, f"accuracy_{name}", evaluated[column], shapes) for column, name in _TASKS.items()
    ]
    return pd.concat([curves, losses, tasks, *accuracies], ignore_index=True)


def _curves(raw: pd.DataFrame) -> pd.DataFrame:
    raw = raw[raw["phase"].isin(_PHASES)]
    return _rows(
        pd.DataFrame(
            {
                "curve": raw["phase"].map(_PHASES),
                "run": raw["run_name"].str.extract(r"(\d+x\d+)")[0],
                "metric": "loss",
                "value": raw["final_loss"],
                "params": raw["params_active_precise"],
                "width": raw["width"],
                "depth": raw["depth"],
                "tokens": raw["tokens"],
                "steps": raw["step"],
            }
        )
    )


def _checkpoints(model: pd.Series, raw: pd.DataFrame, metric: "pd.Series | str", value: pd.Series, shapes: pd.DataFrame) -> pd.DataFrame:
    run = model.str.removeprefix("Gemstone-")
    rows = pd.DataFrame({"curve": "constant", "run": run, "metric": metric, "value": value, "tokens": raw["tokens"], "steps": raw["step"]})
    return _rows(rows.join(shapes, on="run"))


def _rows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(flops=6.0 * rows["params"] * rows["tokens"].astype(float))
