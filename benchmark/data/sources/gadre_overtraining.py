"""Over-training testbed (Gadre et al. 2024): 104 models, 8 losses and 46 tasks each.

The upstream repository holds one JSON file of hyper-parameters and one of evaluations per model;
the file read here joins the two, one row per model.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "gadre_overtraining",
        "gadre_models.csv",
        "ccb8732510eaa60d6a1c6d6d99c43dbf5bf00587a0725ab28f0b9ff128ca92b6",
    ),
)

_CURVES = {"c4_original": "c4", "rpj": "rpj", "rw_original": "refinedweb"}
_VOCABULARY = 50_432
_SHAPES = {  # width, layers; the last two are OpenLM's own configurations
    "d=96_l=8_h=4": (96, 8),
    "d=512_l=8_h=4": (512, 8),
    "d=576_l=24_h=8": (576, 24),
    "d=1024_l=24_h=8": (1024, 24),
    "open_lm_1b": (2048, 24),
    "open_lm_7b": (4096, 32),
}
_FITTED_AT_20 = frozenset({"d=96_l=8_h=4", "d=512_l=8_h=4", "d=576_l=24_h=8", "d=1024_l=24_h=8"})
_SUBSET_OF_17 = (
    "arc_easy",
    "bigbench_cs_algorithms",
    "bigbench_dyck_languages",
    "bigbench_novel_concepts",
    "bigbench_operators",
    "bigbench_qa_wikidata",
    "boolq",
    "commonsense_qa",
    "copa",
    "coqa",
    "hellaswag",
    "hellaswag_zeroshot",
    "lambada_openai",
    "piqa",
    "pubmed_qa_labeled",
    "squad",
    "winograd",
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and metric: losses with their intervals, accuracies, the mean error."""
    models = pd.read_csv(paths["gadre_models.csv"])
    runs = _runs(models)
    columns = [str(column) for column in models]
    sets = [c.removeprefix("loss_") for c in columns if c.startswith("loss_") and "er95_" not in c]
    tasks = [c.removeprefix("acc_") for c in columns if c.startswith("acc_")]
    mean_error = 1.0 - models[[f"acc_{task}" for task in _SUBSET_OF_17]].mean(axis=1)
    return pd.concat(
        [
            *(_loss(models, runs, name) for name in sets),
            *(runs.assign(metric=f"accuracy_{task}", value=models[f"acc_{task}"]) for task in tasks),
            runs.assign(metric="error_rate_mean_17", value=mean_error),
        ],
        ignore_index=True,
    )


def _runs(models: pd.DataFrame) -> pd.DataFrame:
    runs = models[["params", "tokens", "seed"]].copy()
    runs["curve"] = models["train_dataset"].map(_CURVES)
    runs["run"] = models["name"]
    runs["params_nonembedding"] = models["params_no_embed"]
    runs["flops"] = models["flops_6nd"].astype(float)
    runs["batch_size"] = models["global_bs"].astype(float).where(models["global_bs"] > 1)  # 1 is a placeholder of the 6.9B runs
    runs["learning_rate"] = models["lr"]
    runs["vocab_size"] = _VOCABULARY
    runs["width"] = models["model"].map(lambda m: _SHAPES[m][0])
    runs["depth"] = models["model"].map(lambda m: _SHAPES[m][1])
    runs["split"] = _published_split(models)
    return runs


def _published_split(models: pd.DataFrame) -> list[str]:
    """Return 'train' for the paper's Table 2: four sizes at 20 tokens per parameter, the smallest also at 320."""
    small = models["model"].isin(_FITTED_AT_20) & (models["tok_per_param"] == 20)
    over_trained = (models["model"] == "d=96_l=8_h=4") & (models["tok_per_param"] == 320)
    return ["train" if fitted else "test" for fitted in small | over_trained]


def _loss(models: pd.DataFrame, runs: pd.DataFrame, name: str) -> pd.DataFrame:
    return runs.assign(
        metric=f"loss_{name}",
        value=models[f"loss_{name}"],
        value_low=models[f"loss_lower95_{name}"],
        value_high=models[f"loss_upper95_{name}"],
    )
