"""Epoch AI's scores: as the group states them, and records that look at the past alone."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("epoch_benchmarks").table


def test_published_scores_are_reproduced(table):
    """Epoch reported Gemini 2.5 Deep Think at 29 % on FrontierMath and 5 of 48 on tier 4, and o4-mini (medium) at 19 %."""
    score = table[table["flag"] == ""].set_index(["metric", "run"])["value"]
    deep = "gemini-2.5-deep-think-2025-08-01-webapp"
    assert score[("accuracy_frontiermath_private", deep)] == pytest.approx(0.29, abs=0.005)
    assert score[("accuracy_frontiermath_tier4_private", deep)] == pytest.approx(5 / 48, abs=0.0005)
    assert score[("accuracy_frontiermath_private", "o4-mini-2025-04-16_medium")] == pytest.approx(0.19, abs=0.005)


def test_best_scores_are_those_that_the_scorers_gave(table, mirror):
    raw = pd.read_csv(mirror / "epoch_benchmarks" / "raw" / "benchmarks_runs.csv.gz", encoding="utf-8-sig")
    given = raw["Scores"].str.findall(r":([\d.]+)").map(lambda found: max(map(float, found)))
    assert (given - raw["Best score (across scorers)"]).abs().max() <= 0.0051
    assert sorted(raw["Best score (across scorers)"]) == sorted(table["value"])


def test_a_record_beats_every_model_released_before(table):
    dated = table[table["date"].notna() & (table["flag"] == "")]
    for _, rows in dated.groupby("metric"):
        for _, row in rows.iterrows():
            earlier = rows.loc[rows["date"] < row["date"], "value"]
            of_the_day = rows.loc[rows["date"] == row["date"], "value"].max()
            beats = row["value"] > earlier.max() if len(earlier) else True
            assert (row["curve"] == "record") <= (beats and row["value"] == of_the_day)
    assert dated[dated["curve"] == "record"].groupby("metric").size()["accuracy_gpqa_diamond"] == 14


def test_repeated_evaluations_keep_the_newer(table):
    twice = table[table["flag"] == "duplicate"]
    assert sorted(twice["run"]) == ["gemini-2.5-pro", "o3-mini-2025-01-31_high"]
    assert table["date"].isna().sum() == 3 and table["run"].nunique() == 147
