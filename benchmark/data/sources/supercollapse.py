"""Compute-optimal ladders with seeds (Qiu et al. 2025): chess and CIFAR-5M transformers, MLPs, five learning-rate schedules."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import log_spaced

_HASHES = {
    "chess": "6e302d47128d22977cc8165fa402b9fc568ed215ebe10fc9ec33a80859de5f71",
    "chess_const": "7b751f84d663108cdba179768cc83645c90d0a2a61e263e1e3e68918f4e49966",
    "c5m": "ae415747ff4f13f2636155bb6fd95a302f3f5fb34127d032e8ebf4eccaae684d",
    "c5m_schedules": "a0a641ae7a381a597ce4434272b3265aa5d0d2caf726d2a2ba8af4c44232e5c6",
    "mlp": "36dda561b0c82293b04f88e1e1cb487f724613cddac656c2284ff8695fc494c4",
    "mlp_const": "5b10b0ad88657cdcf2433e39c4fdcccde0170138f483ee880ea70b0386bbf0f2",
    "mlp_schedules": "cdc9328556afa184ecc2499aaf0fa3802da83b6fb9656762e76b006766418e24",
}
FILES = tuple(UpstreamFile("supercollapse", f"{name}_curves.csv", sha256) for name, sha256 in _HASHES.items())

_LINEAR = "$1-x$"  # name of the linear schedule in the file c5m
_FLOPS_PER_UNIT = 1e15  # of the column compute, which is 6 params tokens
_POINTS = 25


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return up to 25 points of every training curve, the last included."""
    return pd.concat([_ladder(name, pd.read_csv(paths[f"{name}_curves.csv"])) for name in _HASHES], ignore_index=True)


def _ladder(name: str, raw: pd.DataFrame) -> pd.DataFrame:
    raw = log_spaced(raw[raw["step"] > 0], "run", "step", _POINTS)
    params = raw["P"].where(raw["P"] > 0, raw.get("num_params"))
    flops = raw["compute"] * _FLOPS_PER_UNIT
    schedule = raw["schedule"].replace(_LINEAR, "linear")
    schedule = schedule.where(raw["decay_frac"] == 1, schedule + "-last" + raw["decay_frac"].astype(str))
    return pd.DataFrame(
        {
            "curve": name + "/" + schedule,
            "run": name + "-" + raw["run"].astype(str),
            "metric": "mse" if name.startswith("mlp") else "loss",
            "value": raw["test_loss"],
            "params": params,
            "tokens": flops / (6.0 * params),
            "flops": flops,
            "steps": raw["step"],
            "learning_rate": raw["lr"].clip(lower=0.0),  # the last is a rounding error below 0
            "batch_size": raw["B"],
            "width": raw["D"],
            "seed": raw["seed"],
            "flag": _repeats_another(raw).map({True: "duplicate", False: ""}),
        }
    )


def _repeats_another(raw: pd.DataFrame) -> pd.Series:
    """Return which rows are of a run whose losses are those of a run before."""
    losses = raw.groupby("run")["test_loss"].agg(tuple)
    return raw["run"].isin(losses.index[losses.duplicated()])
