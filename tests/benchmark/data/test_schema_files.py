"""Tables as files: CSV and Parquet, read as they are written or refused with the name of the file."""

import pandas as pd
import pytest
from made import table

from scalingbench.benchmark.data.schema import normalise, read_table, read_unchecked
from scalingbench.common.errors import SchemaError


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


def test_what_pandas_calls_an_index_is_a_column_like_any_other(tmp_path):
    path = tmp_path / "runs.parquet"
    table().set_index("run").to_parquet(path)
    assert read_table(path)["run"].tolist() == ["r1", "r2", "r3", "r4"]
    table().set_index(["run", "params"]).to_parquet(path)
    assert read_table(path)["params"].tolist() == [1e7, 1e8, 1e9, 1e10]
    table().iloc[::-1].to_parquet(path)  # row numbers are no column
    assert read_table(path)["value"].tolist() == [3.0, 2.5, 2.2, 2.1]


def test_names_in_a_csv_are_read_as_they_are_written(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("run,curve,value\n001,NA,3\n1,NA,2\n1e3,null,1\n")
    rows = read_table(path)
    assert rows["run"].tolist() == ["001", "1", "1e3"] and rows["curve"].tolist() == ["NA", "NA", "null"]


def test_rows_with_more_cells_than_names_are_refused(tmp_path):
    path = tmp_path / "runs.csv"
    for text in ("params,value\n1,2,3\n4,5,6\n", "params,value\n0,2,3\n1,5,6\n"):
        path.write_text(text)
        with pytest.raises(SchemaError, match=r"runs\.csv: rows have more cells than the header has names"):
            read_table(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"junk", "cannot be read as a table: ArrowInvalid"),
        ("a.parquet", b"", "cannot be read as a table"),
        ("a.PARQUET", b"junk", "cannot be read as a table: ArrowInvalid"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read as a table: UnicodeDecodeError"),
        ("a.csv", b'value\n"1', "cannot be read as a table: ParserError"),
        ("a.csv", b"value\n1\x00\n", "row 1, column 'value'"),
        ("a.csv", b"a\x1b[31m,value\n1,2\n", "not a column of the schema"),
    ],
)
def test_a_file_that_is_no_table_is_one_printable_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SchemaError) as caught:
        read_table(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ") and message in str(caught.value) and str(caught.value).isprintable()


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(SchemaError, match="a folder, expected a regular file"):
        read_table(tmp_path)


def test_cells_can_be_read_without_being_checked(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("zzz,value\n1,-2\n")
    assert read_unchecked(path).to_dict("list") == {"zzz": [1], "value": [-2]}
