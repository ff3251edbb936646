"""Laws refitted on the rows they were published for: the authors' numbers, or those of an independent re-run, against ours.

Where ours differ, the test says by how much and why.
"""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.scores.metrics import mape, r2, rmse, rmsle
from scalingbench.predictors.fitting.losses import objective
from scalingbench.predictors.laws.compute import Chinchilla, OverTraining
from scalingbench.predictors.laws.data_constrained import DataConstrained
from scalingbench.predictors.registry import make

pytestmark = pytest.mark.filterwarnings("ignore::scalingbench.common.errors.FitWarning")


def rows(name, metric="loss", **equals):
    table = load_collection(name).table
    keep = (table["metric"] == metric) & table["value"].notna() & (table["flag"] == "")
    for column, value in equals.items():
        keep &= table[column].isna() if value is None else table[column] == value
    return table[keep]


# --- datablations: the notebook of Muennighoff et al. prints the objective and R2 of its published law

PUBLISHED_DATABLATIONS = {
    "E": np.exp(0.6254804),
    "A": np.exp(6.255414),
    "alpha": 0.3526596,
    "B": np.exp(7.3049974),
    "beta": 0.3526596,
    "R_D": 15.387756,
    "R_N": 5.309743,
}


@pytest.fixture(scope="module")
def repeated():
    table = rows("datablations", curve="C4", seed=None)
    assert len(table) == 182
    return table


def test_datablations_published_law_has_the_objective_and_r2_that_its_notebook_prints(repeated):
    columns = (repeated[c].to_numpy() for c in DataConstrained.variables)
    predicted = DataConstrained.formula(*columns, *PUBLISHED_DATABLATIONS.values())
    y = repeated["value"].to_numpy()
    assert objective("huber", np.log(predicted / y), 1e-3).sum() == pytest.approx(0.01582594, rel=2e-6)
    assert r2(y, predicted) == pytest.approx(0.7722046, abs=2e-6)


def test_datablations_without_decay_is_what_the_notebook_prints(repeated):
    N, D = repeated["params"].to_numpy(), repeated["tokens"].to_numpy()
    plain = Chinchilla.formula(N, D, *(PUBLISHED_DATABLATIONS[c] for c in ("E", "A", "alpha", "B", "beta")))
    assert r2(repeated["value"], plain) == pytest.approx(0.4451684, abs=2e-6)


# --- Gadre et al. 2024, Table 6: five training rows per data set

GADRE = {
    "c4": {"E": 1.51, "a": 141, "b": 190, "eta": 0.121},
    "rpj": {"E": 1.84, "a": 212, "b": 367, "eta": 0.136},
    "refinedweb": {"E": 1.73, "a": 157, "b": 246, "eta": 0.127},
}
GADRE_MAPE = {"c4": 0.0208, "rpj": 0.0158, "refinedweb": 0.0177}


@pytest.mark.parametrize("curve", GADRE)
def test_gadre_five_row_fits_are_the_published_constants(curve):
    table = rows("gadre_overtraining", "loss_c4_val", curve=curve)
    train, test = table[table["split"] == "train"], table[table["split"] == "test"]
    assert len(train) == 5
    law = OverTraining(loss="l2", space="linear").fit(train, train["value"])
    for name, value in GADRE[curve].items():
        assert law.params_[name] == pytest.approx(value, abs=0.51 * 10.0 ** -{"E": 2, "a": 0, "b": 0, "eta": 3}[name]), name
    assert mape(test["value"], law.predict(test)) == pytest.approx(GADRE_MAPE[curve], abs=5.1e-5)


# --- Multi-power law: the published split under the simpler law of Tissue et al.

TISSUE_R2 = {"25M": 0.998, "100M": 0.998, "400M": 0.997}


@pytest.mark.parametrize("curve", TISSUE_R2)
def test_multipowerlaw_split_under_lr_annealing(curve):
    """All published test rows count here, also those that repeat training rows (see the card)."""
    table = load_collection("multipowerlaw").table.query("curve == @curve")
    train, test = table[table["split"] == "train"], table[table["split"] == "test"]
    law = make("lr-annealing").fit(train, train["value"])
    assert r2(test["value"], law.predict(test)) == pytest.approx(TISSUE_R2[curve], abs=5.1e-4)


# --- Clark et al. 2022: N <= 370M predicts 1.3B, per router with the dense runs

CLARK_RMSE = {"Hash": 0.041, "RL-R": 0.0425, "S-Base": 0.042}
POWER_R2 = {"Hash": 0.86, "RL-R": 0.90, "S-Base": 0.97}


