import warnings
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from scalingbench.common.errors import FitWarning, PredictorError
from scalingbench.predictors.generic.nearest import MeanPredictor, NearestNeighbor, NearestObservation
from scalingbench.predictors.generic.regressors import GaussianProcess, GradientBoosting, LogLinear
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible

ALL = [MeanPredictor(), NearestObservation(), NearestNeighbor(), LogLinear(), GaussianProcess(), GradientBoosting(n_estimators=20)]
RNG = np.random.default_rng(0)
X = pd.DataFrame({"params": 10 ** RNG.uniform(7, 10, 60), "tokens": 10 ** RNG.uniform(9, 12, 60)})
Y = 50.0 * X["params"].to_numpy() ** -0.1 * X["tokens"].to_numpy() ** -0.05


def ids(models):
    return [type(m).__name__ for m in models]


def test_nearest_neighbor_agrees_with_a_search_by_hand():
    query = pd.DataFrame({"params": [3e7, 5e9], "tokens": [1e10, 9e11]})
    model = NearestNeighbor().fit(X, Y)
    logs, at = np.log(X.to_numpy()), np.log(query.to_numpy())
    expected = [Y[np.argmin(((logs - q) ** 2).sum(axis=1))] for q in at]
    assert np.allclose(model.predict(query), expected)
    assert np.allclose(model.predict(X), Y)


def test_ties_are_averaged_whatever_the_order_of_rows():
    rows = pd.DataFrame({"x": [1.0, 1.0, 100.0]})
    for order in ([0, 1, 2], [2, 1, 0]):
        model = NearestNeighbor().fit(rows.iloc[order], np.array([1.0, 3.0, 9.0])[order])
        assert model.predict(pd.DataFrame({"x": [1.0, 10.0]})) == pytest.approx([2.0, 13.0 / 3.0])


def test_beyond_the_range_the_nearest_observation_is_the_largest_run():
    largest = np.log(X).sum(axis=1).to_numpy().argmax()
    beyond = pd.DataFrame({"params": [1e13], "tokens": [1e15]})
    assert NearestObservation().fit(X, Y).predict(beyond) == pytest.approx(Y[largest])


def test_log_linear_recovers_a_power_law():
    model = LogLinear().fit(X, Y)
    assert model.params_["params"] == pytest.approx(-0.1) and model.params_["tokens"] == pytest.approx(-0.05)
    beyond = pd.DataFrame({"params": [1e12], "tokens": [1e13]})
    assert model.predict(beyond) == pytest.approx(50.0 * 1e12**-0.1 * 1e13**-0.05)


def test_the_process_interpolates_and_knows_less_far_away():
    model = GaussianProcess().fit(X, Y * np.exp(0.01 * RNG.standard_normal(60)))
    assert np.abs(np.log(model.predict(X) / Y)).mean() < 0.01
    near, far = X.head(1), pd.DataFrame({"params": [1e16], "tokens": [1e18]})
    width = [float(np.diff(np.log(model.predict_quantiles(rows, [0.1, 0.9])))[0, 0]) for rows in (near, far)]
    assert 0 < width[0] <= width[1]


def test_many_rows_are_thinned_over_their_whole_range():
    many = pd.DataFrame({"x": np.logspace(3, 9, 1500)})
    model = GaussianProcess(max_rows=50).fit(many, 9.0 * many["x"].to_numpy() ** -0.2)
    assert len(model._process.X_train_) == 50
    assert np.allclose(model.predict(many), 9.0 * many["x"].to_numpy() ** -0.2, rtol=1e-2)


@pytest.mark.parametrize("model", ALL, ids=ids(ALL))
def test_columns_are_found_by_name_and_text_is_ignored(model):
    fitted = clone(model).fit(X.assign(run="a"), Y)
    assert np.array_equal(fitted.predict(X[["tokens", "params"]]), fitted.predict(X.assign(run="b", more=1.0)))
    if not isinstance(model, MeanPredictor):
        with pytest.raises(PredictorError, match="column 'tokens' is missing"):
            fitted.predict(X[["params"]])


@pytest.mark.parametrize("model", ALL, ids=ids(ALL))
@pytest.mark.parametrize("case", ["one row", "constant column", "zeros", "repeated rows"])
def test_awkward_data_still_give_finite_positive_predictions(model, case):
    rows, values = {
        "one row": (X.head(1), Y[:1]),
        "constant column": (X.assign(params=1e9), Y),
        "zeros": (X.assign(params=np.where(np.arange(60) < 5, 0.0, X["params"])), Y),
        "repeated rows": (pd.concat([X.head(5)] * 4), np.tile(Y[:5], 4)),
    }[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prediction = clone(model).fit(rows, values).predict(X)
    assert prediction.shape == (60,) and np.isfinite(prediction).all() and (prediction > 0).all()


class OneVariable(ParametricLaw):
    """A law without opinions on column names, for scikit-learn's checks."""

    variables = None
    parameters = (irreducible("E"), amplitude("A", x="b"), exponent("b"))

    def inputs(self, X):
        columns = [X[c].to_numpy(float) for c in self.columns_]
        return (np.exp(np.mean(columns, axis=0) / 10.0),)

    @staticmethod
    def formula(x, E, A, b):
        return E + A * x**-b

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # a decreasing curve of the mean column is no model of the check's data
        return tags


# a process costs the cube of its rows, and the checks are of conventions: few rows will do
CHECKED = [m.set_params(max_rows=50) if isinstance(m, GaussianProcess) else m for m in map(clone, ALL)]


LONG = ("GaussianProcess", "OneVariable")


@pytest.mark.parametrize(
    "model",
    [pytest.param(m, id=(n := type(m).__name__), marks=[pytest.mark.full] * (n in LONG)) for m in (*CHECKED, OneVariable(n_starts=4))],
)
def test_scikit_learns_checks(model):
    failed = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for instance, check in estimator_checks_generator(model):
            try:
                check(instance)
            except SkipTest:
                continue
            except Exception as error:
                failed[getattr(check, "func", check).__name__] = repr(error)[:300]
    assert not failed


def test_warnings_are_of_a_class_of_their_own():
    assert issubclass(FitWarning, UserWarning) and issubclass(PredictorError, ValueError)
