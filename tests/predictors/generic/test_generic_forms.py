"""Generic forms with limits, a process around a law, priors on constants, two bounded stages, plain means."""

import warnings

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.autolaw.mean_of_laws import MeanOfLaws
from scalingbench.predictors.generic.law_process import LawProcess
from scalingbench.predictors.generic.regressors import GaussianProcess
from scalingbench.predictors.generic.surfaces import BoundedTwoStage, LinkedLinear
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.priors import ChinchillaWithPrior, ShiftedPowerLawWithPrior
from scalingbench.predictors.registry import make

GRID = pd.DataFrame({"params": np.repeat(np.geomspace(1e7, 1e9, 5), 4), "tokens": np.tile(np.geomspace(1e9, 1e11, 4), 5)})
LOSS = Chinchilla.formula(GRID["params"].to_numpy(), GRID["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
SHARE = 0.25 + 0.75 / (1 + np.exp(4.0 * np.log(LOSS / 2.6)))
FAR = pd.DataFrame({"params": [1e11], "tokens": [1e13]})


def quiet(law, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return law.fit(X, y)


def product(X, floor):
    return floor + 40.0 * X["params"].to_numpy() ** -0.1 * X["tokens"].to_numpy() ** -0.2


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_product_of_powers_above_a_limit_is_found_where_the_limit_is_among_those_tried(share):
    parts = product(GRID, 0.0)
    floor = share / (1 - share) * parts.min()  # so that the floor is this share of the least value
    law = LinkedLinear().fit(GRID, product(GRID, floor))
    assert law.predict(FAR) == pytest.approx(product(FAR, floor), rel=1e-3)
    assert law.limits_[0] == pytest.approx(floor, abs=1e-9)


def test_a_logit_keeps_shares_between_chance_and_the_ceiling():
    law = LinkedLinear("logit").fit(pd.DataFrame({"source_loss": LOSS}), SHARE)
    assert law.limits_ == (0.25, 1.0)
    assert law.predict(pd.DataFrame({"source_loss": [2.6]})) == pytest.approx([0.625], rel=1e-3)
    low, high = law.predict(pd.DataFrame({"source_loss": [1e3, 1e-3]}))
    assert 0.25 <= low < 0.2501 and 0.999 < high <= 1.0


@pytest.mark.parametrize(
    ("link", "y", "message"),
    [
        ("logit", [0.5, 1.5, 0.2], "between 0 and 1"),
        ("log", [1.0, -1.0, 2.0], "row 2: -1.0 must be finite and positive"),
        ("tan", [1.0, 2.0, 3.0], "expected 'log'"),
    ],
)
def test_values_that_a_link_does_not_allow_are_refused(link, y, message):
    with pytest.raises(PredictorError, match=message):
        LinkedLinear(link).fit(GRID.head(3), y)


def test_a_process_around_a_law_follows_the_rows_near_and_the_law_far():
    """The law is Chinchilla's; one bump that no law knows is learnt, and forgotten far out, where a plain process keeps its line."""
    rows = pd.DataFrame({"params": np.repeat(np.geomspace(1e7, 1e9, 12), 8), "tokens": np.tile(np.geomspace(1e9, 1e11, 8), 12)})
    bump = 0.05 * np.exp(-0.5 * (np.log(rows["params"] / 1e8) / 1.0) ** 2 - 0.5 * (np.log(rows["tokens"] / 1e10) / 1.0) ** 2)
    y = Chinchilla.formula(rows["params"], rows["tokens"], 1.7, 400.0, 0.34, 1500.0, 0.37).to_numpy() * np.exp(bump.to_numpy())
    law = quiet(LawProcess(), rows, y)
    alone = law.law_.predict(rows)
    assert np.abs(np.log(law.predict(rows) / y)).max() < 0.3 * np.abs(np.log(alone / y)).max()
    assert law.predict(FAR) == pytest.approx(law.law_.predict(FAR), rel=1e-4)
    assert law.predict(FAR) != pytest.approx(quiet(GaussianProcess(), rows, y).predict(FAR), rel=1e-3)
    assert law.predict(GRID.assign(params=np.nan)) is not None  # a column may be missing on held-out rows


@pytest.mark.parametrize(
    ("columns", "y", "kind"),
    [(["params", "tokens"], LOSS, "Chinchilla"), (["params"], LOSS, "ShiftedPowerLaw"), (["params", "tokens"], SHARE, "LinkedLinear")],
)
def test_the_law_of_a_process_follows_from_the_variables_and_the_values(columns, y, kind):
    one, two = LawProcess().fit_many([GRID[columns], GRID[columns].head(12)], [y, y[:12]])
    assert type(one.law_).__name__ == type(two.law_).__name__ == kind
    assert one.predict(GRID) == pytest.approx(quiet(LawProcess(), GRID[columns], y).predict(GRID), rel=1e-6)


def test_a_prior_decides_what_few_rows_leave_open_and_yields_to_many():
    """Three rows of a power law leave the floor open: with the prior it is near its mean, in units of the middle response."""
    x = pd.DataFrame({"tokens": np.geomspace(1e6, 1e7, 3)})
    y = 3.0 * (x["tokens"].to_numpy() / 1e6) ** -0.05
    free = quiet(make("shifted-power-law"), x, y)
    tied = quiet(ShiftedPowerLawWithPrior(loss="l2"), x, y)
    middle = np.exp(np.log(y).mean())
    mean, spread = ShiftedPowerLawWithPrior.prior["E"]
    assert abs(tied.params_["E"] / middle - mean) < spread and abs(tied.params_["E"] / middle - mean) < abs(
        free.params_["E"] / middle - mean
    )
    many = quiet(ChinchillaWithPrior(loss="l2"), GRID, LOSS)
    assert many.params_ == pytest.approx({"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}, rel=0.05)


def test_many_data_sets_with_a_prior_are_fitted_together_as_they_are_alone():
    law = ChinchillaWithPrior(loss="l2")
    noisy = LOSS * np.exp(np.random.default_rng(3).normal(0, 0.01, len(LOSS)))
    together = law.fit_many([GRID, GRID.head(9)], [noisy, noisy[:9]])
    for found, n in zip(together, (20, 9), strict=True):
        assert found.predict(FAR) == pytest.approx(quiet(ChinchillaWithPrior(loss="l2"), GRID.head(n), noisy[:n]).predict(FAR), rel=1e-4)


def test_two_bounded_stages_use_a_measured_loss_and_predict_one_that_was_not_measured():
    rows = GRID.assign(source_loss=LOSS)
    law = quiet(BoundedTwoStage(), rows, SHARE)
    loss = Chinchilla.formula(FAR["params"].to_numpy(), FAR["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
    expected = 0.25 + 0.75 / (1 + np.exp(4.0 * np.log(loss / 2.6)))
    both = pd.concat([FAR, FAR.assign(source_loss=2.6)], ignore_index=True)
    assert law.predict(both) == pytest.approx([expected[0], 0.625], abs=2e-3)
    assert law.predict(FAR) == pytest.approx(expected, abs=2e-3)
    for X, y, message in ((GRID, SHARE, "two stages need"), (rows, LOSS, "between 0 and 1")):
        with pytest.raises(PredictorError, match=message):
            BoundedTwoStage().fit(X, y)


def test_without_a_variable_of_scale_two_bounded_stages_ask_for_the_loss():
    law = quiet(BoundedTwoStage(), pd.DataFrame({"source_loss": LOSS}), SHARE)
    assert law.predict(pd.DataFrame({"source_loss": [2.6]})) == pytest.approx([0.625], abs=2e-3)
    with pytest.raises(PredictorError, match="row 2 has no source_loss"):
        law.predict(pd.DataFrame({"source_loss": [2.6, np.nan]}))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_the_plain_mean_is_of_the_laws_alone(statistic, registered):
    registered("chinchilla[l2-log]", "kaplan", "compute-only", "log-linear", "gaussian-process")
    law = quiet(MeanOfLaws(statistic), GRID, LOSS)
    assert set(law.laws_) == {"chinchilla[l2-log]", "kaplan", "compute-only"}
    logs = [np.log(quiet(make(name), GRID, LOSS).predict(FAR)[0]) for name in law.laws_]
    assert law.predict(FAR) == pytest.approx(np.exp(np.mean(logs) if statistic == "mean" else np.median(logs)), rel=1e-3)
    again = MeanOfLaws(statistic).fit_many([GRID], [LOSS])[0]
    assert again.predict(FAR) == pytest.approx(law.predict(FAR), rel=1e-6)


def test_a_form_that_pools_does_not_count_beside_the_form_itself_in_the_plain_mean(registered):
    registered("chinchilla[l2-log]", "chinchilla[pooled]", "kaplan", "compute-only")
    assert set(quiet(MeanOfLaws(), GRID, LOSS).laws_) == {"chinchilla[l2-log]", "kaplan", "compute-only"}


def test_where_there_are_few_laws_generic_forms_stand_in(registered):
    registered("log-linear", "log-linear[floor]", "nearest-observation")
    rows = GRID.rename(columns={"params": "width"})
    assert set(quiet(MeanOfLaws(), rows, LOSS).laws_) == {"log-linear", "log-linear[floor]", "nearest-observation"}
    with pytest.raises(PredictorError, match="expected 'mean' or 'median'"):
        MeanOfLaws("mode").fit(GRID, LOSS)
