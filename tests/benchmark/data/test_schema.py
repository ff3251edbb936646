import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from made import table

from scalingbench.benchmark.data.schema import normalise, validate
from scalingbench.benchmark.data.variables import METRIC_KINDS, metric_kind, variables_of
from scalingbench.common.errors import SchemaError
from scalingbench.common.messages import printable
from scalingbench.common.variables import VARIABLES, is_variable


def test_when_a_table_is_sound_then_it_passes():
    validate(table())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"value": [3.0, -2.5, 2.2, 2.1]}, r"row 2, column 'value': .*-2.5.* lies outside \(0, inf\], the range of metric 'loss'"),
        ({"value": [3.0, np.inf, 2.2, 2.1]}, "row 2, column 'value': .*must be finite"),
        ({"value": [3.0, np.nan, 2.2, 2.1]}, "row 2, column 'value': .*must be finite"),
        ({"params": [1e7, 1e8, 0.0, 1e10]}, "row 3, column 'params': .*must be positive"),
        ({"params": [1e7, 1e8, np.inf, 1e10]}, "row 3, column 'params': .*must be finite"),
        ({"params": ["1e7", "1e8", "1e9x", "1e10"]}, "row 3, column 'params': '1e9x' is not a number"),
        ({"parms": [1, 2, 3, 4]}, "column 'parms': not a column of the schema; did you mean 'params'"),
        ({"flag": ["", "", "odd", ""]}, "row 3, column 'flag': 'odd' flags are joined by"),
        ({"split": ["train", "train", "valid", "test"]}, "row 3, column 'split': 'valid' must be 'train', 'test' or empty"),
        ({"run": ["r1", "", "r3", "r4"]}, "row 2, column 'run': '' must not be empty"),
        ({"metric": ["loss", "los", "loss", "loss"]}, "metric 'los' is of no known kind"),
        ({"metric": ["error_rate"] * 4}, r"row 1, column 'value': .*3.0.* lies outside \(0, 1\]"),
        ({"run": ["r1", "r2", "r1", "r4"], "params": [1e7, 1e8, 1e7, 1e10]}, r"row 3: repeats row 1 in \(curve, run, metric, params\)"),
    ],
)
def test_when_a_rule_is_broken_then_one_line_names_row_column_and_rule(columns, message):
    with pytest.raises(SchemaError, match=message) as caught:
        validate(table(**columns))
    assert "\n" not in str(caught.value)


def test_when_a_bad_row_is_flagged_then_it_may_stay():
    validate(table(value=[3.0, np.nan, 2.2, 2.1], flag=["", "missing", "", ""]))
    validate(table(value=[3.0, np.nan, 2.2, 2.1], flag=["", "diverged|outlier", "", ""]))
    validate(table(run=["r1", "r2", "r1", "r4"], params=[1e7, 1e8, 1e7, 1e10], flag=["", "", "duplicate", ""]))
    with pytest.raises(SchemaError, match="must be finite"):
        validate(table(value=[3.0, np.inf, 2.2, 2.1], flag=["", "missing", "", ""]))


def test_when_zero_is_a_legal_value_then_it_passes():
    validate(table(samples=[0, 1, 2, 3], steps=[0, 1, 2, 3]))
    validate(table(metric=["accuracy"] * 4, value=[0.0, 0.5, 0.9, 1.0]))


def test_when_normalised_then_columns_types_and_order_are_the_schemas():
    shuffled = table(flag=[None, "outlier", None, None]).sample(frac=1.0, random_state=1)[["value", "params", "flag", "run", "curve"]]
    result = normalise(shuffled, collection="mine")
    assert list(result.columns) == ["collection", "curve", "run", "metric", "value", "params", "flag", "split"]
    assert result["run"].tolist() == ["r1", "r2", "r3", "r4"]
    assert result["flag"].tolist() == ["", "outlier", "", ""]
    assert (result["collection"] == "mine").all() and (result["metric"] == "loss").all()
    assert result["params"].dtype == np.float64
    assert variables_of(result) == ("params",)


