"""The designed collections against their own design."""

import numpy as np
import pytest

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.sources import _designed
from scalingbench.common.errors import FetchError

WORLDS = {"designed_mlp": ("mse", 8, 8), "designed_text": ("loss", 7, 5)}


def rows(name, curve):
    table = load_collection(name).table
    return table[(table["metric"] == WORLDS[name][0]) & (table["curve"] == curve)]


@pytest.mark.parametrize("name", list(WORLDS))
def test_the_factorial_is_complete(name):
    _, sizes, seeds = WORLDS[name]
    cells = rows(name, "main").groupby(["params", "tokens"])["seed"].nunique()
    assert len(cells) == sizes * 8 and set(cells) == {seeds}
    assert np.log10(rows(name, "main")["flops"].max() / rows(name, "main")["flops"].min()) > 4.9


def test_there_are_enough_runs():
    assert sum(load_collection(name).n_runs for name in WORLDS) >= 1500


@pytest.mark.parametrize("name", WORLDS)
def test_training_rows_are_those_that_the_forecasts_saw(name):
    table = load_collection(name).table
    top = rows(name, "main")["flops"].max()
    final = table[table["metric"] == WORLDS[name][0]]
    assert ((final["flops"] <= top / 30) == (final["split"] == "train")).all()
    by_run = table.groupby(["curve", "run"])["split"].nunique()
    assert (by_run == 1).all(), "a run's checkpoints stand on the other side"


@pytest.mark.parametrize("name", WORLDS)
def test_checkpoints_end_at_the_end_of_their_run(name):
    metric, table = WORLDS[name][0], load_collection(name).table
    along = table[table["metric"] == f"{metric}_checkpoint"].sort_values("steps").groupby(["curve", "run"]).last()
    final = table[table["metric"] == metric].set_index(["curve", "run"]).loc[along.index]
    assert (along["steps"] == final["steps"]).all() and (along["tokens"] == final["tokens"]).all()
    assert np.median(np.abs(np.log(along["value"] / final["value"]))) < 0.05


def test_no_student_is_better_than_its_labels_allow():
    table = load_collection("designed_mlp").table
    noise = 0.01 * (2 / 32768) ** 0.5
    assert table.loc[table["metric"] == "mse", "value"].min() > 0.01 - 4 * noise


def test_more_epochs_of_less_data_are_worse():
    means = rows("designed_mlp", "repeats").groupby(["params", "tokens", "epochs"])["value"].mean().unstack()
    assert (means[64] > 1.2 * means[1]).all()


def test_altered_run_records_are_refused():
    with pytest.raises(FetchError, match=r"designed_mlp\.parquet: missing or altered"):
        _designed.curated("mlp", "mse", "0" * 64)