@pytest.mark.parametrize("router", CLARK_RMSE)
def test_on_clarks_runs_a_power_law_extrapolates_better_than_the_papers_form(router):
    table = rows("routed_lm_moe", "loss_validation", top_k=1, routing_frequency=0.5, seed=42)
    table = table[table["curve"].isin([router, "Dense"])]
    final = table[table["steps"] == table.groupby(["curve", "run"])["steps"].transform("max")]
    train, test = final[final["params"] <= 4e8], final[final["params"] > 4e8]
    assert 46 <= len(train) <= 49 and len(test) == 10
    paper, power = (make(n).set_params(loss="l2").fit(train, train["value"]) for n in ("routed", "moe-power"))
    assert rmse(test["value"], paper.predict(test)) == pytest.approx(CLARK_RMSE[router], abs=2e-3)
    assert r2(test["value"], power.predict(test)) == pytest.approx(POWER_R2[router], abs=6e-3)


# --- Lin et al. 2024: 90 fine-tuning curves


def fine_tuning(largest):
    table = rows("rectified_sft")
    table = table[table["samples"] > 0]
    for _, curve in table.groupby("curve"):
        train, test = curve[curve["samples"] <= largest], curve[curve["samples"] > largest]
        if len(test):
            yield train, test


@pytest.mark.full
def test_the_rectified_law_beats_a_power_law_on_fine_tuning_curves():
    """A re-run recorded for D <= 204,800 a mean relative error of 3.3 % and, for the power law, several times that.

    Ours: 3.3 % and 9.1 %, on 89 of the 90 curves: one has no held-out row left once its copied cells are flagged.
    """
    errors = {"rectified": [], "shifted-power-law": []}
    for train, test in fine_tuning(204800):
        for name, found in errors.items():
            law = make(name).set_params(loss="l2").fit(train[["samples"]], train["value"])
            found.append(mape(test["value"], law.predict(test[["samples"]])))
    assert len(errors["rectified"]) == 89
    assert np.mean(errors["rectified"]) == pytest.approx(0.033, abs=1e-3)
    assert np.mean(errors["shifted-power-law"]) > 2.5 * np.mean(errors["rectified"])


# --- Alabdulmohsin et al. 2022: 92 learning curves; a re-run of the authors' estimators is in the mirror

DOMAINS = {"IC": "error_rate", "NMT": "loss", "LM": "loss_rescaled", "BB": "error_rate_bigbench"}


def mean_errors(name):
    found = {}
    for domain, metric in DOMAINS.items():
        table = rows("revisiting_nsl", metric)
        errors = []
        for _, curve in table.groupby("curve"):
            train, test = curve[curve["split"] == "train"], curve[curve["split"] == "test"]
            law = make(name).fit(train[["tokens"]], train["value"])
            errors.append(rmsle(test["value"], law.predict(test[["tokens"]])))
        found[domain] = float(np.mean(errors))
    return found


@pytest.fixture(scope="module")
def rerun(mirror):
    return pd.read_csv(mirror / "revisiting_nsl" / "raw" / "rerun_rmsle_all_laws.csv").groupby("Domain").mean(numeric_only=True)


def test_m1_has_the_errors_of_the_authors_estimator(rerun):
    assert mean_errors("power-law") == pytest.approx(rerun["M1"].to_dict(), abs=1e-4)


def test_m2_has_the_errors_of_least_squares(rerun):
    """IC .0725, NMT .0482, LM .0011 as the least-squares re-run; the authors' own estimator gives .0823 / .0341 / .0010 / .0148.

    BB is .0100, the re-run .0090: on the two 'unit' curves ours has the lower training error (.0051 and .0069 against .0059
    and .0073), and that optimum predicts worse.
    """
    ours = mean_errors("shifted-power-law")
    expected = {**rerun["M2_lsq"].to_dict(), "BB": 0.0100}
    assert ours == pytest.approx(expected, abs=2e-4)


@pytest.mark.full
def test_m4_is_near_the_authors_estimator(rerun):
    """Ours is the least-squares optimum, theirs an alternating scheme that stops short of it.

    Means over curves: IC .0421 (theirs .0415), NMT .0140 (.0208), LM .0008 (.0009), BB .0083 (.0123).
    """
    ours = mean_errors("m4")
    assert ours["IC"] == pytest.approx(rerun.loc["IC", "M4"], abs=1e-3)
    assert all(ours[d] < rerun.loc[d, "M4"] for d in ("NMT", "LM", "BB"))


@pytest.mark.full
def test_bnsl_with_one_break_has_the_errors_of_least_squares(rerun):
    """IC .0402, NMT .0105 (re-run .0102), LM .0008 as re-run; BB .0177 (.0130): flat optima at f -> 0 that predict apart."""
    ours = mean_errors("bnsl-1")
    assert {d: ours[d] for d in ("IC", "NMT", "LM")} == pytest.approx({d: rerun.loc[d, "BNSL1"] for d in ("IC", "NMT", "LM")}, abs=5e-4)
    assert ours["BB"] < 1.5 * rerun.loc["BB", "BNSL1"]
