"""What the authors' repository corrects in the copy that `hitchhiker` holds."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table(mirror) -> pd.DataFrame:
    return load_collection("colpret").table


@pytest.fixture(scope="module")
def copy(mirror) -> pd.DataFrame:
    """Return the copy, every point once."""
    return pd.read_csv(mirror / "hitchhiker" / "raw" / "curves.csv.gz").drop_duplicates()


def share_found(values: pd.Series, among: np.ndarray) -> float:
    nearest = np.abs(among[:, None] - values.to_numpy()[None, :]).min(axis=0)
    return float((nearest < 1e-5).mean())


def test_tokens_are_those_of_the_released_checkpoints(table):
    """Released: step556000-tokens2460B of OLMo-7B, 3 trillion tokens of OLMo-1B."""
    last = table[table["metric"] == "loss_mc4_en"].groupby("run")[["steps", "tokens"]].max()
    assert last.loc["OLMo-7B", "steps"] == 556_000 and last.loc["OLMo-7B", "tokens"] == pytest.approx(2.460e12, abs=5e8)
    assert last.loc["OLMo-1B", "tokens"] == pytest.approx(3e12, rel=0.04)
    assert last.loc["OLMo-1B", "tokens"] / last.loc["OLMo-1B", "steps"] == 2048**2


def test_no_curve_jumps_where_validation_sets_were_added(table, mirror):
    """The mean over the sets that are present rises by .082 from one point of OLMo-7B to the next; no single set does."""
    raw = pd.read_csv(mirror / "colpret" / "raw" / "olmo.csv.gz")
    rows = raw[raw["model_name"].str.strip() == "OLMo-7B"].sort_values("Step")
    mean = rows.filter(like="CrossEntropyLoss").mean(axis=1)
    assert mean.diff().max() == pytest.approx(0.082, abs=0.001)
    ours = table[(table["run"] == "OLMo-7B") & (table["steps"] > 300_000)].sort_values("steps")
    assert ours.groupby("metric")["value"].diff().max() < 0.06
    assert table[table["run"].str.startswith("OLMo-7B")].groupby(["run", "metric"])["value"].size().nunique() <= 2


def test_each_curve_keeps_its_last_point_and_sixty_at_most(table, mirror):
    assert table.groupby(["run", "metric"]).size().max() <= 60
    k2 = table[table["run"] == "K2-65B"].nlargest(1, "tokens").iloc[0]
    assert (round(k2["value"], 6), k2["tokens"]) == (1.448458, 1.4e12)


def test_the_losses_of_pythia_in_the_copy_are_logarithms_of_two_perplexities(copy, mirror):
    """20 curves LAMBADA, 6 WikiText, 10 their mean, at every point; so says the card of hitchhiker."""
    raw = pd.read_csv(mirror / "pythia_evals" / "raw" / "pythia_evals.csv.gz")
    raw = raw[raw["metric"].isin(["ppl", "word_perplexity"]) & (raw["step"] > 0)]
    wide = np.log2(raw.pivot_table(index=["version", "model", "shots", "step"], columns="task", values="value", aggfunc="first"))
    wide["mean"] = wide[["lambada_openai", "wikitext"]].mean(axis=1, skipna=False)
    counts = {"lambada_openai": 0, "wikitext": 0, "mean": 0}
    for name, curve in copy[copy["model"].str.contains("pythia")].groupby("model"):
        model = name.removesuffix("-v0").removesuffix("-5shot")
        version = "pythia-v0" if name.endswith("-v0") else "pythia-v1"
        for shots in (0, 5):
            if (version, model, shots) not in wide.index:
                continue
            of_model = wide.loc[(version, model, shots)]
            found = [c for c in counts if of_model[c].notna().any() and share_found(curve["loss"], of_model[c].dropna().to_numpy()) == 1.0]
            if found:
                counts[found[0]] += 1
                break
    assert counts == {"lambada_openai": 20, "wikitext": 6, "mean": 10}


def test_the_mixtures_in_the_copy_are_means_of_logarithms_of_losses(copy):
    bimix = load_collection("bimix").table
    last = bimix[(bimix["run"] == "SlimPajama-Baseline") & (bimix["steps"] == 200_000)]
    of_copy = copy[copy["model"] == "SlimPajama"].nlargest(1, "tokens_seen")["loss"].iloc[0]
    assert of_copy == pytest.approx(np.log2(last["value"]).mean(), abs=1e-6)


def test_the_175b_curve_of_gpt3_is_missing_in_the_copy_and_the_others_are_the_same(copy):
    ours = load_collection("gpt3_curves").table
    theirs = copy[copy["model"].str.startswith("GPT-3")]
    assert theirs["model"].nunique() == 7 and ours["run"].nunique() == 8
    for label, run in (("GPT-3 13B", "gpt3-13b"), ("GPT-3 Small", "gpt3-small")):
        points = theirs[theirs["model"] == label].groupby("tokens_seen")["loss"].mean()
        same = ours[ours["run"] == run].set_index("tokens")["value"]
        np.testing.assert_allclose(np.interp(same.index, points.index, points), same, rtol=1e-9)
