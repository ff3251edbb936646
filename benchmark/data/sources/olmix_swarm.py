"""Olmix swarms (Ai2 2026): 30M proxies, data mixture to bits per byte on tasks."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "olmix_swarm",
        "dclm_ratios.csv.gz",
        "823d2cba732626402619abc15a68ace84ca6aa9b3b6c4ec699bff09aff0d61c1",
    ),
    UpstreamFile(
        "olmix_swarm",
        "dclm_metrics.csv.gz",
        "37235630a518e5d8ba81e34889cb78e2a5506c4f1db574e175459b4fb3e9c7e3",
    ),
    UpstreamFile(
        "olmix_swarm",
        "full_recomputation_ratios.csv.gz",
        "f8ce9de32578c69b426171ccdc313c3f6c785be48d81509ab0518b9d0920fd96",
    ),
    UpstreamFile(
        "olmix_swarm",
        "full_recomputation_metrics.csv.gz",
        "e5e6eff6b3e0a7ab203e58b33e907537ebd13046460fb6389d12ef9acf370398",
    ),
    UpstreamFile(
        "olmix_swarm",
        "full_reuse_update_5_seed_0_ratios.csv.gz",
        "00c811c9c3686a5ee0e4d13429d34b419a1282b938fec373f583ca4d4ad0cdb9",
    ),
    UpstreamFile(
        "olmix_swarm",
        "full_reuse_update_5_seed_0_metrics.csv.gz",
        "0a3f6ea152149626b51c8fde093449dd2c6ab3ce4d38b494ba484a7a2fd98907",
    ),
)

_SWARMS = {"dclm": "dclm", "full_recomputation": "full", "full_reuse_update_5_seed_0": "reuse"}
_TASKS = {
    "arc_challenge:rc::olmes": "arc_challenge",
    "arc_easy:rc::olmes": "arc_easy",
    "hellaswag:rc::olmes": "hellaswag",
    "csqa:rc::olmes": "csqa",
    "piqa:rc::olmes": "piqa",
    "socialiqa:rc::olmes": "siqa",
    "winogrande:rc::olmes": "winogrande",
    "lambada": "lambada",
    "minerva_math_algebra::olmes": "minerva_algebra",
    "codex_humaneval:3shot::none": "humaneval",
    "mt_mbpp_v2fix:python": "mbpp_python",
    "squad:rc::gen2mc": "squad",
}
_PARAMS = 3.0e7


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return twelve of the 110 tasks and the mean of all, for every run of the three swarms."""
    return pd.concat([_swarm(paths, file, name) for file, name in _SWARMS.items()], ignore_index=True)


def _swarm(paths: dict[str, Path], file: str, name: str) -> pd.DataFrame:
    shares = pd.read_csv(paths[f"{file}_ratios.csv.gz"]).drop(columns=["Unnamed: 0", "name", "index"]).set_index("run")
    shares.columns = [f"mix_{name}_" + c.lower().replace(":", "_").replace("-", "_") for c in map(str, shares)]
    values = pd.read_csv(paths[f"{file}_metrics.csv.gz"]).drop(columns=["Unnamed: 0", "name"]).set_index("run")
    number = values.pop("index").astype(int).map("{:04d}".format)
    chosen = values[list(_TASKS)].rename(columns={task: f"loss_bpb_{short}" for task, short in _TASKS.items()})
    chosen["loss_bpb_mean"] = values.mean(axis=1)
    rows = chosen.melt(ignore_index=False, var_name="metric").join(shares)
    return rows.assign(curve=name, run=number.reindex(rows.index).to_numpy(), params=_PARAMS).reset_index(drop=True)
