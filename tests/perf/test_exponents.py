"""The page that compares published exponents with ours."""

import numpy as np
import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.benchmark.data.fetch import locate

exponents = perf_module("regenerate.exponents")


def test_the_published_exponents_are_those_of_kaplan_and_hoffmann(mirror):
    table = exponents.literature(pd.read_csv(locate(exponents.LITERATURE)))
    kaplan = table[table["paper"].str.startswith("Scaling Laws for Neural Langua") & ~table["floor"]]
    assert {(r.axis, r.exponent) for r in kaplan.itertuples()} >= {("size", 0.076), ("data", 0.095), ("compute", 0.05)}
    hoffmann = table[table["paper"].str.startswith("Training Compute-Optimal")]
    assert {(r.axis, r.exponent, r.floor) for r in hoffmann.itertuples()} == {("size", 0.34, True), ("data", 0.28, True)}


def test_only_numeric_exponents_of_losses_along_an_axis_of_scale_enter():
    columns = ["Paper", "Category", "Dependent Variable", "Type", "Scaling Variable 1", "Exponent 1", "Scaling Variable 2", "Exponent 2"]
    rows = [
        ("A", "Language", "Loss", "Power law", "Parameters", 0.1, "Data", 0.2),
        ("B", "Vision, Transfer", "Loss", "Power law plus constant", "Compute", 0.3, None, np.nan),
        ("C", "Language", "Data Transferred", "Power law", "Parameters", 0.4, None, np.nan),
        ("D", "Language", "Loss", "Power law", "Board size", 0.5, "Data", np.nan),
    ]
    found = exponents.literature(pd.DataFrame(rows, columns=columns))
    assert [tuple(r) for r in found[["paper", "field", "axis", "exponent", "floor"]].itertuples(index=False)] == [
        ("A", "language", "size", 0.1, False),
        ("B", "vision", "compute", 0.3, True),
        ("A", "language", "data", 0.2, False),
    ]


def test_a_cell_shows_median_quartiles_and_number():
    assert exponents._summary(pd.Series([0.1, 0.2, 0.3, 0.4, 0.5])) == "0.30 [0.20, 0.40] (5)"
    assert exponents._summary(pd.Series([], dtype=float)) == "-"


def test_our_exponents_count_a_collection_once_and_leave_synthetic_worlds_out():
    from scalingbench.benchmark.tasks.frozen import frozen_statements
    from scalingbench.leaderboard.committed import committed_folder

    found = exponents.fitted(committed_folder("v2"), frozen_statements("v2"))
    assert not found.duplicated(["collection", "axis"]).any() and not found["collection"].str.startswith("synthetic").any()
    assert found[found["axis"] == "size"]["exponent"].median() == pytest.approx(0.35, abs=0.05)
