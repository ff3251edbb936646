"""An answer depends on the set of rows alone; tables of many rows are thinned by a stated rule."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.forecasting import rows as rows_module
from scalingbench.forecasting.allocate import allocate
from scalingbench.forecasting.ensemble import back_tested
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.plan import plan
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.rows import THINNED_TO, thin

AT = {"params": 2e9, "tokens": 4e10}
LAW = "chinchilla[huber-log]"


def noisy(seed, n=21):
    rng = np.random.default_rng(seed)
    N, ratio = np.exp(rng.uniform(np.log(2e7), np.log(4e8), n)), np.exp(rng.uniform(np.log(5), np.log(80), n))
    value = (1.7 + 400 * N**-0.34 + 1500 * (N * ratio) ** -0.37) * np.exp(rng.normal(0, 0.004, n))
    table = pd.DataFrame({"params": N, "tokens": N * ratio, "value": value, "run": [f"r{i}" for i in range(n)]})
    return pd.concat([table, table.iloc[:2].assign(value=lambda t: t["value"] * 1.003, run=["s0", "s1"])], ignore_index=True)


CHANGES = {
    "permuted rows": lambda t: t.sample(frac=1.0, random_state=1),
    "permuted columns": lambda t: t[["value", "run", "tokens", "params"]],
    "renamed runs": lambda t: t.assign(run=[f"z{97 * i % 31}" for i in range(len(t))]),
    "another index": lambda t: t.set_index(np.arange(len(t))[::-1] * 7),
}


def answers(table):
    found = forecast(table, AT, predictor=LAW)
    split, made = allocate(table, 1e21, predictor=LAW), plan(table, budget=1e20, target=AT, most=3)
    ensemble = back_tested(make_query(read_runs(table), AT)).value
    plain = [found.value, found.low, found.high, found.backtest, ensemble, split.params, *split.params_interval, split.value, split.low]
    return np.array(
        [*plain, *found.left_out.values(), *split.by_law.values(), made.after, *made.runs[["params", "tokens"]].to_numpy().ravel()]
    )


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.full)])
def test_answers_do_not_depend_on_order_names_or_index(seed):
    table = noisy(seed)
    before = answers(table)
    for name, change in CHANGES.items():
        assert answers(change(table)) == pytest.approx(before, rel=1e-9), name
    swapped = forecast(table, {n: AT[n] for n in ("tokens", "params")}, predictor=LAW)
    assert swapped.value == pytest.approx(before[0], rel=1e-9)


@pytest.mark.full
def test_autolaw_does_not_depend_on_order():
    table = noisy(2)
    one, two = (allocate(t, 1e21) for t in (table, CHANGES["permuted rows"](table)))
    assert [two.params, *two.params_interval, two.value, two.low] == pytest.approx(
        [one.params, *one.params_interval, one.value, one.low], rel=1e-9
    )


def many(sizes, steps):
    N, step = (np.ravel(a) for a in np.meshgrid(np.geomspace(1e7, 1e9, sizes), np.geomspace(100, 1e5, steps), indexing="ij"))
    D = step * 2e5
    return pd.DataFrame({"params": N, "tokens": D, "steps": step, "value": 1.7 + 400 * N**-0.34 + 1500 * D**-0.37})


def test_rows_beyond_the_candidates_limit_are_thinned_and_said():
    table = many(60, 100).drop(columns="steps")
    found = forecast(table, "params=7B,tokens=140B", predictor=LAW)
    assert found.value == pytest.approx(1.7 + 400 * 7e9**-0.34 + 1500 * 1.4e11**-0.37, rel=0.01)
    assert 500 < found.rows <= THINNED_TO
    assert any("of 6,000 rows are fitted" in c.message for c in found.cautions)
    assert found.query.rows["tokens"].max() == table["tokens"].max()


def test_of_a_run_rows_are_even_in_log_steps():
    table = many(10, 500).assign(run=lambda t: t["params"].map("{:g}".format))
    kept, _, notes = thin(table, table[[]], ["params", "tokens"], log=True)
    assert notes == ("1,000 of 5,000 rows are fitted: of each of 10 runs, those at even distances in the logarithm of steps",)
    assert (kept.groupby("run").size() == 100).all() and set(kept["steps"]) >= {100.0, 1e5}
    assert np.diff(np.log(np.sort(kept["steps"].unique()))).max() < 2 * np.log(1000) / 99


def test_replicates_are_averaged_and_their_spread_said():
    table = pd.concat([many(20, 20)] * 15, ignore_index=True)
    table["value"] *= np.exp(np.random.default_rng(0).normal(0, 0.02, len(table)))
    kept, _, notes = thin(table, table[[]], ["params", "tokens"], log=True)
    assert len(kept) == 400 and notes == ("6,000 rows have 400 different inputs: replicates are averaged, their standard deviation is 2 %",)
    assert kept["value"].to_numpy() == pytest.approx(many(20, 20)["value"].to_numpy(), rel=0.03)


def test_few_rows_are_fitted_as_they_are():
    assert len(make_query(read_runs(noisy(0)), AT).y) == 23 < rows_module.MOST_ROWS