def refused(message, **columns):
    with pytest.raises(SchemaError) as caught:
        validate(table(**columns))
    assert message in str(caught.value) and "\n" not in str(caught.value), str(caught.value)


# --- what makes two rows the same ------------------------------------------------------------------------------------

TWINS = {"run": ["r1", "r1", "r3", "r4"], "params": [1e7, 1e7, 1e9, 1e10]}


def test_rows_that_differ_in_one_key_are_not_the_same():
    refused("row 2: repeats row 1 in (curve, run, metric, params)", **TWINS)
    validate(table(**TWINS, seed=[0, 1, 0, 0]))
    validate(table(**TWINS, tokens=[1.0, 2.0, 3.0, 4.0]))
    validate(table(**TWINS, mix_web=[0.1, 0.2, 0.3, 0.4]))
    validate(table(**{**TWINS, "curve": ["a", "b", "a", "a"]}))
    validate(table(**{**TWINS, "metric": ["loss", "loss_c4", "loss", "loss"]}))
    validate(table(**{**TWINS, "collection": ["x", "y", "x", "x"]}))
    validate(table(run=["r1", "r1", "r3", "r4"]))


def test_a_missing_key_equals_a_missing_one_and_no_other():
    refused("row 2: repeats row 1 in (curve, run, metric, params, seed)", **TWINS, seed=[np.nan, np.nan, 0, 0])
    validate(table(**TWINS, seed=[np.nan, 0, 0, 0]))
    validate(table(**TWINS, date=[np.nan, -1.0, 0, 0]))


def test_the_value_an_interval_or_a_split_does_not_tell_rows_apart():
    refused("row 2: repeats row 1", **TWINS, value=[3.0, 2.9, 2.2, 2.1])
    refused("row 2: repeats row 1", **TWINS, split=["train", "test", "", ""])
    refused("row 2: repeats row 1", **TWINS, value_low=[1.0, 2.0, 1.0, 1.0])


def test_rows_without_names_of_runs_are_the_same_where_their_values_are():
    rows = table(params=[1e7, 1e7, 1e9, 1e10]).drop(columns="run")
    validate(rows)
    with pytest.raises(SchemaError, match=r"row 2: repeats row 1 in \(curve, metric, params, value\)"):
        validate(rows.assign(value=2.0))


def test_the_first_of_several_repeats_is_named_whatever_the_index():
    rows = table(run=["r1", "r2", "r2", "r2"], params=[1e7, 1e8, 1e8, 1e8])
    rows.index = [7, 7, 3, 3]
    with pytest.raises(SchemaError, match="row 3: repeats row 2 "):
        validate(rows)


def test_a_row_flagged_duplicate_repeats_nothing_and_hides_nothing():
    validate(table(**TWINS, flag=["", "duplicate", "", ""]))
    validate(table(**TWINS, flag=["outlier|duplicate", "", "", ""]))
    refused("row 3: repeats row 1", run=["r1", "r1", "r1", "r4"], params=[1e7, 1e7, 1e7, 1e10], flag=["", "duplicate", "", ""])


# --- numbers and text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (b"3.0", "b'3.0'"),
        (True, "True"),
        (pd.Timestamp("2020-01-01"), "Timestamp('2020-01-01 00:00:00')"),
        (datetime.date(2020, 1, 1), "datetime.date(2020, 1, 1)"),
        (pd.Timedelta(1), "Timedelta("),
        (3 + 1j, "(3+1j)"),
        ([3.0], "[3.0]"),
        (np.float64, "<class"),
        ("3,0", "'3,0'"),
        ("", "''"),
        ("x" * 1000, "'xxx"),
        ({"a": 3.0}, "{'a': 3.0}"),
        (np.array([3.0]), "array("),
    ],
)
def test_a_cell_that_is_no_number_is_refused(cell, shown):
    values = pd.Series([3.0, 2.5, 2.2, 2.1], dtype=object)
    values.iat[1] = cell
    with pytest.raises(SchemaError) as caught:
        validate(table(value=values))
    assert f"row 2, column 'value': {shown}" in str(caught.value) and str(caught.value).endswith(" is not a number")
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2020-01-01"] * 4),
        pd.array([True, False, True, True]),
        np.array([1 + 0j, 2, 3, 4]),
        pd.to_timedelta([1, 2, 3, 4]),
        pd.Categorical([b"1"] * 4),
    ],
)
def test_a_column_that_holds_no_numbers_is_refused(values):
    with pytest.raises(SchemaError, match=r"row 1, column 'value': .* is not a number"):
        validate(table(value=values))
    with pytest.raises(SchemaError, match=r"row 1, column 'date': .* is not a number"):
        validate(table(date=values))


