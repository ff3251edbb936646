"""Epoch AI's benchmark runs (2025): scores of public and commercial models on eight tasks, by release date."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._derived import years_since_2020

_URL = "https://raw.githubusercontent.com/epoch-research/benchmark-stitching/f87d3cc8e8a8f8471be475ebce58fb9a73b4e756/data"

FILES = (
    UpstreamFile(
        "epoch_benchmarks",
        "benchmarks_runs.csv",
        "5907dfcbd446aeec61d20a0d971be3b6ca07ecf46f40ada3a4b8e26a656b70a8",
        f"{_URL}/benchmarks_runs.csv",
    ),
    UpstreamFile(
        "epoch_benchmarks",
        "model_versions.csv",
        "08025ffc7b5c00781dd86ef5261f38b2204ed6d5b36160c61af3d9c8da9a10e6",
        f"{_URL}/model_versions.csv",
    ),
)

_TASKS = {
    "GPQA diamond": "gpqa_diamond",
    "MATH level 5": "math_level_5",
    "OTIS Mock AIME 2024-2025": "otis_mock_aime",
    "FrontierMath-2025-02-28-Private": "frontiermath_private",
    "FrontierMath-2025-02-28-Public": "frontiermath_public",
    "FrontierMath-Tier-4-2025-07-01-Private": "frontiermath_tier4_private",
    "FrontierMath-Tier-4-2025-07-01-Public": "frontiermath_tier4_public",
    "SWE-Bench verified": "swe_bench_verified",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluation; models that beat all released before them are the curve ``record`` of a task."""
    evaluations = pd.read_csv(paths["benchmarks_runs.csv"], encoding="utf-8-sig")
    versions = pd.read_csv(paths["model_versions.csv"], encoding="utf-8-sig")
    released = versions.drop_duplicates("id").set_index("id")["Version release date"]
    table = pd.DataFrame(
        {
            "run": evaluations["model"],
            "metric": "accuracy_" + evaluations["task"].map(_TASKS),
            "value": evaluations["Best score (across scorers)"],
            "date": years_since_2020(evaluations["model"].map(released)),
        }
    )
    table["flag"] = table.duplicated(["metric", "run"]).map({True: "duplicate", False: ""})
    table["curve"] = _records(table).map({True: "record", False: "other"})
    return table


def _records(table: pd.DataFrame) -> pd.Series:
    """Return which rows beat every model released earlier; of one day's models only the best can."""
    dated = table[table["date"].notna() & (table["flag"] == "")]
    daily = dated.groupby(["metric", "date"])["value"].transform("max")
    ordered = dated.sort_values(["metric", "date", "value"], ascending=[True, True, False])
    best_before = ordered.groupby("metric")["value"].cummax().groupby(ordered["metric"]).shift(fill_value=-1.0)
    raised = (ordered["value"] > best_before) & (ordered["value"] == daily[ordered.index])
    return raised.reindex(table.index, fill_value=False)
