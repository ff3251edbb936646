import numpy as np
import pandas as pd
import pytest

from benchmark.data.schema import normalise, read_table, validate
from benchmark.data.variables import METRIC_KINDS, VARIABLES, metric_kind, variables_of
from scalingbench.common.errors import SchemaError


def table(**columns):
    base = {
        "curve": ["a"] * 4,
        "run": ["r1", "r2", "r3", "r4"],
        "metric": ["loss"] * 4,
        "value": [3.0, 2.5, 2.2, 2.1],
        "params": [1e7, 1e8, 1e9, 1e10],
    }
    return pd.DataFrame({**base, **columns})


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


def test_when_a_csv_is_read_then_errors_name_the_file(tmp_path):
    path = tmp_path / "runs.csv"
    table(value=[3.0, -1.0, 2.0, 1.0]).to_csv(path, index=False)
    with pytest.raises(SchemaError, match=r"runs\.csv: row 2, column 'value'"):
        read_table(path)
    with pytest.raises(SchemaError, match=r"gone\.csv: no such file"):
        read_table(tmp_path / "gone.csv")
    path.write_text("value\n")
    with pytest.raises(SchemaError, match="no rows"):
        read_table(path)
    path.write_text("params\n1\n")
    with pytest.raises(SchemaError, match="column 'value': missing"):
        read_table(path)
    path.write_text("")
    with pytest.raises(SchemaError, match="cannot be read as a table"):
        read_table(path)


def test_when_a_csv_holds_only_values_and_variables_then_the_rest_is_filled_in(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,value\n1e8,1e9,3.1\n2e8,1e9,3.0\n")
    result = read_table(path)
    assert result["run"].tolist() == ["1", "2"] and result["curve"].tolist() == ["all", "all"]
    assert result["tokens"].tolist() == [1e9, 1e9]


def test_when_a_csv_and_a_parquet_hold_the_same_then_they_read_the_same(tmp_path):
    frame = normalise(table(), collection="x")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv"), read_table(tmp_path / "a.parquet"))


def test_metric_kinds_are_found_by_prefix():
    assert metric_kind("loss_c4_val") is METRIC_KINDS["loss"]
    assert metric_kind("accuracy_hellaswag").lower_is_better is False
    with pytest.raises(SchemaError, match="no known kind"):
        metric_kind("lossy")


def test_every_variable_says_its_symbol_unit_and_meaning():
    assert all(v.symbol and v.unit and v.meaning for v in VARIABLES.values())
    assert len({v.symbol for v in VARIABLES.values()}) == len(VARIABLES)
