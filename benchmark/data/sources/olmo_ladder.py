"""OLMo model ladder (Bhagia et al. 2024): losses, task losses and accuracies along training, 190M to 13B."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "olmo_ladder",
        "ladder_all_checkpoints.parquet",
        "5a73c057ddddc861265593ece0b1b760f81a03e9e39a81ed9e00b59d73a3ee38",
    ),
)

_LOSSES = {"c4_en_ce": "loss_c4", "pile_ce": "loss_pile", "wikitext_103_ce": "loss_wikitext103"}
_MMLU = {"stem": 0.215, "humanities": 0.335, "social_sciences": 0.219, "other": 0.231}  # the authors' weights
_TASKS = {
    "hellaswag": "hellaswag_val",
    "arc_easy": "arc_easy_test",
    "arc_challenge": "arc_challenge_test",
    "boolq": "boolq_val",
    "csqa": "csqa_val",
    "openbookqa": "openbookqa_test",
    "piqa": "piqa_val",
    "siqa": "socialiqa_val",
    "winogrande": "winogrande_val",
}
_HEAD = 100_352  # rows of the output head
_WIDTH = {"190M": 768, "370M": 1024, "760M": 1536, "1B": 2048, "3B": 3328, "7B": 4096, "13B": 5120}
_SMALL = ("190M", "370M", "760M", "1B")
_FITTED = (1.0, 2.0, 5.0, 10.0)
_CHECKPOINTS = 20
_SMOOTHED = 5


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most twenty checkpoints a run, and at its end the mean of its last five evaluations, which the authors fit."""
    raw = _with_averages(pd.read_parquet(paths["ladder_all_checkpoints.parquet"]).sort_values(["run", "_step"], ignore_index=True))
    last = raw.groupby("run").tail(1)
    smoothed = raw.groupby("run").tail(_SMOOTHED).groupby("run")[list(_columns())].mean()
    thin = raw.groupby("run", group_keys=False)[list(raw)].apply(_thin)
    ends = pd.concat([last.drop(columns=list(_columns())).set_index("run"), smoothed], axis=1).reset_index(names="run")
    return pd.concat([_rows(thin, ""), _rows(ends, "_avg5")], ignore_index=True)


def _columns() -> dict[str, str]:
    """Return upstream columns and the metrics they become."""
    names = {**_LOSSES, "bpb/mmlu": "loss_bpb_mmlu", "acc/mmlu": "accuracy_mmlu"}
    for short, task in _TASKS.items():
        names[f"bpb/{task}_rc_5shot_bpb"] = f"loss_bpb_{short}"
        names[f"acc/{task}_rc_5shot_{'acc' if short == 'boolq' else 'len_norm'}"] = f"accuracy_{short}"
    return names


def _with_averages(raw: pd.DataFrame) -> pd.DataFrame:
    mmlu = {
        kind: sum(w * raw[f"{kind}/mmlu_{group}_test_rc_5shot_{suffix}"] for group, w in _MMLU.items())
        for kind, suffix in (("bpb", "bpb"), ("acc", "len_norm"))
    }
    return raw.assign(**{"bpb/mmlu": mmlu["bpb"], "acc/mmlu": mmlu["acc"]})


def _thin(run: pd.DataFrame) -> pd.DataFrame:
    step = max(1.0, (len(run) - 1) / (_CHECKPOINTS - 1))
    return run.iloc[sorted({round(len(run) - 1 - i * step) for i in range(_CHECKPOINTS) if i * step <= len(run) - 1})]


def _rows(raw: pd.DataFrame, suffix: str) -> pd.DataFrame:
    size = raw["run"].map(_size)
    multiple = raw["chinchilla_mult"].astype(float)
    points = pd.DataFrame(
        {
            "curve": "olmo",
            "run": raw["run"],
            "params": raw["n_params"].astype(float),
            "params_nonembedding": raw["n_params"].astype(float) - _HEAD * size.map(_WIDTH),
            "tokens": raw["n_tokens"].astype(float).where(raw["n_tokens"] > 0),
            "flops": raw["train_flops"].astype(float).where(raw["train_flops"] > 0),
            "steps": raw["_step"].astype(float),
            "batch_size": raw["batch_size_in_tokens"].astype(float),
            "flag": ["duplicate" if run == "peteish7_medlr_eval_full" else "" for run in raw["run"]],
            "split": [_split(*facts) for facts in zip(raw["run"], size, multiple, strict=True)],
        }
    )
    parts = [points.assign(metric=metric + suffix, value=raw[column].astype(float)) for column, metric in _columns().items()]
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["value"].notna()]


def _size(run: str) -> str:
    return {"peteish7": "7B", "peteish13": "13B"}.get(run.split("_")[0], run.split("-")[0])


def _split(run: str, size: str, multiple: float) -> str:
    if run in ("peteish7_eval_anneal", "peteish13_eval_full"):
        return "test"
    return "train" if size in _SMALL and multiple in _FITTED and not run.endswith("rerun") else ""
