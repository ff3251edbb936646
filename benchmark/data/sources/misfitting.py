"""(Mis)Fitting (Li et al. 2025): dense learning-rate sweeps and small mixtures of experts on C4."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._derived import natural_log

FILES = (
    UpstreamFile(
        "misfitting",
        "scaling_results_last_ckpt_only.csv",
        "cd96b9eb8e5b2adc80e6739a642dd8554590edc96234d36859ab6ed0f5c30562",
        "https://raw.githubusercontent.com/hadasah/scaling_laws/1f3708c0a12df0effb0ee906b1da5f9f0ff4f4f1/data/scaling_results_last_ckpt_only.csv",
    ),
    UpstreamFile(
        "misfitting",
        "gshard.csv",
        "2c08bd7a1a3ab2af5aee15cc8e9e3e0022d9167c4fffca51a0c84774276cf163",
        "https://raw.githubusercontent.com/hadasah/scaling_laws/1f3708c0a12df0effb0ee906b1da5f9f0ff4f4f1/data/gshard.csv",
    ),
    UpstreamFile(
        "misfitting",
        "spm.csv",
        "66bfa62b58943a1c32fb95557b3d25055bce2d7aee4d8675f0bb1dde8fb9e95e",
        "https://raw.githubusercontent.com/hadasah/scaling_laws/1f3708c0a12df0effb0ee906b1da5f9f0ff4f4f1/data/spm.csv",
    ),
)

_C4 = "eval/ppl//fsx-onellm/data/corpora/text_only/text_eval/c4.jsonl"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the last checkpoint of every dense run, the best of each size and tokens, and the expert runs."""
    dense = _dense(pd.read_csv(paths["scaling_results_last_ckpt_only.csv"]))
    clean = dense[dense["flag"] == ""]
    best = clean.loc[clean.groupby(["params", "tokens"])["value"].idxmin()].assign(metric="loss_tuned")
    experts = [_experts(pd.read_csv(paths[f"{name}.csv"]), name) for name in ("gshard", "spm")]
    return pd.concat([dense, best, *experts], ignore_index=True)


def _dense(raw: pd.DataFrame) -> pd.DataFrame:
    run = raw["model"].str.removeprefix("misfitting_") + "-" + raw["sweep"] + "-" + raw["train_tokens"].astype(str)
    rows = pd.DataFrame(
        {
            "curve": "dense",
            "run": run + "-lr" + raw["peak_lr"].astype(str),
            "metric": "loss",
            "value": raw["loss"],
            "params": raw["N"],
            "params_nonembedding": raw["N_no_emb"],
            "tokens": raw["D"],
            "flops": raw["C_6ND"],
            "learning_rate": raw["peak_lr"],
            "steps": raw["current_steps"],
        }
    )
    again = rows.groupby("run").cumcount()
    rows["run"] = rows["run"].where(again == 0, rows["run"] + "-" + (again + 1).astype(str))
    rows["flag"] = ["duplicate" if repeated else "" for repeated in raw.duplicated()]
    return rows


def _experts(raw: pd.DataFrame, kind: str) -> pd.DataFrame:
    run = raw["Name"] + "-steps" + raw["steps"].astype(str)
    again = run.groupby(run).cumcount()
    base = raw["Name"].str.extract(r"model-(\d+)m")[0].astype(float) * 1e6
    return pd.DataFrame(
        {
            "curve": kind,
            "run": run.where(again == 0, run + "-" + (again + 1).astype(str)),
            "metric": "loss",
            "value": natural_log(raw[_C4]),
            "params_nonembedding": base,
            "tokens": raw["optim/n_tokens"],
            "experts": raw["model.number_of_experts"],
            "learning_rate": raw["optim.lr"],
            "steps": raw["steps"],
        }
    )[raw[_C4].notna()]