@pytest.mark.parametrize(
    "values",
    [
        ["3", " 2.5", "2e0", "1"],
        [decimal.Decimal("3"), 2.5, np.float32(2.0), 1],
        pd.array([3, 2, 1, 1], dtype="Int64"),
        pd.Categorical([3, 2, 1, 1]),
        np.array([3, 2, 1, 1], dtype=np.uint8),
        np.array([3, 2, 1, 1], dtype=np.float16),
    ],
)
def test_numbers_of_any_type_are_read(values):
    validate(table(value=values))
    assert normalise(table(value=values))["value"].tolist() == [float(v) for v in list(values)]


def test_numbers_beyond_what_a_float_holds_are_not_finite():
    for cell in ("1e999", 10**400, decimal.Decimal("1e999")):
        refused("row 2, column 'value': inf must be finite", value=pd.Series([3.0, cell, 2.2, 2.1], dtype=object))


def test_a_missing_number_stays_missing_and_a_missing_name_is_empty():
    rows = normalise(table(tokens=pd.array([1, None, 3, 4], dtype="Int64"), bits=[None, "nan", "4", 8], flag=[None, np.nan, pd.NA, ""]))
    assert rows["tokens"].isna().tolist() == [False, True, False, False] and rows["bits"].isna().tolist() == [True, True, False, False]
    assert rows["flag"].tolist() == [""] * 4
    refused("row 3, column 'run': '' must not be empty", run=["r1", "r2", None, "r4"])


@pytest.mark.parametrize("cell", [b"r", [1], {"a": 1}, (1,), np.array([1]), datetime.date(2020, 1, 1), True])
def test_a_cell_that_is_no_text_is_refused(cell):
    runs = pd.Series(["r1", "r2", "r3", "r4"], dtype=object)
    runs.iat[2] = cell
    refused("row 3, column 'run': ", run=runs)
    refused(" is not text", run=runs)


@pytest.mark.parametrize("cell", ["a\nb", "a\x1b[31m", "a\tb", "a\u202eb", "\ud800"])
def test_text_that_cannot_be_printed_is_refused_and_not_printed(cell):
    runs = pd.Series(["r1", cell, "r3", "r4"], dtype=object)
    refused(f"row 2, column 'run': {printable(repr(cell))} holds a character that cannot be printed", run=runs)


def test_names_that_look_like_numbers_are_text():
    assert normalise(table(run=[1, 2, 3, 4]))["run"].tolist() == ["1", "2", "3", "4"]


# --- columns ---------------------------------------------------------------------------------------------------------


def test_an_unknown_column_gets_the_nearest_name_or_the_place_of_all_names():
    refused("column 'tokns': not a column of the schema; did you mean 'tokens'?", tokns=[1, 2, 3, 4])
    refused("column 'vlue': not a column of the schema; did you mean 'value'?", vlue=[1, 2, 3, 4])
    refused("column 'zzz': not a column of the schema; variables are registered in common/variables.py", zzz=[1, 2, 3, 4])
    with pytest.raises(SchemaError, match="column 7: not a column of the schema"):
        validate(table().assign(**{}).rename(columns={"params": 7}))


def test_a_column_that_is_there_twice_is_refused():
    twice = pd.concat([table(), table()[["params"]]], axis=1)
    with pytest.raises(SchemaError, match="column 'params': is there twice"):
        validate(twice)


