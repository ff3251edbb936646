"""What synthetic worlds would measure without noise, and the exponents that generated them."""

import made
import numpy as np
import pytest

from scalingbench.benchmark.data.collection import list_collections, load_collection
from scalingbench.benchmark.data.sources import load_source
from scalingbench.benchmark.data.synthetic import World
from scalingbench.benchmark.scores.truth import Truth, truth_of
from scalingbench.benchmark.tasks.suite import load_suite

SYNTHETIC = tuple(n for n in list_collections() if n.startswith("synthetic"))


def world(name):
    table = load_collection(name).table
    return table, load_source(name).WORLD.noise_free(table)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_every_synthetic_source_states_its_world(name):
    assert isinstance(load_source(name).WORLD, World)


@pytest.mark.parametrize(
    ("name", "clean"),
    [("broken", "/noise0$"), ("chinchilla", "-clean$"), ("coverage", "/expected$"), ("plrf", ""), ("repeated", "^clean$")],
)
def test_curves_without_noise_measure_the_truth(name, clean):
    table, true = world(f"synthetic_{name}")
    rows = table["curve"].str.contains(clean).to_numpy()
    assert rows.any() and np.allclose(true[rows], table["value"][rows], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "curve", "noise"),
    [
        ("chinchilla", "grid-noise", 0.01),
        ("chinchilla", "isoflop-noise", 0.003),
        ("repeated", "noise", 0.004),
        ("broken", "steepens/noise0.01", 0.01),
    ],
)
def test_noisy_curves_scatter_about_the_truth_by_the_stated_noise(name, curve, noise):
    table, true = world(f"synthetic_{name}")
    rows = (table["curve"] == curve).to_numpy()
    scatter = np.log(table["value"][rows].to_numpy() / true[rows])
    assert rows.sum() > 30 and np.std(scatter) == pytest.approx(noise, rel=0.3) and abs(scatter.mean()) < noise


def test_a_world_without_a_floor_has_none():
    table, true = world("synthetic_chinchilla")
    assert true[(table["curve"] == "grid-no-floor").to_numpy()].min() < 1.0 < true[(table["curve"] == "grid-noise").to_numpy()].min()


def test_the_truth_of_a_task_is_that_of_its_held_out_rows():
    task = load_suite("v3").task("synthetic_chinchilla/loss/frontier-flops-1e20")
    truth = truth_of(task)
    assert truth is not None and truth.families == ("chinchilla", "interaction")
    for fold, told, exponents in zip(task.folds, truth.task.folds, truth.exponents, strict=True):
        assert exponents == {"alpha": 0.34, "beta": 0.36}
        X = fold.X_test
        floor = 0.0 if fold.name == "grid-no-floor" else 1.7
        assert np.allclose(told.y_test, floor + 420 * X["params"] ** -0.34 + 1600 * X["tokens"] ** -0.36)
        assert told.X_test is fold.X_test and (fold.name == "grid-clean") == np.allclose(told.y_test, fold.y_test, rtol=1e-9)


def test_a_measured_collection_has_no_truth():
    assert truth_of(load_suite("v3").task("gemstones/loss/cooldown-frontier")) is None


def test_only_a_law_whose_constants_mean_the_same_has_an_error_of_exponents():
    task = made.task(made.fold("a", [1.0]), made.fold("b", [1.0]))
    truth = Truth(task, ({"alpha": 0.3}, {"alpha": 0.4}), ("chinchilla",))
    found = made.result(task, "law", [1.0], [1.0], constants={"alpha": 0.5, "E": 9.0})
    assert truth.exponent_error(found, "chinchilla") == pytest.approx(0.15)
    assert np.isnan(truth.exponent_error(found, "farseer"))  # its alpha is another constant
    assert truth.exponent_error(made.result(task, "law", None, [1.0], constants={"alpha": 0.5}), "chinchilla") == pytest.approx(0.1)
