"""Every reason not to believe a forecast is given where it holds, and not where it does not."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from command import error_of, scalingbench

from scalingbench.forecasting import calibration
from scalingbench.forecasting.cautions import Refused, _one_ray, data_cautions, expected_error
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.predictors.laws.compute import Chinchilla

TARGET = {"params": 4e9, "tokens": 8e10}


def loss(N, D):
    return Chinchilla.formula(np.asarray(N), np.asarray(D), 1.69, 406.4, 0.34, 410.7, 0.28)


@pytest.fixture
def table():
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 6), np.geomspace(1e9, 2e10, 5)))
    noise = np.random.default_rng(0).normal(0, 0.003, len(N))
    return pd.DataFrame({"params": N, "tokens": D, "value": loss(N, D) * np.exp(noise)})


def found(table, target=None, level=None):
    cautions = data_cautions(make_query(read_runs(table), target or TARGET))
    return {c.code: c for c in cautions if level in (None, c.level)}


def test_a_sound_design_has_no_warning(table):
    assert not found(table, level="warning") and not found(table, level="refusal")


def test_reach_is_told_by_axis_and_in_compute(table):
    assert "4 times the largest run's" in found(table)["reach"].message
    far = found(table, {"params": 1e11, "tokens": 2e10}, level="warning")
    assert "params: the target is 100 times" in far["reach"].message and "reach-compute" not in far
    far = found(table, {"params": 2.5e10, "tokens": 5e11}, level="warning")
    assert "625 times the compute" in far["reach-compute"].message and "reach" not in far


@pytest.mark.parametrize("unit", [1e6, pytest.param(1e9, marks=pytest.mark.full)])
def test_a_slip_of_unit_is_refused_with_the_unit_that_would_fit(table, unit, tmp_path):
    slipped = table.assign(params=table["params"] / unit)
    caution = found(slipped, level="refusal")["units"]
    assert f"--unit params={unit:.0e}" in caution.message
    with pytest.raises(Refused, match="--force"):
        forecast(slipped, TARGET)
    forced = forecast(slipped, TARGET, predictor="chinchilla[huber-log]", force=True)
    assert "units" in [c.code for c in forced.cautions if c.level == "refusal"] and not forced.believable
    healed = forecast(slipped, TARGET, predictor="chinchilla[huber-log]", units={"params": unit})
    assert healed.value == pytest.approx(float(loss(4e9, 8e10)), rel=0.02) and "units" not in [c.code for c in healed.cautions]


def test_a_refusal_is_in_the_json_too(table, tmp_path):
    table.assign(params=table["params"] / 1e6).to_csv(tmp_path / "slip.csv", index=False)
    done = scalingbench("forecast", "slip.csv", "--target", "params=4e9,tokens=8e10", "--json", cwd=tmp_path)
    said = error_of(done, "forecast")
    assert said["message"].startswith("refused: params: the target is")
    assert said["cautions"][0]["level"] == "refusal" and said["data"]["rows_kept"] == 30


def test_compute_that_is_not_6ND_is_told(table):
    flops = 6 * table["params"] * table["tokens"]
    assert "flops" not in found(table.assign(flops=flops))
    assert found(table.assign(flops=flops / 6))["flops"].level == "note"
    assert found(table.assign(flops=flops * 1e6))["flops"].level == "warning"


def test_an_axis_that_never_varied_is_refused_unless_the_target_keeps_to_it(table):
    one = table.assign(tokens=1e10)
    assert "the runs do not show the effect of that" in found(one, level="refusal")["never-varied"].message
    assert found(one, {"params": 4e9, "tokens": 1e10})["never-varied"].level == "note"


def test_two_rungs_show_no_curvature(table):
    two = table[table["tokens"].isin(table["tokens"].unique()[:2])]
    assert found(two)["rungs"].message.startswith("tokens has 2 values")


def test_axes_that_grew_together_are_told(table):
    locked = pd.DataFrame({"params": np.geomspace(1e7, 1e9, 9)}).assign(tokens=lambda t: 20 * t["params"])
    locked["value"] = loss(locked["params"], locked["tokens"])
    assert found(locked, {"params": 4e9, "tokens": 8e10})["locked"].level == "note"
    assert "off that line by 10 times in tokens" in found(locked, {"params": 4e9, "tokens": 8e11}, level="warning")["locked"].message


def on_one_ray(table):
    locked = pd.DataFrame({"params": np.geomspace(1e7, 1e9, 9)}).assign(tokens=lambda t: 20 * t["params"])
    return locked.assign(value=loss(locked["params"], locked["tokens"]))


@pytest.mark.parametrize(("error", "fails"), [(0.4, True), (0.1, False)])
def test_one_ray_with_a_failing_back_test_warns_and_widens(table, error, fails, monkeypatch):
    ensemble = SimpleNamespace(beyond=1.0, backtest_of=lambda _: error / 2, backtest=error / 2)
    monkeypatch.setattr(calibration, "back_tested", lambda *_: ensemble)
    for rows, ray in ((on_one_ray(table), True), (table, False)):
        query = make_query(read_runs(rows), TARGET)
        perfect = SimpleNamespace(predict=lambda X, y=query.y: y)
        width = calibration.least_width(query, "chinchilla[huber-log]", perfect)
        assert width == pytest.approx(1.2816 * error if fails and ray else 0.0)
        told = list(_one_ray(SimpleNamespace(query=query, ensemble=ensemble, backtest=error / 2), 0.1))
        assert [(c.level, c.code) for c in told] == ([("warning", "one-ray")] if fails and ray else [])


def repeated(unique):
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 4), [1e9, 2e9, 4e9, 8e9]))
    return pd.DataFrame({"params": N, "tokens": D, "unique_tokens": unique, "value": loss(N, D)})


def test_past_four_epochs_is_a_warning_unless_runs_saw_as_many():
    at = {"params": 4e9, "unique_tokens": 1e9}
    runs = repeated(1e9)
    assert "sees each token 16 times, the runs at most 8 times" in found(runs, {**at, "tokens": 1.6e10}, "warning")["repeats"].message
    assert found(runs, {**at, "tokens": 8e9})["repeats"].level == "note"
    assert "repeats" not in found(runs, {**at, "tokens": 4e9})


def test_unique_tokens_are_kept_where_one_set_is_repeated_to_varied_degrees():
    at = {"params": 4e9, "tokens": 1.6e10, "unique_tokens": 1e9}
    assert make_query(read_runs(repeated(1e9)), at).variables == ("params", "tokens", "unique_tokens")
    assert "never-varied" in found(repeated(1e9), {**at, "unique_tokens": 1e10}, "refusal")
    alike = repeated(1e9).assign(tokens=lambda t: t["unique_tokens"])
    assert make_query(read_runs(alike), {**at, "tokens": 1e9}).variables == ("params",)


def test_a_column_that_explains_the_rest_is_told(table):
    rng = np.random.default_rng(1)
    lr = rng.choice([1e-4, 3e-4, 1e-3], len(table))
    swept = table.assign(learning_rate=lr, value=table["value"] * (1 + 0.05 * np.abs(np.log10(lr / 3e-4))))
    assert "learning_rate varies (3 values)" in found(swept, level="warning")["left-out"].message
    assert found(table.assign(learning_rate=lr))["left-out"].level == "note"
    arch = rng.choice(["a", "b"], len(table))
    mixed = table.assign(arch=arch, value=table["value"] * np.where(arch == "a", 1.0, 1.1))
    assert "--where arch=... keeps one" in found(mixed, level="warning")["left-out"].message


def test_few_rows_are_told(table):
    assert "few-rows" in found(table.sample(5, random_state=0), level="warning")


def test_a_law_that_breaks_beyond_the_runs_is_doubted(table):
    """Half of the runs lie beyond a break: back-tests see it, and laws disagree on what follows."""
    scale = np.log10(table["params"] * table["tokens"])
    broken = table.assign(value=table["value"] * (1 + 0.6 / (1 + np.exp(-6 * (scale - np.median(scale))))))
    sound, doubted = forecast(table, TARGET), forecast(broken, TARGET)
    assert sound.believable
    assert {"back-test", "disagreement", "wide", "single-runs"} & {c.code for c in doubted.cautions if c.level == "warning"}


@pytest.mark.parametrize(("beyond", "error"), [(0.2, 0.03), (0.5, 0.03), (1.0, 0.06), (2.0, 0.12)])
def test_the_back_test_error_grows_in_proportion_beyond_half_the_range_of_the_runs(beyond, error):
    assert expected_error(SimpleNamespace(backtest=0.03, ensemble=SimpleNamespace(beyond=beyond))) == pytest.approx(error)


def test_a_law_whose_intervals_do_not_hold_is_named_and_widened(table):
    fixed = forecast(table, TARGET, predictor="chinchilla[huber-log]")
    assert "intervals" in [c.code for c in fixed.cautions] and fixed.evidence.coverage < 0.6
    own_low, own_high = fixed.own_interval
    assert fixed.low < own_low < fixed.value < own_high < fixed.high


def test_the_tolerance_is_the_users(table):
    assert forecast(table, TARGET).believable
    assert not forecast(table, TARGET, tolerance=0.001).believable
