"""What the board says of a forecast is what its results say, and no more."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.forecasting.evidence import Surface, evidence_for, surface_for, tabulate, track_of, weighted_quantile


def rows(collection, fit, errors, half, reach=2, many=1, track="compute"):
    facts = {"predictor": "p", "track": track, "collection": collection, "fit": fit, "log": True, "rows": many, "reach": reach}
    return pd.DataFrame({"error": errors, "half": half}).assign(**facts)


def test_collections_count_alike_whatever_their_number_of_rows():
    parts = [rows("a", 0, [0.1] * 100, 0.05), rows("b", 1, [0.02], 0.05), rows("c", 2, [0.02], 0.05)]
    parts += [rows(c, 3 + i, [0.1 if c == "a" else 0.02], 0.05) for c in "abc" for i in range(9) if c != "a" or i < 9]
    cells = tabulate(pd.concat(parts))["p"]
    n, _, collections, median, p90, coverage, factor, extra = cells["log|compute|2|1"]
    assert (n, collections) == (129, 3) and (median, p90) == (0.02, 0.1)
    assert coverage == pytest.approx(2 / 3, abs=1e-3) and factor == pytest.approx(2.0) and extra == pytest.approx(0.05)


def test_a_cell_with_too_little_behind_it_is_not_shown():
    cells = tabulate(pd.concat([rows("a", i, [0.1], 0.1) for i in range(20)]))["p"]
    assert cells == {}
    mixed = pd.concat([rows(c, i + 20 * j, [0.1], 0.1, reach=1 + (c == "c")) for j, c in enumerate("abc") for i in range(10)])
    table = {"suite": "lite", "predictors": tabulate(mixed)}
    found = evidence_for("p", ["params", "tokens"], 2.0, 15, table={"suite": "lite", "predictors": table["predictors"]})
    assert found is not None and found.like == "of any reach and number of runs" and found.collections == 3
    assert evidence_for("nobody", ["params"], 2.0, 15, table=table) is None


def test_a_weighted_quantile_is_a_value():
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert [weighted_quantile(values, weight, q) for q in (0.2, 0.5, 0.75, 0.8)] == [1.0, 2.0, 2.0, 3.0]


def test_wide_intervals_are_scaled_down_and_narrow_ones_added_to():
    def width(factor, extra):
        return float(Surface(np.full((6, 4), factor), np.full((6, 4), extra)).half_width(np.array([0.1]), np.array([5.0]), 12)[0])

    assert width(0.5, -0.01) == pytest.approx(0.05)
    assert width(3.0, 0.04) == pytest.approx(0.14)
    assert width(3.0, -0.04) == pytest.approx(0.1)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 10))])
def test_the_calibration_is_continuous_and_does_not_fall_with_reach(seed):
    rng = np.random.default_rng(seed)
    surface = Surface(np.exp(rng.normal(0, 1, (6, 4))), rng.normal(0.02, 0.1, (6, 4)))
    reach = np.geomspace(0.1, 1e5, 20_001)
    for rows in (3, 18, 40, 5000):
        width = surface.half_width(np.full(len(reach), 0.03), reach, rows)
        assert (np.diff(width) >= -1e-12).all() and np.diff(width).max() < 0.002 * max(width)
    many = [float(surface.half_width(np.array([0.03]), np.array([30.0]), n)[0]) for n in range(200, 4000)]
    assert np.ptp(many) < 1e-12  # past the middle of the last bin


@pytest.mark.parametrize("predictor", ["autolaw", "chinchilla[huber-log]"])
def test_the_board_calibrates_at_every_reach(predictor):
    surface = surface_for(predictor, ["params", "tokens"])
    assert surface is not None and np.isfinite(surface.factor).all() and surface_for("nobody", ["params"]) is None


@pytest.mark.parametrize(
    ("variables", "track"),
    [
        (("params", "tokens"), "compute"),
        (("flops",), "curve"),
        (("params", "tokens", "unique_tokens"), "data-constrained"),
        (("params", "tokens", "learning_rate"), "hyperparameters"),
        (("mix_web", "mix_code"), "mixture"),
        (("params", "tokens", "experts"), "architecture"),
        (("params", "tokens", "source_loss"), "transfer"),
        (("flops", "inference_tokens"), "inference"),
        (("params", "experts", "batch_size"), "hyperparameters"),  # of several the first of the rule
    ],
)
def test_the_track_of_a_forecast(variables, track):
    assert track_of(variables) == track


@pytest.mark.parametrize(
    ("track", "names"),
    [
        ("hyperparameters", "learning_rate batch_size weight_decay momentum"),
        ("data-constrained", "unique_tokens epochs"),
        ("architecture", "experts width depth sparsity vocab_size top_k granularity bits streams params_active"),
        ("transfer", "source_loss teacher_loss teacher_params"),
        ("inference", "samples inference_tokens"),
        ("compute", "flops steps context_length date teacher_tokens obs_a"),  # typical of no track
    ],
)
def test_a_variable_that_is_typical_of_a_track_makes_a_forecast_one_of_it(track, names):
    assert {name: track_of(("params", name)) for name in names.split()} == dict.fromkeys(names.split(), track)


def test_the_table_is_that_of_the_committed_results(mirror):
    """Recomputed for one predictor of one track's tasks; all of it is what ``python -m perf.regenerate evidence`` writes."""
    from scalingbench.benchmark.evaluation.results import read_results
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.forecasting.evidence import records
    from scalingbench.leaderboard.committed import committed_folder

    suite = load_suite(DEFAULT_SUITE)
    tasks = suite.build(track="compute", fetch=True)
    table = records(read_results(committed_folder(DEFAULT_SUITE) / "kaplan.parquet"), tasks)
    found = tabulate(table)["kaplan"]
    assert {k: v for k, v in found.items() if k.startswith("log|compute|")}
    from scalingbench.forecasting.evidence import _table

    for key, facts in found.items():
        if key.startswith("log|compute|"):
            assert _table()["predictors"]["kaplan"][key] == facts
