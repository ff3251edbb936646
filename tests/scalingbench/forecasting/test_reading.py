"""What people have is read as they meant it, or refused with what to do."""

import io

import numpy as np
import pandas as pd
import pytest
from plausible_tables import ACCEPTED, LOSS, REFUSED, D, N

from scalingbench.common.errors import InputError
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.numbers import number_of
from scalingbench.forecasting.reading import Options, read_runs

CHOICES = {"two architectures, one chosen": Options(where={"arch": "llama"})}


def written(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_plausible_table_is_read_as_meant(case, tmp_path):
    runs = read_runs(written(tmp_path, *ACCEPTED[case]), CHOICES.get(case))
    table = runs.table
    if "tokens" not in table:
        table = table.assign(tokens=table["flops"] / 6 / table["params"])
    if case in CHOICES:
        table = table.tail(12)
    assert np.allclose(table["params"], N) and np.allclose(table["tokens"], D) and np.allclose(table["value"], LOSS)
    assert runs.metric == "loss" and str(runs).startswith(str(tmp_path))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_remedy(case, tmp_path):
    name, text, remedy = REFUSED[case]
    with pytest.raises(InputError) as error:
        read_runs(written(tmp_path, name, text))
    assert remedy in str(error.value) and str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


def test_the_remedies_work(tmp_path):
    path = written(tmp_path, *REFUSED["no column of values"][:2])
    assert np.allclose(read_runs(path, Options(names={"score_a": "value"})).table["value"], LOSS)
    path = written(tmp_path, *REFUSED["accuracies in percent"][:2])
    assert read_runs(path, Options(units={"value": 0.01})).table["value"].max() < 1.0


def test_what_was_understood_is_said(tmp_path):
    runs = read_runs(written(tmp_path, *ACCEPTED["a W&B export of the table of runs"]))
    said = str(runs)
    assert "12 of 13 rows kept (1 of runs that did not finish)" in said
    assert "from 'n_params': 14M to 160M, 4 values (parameters)" in said
    assert "not used: Created, Runtime, train/loss" in said and "value is read from 'val/loss', not from train/loss" in said
    runs = read_runs(written(tmp_path, *ACCEPTED["units in the headers"]))
    assert "from 'Params (M)' x 1e+06: 14M to 160M" in str(runs)
    assert {c["header"]: c["unit"] for c in runs.as_dict()["columns"]} == {"Loss": 1.0, "Params (M)": 1e6, "Tokens (B)": 1e9}


def test_rows_without_a_value_are_counted(tmp_path):
    assert read_runs(written(tmp_path, *ACCEPTED["runs that diverged or have not ended"])).dropped == {"without a value": 2}
    runs = read_runs(written(tmp_path, *ACCEPTED["checkpoints of each run"]))
    assert runs.dropped == {"before a run's last": 12} and len(runs.table) == 12
    everything = read_runs(written(tmp_path, *ACCEPTED["checkpoints of each run"]), Options(checkpoints=True))
    assert len(everything.table) == 24


def test_repeated_rows_count_once_and_seeds_stay():
    table = pd.DataFrame({"params": [1e7, 1e7, 1e7, 2e7], "tokens": [1e9] * 4, "value": [3.0, 3.0, 3.1, 2.9]})
    runs = read_runs(table)
    assert runs.dropped == {"repeated": 1} and runs.table["value"].tolist() == [3.0, 3.1, 2.9]
    assert len(read_runs(table.assign(run=list("abcd"))).table) == 4


def test_standard_input_and_parquet(tmp_path, monkeypatch):
    class Piped:
        buffer = io.BytesIO(ACCEPTED["the letters of the papers"][1].encode())

    monkeypatch.setattr("sys.stdin", Piped)
    assert np.allclose(read_runs("-").table["params"], N)
    pd.DataFrame({"N": N, "D": D, "loss": LOSS}).to_parquet(tmp_path / "x.parquet")
    assert np.allclose(read_runs(tmp_path / "x.parquet").table["tokens"], D)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7B", 7e9),
        ("1.4T", 1.4e12),
        ("1e9", 1e9),
        ("70 M params", 7e7),
        ("10^9", 1e9),
        ("2.5 x 10^9", 2.5e9),
        ("1,000,000", 1e6),
        ("2**20", 2**20),
    ],
)
def test_numbers_as_people_write_them(text, number):
    assert number_of(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["1e9x", "seven", "1,00", "7 B 3", "--1", "B"])
def test_what_is_no_number(text):
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("config.optimizer.lr", "learning_rate", 1.0),
        ("train/global_step", "steps", 1.0),
        ("compute [1e18 FLOPs]", "flops", 1e18),
        ("compute (PF-days)", "flops", 8.64e19),
        ("tokens_in_billions", "tokens", 1e9),
        ("non-embedding params (M)", "params_nonembedding", 1e6),
        ("final_val_loss", "value", 1.0),
        ("lr.value", "learning_rate", 1.0),
    ],
)
def test_headers_as_people_write_them(header, name, unit):
    found = meaning_of(header)
    assert found is not None and (found.name, found.unit) == (name, unit)


@pytest.mark.parametrize("header", ["favourite colour", "gpu_hours", "notes", "val_accuracy_of_what", "timestamp"])
def test_headers_that_say_nothing(header):
    assert meaning_of(header) is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"N": [1e7, -1.0], "loss": [3.0, 2.9]}, "row 2, column 'params': -1 must be positive"),
        ({"N": [1e7], "n_params": [2e7], "loss": [3.0]}, "could each be 'params'; choose with --map N=params"),
        ({"N": [1e7], "loss": [None]}, "no column of measured values"),
        ({"N": [1e7, 2e7], "loss": [3.0, 2.9], "curve": ["a", "b"]}, "has several of curve: a, b; choose one with --curve"),
    ],
)
def test_what_only_the_user_can_settle(table, message):
    with pytest.raises(InputError, match="the table: ") as error:
        read_runs(pd.DataFrame(table))
    assert message in str(error.value)