def test_open_names_are_letters_digits_and_dashes():
    assert all(is_variable(name) for name in ("params", "mix_web", "obs_MMLU-5", "mix_a_b"))
    assert not any(is_variable(name) for name in ("mix_", "obs_", "mix_a b", "mix_a\nb", "mix_a.1", "xmix_a", "params_", ""))
    assert variables_of(table(mix_b=[1] * 4, mix_a=[1] * 4, tokens=[1] * 4)) == ("params", "tokens", "mix_a", "mix_b")


@pytest.mark.parametrize("name", [v.name for v in VARIABLES.values()])
def test_each_variable_takes_the_values_that_its_registration_allows(name):
    variable, others = VARIABLES[name], [1.0, 2.0, 3.0]
    base = {"value": [3.0] * 4, "run": list("abcd")}
    for cell, legal, rule in [(0.0, variable.zero or variable.sign, "must be positive"), (-1.0, variable.sign, "must")]:
        rows = pd.DataFrame({**base, name: [cell, *others]})
        if legal:
            validate(rows)
        else:
            with pytest.raises(SchemaError, match=rf"row 1, column '{name}': {cell} {rule}"):
                validate(rows)
    for cell in (np.inf, -np.inf):
        with pytest.raises(SchemaError, match=rf"row 1, column '{name}': {cell} must be"):
            validate(pd.DataFrame({**base, name: [cell, *others]}))
    validate(pd.DataFrame({**base, name: [np.nan, *others]}))


def test_shares_of_a_mixture_may_be_zero_but_not_negative():
    validate(table(mix_web=[0.0, 0.5, 1.0, np.nan]))
    refused("row 2, column 'mix_web': -0.1 must not be negative", mix_web=[0.0, -0.1, 1.0, 0.5])


def test_an_interval_holds_its_value():
    validate(table(value_low=[3.0, 2.4, np.nan, 2.1], value_high=[3.0, np.nan, 2.3, 2.1]))
    refused("row 2, column 'value_low': 2.6 lies above 'value' of the row", value_low=[2.9, 2.6, 2.2, 2.1])
    refused("row 3, column 'value': 2.2 lies above 'value_high' of the row", value_high=[3.1, 2.6, 2.1, 2.1])
    lost = {"value": [3.0, np.nan, 2.2, 2.1], "flag": ["", "missing", "", ""]}
    refused(
        "row 2, column 'value_low': 9.0 lies above 'value_high' of the row", **lost, value_low=[1.0, 9, 1, 1], value_high=[9.0, 1, 9, 9]
    )
    refused("row 1, column 'value_low': inf must be finite", value_low=[np.inf, 1, 1, 1])
    refused("row 1, column 'seed': inf must be finite", seed=[np.inf, 1, 1, 1])


@pytest.mark.parametrize("name", METRIC_KINDS)
def test_each_kind_of_metric_takes_the_values_of_its_range(name):
    kind = METRIC_KINDS[name]

    def legal(value):
        try:
            validate(pd.DataFrame({"metric": [f"{name}_x"], "value": [value]}))
        except SchemaError as error:
            assert f"row 1, column 'value': {float(value)!r} lies outside" in str(error) and f"the range of metric '{name}_x'" in str(error)
            return False
        return True

    inside = max(kind.low, -1e6) / 2 + min(kind.high, 1e6) / 2
    assert legal(inside)
    if np.isfinite(kind.low):
        assert legal(kind.low) == kind.zero and legal(np.nextafter(kind.low, np.inf)) and not legal(np.nextafter(kind.low, -np.inf))
    if np.isfinite(kind.high):
        assert legal(kind.high) and not legal(np.nextafter(kind.high, np.inf))


def test_ranges_are_checked_metric_by_metric_and_the_row_of_an_unknown_one_is_named():
    rows = {"metric": ["loss", "accuracy", "loss", "accuracy"]}
    validate(table(**rows, value=[3.0, 0.0, 2.2, 1.0]))
    refused("row 4, column 'value': 1.5 lies outside [0, 1], the range of metric 'accuracy'", **rows, value=[3.0, 0.0, 2.2, 1.5])
    refused("row 3, column 'value': 0.0 lies outside (0, inf], the range of metric 'loss'", **rows, value=[3.0, 0.0, 0.0, 1.0])
    refused("row 3, column 'metric': metric 'los' is of no known kind", metric=["loss", "loss", "los", "loss"])


