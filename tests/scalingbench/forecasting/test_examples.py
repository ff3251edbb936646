"""The example tables: what the generator writes, read as it says."""

import math

import pytest
from command import data_of, scalingbench
from scripts import perf_module

from scalingbench.common.errors import InputError
from scalingbench.forecasting.examples import EXAMPLES, example_text
from scalingbench.forecasting.reading import read_runs

maker = perf_module("examples")
KEPT = {"base": 25, "moe": 25, "checkpoints": 7, "wandb": 11, "mlflow": 11, "european": 25, "sizes": 25, "repeats": 24}
KEPT |= {
    "learning-rates": 40,
    "mixture": 40,
    "accuracy": 25,
    "downstream": 25,
    "seeds": 27,
    "trainer-state": 16,
    "recipes": 48,
    "training-curve": 20,
}


def test_each_file_is_what_the_generator_writes():
    assert {e.file: example_text(e.name) for e in EXAMPLES} == {file: make() for file, make in maker.FILES.items()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_each_example_is_read(example, tmp_path):
    path = tmp_path / example.file
    path.write_text(scalingbench("example", example.name).stdout, encoding="utf-8")
    table = read_runs(path).table
    assert len(table) == KEPT[example.name]
    if example.name in ("base", "wandb", "mlflow", "european", "sizes"):
        law = maker.law(table["params"], table["tokens"])
        assert (table["value"] / law - 1.0).abs().max() < 4 * maker.NOISE


def test_examples_are_listed_and_an_unknown_one_is_refused():
    listed = data_of(scalingbench("example", "--json"), "example")
    assert [record["name"] for record in listed] == [e.name for e in EXAMPLES]
    with pytest.raises(InputError, match="unknown example 'bse'; did you mean 'base'"):
        example_text("bse")


def test_the_forecast_of_the_readme_is_the_law(tmp_path):
    (tmp_path / "runs.csv").write_text(example_text("base"), encoding="utf-8")
    done = scalingbench(
        "forecast", "runs.csv", "--target", "params=7B,tokens=140B", "--predictor", "chinchilla[l2-log]", "--json", cwd=tmp_path
    )
    found = data_of(done, "forecast")
    true = maker.law(7e9, 1.4e11)
    assert math.isclose(found["value"], true, rel_tol=0.01) and found["low"] <= true <= found["high"]
