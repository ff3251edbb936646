"""In-context learning with long contexts (Bertsch et al. 2024): accuracy by demonstrations, and of fine-tuning on as many."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_FINE_TUNING = {  # data set -> file, sha256
    "banking77": ("finetuning_banking77.csv", "a5b2fa783b27bee95c510c0fd3bf2abc32823b31e27a546c13d4ca5eea94f794"),
    "clinic150": ("finetuning_clinic.csv", "20e130d900171659bc6586d2ffa92f2b056391f0abb29b0fb0a314c8b84a4b1e"),
    "nlu": ("finetuning_nlu.csv", "09e2c04cd4f4e78a32a12938286966d7fb1a0ae69fce9cdbaa2be7f40e1c3c1a"),
    "trec": ("finetuning_trec.csv", "e039d17a57f4201949d0d2756676c88077a71a3b0a0ab522dfb7988bcf310b88"),
    "trecfine": ("finetuning_trecfine.csv", "7250b4d535fd1efdecacaea7415fd743676a3130b2468e16b4dbc7160a9669c8"),
}
FILES = (
    UpstreamFile("long_context_icl", "icl_accuracy.csv", "5bae6ce3831c925b8c2f2d9cbaa7cf53073dd789fc3a590274008b3e3f143c55"),
    *(UpstreamFile("long_context_icl", name, sha256) for name, sha256 in _FINE_TUNING.values()),
)

_PARAMS = 7e9


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per draw of demonstrations, and one per fine-tuned model."""
    tuned = [_fine_tuned(pd.read_csv(paths[file]), name) for name, (file, _) in _FINE_TUNING.items()]
    return pd.concat([_in_context(pd.read_csv(paths["icl_accuracy.csv"])), *tuned], ignore_index=True).assign(metric="accuracy")


def _in_context(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the plain runs: demonstrations drawn at random, in one window that all of them share."""
    one_window = raw["nspw"].isna() | (raw["nspw"] == raw["n_shots"])
    plain = raw["dataset"].isin(list(_FINE_TUNING)) & ~raw["model"].str.contains("stride")
    raw = raw[plain & one_window & (raw["n_shots"] > 0)]
    model = raw["model"].str.partition("+")[2]
    return pd.DataFrame(
        {
            "curve": raw["dataset"] + "/" + model,
            "run": model,
            "value": raw["accuracy"],
            "params": _PARAMS,
            "samples": raw["n_shots"],
            "seed": raw["run"],
            "flag": "",
        }
    )


def _fine_tuned(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a row per line of the file; equal lines are one model that the file lists again."""
    again = raw.duplicated(["n_shots", "run_num", "accuracy"])
    number = raw.groupby("n_shots").cumcount() + 1
    return pd.DataFrame(
        {
            "curve": f"{name}/fine-tuned",
            "run": "fine-tuned-" + raw["n_shots"].astype(str) + "-" + number.astype(str),
            "value": raw["accuracy"],
            "samples": raw["n_shots"],
            "seed": raw["run_num"],
            "flag": again.map({True: "duplicate", False: ""}),
        }
    )
