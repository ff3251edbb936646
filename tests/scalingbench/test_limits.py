"""No file of a user makes a command hang: its kind and its numbers of rows and columns are checked before it is read."""

import os
import time

import numpy as np
import pandas as pd
import pytest
from command import scalingbench

from scalingbench.common.documents import read_text
from scalingbench.common.errors import InputError
from scalingbench.common.limits import MOST_COLUMNS, MOST_OF_A_FAMILY, MOST_ROWS

SECONDS = 10.0
READERS = pytest.mark.parametrize("command", ["read", pytest.param("validate", marks=pytest.mark.full)])


def header(names, rows=2):
    row = "1e7,3.1" + ",1" * len(names)
    return "\n".join([",".join(["params", "value", *names]), *[row] * rows])


def refused(command, path):
    began = time.monotonic()
    done = scalingbench(command, path)
    assert done.returncode == 2 and time.monotonic() - began < SECONDS
    (line,) = done.stderr.splitlines()
    return line


@READERS
@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ([f"c{i}" for i in range(100_000)], f"100,002 columns; at most {MOST_COLUMNS:,} are read"),
        ([f"obs_{i}" for i in range(2000)], f"2,000 columns obs_*; at most {MOST_OF_A_FAMILY:,} are read"),
        ([f"mix_{i}" for i in range(2000)], f"2,000 columns mix_*; at most {MOST_OF_A_FAMILY:,} are read"),
    ],
)
def test_when_a_table_has_too_many_columns_then_it_is_refused_by_their_number(command, names, rule, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(header(names))
    assert refused(command, path) == f"error: {path}: {rule}"


@READERS
def test_when_a_parquet_table_has_too_many_columns_then_it_is_refused_by_their_number(command, tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame(np.ones((1, MOST_COLUMNS + 1)), columns=[f"c{i}" for i in range(MOST_COLUMNS + 1)]).to_parquet(path)
    assert refused(command, path) == f"error: {path}: {MOST_COLUMNS + 1:,} columns; at most {MOST_COLUMNS:,} are read"


@READERS
def test_when_a_table_has_too_many_rows_then_it_is_refused_by_their_number(command, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("params,value\n" + "1,1\n" * (MOST_ROWS + 1))
    assert refused(command, path) == f"error: {path}: {MOST_ROWS + 1:,} rows; at most {MOST_ROWS:,} are read"


@READERS
@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_when_a_table_is_a_pipe_or_device_then_it_is_not_opened(command, suffix, tmp_path):
    path = tmp_path / f"t.{suffix}"
    os.mkfifo(path)
    assert refused(command, path) == f"error: {path}: a pipe or device, expected a regular file"
    assert refused(command, "/dev/zero") == "error: /dev/zero: a pipe or device, expected a regular file"


def test_when_a_document_is_a_pipe_then_it_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "card.md")
    with pytest.raises(InputError, match="a pipe or device, expected a regular file"):
        read_text(tmp_path / "card.md")
