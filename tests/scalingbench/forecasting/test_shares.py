"""No forecast of a share lies outside [0, 1], and one that was limited says so; losses are never limited."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.forecasting.cautions import _limited
from scalingbench.forecasting.forecast import forecast, predict
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import Options, read_runs
from scalingbench.forecasting.registering import Question, draft_of, quantiles_of
from scalingbench.forecasting.shares import is_share

PARAMS = np.geomspace(1e7, 1e9, 9)
RISES = 0.2 + 0.08 * np.log(PARAMS / 1e7) + np.random.default_rng(0).normal(0, 0.005, 9)
FAR = {"params": 1e12}


def rising(header="accuracy"):
    return pd.DataFrame({"params": PARAMS, header: RISES})


@pytest.mark.parametrize("predictor", ["log-linear", "gaussian-process", "power-law"])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_forecast_of_a_share_leaves_0_to_1(predictor, sign):
    table = rising().assign(accuracy=lambda t: t["accuracy"] if sign > 0 else 1.0 - t["accuracy"])
    found = predict(make_query(read_runs(table), FAR), predictor)
    shown = [
        found.value,
        *(v for v in (found.low, found.high) if v is not None),
        *(found.own_interval or ()),
        *quantiles_of(found).values(),
    ]
    assert all(0.0 <= v <= 1.0 for v in shown), shown


def test_a_value_that_was_limited_says_so_and_its_interval_has_a_width():
    """The interval lies around the limited value: around 2.8 it would be the point 1."""
    found = forecast(rising(), FAR, predictor="gaussian-process", force=True)
    assert found.value == found.high == 1.0 and found.low < 0.99 and found.given > 1.0
    (told,) = [c for c in found.cautions if c.code == "limited"]
    assert told.level == "warning" and told.message == f"limited to 1: the metric is a share, and gaussian-process gives {found.given:.4g}"
    assert f"warning: {told.message}" in str(found)


def test_an_interval_that_was_limited_says_so():
    found = forecast(rising(), FAR, predictor="autolaw", force=True)
    assert found.value == found.given < 1.0 and found.high == 1.0
    assert "note: the interval is limited to 1: the metric is a share" in str(found)
    inside = forecast(rising(), {"params": 2e9}, predictor="autolaw")
    assert inside.high < 1.0 and "limited" not in str(inside)


def test_a_limited_forecast_is_registered_as_such():
    found = forecast(rising(), FAR, predictor="log-linear", force=True)
    question = Question("lab/accuracy/big", "w", "share", found.data, {"big": FAR})
    assert "limited to [0, 1]: the metric is a share" in draft_of(question, {"big": found}).method
    inside = forecast(rising(), {"params": 2e9}, predictor="log-linear")
    assert "limited" not in draft_of(question, {"big": inside}).method


@pytest.mark.parametrize(
    ("header", "share"),
    [
        *(("accuracy", True), ("val_acc", True), ("error_rate", True), ("pass_rate", True), ("success rate", True), ("pass@1", True)),
        *(("loss", False), ("score", False), ("result", False), ("loss_rate", False), ("bpb", False), ("mse", False), ("passage", False)),
    ],
)
def test_what_is_a_share_is_told_by_its_name_alone(header, share):
    assert is_share(read_runs(rising(header), Options(names={header: "value"}))) is share


def test_values_above_1_are_no_share_whatever_the_name():
    table = rising("pass_rate").assign(pass_rate=lambda t: 3.0 * t["pass_rate"])
    assert not is_share(read_runs(table, Options(names={"pass_rate": "value"})))


def test_a_loss_is_never_limited():
    table = pd.DataFrame({"params": PARAMS, "loss": 0.5 + RISES / 2})
    found = predict(make_query(read_runs(table), FAR), "power-law")
    assert found.value == found.given > 1.0 and found.high > 1.0 and not list(_limited(found, 0.1))
