"""Facts of the 92 learning curves and their published split."""

from pathlib import Path

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("revisiting_nsl").table


@pytest.fixture(scope="module")
def domain(table: pd.DataFrame) -> pd.Series:
    return table["curve"].str.split("/").str[0]


def test_when_counted_then_92_curves_in_four_domains(table: pd.DataFrame, domain: pd.Series) -> None:
    assert len(table) == 20_282
    assert table.groupby(domain)["curve"].nunique().to_dict() == {"IC": 72, "NMT": 5, "LM": 5, "BB": 10}
    assert table.groupby(domain)["metric"].unique().map(list).to_dict() == {
        "IC": ["error_rate"],
        "NMT": ["loss"],
        "LM": ["loss_rescaled"],
        "BB": ["error_rate_bigbench"],
    }


def test_when_split_as_published_then_sizes_are_those_of_the_file(table: pd.DataFrame, domain: pd.Series) -> None:
    sizes = table.groupby([domain, "split"]).size().unstack()
    assert sizes["train"].to_dict() == {"IC": 3902, "NMT": 48, "LM": 528, "BB": 190}
    assert sizes["test"].to_dict() == {"IC": 14_981, "NMT": 5, "LM": 388, "BB": 240}


def test_when_repetitions_are_dropped_then_each_language_model_row_occurs_once(table: pd.DataFrame, domain: pd.Series) -> None:
    duplicate = table["flag"] == "duplicate"
    assert set(domain[duplicate]) == {"LM"}
    kept = table[~duplicate & (domain == "LM")]
    assert kept["split"].value_counts().to_dict() == {"train": 132, "test": 97}
    assert not table[~duplicate].duplicated(["curve", "tokens"]).any()
    assert len(kept) * 4 == (domain == "LM").sum()


def test_when_a_curve_is_split_then_training_ends_at_about_half_of_the_examples(table: pd.DataFrame) -> None:
    tokens = table.groupby(["curve", "split"])["tokens"].agg(["min", "max"]).unstack()
    assert (tokens["max", "train"] < tokens["min", "test"]).all()
    share = tokens["max", "train"] / tokens["max", "test"]
    assert share.between(0.45, 0.6).all()
    assert share.median() == pytest.approx(0.471, abs=1e-3)


def test_when_translation_models_are_counted_then_every_row_is_a_run(table: pd.DataFrame, domain: pd.Series) -> None:
    assert table[domain == "NMT"].groupby("curve")["run"].nunique().sum() == 53
    assert (table[domain != "NMT"].groupby("curve")["run"].nunique() == 1).all()
    held_out = table[(domain == "NMT") & (table["split"] == "test")]
    assert (held_out["tokens"] == 512e6).all()
    assert len(held_out) == 5


def test_when_ranges_are_taken_then_they_are_those_of_the_file(table: pd.DataFrame, domain: pd.Series) -> None:
    low, high = table.groupby(domain)["value"].min(), table.groupby(domain)["value"].max()
    assert low.round(4).to_dict() == {"BB": 0.5189, "IC": 0.1066, "LM": 0.8465, "NMT": 0.2969}
    assert high.round(4).to_dict() == {"BB": 0.9945, "IC": 0.9933, "LM": 0.9990, "NMT": 0.9903}
    assert table["params"].notna().all()
    assert (table["params"].min(), table["params"].max()) == (1.68e7, 1.07e9)


def test_when_shots_are_added_then_errors_fall_on_every_dataset(table: pd.DataFrame) -> None:
    images = table[(table["metric"] == "error_rate") & (table["split"] == "test")]
    parts = images["curve"].str.extract(r"IC/(?P<data>\w+?)_(?P<shots>\d+)/(?P<model>.+)")
    best = images["value"].groupby([parts["data"], parts["model"], parts["shots"].astype(int)]).min().unstack()
    assert best.shape == (24, 3)
    assert ((best[25] < best[10]) & (best[10] < best[5])).all()


def test_when_translation_is_read_then_it_holds_the_file_s_numbers(table: pd.DataFrame) -> None:
    curve = table[table["curve"] == "NMT/6Enc-28Dec"].set_index("tokens")["value"]
    assert curve[512e6] == 0.2968776230769231
    assert curve[5e5] == 0.9903227692307692


def test_when_published_scores_are_read_then_they_name_the_20_language_curves(mirror: Path, table: pd.DataFrame, domain: pd.Series) -> None:
    published = pd.read_csv(mirror / "revisiting_nsl" / "raw" / "published_rmse_tables2_3.csv")
    assert len(published) == table.loc[domain != "IC", "curve"].nunique() == 20
