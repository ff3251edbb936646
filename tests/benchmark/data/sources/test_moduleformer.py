"""ModuleFormer: the released models' published evaluations are the last rows of three trainings."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection

PUBLISHED = {  # README of IBM/ModuleFormer: HellaSwag, PIQA, ARC-e, ARC-c, OBQA, TriviaQA, perplexity on WikiText cut to two decimals
    "ST-h1/Pile": (0.3921, 0.7013, 0.5644, 0.2355, 0.208, 0.0540, 15.15),
    "h1-k4/Pile": (0.4220, 0.7301, 0.6082, 0.2594, 0.226, 0.0907, 13.20),
    "st-deep-48l/Pile": (0.4333, 0.7291, 0.6246, 0.2790, 0.238, 0.1147, 12.97),
}
METRICS = (
    "accuracy_hellaswag",
    "accuracy_piqa",
    "accuracy_arc_easy",
    "accuracy_arc_challenge",
    "accuracy_openbookqa",
    "accuracy_triviaqa",
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("moduleformer").table


@pytest.mark.parametrize("run", PUBLISHED)
def test_the_end_of_training_is_the_released_model(table, run):
    end = table[(table["run"] == run) & table["tokens"].isna()].set_index("metric")["value"]
    assert end[list(METRICS)].tolist() == pytest.approx(PUBLISHED[run][:-1], abs=1e-9)
    assert np.floor(end["perplexity_wikitext"] * 100) / 100 == PUBLISHED[run][-1]


def test_bits_per_byte_are_the_same_measurement(mirror):
    raw = pd.read_csv(mirror / "colpret" / "raw" / "IBM_MoE.csv")
    ratio = np.log(raw["wikitext ppl"]) / raw["wikitext bpb"]
    assert ratio.std() / ratio.mean() < 1e-4


def test_one_perplexity_is_flagged_because_all_else_improves(table):
    rows = table[(table["run"] == "obsidian-17B/Pile") & table["metric"].str.startswith("perplexity")].sort_values("tokens")
    wikitext, lambada = (rows[rows["metric"] == f"perplexity_{name}"] for name in ("wikitext", "lambada"))
    assert wikitext["flag"].tolist() == ["", "", "", "", "", "outlier"]
    assert wikitext["value"].iloc[-1] > wikitext["value"].iloc[-4] and lambada["value"].is_monotonic_decreasing
    assert (table["flag"] != "").sum() == 1


def test_seven_trainings_of_six_models(table):
    assert table["run"].nunique() == 7 and table["params_total"].max() == 1.67e10
    assert table.loc[table["run"].str.startswith("ST-k2"), "params_active"].isna().all()
