"""BiMix: the paper's error of extrapolation, its split, and a loss that its files call a perplexity."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("bimix").table


def test_twelve_runs_are_evaluated_twenty_times_on_every_domain(table):
    assert table.groupby("curve")["run"].nunique().to_dict() == {"Pile": 6, "SlimPajama": 6}
    assert table.groupby("curve")["metric"].nunique().to_dict() == {"Pile": 23, "SlimPajama": 8}
    assert len(table) == 6 * 20 * (23 + 8)


def test_losses_extrapolate_with_the_published_error(table):
    """The paper: mean relative error below .2 % along training; here a power law and a constant, first ten steps to last ten."""
    errors = []
    for _, curve in table[table["metric"] != "loss_mean"].groupby(["run", "metric"]):
        step, loss = (curve.sort_values("steps")[c].to_numpy() for c in ("steps", "value"))
        law = lambda s, A, C, a: A / s**a + C  # noqa: E731
        fitted, _ = curve_fit(law, step[:10] / 1e4, loss[:10], p0=(1.0, 2.0, 0.5), maxfev=20_000)
        errors.append(np.mean(np.abs(law(step[10:] / 1e4, *fitted) / loss[10:] - 1.0)))
    assert len(errors) == 12 * (22 + 7) / 2 and np.mean(errors) < 0.002


def test_the_values_are_losses_and_the_mean_is_that_of_the_domains(table):
    """As perplexities they would be losses of .3 to .9 nats/token after 5e9 tokens, which no small model reaches."""
    first = table[table["steps"] == 10_000]
    assert first.loc[first["metric"] == "loss_mean", "value"].between(2.5, 3.1).all()
    mean = table[table["metric"] != "loss_mean"].groupby(["run", "steps"])["value"].mean()
    stated = table[table["metric"] == "loss_mean"].set_index(["run", "steps"])["value"]
    np.testing.assert_allclose(mean[stated.index], stated, rtol=1e-12)


def test_the_authors_fit_four_mixtures_and_leave_two(table):
    held_out = table.loc[table["split"] == "test", "run"].str.split("-").str[1]
    assert set(held_out) == {"Baseline", "DoReMi"}


def test_the_shares_of_a_mixture_sum_to_one(table):
    for corpus, rows in table.groupby("curve"):
        shares = rows.filter(like=f"mix_{corpus.lower()}_").drop_duplicates()
        assert len(shares) == 6 and shares.sum(axis=1).between(0.99997, 1.00001).all()
        assert rows.drop(columns=shares.columns).filter(like="mix_").isna().all(axis=None)
