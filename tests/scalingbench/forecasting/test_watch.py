"""Watch: the end of a training run from its evaluations so far."""

import io
import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench
from scripts import perf_module

from scalingbench.common.errors import InputError
from scalingbench.forecasting.curve_ensemble import forecast_end
from scalingbench.forecasting.curve_laws import Curve, like_finished
from scalingbench.forecasting.examples import example_text
from scalingbench.forecasting.hugging_face import watch_callback
from scalingbench.forecasting.importers.tensorboard import import_event_history
from scalingbench.forecasting.importers.wandb import import_wandb_history
from scalingbench.forecasting.rate_schedules import parse_schedule, schedule_of
from scalingbench.forecasting.watch import watch

END = 10_000.0
STEPS = np.arange(250.0, 10_001.0, 250.0)


def loss_at(share, gain=0.0, rate=1.0):
    """A power of the steps above 2, and a gain from the fall of the rate."""
    return 2.0 + 0.5 * np.asarray(share) ** -0.3 - gain * (1.0 - rate)


def table_of(upto, **columns):
    known = upto * END + 1 >= STEPS
    table = pd.DataFrame({"step": STEPS, "eval_loss": loss_at(STEPS / END), **columns})
    return table[known]


def state_of(upto, **more):
    log = [{"step": int(s), "epoch": s / END, "learning_rate": 3e-4, "loss": 9.0} for s in STEPS if s <= upto * END]
    log += [{"step": int(s), "epoch": s / END, "eval_loss": float(loss_at(s / END))} for s in STEPS if s <= upto * END]
    return {"global_step": int(upto * END), "epoch": upto, "max_steps": int(END), "log_history": log, **more}


def test_a_noiseless_power_of_steps_is_forecast_at_half_of_the_run():
    found = watch(table_of(0.5), until=END)
    assert found.last.value == pytest.approx(loss_at(1.0), rel=4e-3)
    assert found.last.low < loss_at(1.0) < found.last.high
    assert found.remaining[0] == pytest.approx(1 - found.last.value / found.last.measured)


def test_every_evaluation_has_the_forecast_that_its_prefix_gives():
    found = watch(table_of(0.5), until=END)
    early = found.evaluations[3]
    alone = watch(table_of(early.at / END), until=END)
    assert (alone.last.value, alone.last.low) == (early.value, early.low) and len(found.evaluations) <= 10 and found.last.at == 5000


def test_the_rest_of_a_schedule_changes_the_forecast():
    held, falling = (watch(table_of(0.5, learning_rate=1e-3), until=END, schedule=s) for s in ("constant", "wsd=0.8"))
    assert falling.last.value < 0.98 * held.last.value
    assert "power of steps" in held.last.weights and "power of steps" not in falling.last.weights


def test_a_schedule_is_told_by_the_logged_rates():
    shares = STEPS[:20] / END
    for name in ("cosine", "linear", "cosine:0.1"):
        told = schedule_of(STEPS[:20], 3e-4 * parse_schedule(name).at(shares), END, None)
        assert told.what == f"logged, then {name}" and told.known
    held = schedule_of(STEPS[:20], np.full(20, 3e-4), END, None)
    assert not held.known and held.rates[-1] == 3e-4
    codes = [c.code for c in watch(table_of(0.5, learning_rate=1e-3), until=END).cautions]
    assert codes == ["schedule-held"]
    assert [c.code for c in watch(table_of(0.5), until=END).cautions] == ["no-schedule"]


def test_a_warm_up_counts_as_no_fall_of_the_rate():
    rates = np.minimum(STEPS / 2000.0, 1.0) * 1e-3
    told = schedule_of(STEPS, rates, END, None)
    assert told.drop(STEPS).max() == 0.0
    assert np.all(np.diff(told.progress(STEPS)) > 0) and told.progress(np.array([END]))[0] == 1.0


def test_finished_runs_show_a_decay_that_the_rows_so_far_do_not():
    rate = parse_schedule("wsd=0.8").at(STEPS / END)
    full = loss_at(STEPS / END, 0.1, rate)
    others = pd.concat([pd.DataFrame({"run": f"r{i}", "step": STEPS / 2, "eval_loss": (1.1 + i / 10) * full}) for i in range(3)])
    half = pd.DataFrame({"step": STEPS[:20], "eval_loss": full[:20]})
    alone, given = watch(half, until=END), watch(half, until=END, finished=others)
    assert given.finished == 3 and given.last.weights["like finished runs"] > 0.9
    assert abs(given.last.value / full[-1] - 1) < 1e-3 < abs(alone.last.value / full[-1] - 1)


def test_no_row_after_an_evaluation_is_read():
    seen = Curve("a", STEPS, loss_at(STEPS / END), END)
    changed = Curve("a", STEPS, np.where(STEPS > 5000, 99.0, loss_at(STEPS / END)), END)
    assert forecast_end(seen.upto(5000)) == forecast_end(changed.upto(5000))
    assert like_finished(seen.upto(5000), END, ()) is None


def test_little_left_is_said_by_the_threshold():
    table = table_of(0.95)
    strict, loose = (watch(table, until=END, threshold=t) for t in (1e-5, 0.05))
    assert not strict.little_left and loose.little_left
    assert "above the threshold" in str(strict) and "below the threshold" in str(loose)


