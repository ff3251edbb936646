"""The designed experiment's code: its training needs torch, which the tests don't install; the rest is held everywhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scripts  # noqa: F401 - makes perf importable

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "perf" / "designed" / "plan.csv"


def test_the_plan_is_the_design_asked_for():
    plan = pd.read_csv(PLAN)
    for _, world in plan.groupby("world"):
        main = world[world["stage"] == "main"]
        cells = main.drop_duplicates(["params", "tokens"])
        assert main["params"].nunique() >= 7 and main["tokens"].nunique() >= 8 and main["runs"].min() >= 5
        assert len(cells) == main["params"].nunique() * main["tokens"].nunique() == len(main)
        decades = {name: np.log10(main[name].max() / main[name].min()) for name in ("params", "tokens", "flops")}
        assert min(decades["params"], decades["tokens"]) >= 2.49 and decades["flops"] >= 4.5
        rates = world[world["stage"] == "rates"]
        assert rates["params"].nunique() == 4 and rates["batch"].nunique() == 5
        repeats = world[world["stage"] == "repeats"]
        assert repeats["params"].nunique() == 3 and sorted(repeats["epochs"].unique()) == [1, 2, 4, 8, 16, 32, 64]
        assert set(world["schedule"]) == {"cosine", "constant", "wsd"}
    assert plan["runs"].sum() >= 1500


def test_the_best_rate_is_the_vertex_of_the_parabola():
    from perf.designed.tuning import best_rate

    rates = 10.0 ** np.arange(-4, 0)
    losses = np.exp(0.1 * (np.log(rates) - np.log(2e-3)) ** 2)
    assert best_rate(rates, losses) == pytest.approx(2e-3)
    assert best_rate(rates, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1e-4), "at an end of the range: that end"


def test_a_plane_of_rates_is_found_again():
    from perf.designed.tuning import fit_plane

    cells = [(n, d) for n in (100, 1000) for d in (1e4, 1e5)]
    rates = 10.0 ** np.arange(-5, 0, 0.5)
    best = {(n, d): 3.0 * n**-0.4 * d**-0.3 for n, d in cells}
    rows = [("tuning", n, d, r, np.exp(np.log(r / best[n, d]) ** 2)) for n, d in cells for r in rates]
    plane = fit_plane(pd.DataFrame(rows, columns=["stage", "params", "tokens", "learning_rate", "loss"]))
    assert (np.exp(plane.a), plane.b, plane.c) == pytest.approx((3.0, -0.4, -0.3), rel=1e-4)
    assert plane.rate(1000, 1e5) == pytest.approx(best[1000, 1e5], rel=5e-3)


def test_the_best_form_of_a_clean_world_is_told():
    from perf.designed.power import Scores

    good, bad = Scores(np.array([-50.0, -50.0]), np.log([0.1, 0.1])), Scores(np.array([-45.0, -30.0]), np.log([0.105, 0.2]))
    assert {k: list(v) for k, v in bad.led_by(good).items()} == {"aic": [0, 1], "holdout": [0, 1]}
    assert {k: list(v) for k, v in good.led_by(bad).items()} == {"aic": [0, -1], "holdout": [0, -1]}


@pytest.fixture
def tiny():
    torch = pytest.importorskip("torch", reason="torch trains the designed experiment and is not a dependency")
    from perf.designed.mlp import MLP, samples
    from perf.designed.train import Data

    torch.set_num_threads(1)
    return MLP(4), Data(samples(4096, 1), samples(1024, 2))


def trained(tiny, runs, **changes):
    from perf.designed.train import train

    return train(*tiny, **({"steps": 16, "batch": 8, "schedule": "cosine", "epochs": 1} | changes), runs=runs)


def test_a_group_trained_twice_gives_the_same_bits(tiny):
    first, second = (trained(tiny, [(5, 0.01), (6, 0.02)]) for _ in range(2))
    assert [r.loss for r in first] == [r.loss for r in second] and first[0].checkpoints == second[0].checkpoints


def test_a_run_does_not_depend_on_its_neighbours(tiny):
    alone, beside = trained(tiny, [(5, 0.01)])[0], trained(tiny, [(9, 5.0), (5, 0.01)])[1]
    assert alone.loss == pytest.approx(beside.loss, rel=1e-4)


def test_repeated_data_is_the_same_items_in_a_new_order(tiny):
    from perf.designed.train import batches

    steps = list(batches([3], 4096, 16, 8, 4))
    epochs = [sorted(np.concatenate([s[0].numpy() for s in steps[i : i + 4]])) for i in range(0, 16, 4)]
    assert all(e == epochs[0] for e in epochs) and len(set(epochs[0])) == 32
    assert steps[0].tolist() != steps[4].tolist()
    with pytest.raises(ValueError, match="not whole epochs"):
        next(batches([3], 4096, 15, 8, 4))


def test_schedules_end_where_they_should():
    pytest.importorskip("torch", reason="torch trains the designed experiment and is not a dependency")
    from perf.designed.train import factor

    assert factor("constant", 99, 100) == 1.0 and factor("cosine", 99, 100) == pytest.approx(0.01, abs=2e-3)
    assert factor("wsd", 50, 100) == 1.0 and factor("wsd", 90, 100) == pytest.approx(0.5) and factor("cosine", 0, 100) == 0.1


def test_training_learns(tiny):
    (run,) = trained(tiny, [(1, 0.05)], steps=256)
    assert run.loss < 0.6 * run.checkpoints[0][1] and 0 < run.loss_se < 0.1


def test_what_is_done_is_not_done_again(tiny, tmp_path):
    from perf.designed import __main__ as command
    from perf.designed.grid import Group
    from perf.designed.store import Store

    group, store = Group("mlp", "tuning", 0, 16, 8, "cosine", 1, ((100, 0.01), (100, 0.02))), Store(tmp_path)
    command.run_group(group, tiny[1], store)
    written = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "mlp").iterdir()}
    assert len(written) == 2 and len(store.table("mlp")) == 2
    command.run_group(group, tiny[1], store)
    assert written == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "mlp").iterdir()}
    first = store.table("mlp")["loss"].tolist()
    next((tmp_path / "mlp").iterdir()).unlink()
    command.run_group(group, tiny[1], store)
    assert store.table("mlp")["loss"].tolist() == first
