"""Tables: whatever a file holds, it loads and then keeps every rule, or one line names the file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hostile import CELLS, NUMBERS, TEXT, edited, loads_or_is_refused
from hypothesis import assume, example, given
from hypothesis import strategies as st

from scalingbench.benchmark.data.schema import normalise, read_table, validate
from scalingbench.benchmark.data.variables import FLAGS, METRIC_KINDS
from scalingbench.common.errors import InputError
from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.targets import parse_target

COLUMNS = ("collection", "curve", "run", "metric", "value", "value_low", "value_high", "seed", "flag", "split", "mix_web", *VARIABLES)
SOUND = {
    "curve": ["a", "a", "a", "b", "b", "b"],
    "run": ["r1", "r2", "r3", "r1", "r2", "r3"],
    "value": [3.0, 2.5, 2.25, 3.5, 3.0, 2.75],
    "params": [1e7, 1e8, 1e9, 1e7, 1e8, 1e9],
    "tokens": [1e9, 1e9, 1e10, 1e9, np.nan, 1e10],
    "flag": ["", "", "", "", "outlier", ""],
}
LIKELY = st.one_of(
    NUMBERS, st.floats(1e-3, 1e12), st.sampled_from([*FLAGS, "outlier|missing", "train", "test", "", *METRIC_KINDS, "loss_x"]), TEXT
)


@st.composite
def tables(draw):
    """Draw a sound table with some columns and cells put wrong."""
    table = {name: list(cells) for name, cells in SOUND.items()}
    for _ in range(draw(st.integers(0, 4))):
        if not table:
            break
        name = draw(st.sampled_from(sorted(table)))
        what = draw(st.sampled_from(["cell", "cell", "likely", "column", "add", "rename", "drop", "repeat"]))
        if what == "cell":
            table[name][draw(st.integers(0, 5))] = draw(CELLS)
        elif what == "likely":
            table[draw(st.sampled_from(COLUMNS))] = draw(st.lists(LIKELY, min_size=6, max_size=6))
        elif what == "column":
            table[name] = [draw(CELLS)] * 6
        elif what == "add":
            table[draw(st.one_of(st.sampled_from(COLUMNS), TEXT))] = draw(st.lists(NUMBERS, min_size=6, max_size=6))
        elif what == "rename":
            table[draw(st.one_of(st.sampled_from(COLUMNS), TEXT))] = table.pop(name)
        elif what == "drop":
            del table[name]
        else:
            table[name] = [table[name][0]] * 6
    rows = draw(st.lists(st.integers(0, 5), max_size=6)) or list(range(6))
    columns = {name: _column(cells, draw(st.sampled_from([None, object]))) for name, cells in table.items()}
    return pd.DataFrame(columns).iloc[rows if columns else []].reset_index(drop=True)


def _column(cells, dtype):
    """Return the cells as a column of that type, or of objects where pandas cannot tell one."""
    try:
        return pd.Series(cells, dtype=dtype)
    except (ValueError, TypeError, OverflowError):
        loose = pd.Series([None] * len(cells), dtype=object)
        for i, cell in enumerate(cells):
            loose.iat[i] = cell
        return loose


def keeps_the_rules(table):
    """Check what every loaded table has, however it was written."""
    validate(table)
    pd.testing.assert_frame_equal(normalise(table), table)
    assert set(COLUMNS[:5]) <= set(table.columns) and len(table)
    assert all(str(cell).isprintable() for name in table.select_dtypes(["object", "str"]) for cell in table[name])
    excused = table["flag"].str.contains("missing|diverged")
    assert np.isfinite(table["value"]).where(~excused, True).all()


@given(table=tables())
def test_a_table_in_memory(table):
    def checked():
        validate(table)
        return normalise(table)

    loaded = loads_or_is_refused(checked)
    if loaded is not None:
        keeps_the_rules(loaded)


@given(table=tables(), index=st.sampled_from([None, "run", "run", "params", "value"]))
def test_a_parquet_file(table, index, tmp_path):
    path = tmp_path / "runs.parquet"
    try:
        (table.set_index(index) if index in table else table).to_parquet(path)
    except Exception:  # what Parquet cannot hold is no file that we could meet
        assume(False)
    loaded = loads_or_is_refused(lambda: read_table(path), path)
    if loaded is not None:
        keeps_the_rules(loaded)
        loaded.to_csv(tmp_path / "runs.csv", index=False)
        pd.testing.assert_frame_equal(read_table(tmp_path / "runs.csv"), loaded)


@given(table=tables(), index=st.sampled_from([False] * 7 + [True]))
def test_a_csv_file(table, index, tmp_path):
    path = tmp_path / "runs.csv"
    try:
        table.to_csv(path, index=index)
    except UnicodeEncodeError:
        assume(False)
    loaded = loads_or_is_refused(lambda: read_table(path), path)
    if loaded is not None:
        keeps_the_rules(loaded)
        loaded.to_parquet(tmp_path / "runs.parquet")
        pd.testing.assert_frame_equal(read_table(tmp_path / "runs.parquet"), loaded)


CSV = pd.DataFrame(SOUND).to_csv(index=False).encode()


@given(content=edited(CSV))
def test_an_edited_csv_file(content, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_bytes(content)
    loaded = loads_or_is_refused(lambda: read_table(path), path)
    if loaded is not None:
        keeps_the_rules(loaded)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "runs.parquet"
    pd.DataFrame(SOUND).to_parquet(path, compression=None)
    return path.read_bytes()


@given(data=st.data())
def test_an_edited_parquet_file(data, parquet, tmp_path):
    path = tmp_path / "runs.parquet"
    path.write_bytes(data.draw(edited(parquet)))
    loaded = loads_or_is_refused(lambda: read_table(path), path)
    if loaded is not None:
        keeps_the_rules(loaded)


ONES = pa.array([1, 1, 1])
ARROW = [
    ONES.cast(pa.float32()),
    ONES.cast(pa.int8()),
    ONES.cast(pa.string()),
    ONES.cast(pa.string()).cast(pa.binary()),
    ONES.cast(pa.string()).dictionary_encode(),
    ONES.cast(pa.bool_()),
    ONES.cast(pa.int32()).cast(pa.date32()),
    ONES.cast(pa.timestamp("us")),
    ONES.cast(pa.duration("s")),
    ONES.cast(pa.decimal128(38, 4)),
    pa.array([1, None, 3]),
    pa.nulls(3),
    pa.array([[1], [2], [3]]),
    pa.array([{"a": 1}] * 3),
]
SIMPLE = [pa.array([1.0, 2.0, 3.0]), pa.array(["outlier", "", None])]
COLUMN = st.one_of(st.sampled_from(SIMPLE), st.sampled_from(ARROW))


@given(arrays=st.lists(COLUMN, min_size=5, max_size=5), names=st.permutations(["run", "value", "params", "curve", "flag"]))
def test_a_parquet_file_of_any_types(arrays, names, tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "runs.parquet"
    pq.write_table(pa.table(arrays, names=names), path)
    loaded = loads_or_is_refused(lambda: read_table(path), path)
    if loaded is not None:
        keeps_the_rules(loaded)


GOOD = st.tuples(st.sampled_from([*VARIABLES, "mix_web"]), st.sampled_from(["=", " = "]), st.floats(1e-300, 1e300).map(str)).map("".join)
NAME = st.one_of(st.sampled_from(["params", "mix_", "value", "run"]), TEXT)
VALUE = st.one_of(st.floats().map(str), st.sampled_from(["0", "-1", "nan", "inf", "1e999", "7_0", "0x1", " 3 ", ""]), TEXT)
POOR = st.tuples(NAME, st.sampled_from(["=", "==", ""]), VALUE).map("".join)
TARGET = st.one_of(st.lists(GOOD, min_size=1, max_size=4), st.lists(st.one_of(GOOD, POOR), max_size=4)).map(",".join)


@example(text="params=1.0,")
@given(text=TARGET)
def test_a_target(text):
    target = loads_or_is_refused(lambda: parse_target(text), "--target")
    if target is not None:
        assert target and all(np.isfinite(value) and value > 0 for value in target.values())
        assert len(target) == text.count(",") + 1


@given(
    table=tables(), text=st.sampled_from(["params=1e10", "params=1e10,tokens=1e12", "tokens=1e11", "params=1", "flops=1e21", "mix_web=.5"])
)
def test_a_forecast(table, text, tmp_path):
    path = tmp_path / "runs.csv"
    try:
        table.to_csv(path, index=False)
    except UnicodeEncodeError:
        assume(False)
    try:
        found = forecast(path, parse_target(text), predictor="nearest-neighbor", curve=None)
    except InputError as error:
        assert str(error).isprintable() and str(error).startswith((f"{path}: ", "--target: ", "refused: "))
    else:
        assert np.isfinite(found.value) and found.rows > 0 and str(found)