def test_an_accuracy_is_forecast_as_its_error():
    table = pd.DataFrame({"step": STEPS[:20], "accuracy": 1.0 - loss_at(STEPS[:20] / END) / 5})
    found = watch(table, until=END)
    assert found.last.measured < found.last.low < found.last.value < found.last.high < 1.0
    assert found.last.value == pytest.approx(1 - loss_at(1.0) / 5, abs=5e-3) and 0 < found.remaining[1] < found.remaining[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"--until: is required, the steps at which training ends"),
        ({"until": 100.0}, "--until: 100 steps is before the last evaluation, at 5000"),
        ({"until": END, "schedule": "cosin"}, "--schedule: unknown schedule 'cosin'; did you mean 'cosine'"),
        ({"until": END, "schedule": "wsd=1.5"}, r"--schedule: expected a share from 0 to below 1, got 'wsd=1.5'"),
        ({"until": END, "threshold": 0.0}, "--threshold: expected a positive number, got 0.0"),
        ({"until": END, "finished": pd.DataFrame({"step": [1, 2], "eval_loss": [3, 2]})}, "--with: the table: no run has 4 evaluations"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(options, message):
    with pytest.raises(InputError, match=message):
        watch(table_of(0.5), **options)


def test_too_few_evaluations_and_no_clock_are_refused():
    with pytest.raises(InputError, match="3 evaluations before the end of training: a forecast needs 4"):
        watch(table_of(0.075), until=END)
    with pytest.raises(InputError, match="no column of steps or tokens orders the evaluations; name it with --map HEADER=steps"):
        watch(pd.DataFrame({"eval_loss": [3.0, 2.5, 2.2, 2.1]}), until=END)
    two = pd.concat([table_of(0.5).assign(run=name) for name in "ab"])
    with pytest.raises(InputError, match="several of run: a, b; choose one with --run"):
        watch(two, until=END)
    assert watch(two, until=END, name="b").run == "b"


def test_the_state_of_the_trainer_gives_rates_and_the_end(tmp_path):
    (tmp_path / "trainer_state.json").write_text(json.dumps(state_of(0.5)))
    for source in (tmp_path, tmp_path / "trainer_state.json"):
        found = watch(source)
        assert (found.end, found.clock, found.schedule) == (END, "steps", "logged, then constant")
        assert found.last.value == pytest.approx(loss_at(1.0), rel=4e-3)


def test_tensorboard_has_a_row_for_every_measured_step(tmp_path):
    pytest.importorskip("tensorboard")
    writer = pytest.importorskip("tensorboardX").SummaryWriter(str(tmp_path / "a"))
    for step in (10, 20, 30):
        writer.add_scalar("train/lr", 1e-3, step)
        writer.add_scalar("eval/loss", 3.0 - step / 100, step)
    writer.close()
    rows = import_event_history(tmp_path, sorted(tmp_path.rglob("*.tfevents.*")))
    assert rows["step"].tolist() == [10, 20, 30] and rows["eval/loss"].round(3).tolist() == [2.9, 2.8, 2.7]
    assert rows["train/lr"].round(6).tolist() == [1e-3] * 3


def test_weights_and_biases_has_a_row_for_every_logged_step(tmp_path):
    wandb = pytest.importorskip("wandb")
    run = wandb.init(project="p", config={"n": 7}, mode="offline", dir=str(tmp_path), settings=wandb.Settings(silent=True, console="off"))
    for step in (10, 20, 30):
        run.log({"eval_loss": 3.0 - step / 100}, step=step)
    run.finish()
    wandb.teardown()  # the file is written by another process, which finish does not wait for
    rows = import_wandb_history(tmp_path, sorted(tmp_path.rglob("*.wandb")))
    assert rows["step"].tolist() == [10, 20, 30] and rows["eval_loss"].tolist() == [2.9, 2.8, 2.7] and rows["n"].tolist() == [7] * 3


def test_the_command_prints_the_forecast_and_its_envelope(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.csv").write_text(example_text("training-curve"))
    (tmp_path / "half.csv").write_text(example_text("training-curve"))
    data = data_of(scalingbench("watch", "run.csv", "--until", "8000", "--with", "half.csv", "--json"), "watch")
    assert data["schedule"] == "logged, then cosine" and data["finished"] == 1 and data["evaluations"][-1]["at"] == 4000
    refused = scalingbench("watch", "run.csv", "--until", "x")
    assert refused.returncode == 2 and "--until: expected a positive number" in refused.stderr and not refused.stdout


def test_the_example_is_of_the_stated_law():
    maker = perf_module("examples")
    found = watch(pd.read_csv(io.StringIO(example_text("training-curve"))), until=8000)
    assert found.last.value == pytest.approx(maker.curve_law(1.0), rel=0.02)


def test_the_callback_says_a_forecast_and_never_stops_training(monkeypatch):
    fake = ModuleType("transformers")
    fake.__spec__ = ModuleSpec("transformers", None)
    fake.TrainerCallback = type("TrainerCallback", (), {})
    monkeypatch.setitem(sys.modules, "transformers", fake)
    said = []
    callback = watch_callback(say=said.append, schedule="constant")
    callback.on_evaluate(None, SimpleNamespace(**state_of(0.05)), None)
    assert callback.latest is None and "no forecast yet: " in said[-1]
    callback.on_evaluate(None, SimpleNamespace(**state_of(0.5)), None)
    assert callback.latest.last.at == 5000 and said[-1].startswith("loss at the end: 2.5")


def test_the_callback_needs_transformers(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setattr("scalingbench.common.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"watch_callback needs transformers: pip install 'scalingbench\[transformers\]'"):
        watch_callback()
