"""Facts of the data-constrained runs that the authors' notebook states."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("datablations").table


def _fitted(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["curve"] == "C4") & table["seed"].isna() & (table["flag"] == "")]


def test_when_loaded_then_317_runs_in_three_curves(table: pd.DataFrame) -> None:
    assert len(table) == 317
    assert table["run"].is_unique
    assert table["curve"].value_counts().to_dict() == {"C4": 303, "C4-dedup": 12, "C4-reshaped": 2}
    assert (table["split"] == "").all()


def test_when_a_run_is_unfinished_then_it_is_flagged_and_empty(table: pd.DataFrame) -> None:
    missing = table["flag"] == "missing"
    assert missing.sum() == 9
    assert table["value"].isna().equals(missing)


def test_when_flags_and_seeds_are_filtered_then_the_authors_182_points_remain(table: pd.DataFrame) -> None:
    fitted = _fitted(table)
    assert len(fitted) == 182
    assert (table["flag"] == "outlier").sum() == 48
    assert table["seed"].notna().sum() == 64


def test_when_the_published_constants_are_used_then_the_authors_r_squared_follows(table: pd.DataFrame) -> None:
    """Their notebook prints .7722046 with repetition decay and .4451684 without, for the same 182 points."""
    fitted = _fitted(table)
    actual = fitted["value"].to_numpy()

    def r_squared(predicted: np.ndarray) -> float:
        return float(1 - ((actual - predicted) ** 2).sum() / ((actual - actual.mean()) ** 2).sum())

    assert r_squared(_published_law(fitted, r_d=15.387756, r_n=5.309743)) == pytest.approx(0.7722046, abs=1e-6)
    assert r_squared(_published_law(fitted, r_d=1e9, r_n=1e9)) == pytest.approx(0.4451684, abs=1e-3)


def _published_law(runs: pd.DataFrame, r_d: float, r_n: float) -> np.ndarray:
    a, b, e, alpha = 6.255414, 7.3049974, 0.6254804, 0.3526596
    n, d = runs["params"].to_numpy(), runs["tokens"].to_numpy()
    unique = np.minimum(runs["unique_tokens"].to_numpy(), d)
    n_optimal = np.exp((a - b) / alpha) * unique  # argmin of the law at the compute of one pass, alpha = beta
    base_n = np.minimum(n_optimal, n)
    effective_n = base_n + base_n * r_n * -np.expm1(-(n / base_n - 1) / r_n)
    effective_d = unique + unique * r_d * -np.expm1(-(d / unique - 1) / r_d)
    return np.exp(e) + np.exp(a) / effective_n**alpha + np.exp(b) / effective_d**alpha


def test_when_seeds_repeat_a_cell_then_their_spread_is_the_noise_of_the_card(table: pd.DataFrame) -> None:
    seeded = table[table["seed"].notna()]
    cells = np.log(seeded["value"]).groupby([seeded["params"], seeded["tokens"], seeded["unique_tokens"]])
    assert (cells.size() == 4).all()
    noise = load_card("datablations").scalingbench.metrics["loss"].noise
    assert noise == pytest.approx(float(np.sqrt(cells.var().mean())), rel=0.02)


def test_when_tokens_are_repeated_then_epochs_are_their_ratio(table: pd.DataFrame) -> None:
    np.testing.assert_allclose(table["epochs"], table["tokens"] / table["unique_tokens"], rtol=1e-12)
    np.testing.assert_allclose(table["flops"], 6 * table["params"] * table["tokens"], rtol=1e-12)
    assert table["epochs"].min() == 1.0
    assert table["epochs"].max() == 9000.0


def test_when_a_name_is_ambiguous_then_it_is_read_as_tokens_then_unique_tokens(table: pd.DataFrame) -> None:
    row = table[table["run"] == "4b284b12bc4opt2"].iloc[0]
    assert (row["params"], row["tokens"], row["unique_tokens"]) == (3.089856e9, 84e9, 12e9)
