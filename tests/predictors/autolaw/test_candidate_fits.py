"""How a candidate is put on trial: what it is fitted to and handed over, and how its errors are measured."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stub_laws import Batch, Stub, stub, truth

from scalingbench.predictors.autolaw.backtest import Backtest, DataSet, fit_candidates

X = pd.DataFrame({"x": 2.0 ** np.arange(8)})
Y = np.exp(truth(X))
TEST = Backtest("x", np.arange(5), np.array([5, 7]))


class Recording:
    """Predicts a constant and remembers how many rows it was handed."""

    def __init__(self, value):
        self.value, self.handed = value, []

    def predict(self, X):
        self.handed.append(len(X))
        return np.full(len(X), self.value)


def test_errors_are_of_logarithms_or_of_values():
    logs, values = np.log(0.5) - np.log(Y[[5, 7]]), 0.5 - Y[[5, 7]]
    for log, off in ((True, logs), (False, values)):
        assert DataSet(X, Y, log, (TEST,)).residuals(Recording(0.5), TEST, X) == pytest.approx(off)


def test_rows_of_runs_are_handed_over_together_and_others_alone():
    for rows, handed in ((X, 2), (X.assign(run="a"), 8)):
        model = Recording(0.5)
        residuals = DataSet(rows, Y, True, (TEST,)).residuals(model, TEST, rows)
        assert model.handed == [handed] and residuals == pytest.approx(np.log(0.5) - np.log(Y[[5, 7]]))


@pytest.mark.parametrize(
    ("y", "log"),
    [
        (Y, True),  # losses fall
        (Y - 0.5, False),  # some are not positive
        (0.9 - Y / 2, False),  # shares that rise
        (1.5 - Y, True),  # they rise, but are no shares
        (np.full(8, 0.5), False),  # neither rising nor falling: no correlation, which is a warning and not a number
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_logarithms_are_taken_of_positive_values_but_for_shares_that_rise_with_scale(y, log):
    assert DataSet.of(X, y).log == log
    narrow = pd.DataFrame({"x": 1.0 + np.arange(8) / 10})
    assert DataSet.of(narrow, y).log == log


def test_without_a_scale_positive_values_are_averaged_as_logarithms():
    assert DataSet.of(pd.DataFrame({"mix_web": np.linspace(0.1, 0.8, 8)}), 0.9 - Y / 2).log
    assert DataSet.of(pd.DataFrame({"x": np.ones(8)}), 0.9 - Y / 2).log


def test_a_candidate_is_fitted_to_all_rows_and_to_the_lower_rows_of_every_backtest(registered):
    registered(stub("law", offsets={8: 0.8, 5: 0.5}))
    before = Stub.fits
    (trials,) = fit_candidates([DataSet.of(X, Y)])
    trial = trials.by_name["law"]
    assert Stub.fits - before == 1 + len(trials.data.backtests) == 7
    assert trial.model.offset_ == 0.8 and trials.axes == ("x", "interpolation")
    assert trials.errors("x") == {"law": pytest.approx([0.0, 0.5, 0.0], abs=1e-12)}


def test_laws_of_one_form_are_fitted_in_one_call_and_one_by_one_where_that_fails(registered):
    for otherwise in (0.0, 0.3):
        registered(replace(stub("batch", otherwise=otherwise), target="stub_laws:Batch"))
        Batch.calls = 0
        first, second = fit_candidates([DataSet.of(X, Y), DataSet.of(X.head(6), Y[:6])])
        assert Batch.calls == 1
        assert type(first.by_name["batch"].model) is (Batch if otherwise else Stub)
        assert second.by_name["batch"].model is not None
