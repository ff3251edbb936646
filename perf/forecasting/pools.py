"""Real runs of (params, tokens) from the collections, as tables that a practitioner could have: one row per finished run."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.errors import InputError

POOLS: dict[str, tuple[str, str | None, str]] = {
    "chinchilla": ("chinchilla", "MassiveText", "loss"),
    "farseer": ("farseer", "Farseer", "loss"),
    "datablations": ("datablations", "C4", "loss"),
    "porian": ("porian", None, "loss_val"),
    "gadre_overtraining": ("gadre_overtraining", "rpj", "loss_c4"),
    "gemstones": ("gemstones", None, "loss"),
    "olmo_ladder": ("olmo_ladder", None, "loss_c4"),
    "distillation_apple": ("distillation_apple", None, "loss"),
    "quest_precision": ("quest_precision", None, "loss"),
    "misfitting": ("misfitting", None, "loss"),
    "openeurollm": ("openeurollm", None, "loss"),
    "xlstm": ("xlstm", None, "loss"),
    "datadecide": ("datadecide", None, "loss"),
    "cerebras_pythia_pile": ("cerebras_pythia_pile", None, "loss"),
    "parscale": ("parscale", None, "loss"),
    "fantastic_optimizers": ("fantastic_optimizers", None, "loss"),
    "vocab_scaling": ("vocab_scaling", None, "loss"),
    "steplaw": ("steplaw", None, "loss"),
}
"""Collection, curve (by default the one with most finished runs) and metric (or how its name begins) of each pool."""


def pool(name: str) -> pd.DataFrame | None:
    """Return params, tokens, value and flops (6 x params x tokens), the best run of each (params, tokens); None if not available."""
    rows = finished_runs(name)
    if rows is None:
        return None
    # the best run of each (params, tokens), if other settings were swept too
    best = rows.groupby(["params", "tokens"], as_index=False)["value"].min()
    return best.assign(flops=6.0 * best["params"] * best["tokens"]).sort_values("flops", kind="stable", ignore_index=True)


@lru_cache(maxsize=2)
def finished_runs(name: str) -> pd.DataFrame | None:
    """Return the rows of a pool, one per finished run, seeds and sweeps included; None if it cannot be built."""
    collection, curve, metric = POOLS[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = load_collection(collection).table
    except InputError:
        return None
    table = table[(table["flag"] == "") & table["value"].notna()].copy()
    if "params" not in table or not table["params"].notna().any():
        table["params"] = table.get("params_nonembedding", np.nan)
    if "tokens" not in table:
        table["tokens"] = table["flops"] / 6 / table["params"] if "flops" in table else np.nan
    table["tokens"] = table["tokens"].fillna(table["flops"] / 6 / table["params"]) if "flops" in table else table["tokens"]
    table = table[table["params"].notna() & table["tokens"].notna() & table["metric"].str.startswith(metric)]
    if table.empty:
        return None
    table = table.sort_values("tokens", kind="stable").drop_duplicates(["curve", "metric", "run"], keep="last")
    counts = table.groupby(["metric", "curve"]).size()
    chosen = counts[counts.index.get_level_values("curve") == curve] if curve else counts
    if chosen.empty:
        return None
    of_metric, of_curve = chosen.idxmax()
    return table[(table["metric"] == of_metric) & (table["curve"] == of_curve)]


if __name__ == "__main__":
    for one in POOLS:
        rows = pool(one)
        if rows is None:
            print(f"{one:24} not to be had")
            continue
        values = f"value {rows['value'].min():.3f} to {rows['value'].max():.3f}"
        shape = f"{len(rows):4} runs, {rows['params'].nunique():3} sizes, {rows['tokens'].nunique():3} lengths"
        print(f"{one:24} {shape}, compute {rows['flops'].min():.1e} to {rows['flops'].max():.1e}, {values}")
