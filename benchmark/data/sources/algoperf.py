"""AlgoPerf (Kasimbeg et al. 2025): validation curves of 4,014 trainings on 17 workloads under 20 training algorithms.

Upstream holds one CSV of evaluations per run, 135 MB of logs in all. The files read here are a selection of them by a
stated rule: validation metrics, six digits, at most forty evaluations a run. `scalingbench.benchmark.data.sources._selections`
repeats the rule on a checkout of the pinned commit, and the hashes below check that the bytes are the same.
"""

import json
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import evenly_placed

REPOSITORY, COMMIT = "mlcommons/submissions_algorithms", "12c8e4ea93dc41a1ff6abc3debba9accd8ac1e3a"
_HASHES = {
    "criteo1tb": "b445375371a96104c5630d380fd30aa6d5619e37061180187ab0ba06c53e71ab",
    "criteo1tb_embed_init": "d3708ad1ce0771be01c825fcca1ee69aa44ab5e425c9f1d90b15328c24e2586a",
    "criteo1tb_layernorm": "536d2051c562eac2bd31f5cb5972b2a09e6ee61751e0999dacb6529b83a7ef42",
    "fastmri": "7be54ff8cb67b8438e4c3aec53477d3fe4164ec0990919e9365a73b2b8b2deff",
    "fastmri_model_size": "23e2a750501f1ed769f4143abbb9dd485bc03204a7a1bf0bfd2d349f03cce074",
    "fastmri_tanh": "05b413ee51aabf7d9b9bc765e9bb3329a37a66912461c5b7dc85946bf24bf868",
    "imagenet_resnet": "8898afebab57a14b0d8126613b0a6bcb2cde6381591363233702e9a0cd8d7dea",
    "imagenet_resnet_large_bn_init": "739e0a91512fd09029a7d99e97eb270abd6008966fdf82a6129eeee409b11f5c",
    "imagenet_vit": "ef25906baa1dbef2ff93d6c80dd77b1f727b5ce4970b026b42f236b94cc91601",
    "librispeech_conformer": "ae46497d7ddbf7992f4523796052e3e2f2e775df09060dbe17cd71e5d34a813b",
    "librispeech_conformer_layernorm": "ea532bab7f746573733432eefd2c3c3ff2279f04a72625ff9667d26a26aaa412",
    "librispeech_deepspeech": "3fbe547f218ab078a82691cebfc7bcfa52eb1cd767b5922f260cbc5133fff027",
    "ogbg": "21a8c4851bad34a47fc991c9c146ecc40f850dea0558356b8be9e81d466d836b",
    "ogbg_gelu": "eb35bbe8704761feb207752035e71692319efa4d0d820a5d8e580bb8c65b4663",
    "ogbg_model_size": "05020f415af705517681612ad5a708e9facf0625a31d7c2ca08207b5d24dbc39",
    "wmt": "f5e91affc786b097b00a196278dfbeb1d8f5f63053f32be3a4e83169fc38b59a",
    "wmt_glu_tanh": "f08a361e55d651af8ac25793db0f683b39147f29efe19edd714ca3d349039c34",
}
FILES = (
    *(UpstreamFile("algoperf", f"{workload}.csv", sha256) for workload, sha256 in _HASHES.items()),
    UpstreamFile("algoperf", "runs.csv", "9f88d3fe936a2c229fc749d1a1af6fa2e8b6b969f1c089969a528c419ee1c061"),
    UpstreamFile(
        "algoperf",
        "workload_targets_v05.json",
        "053bb04ccd2410d4dfe9ccd19369e18e62c6b283f96c4a82e3f2084754e13f1a",
        f"https://raw.githubusercontent.com/{REPOSITORY}/{COMMIT}/scoring/workload_targets_v05.json",
    ),
)

_METRICS = {  # the competition's metric of a workload -> our metric
    "loss": "loss_criteo",
    "ssim": "score_ssim",
    "accuracy": "error_rate_imagenet",
    "wer": "loss_wer",
    "mean_average_precision": "score_map",
    "bleu": "score_bleu",
}
_FALLING = frozenset({"loss", "wer"})
_KEY = ["version", "tuning", "submission", "study", "trial"]
_POINTS = 18
_WHOLE = (0, 1)
"""Repeats with their full curves; of the others only the last evaluation is kept, for the noise between repeats."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return curves of two repeats of every setting, the ends of the others, and the hours that each run took to its target."""
    targets = json.loads(paths["workload_targets_v05.json"].read_text(encoding="utf-8"))["workloads"]
    hyperparameters = _hyperparameters(paths["runs.csv"])
    parts = []
    for workload in _HASHES:
        logged = pd.read_csv(paths[f"{workload}.csv"])
        measure, target = targets[workload]["target_metric_name"], targets[workload]["validation_target_value"]
        logged["measured"] = logged[f"validation_{measure}"]
        for rows in (_curves(logged, measure), _times(logged, measure, target)):
            parts.append(_identified(rows, workload).merge(hyperparameters, how="left", on=["workload", *_KEY]))
    return pd.concat(parts, ignore_index=True).drop(columns=["workload", *_KEY])


def _hyperparameters(path: Path) -> pd.DataFrame:
    runs = pd.read_csv(path)
    chosen = runs["hparams"].map(lambda text: json.loads(text) if isinstance(text, str) else {})
    named = {name: chosen.map(lambda values, name=name: values.get(name)).astype(float) for name in ("learning_rate", "weight_decay")}
    return runs[["workload", *_KEY]].assign(**named)


def _curves(logged: pd.DataFrame, measure: str) -> pd.DataFrame:
    last = ~logged.duplicated(_KEY, keep="last")
    rows = logged[last | (logged["study"].isin(_WHOLE) & evenly_placed(logged, _KEY, _POINTS))]
    value = 1.0 - rows["measured"] if measure == "accuracy" else rows["measured"]
    flag = value.isna().map({True: "diverged", False: ""})
    return rows[_KEY].assign(metric=_METRICS[measure], value=value, steps=rows["global_step"].astype(float), flag=flag)


def _times(logged: pd.DataFrame, measure: str, target: float) -> pd.DataFrame:
    reached = logged["measured"] <= target if measure in _FALLING else logged["measured"] >= target
    first = logged[reached].drop_duplicates(_KEY)
    hours = first["submission_time_s"] / 3600.0
    return first[_KEY].assign(metric="cost_target", value=hours, steps=first["global_step"].astype(float), flag="")


def _identified(rows: pd.DataFrame, workload: str) -> pd.DataFrame:
    ruleset = rows["version"] + "-" + rows["tuning"]
    setting = rows["submission"] + "/" + rows["trial"].astype(str)
    return rows.assign(
        workload=workload,
        curve=workload + "/" + ruleset + "/" + setting,
        run=ruleset + "/" + setting + "/" + rows["study"].astype(str),
        seed=rows["study"].astype(float),
    )
