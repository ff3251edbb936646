"""Training trajectories of OPT (Xia et al. 2022): perplexity and BIG-bench accuracy of checkpoints, 125M to 175B.

Upstream (Choshen et al.) gives tokens and FLOPs of the perplexities as decimal logarithms.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/aggregated_eval"

FILES = (
    UpstreamFile(
        "colpret",
        "opt_trajectories.csv",
        "c3a53ccc7a412f0caff4179ce484acf1c2aab36b25677473658f094362449ff5",
        f"{_URL}/opt_trajectories.csv",
    ),
    UpstreamFile("colpret", "opt_bigbench.csv", "adff9b18349c5f337c9757cc0d7ec562c36b74546d14ab035aee5d35f2c9775a", f"{_URL}/opt.csv"),
)

_PARAMS = {"125m": 1.25e8, "1.3b": 1.3e9, "6.7b": 6.7e9, "13b": 1.3e10, "30b": 3.0e10, "175b": 1.75e11}
_TASKS = {
    "bigbench__codelinedescription": "code_line_description",
    "bigbench__humanorganssenses": "human_organs_senses",
    "bigbench__implicatures": "implicatures",
    "bigbench__phraserelatedness": "phrase_relatedness",
    "bigbench__whatisthetao": "what_is_the_tao",
    "bigbench__swahilienglishproverbs": "swahili_english_proverbs",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per checkpoint and metric; tokens are those of the upstream column, rounded to the thousand that they are."""
    perplexity, tasks = pd.read_csv(paths["opt_trajectories.csv"]), pd.read_csv(paths["opt_bigbench.csv"])
    points = _checkpoints(perplexity["model_size"], perplexity["steps"], (10.0 ** perplexity["num_token"]).round(-3))
    scored = _checkpoints(tasks["size"], tasks["steps"], tasks["tokens"])
    means = tasks[list(_TASKS)].mean(axis=1) / 100.0
    return pd.concat(
        [
            points.assign(metric="perplexity_val", value=perplexity["ppl"]),
            *(scored.assign(metric=f"accuracy_{task}", value=tasks[column] / 100.0) for column, task in _TASKS.items()),
            scored.assign(metric="accuracy_mean", value=np.round(means, 12)),
        ],
        ignore_index=True,
    )


def _checkpoints(size: pd.Series, steps: pd.Series, tokens: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"curve": "OPT", "run": "opt-" + size, "params": size.map(_PARAMS), "steps": steps.astype(float)})
    table["tokens"] = tokens.astype(float)
    table["flops"] = 6.0 * table["params"] * table["tokens"]
    return table