def test_a_value_may_be_missing_only_where_the_flag_excuses_it():
    nan = {"value": [3.0, np.nan, 2.2, 2.1]}
    for flag in ("missing", "diverged", "outlier|missing"):
        validate(table(**nan, flag=["", flag, "", ""]))
    for flag in ("", "outlier", "interrupted"):
        refused("row 2, column 'value': nan must be finite", **nan, flag=["", flag, "", ""])
    refused("row 2, column 'value': -1.0 lies outside", value=[3.0, -1.0, 2.2, 2.1], flag=["", "missing", "", ""])


def test_flags_are_known_ones_joined_by_bars():
    for flag in ("outlier|", "|outlier", "outlier,missing", "Outlier"):
        refused(f"row 2, column 'flag': {flag!r} flags are joined by '|'", flag=["", flag, "", ""])


def test_every_identity_must_be_there_once_its_column_is():
    for column in ("collection", "curve", "run", "metric"):
        refused(f"row 2, column {column!r}: '' must not be empty", **{column: ["loss", "", "loss_b", "loss_c"]})


# --- order and defaults ----------------------------------------------------------------------------------------------


def test_rows_are_sorted_by_curve_metric_run_and_variables():
    rows = pd.DataFrame(
        {
            "curve": ["b", "a", "a", "a", "a", "a"],
            "metric": ["loss", "loss_z", "loss", "loss", "loss", "loss"],
            "run": ["r1", "r1", "r2", "r1", "r1", "r1"],
            "params": [1.0, 1, 1, 2, 1, 1],
            "tokens": [1.0, 1, 1, 1, 2, 1],
            "value": [1.0, 2, 3, 4, 5, 6],
        }
    )
    assert normalise(rows)["value"].tolist() == [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    seeds = table(run=["r"] * 4, params=[1.0] * 4, seed=[3, 1, 2, np.nan])
    assert normalise(seeds)["value"].tolist() == [2.5, 2.2, 3.0, 2.1]
    same = table(run=["r"] * 4, params=[1.0] * 4)
    assert normalise(same)["value"].tolist() == [2.1, 2.2, 2.5, 3.0]


def test_what_a_table_lacks_is_filled_in_and_what_it_has_is_kept():
    rows = normalise(pd.DataFrame({"value": [2.0, 1.0], "zzz": [1, 2], "value_high": [3, 3]}))
    assert list(rows.columns) == ["collection", "curve", "run", "metric", "value", "value_high", "flag", "split", "zzz"]
    assert rows.loc[0, ["collection", "curve", "run", "metric", "flag", "split"]].tolist() == ["table", "all", "1", "loss", "", ""]
    assert rows["value"].tolist() == [2.0, 1.0] and rows["run"].tolist() == ["1", "2"]
    kept = normalise(pd.DataFrame({"value": [2.0], "collection": ["mine"], "split": ["test"]}), collection="other")
    assert kept.loc[0, "collection"] == "mine" and kept.loc[0, "split"] == "test"
    assert normalise(pd.DataFrame({"value": [2.0]}), collection="other").loc[0, "collection"] == "other"
    given = pd.DataFrame({"value": ["2"]})
    normalise(given)
    assert list(given.columns) == ["value"] and given["value"].tolist() == ["2"]  # the caller's table is left as it is


# --- files -----------------------------------------------------------------------------------------------------------


def test_metric_kinds_are_found_by_prefix():
    assert metric_kind("loss_c4_val") is METRIC_KINDS["loss"]
    assert metric_kind("accuracy_hellaswag").lower_is_better is False
    with pytest.raises(SchemaError, match="no known kind"):
        metric_kind("lossy")


def test_every_variable_says_its_symbol_unit_and_meaning():
    assert all(v.symbol and v.unit and v.meaning for v in VARIABLES.values())
    assert len({v.symbol for v in VARIABLES.values()}) == len(VARIABLES)
