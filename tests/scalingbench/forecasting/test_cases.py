"""Tables as people have them are read as they are meant, or refused in one line; all are of one law (tests/cases/base.csv)."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import data_of

from scalingbench.common.errors import InputError
from scalingbench.forecasting.numbers import number_of
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import Options, read_runs
from scalingbench.predictors.registry import make

CASES = Path(__file__).parents[2] / "cases"
BASE = pd.read_csv(CASES / "base.csv")


FORMS = [(n, 1e-5) for n in ("savetxt.txt", "struct.parquet", "to_json_default.json", "to_json_split.json", "u16.txt", "tpp.csv")]


def assert_base(runs, rtol=1e-12):
    """The 20 runs of the law, with held-out values, in any order."""
    table = runs.table.sort_values(["params", "tokens"])
    base = BASE.sort_values(["N", "D"])
    assert len(table) == len(base)
    for name, header in (("params", "N"), ("tokens", "D"), ("value", "loss")):
        assert np.allclose(table[name], base[header], rtol=rtol), name


def refused(source, *parts, **options):
    with pytest.raises(InputError) as error:
        read_runs(source, Options(**options))
    text = str(error.value)
    assert "\n" not in text and all(part in text for part in parts), text
    return text


def table_of(tmp_path, text, name="t.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "rtol"),
    [("base.csv", 0), ("same_name.csv", 1e-12), ("model_col.csv", 1e-12), ("nbsp.csv", 1e-3), ("approx.csv", 1e-3), *FORMS],
)
def test_the_law_is_read_from_every_way_of_writing_it(name, rtol):
    assert_base(read_runs(CASES / name), rtol)


@pytest.mark.parametrize("name", ["base.csv", "same_name.csv", "model_col.csv"])
def test_the_right_value_comes_out(name):
    query = make_query(read_runs(CASES / name), "params=2B,tokens=40B")
    fitted = make("chinchilla[l2-log]").fit(query.X, query.y)
    assert fitted.predict(query.point)[0] == pytest.approx(2.5395, rel=0.01)


# ---- decimal marks


def test_a_column_of_unclear_commas_is_refused_with_the_option_that_settles_it():
    path = CASES / "min_decimal_comma.tsv"
    refused(path, str(path), "column 'loss': '3,512' could be 3.512 (--decimal ',') or 3512 (--decimal '.')")
    assert read_runs(path, Options(decimal=",")).table["value"].tolist() == [3.512, 3.301, 3.05, 3.204, 3.01, 2.781]


def test_neighbours_settle_an_unclear_column():
    table = read_runs(CASES / "min_semicolon_thousands.csv").table
    assert table["params"].tolist() == [21e6, 43e6, 88e6, 171e6, 352e6, 88e6]
    assert table["tokens"].tolist() == [126e6, 1026e6, 2904e6, 5643e6, 11616e6, 528e6]


@pytest.mark.parametrize(
    ("text", "params", "value"),
    [
        ("N;loss\n21.000.000;5,57\n900.000;6,1\n", [21e6, 9e5], [5.57, 6.1]),
        ("N;loss\n21.000;5,57\n43.000;5,1\n", [21e3, 43e3], [5.57, 5.1]),
        ("N;loss\n1,5e9;3,512\n2e9;3,301\n", [1.5e9, 2e9], [3.512, 3.301]),
        ('N,loss\n"21,000",5.57\n"43,000",5.12\n', [21e3, 43e3], [5.57, 5.12]),
        ('N,loss\n"1.234.567,5",5.57\n"43,25",5.12\n', [1234567.5, 43.25], [5.57, 5.12]),
        ("N,loss\n2.125,3.512\n4.250,3.301\n", [2.125, 4.25], [3.512, 3.301]),
    ],
)
def test_each_column_has_its_own_decimal_mark(tmp_path, text, params, value):
    table = read_runs(table_of(tmp_path, text)).table
    assert table["params"].tolist() == params and table["value"].tolist() == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("N;loss\n1e8;3,51\n2e8;3.301,5\n1e7;3,000.5\n", "have different decimal marks"),
        ("N;loss\n21,000;3,512\n43,000;3,301\n", "could be"),
        ("N;lr;loss\n1e8;0,001;3.512\n2e8;0,002;3.301\n", "column 'loss': '3.512' could be 3.512 (--decimal '.') or 3512 (--decimal ',')"),
        (
            "N;loss\n1e8;3.4\n2e8;3,301\n",
            "'3.4' and '3,301' have different decimal marks; write the column in one way, or say --decimal '.'",
        ),
        ("N;D;loss\n21,000,000;1e9;3,512\n43,000,000;1e9;3,301\n", "column 'loss': '3,512' could be"),
    ],
)
def test_no_neighbour_makes_a_loss_of_thousands(tmp_path, text, message):
    refused(table_of(tmp_path, text), message)


def test_the_option_settles_only_what_is_unclear(tmp_path):
    mixed = table_of(tmp_path, "N;lr;loss\n1e8;0,001;3.512\n2e8;0,002;3.301\n")
    table = read_runs(mixed, Options(decimal=".")).table
    assert table["value"].tolist() == [3.512, 3.301] and table["learning_rate"].tolist() == [0.001, 0.002]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("~21M", 21e6),
        ("≈ 1.4T", 1.4e12),
        ("21\u2009000\u202f000", 21e6),
        ("21’000’000", 21e6),
        ("x10^6", 1e6),
        ("2.1x10⁷", 2.1e7),
        ("3·10^-4", 3e-4),
        ("2.9 ± .1", 2.9),
        ("2.9 +/- 0.1", 2.9),
        ("−3", -3.0),
        ("21 million", 21e6),
    ],
)
def test_numbers_with_signs_of_print(cell, number):
    assert number_of(cell) == pytest.approx(number)


@pytest.mark.parametrize("cell", ["2.9 ± .1B", "0,001", "2,900e6", "(2.9)", "7B (1)", "<3", "1-2", "1,00,000", "7B-chat"])
def test_what_could_be_read_in_two_ways_is_no_number(cell):
    assert number_of(cell) is None


def test_a_column_that_cannot_be_read_is_not_called_empty(tmp_path):
    refused(table_of(tmp_path, "N,loss\nca 7 or 8M,3.1\n9M?,3.0\n"), "row 1, column 'N': 'ca 7 or 8M' is not a number", "--map N=ignore")


# ---- which rows are a run


def test_a_name_that_repeats_is_no_identity():
    for name, header in (("same_name.csv", "Name"), ("model_col.csv", "model")):
        runs = read_runs(CASES / name)
        assert runs.dropped == {} and f"--map {header}=run" in str(runs)
        assert len(read_runs(CASES / name, Options(names={header: "run"})).table) == 5


def rows(**columns):
    return pd.DataFrame(columns)


def test_an_id_is_the_identity_where_there_is_one():
    table = rows(Name=["m"] * 4, ID=["a", "a", "b", "b"], N=[1e8] * 4, tokens=[1e9, 2e9, 1e9, 3e9], val_loss=[3.5, 3.2, 3.4, 3.0])
    runs = read_runs(table)
    assert runs.table["value"].tolist() == [3.2, 3.0] and "2 of 4 rows are earlier rows of 2 runs, by 'ID'" in str(runs)


def test_a_column_that_numbers_the_rows_is_no_id():
    table = rows(id=range(10), run=["a"] * 5 + ["b"] * 5, N=[1e8] * 5 + [2e8] * 5, step=[*range(1, 6)] * 2, loss=np.linspace(4, 3, 10))
    assert len(read_runs(table).table) == 2


def test_rows_of_one_run_with_different_settings_are_runs():
    table = rows(run=["a"] * 4, N=[1e8] * 4, width=[64, 128, 64, 128], tokens=[1e9, 2e9, 4e9, 8e9], loss=[3.5, 3.2, 3.1, 3.0])
    assert len(read_runs(table).table) == 4


def test_names_at_even_steps_are_a_history_and_other_steps_are_asked_about():
    even = rows(model=["a"] * 5 + ["b"] * 5, N=[1e8] * 5 + [2e8] * 5, step=[10, 20, 30, 40, 50] * 2, loss=np.linspace(4, 3, 10))
    assert len(read_runs(even).table) == 2
    uneven = even.assign(step=[10, 20, 40, 80, 160] * 2)
    refused(uneven, "column 'model'", "--map model=run", "--map model=ignore")
    assert len(read_runs(uneven, Options(names={"model": "run"})).table) == 2
    assert len(read_runs(uneven, Options(names={"model": "ignore"})).table) == 10


def test_rows_of_a_run_that_nothing_orders_are_refused():
    refused(rows(run=["a", "a", "b"], N=[1e8, 1e8, 2e8], loss=[3.5, 3.2, 3.1]), "no column of steps or tokens orders them")


# ---- runs that diverged


def test_a_run_that_diverged_is_left_out_whole_and_named():
    runs = read_runs(CASES / "diverged.csv")
    assert sorted(runs.table["run"]) == list("abcdf") and runs.table["value"].tolist() == [4.86, 4.17, 3.62, 3.20, 2.61]
    assert runs.dropped["of runs without a value at their end"] == 2 and "(diverged, or cut off): e" in str(runs)
    assert "e" not in set(read_runs(CASES / "diverged.csv", Options(checkpoints=True)).table["run"])


def test_between_two_evaluations_a_log_has_rows_without_a_value():
    nan = float("nan")
    log = rows(run_id=["a"] * 7, N=[1e8] * 7, step=[1, 10, 15, 20, 25, 30, 34], val_loss=[nan, 4.0, nan, 3.5, nan, 3.2, nan])
    assert read_runs(log).table["value"].tolist() == [3.2]
    refused(log.assign(step=[1, 10, 15, 20, 25, 30, 41]), "no row is left to fit", "without a value at their end")
    refused(log.assign(val_loss=[nan, 4.0, nan, 3.5, nan, 3.2, np.inf]), "no row is left to fit")


# ---- held-out values


def test_a_training_loss_never_stands_in_for_a_held_out_one():
    table = rows(N=[1e8, 2e8], loss=[3.0, 2.9], eval_web_loss=[3.5, 3.4], eval_code_loss=[1.5, 1.4])
    refused(table, "eval_web_loss, eval_code_loss, loss", "--map eval_web_loss=value")
    assert read_runs(table, Options(names={"eval_web_loss": "value"})).table["value"].tolist() == [3.5, 3.4]
    assert read_runs(table.assign(val_loss=[3.1, 3.0])).table["value"].tolist() == [3.1, 3.0]
    grouped = rows(N=[1e8, 2e8], **{"train/c4/loss": [3.0, 2.9], "val/c4/loss": [3.5, 3.4]})
    assert read_runs(grouped).table["value"].tolist() == [3.5, 3.4]
    assert "the values are training losses" in str(read_runs(rows(N=[1e8, 2e8], **{"train/loss": [3.0, 2.9]})))


# ---- containers


@pytest.mark.parametrize("orient", ["columns", "split", "index", "records", "table"])
def test_every_orient_of_pandas_is_read(orient, tmp_path):
    assert_base(read_runs(table_of(tmp_path, BASE.to_json(orient=orient), "t.json")), 1e-9)
    named = BASE.set_index(pd.Index([f"r{i}" for i in range(len(BASE))]))
    assert_base(read_runs(table_of(tmp_path, named.to_json(orient=orient), "t.json")), 1e-9)


def test_a_list_of_runs_in_a_document_is_the_table(tmp_path):
    document = {"project": "sweep", "runs": BASE.to_dict(orient="records")}
    assert_base(read_runs(table_of(tmp_path, json.dumps(document), "t.json")))
    refused(table_of(tmp_path, json.dumps(document | {"old": [{"N": 1}]}), "t.json"), "several tables (runs, old)")
    refused(table_of(tmp_path, BASE.to_json(orient="values"), "t.json"), "is no table")
    refused(table_of(tmp_path, '{"N": [1e8, 2e8], "loss": [3]}', "t.json"), "differ in length: N 2, loss 1")


def test_a_comment_mark_in_a_quoted_cell_is_text(tmp_path):
    runs = read_runs(CASES / "min_notes.csv")
    assert runs.table["value"].tolist() == [3.52, 3.31, 3.05, 3.20] and runs.rest["Notes"].tolist()[0] == "baseline\n# with warmup"
    assert len(read_runs(table_of(tmp_path, "# made by me\nN,loss\n1e8,3.1\n# more\n2e8,3.0\n")).table) == 2
    refused(table_of(tmp_path, 'N,note,loss\n1e8,"open,3.1\n2e8,b,3.0\n'), "a quoted cell is not closed")


def test_unquoted_thousands_are_refused_without_a_warning(recwarn):
    refused(CASES / "unq_same.csv", "row 1 has 8 cells under 3 headers", "in quotes")
    assert not recwarn.list


def test_a_table_without_headers_is_refused(tmp_path):
    refused(table_of(tmp_path, "1e8,2e9,3.1\n2e8,2e9,3.0\n"), "is of numbers (1e8, 2e9, 3.1), not of headers")


@pytest.mark.parametrize(
    "text",
    [
        "| N (M) | D (B) | loss |\n|---|:--:|---:|\n| 100 | 2 | 3.1 |\n| 200 | 4 | **3.0** |\n",
        "N,D,loss\n(M),[B tokens],nats\n100,2,3.1\n200,4,3.0\n",
        "N,D,loss\n1e8,2e9,3.1\nN,D,loss\n2e8,4e9,3.0\n",
        "N,D,loss,,\n1e8,2e9,3.1,,\n2e8,4e9,3.0,,\n",
        "Params (M)   Tokens (B)   Loss\n100   2   3.1\n200   4   3.0\n",
    ],
)
def test_tables_of_documents_and_joined_files(tmp_path, text):
    table = read_runs(table_of(tmp_path, text, "t.txt")).table
    assert table["params"].tolist() == [1e8, 2e8] and table["tokens"].tolist() == [2e9, 4e9] and table["value"].tolist() == [3.1, 3.0]


def test_headers_with_spaces_never_shift_the_columns(tmp_path):
    refused(table_of(tmp_path, "Params (M) Tokens (B) Loss\n100 2 3.1\n200 4 3.0\n", "t.txt"), "row 1 has 3 cells under 5 headers")


def test_an_index_with_names_is_read(tmp_path):
    indexed = BASE.set_index(["N", "D"])
    assert_base(read_runs(indexed))
    indexed.to_parquet(tmp_path / "t.parquet")
    assert_base(read_runs(tmp_path / "t.parquet"))


def test_tokens_come_from_tokens_per_parameter():
    runs = read_runs(CASES / "tpp.csv")
    assert runs.variables == ("params", "tokens") and "tokens are params x 'tokens_per_param'" in str(runs)


# ---- scalingbench read


def command(*args):
    return subprocess.run([sys.executable, "-m", "scalingbench", "read", *args], capture_output=True, text=True, check=False)


def test_read_says_what_was_understood():
    done = command(str(CASES / "diverged.csv"))
    assert done.returncode == 0 and "(diverged, or cut off): e" in done.stdout
    assert "runs: rows with one 'run' are checkpoints of one run, ordered by tokens" in done.stdout
    said = data_of(command(str(CASES / "base.csv"), "--json"), "read")
    assert said["budget"] == "flops = 6 x params x tokens (by the table)" and said["rows_kept"] == 20
    assert [c["header"] for c in said["columns"]] == ["loss", "N", "D", "C"]


def test_read_refuses_in_one_line_with_status_2_and_its_remedy_works():
    path = str(CASES / "min_decimal_comma.tsv")
    done = command(path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--decimal ','" in done.stderr
    assert "2.781 to 3.512" in command(path, "--decimal", ",").stdout


def test_a_budget_that_is_not_constant_is_said_with_its_rows():
    assert "flops / (params x tokens) is not constant" in read_runs(CASES / "wrap_pos.csv").understood()
    assert "farthest off: params=" in read_runs(CASES / "wrap_pos.csv").budget


# ---- ways of writing a table that nearly say something else

ROWS = "1e7,1e9,3\n2e7,1e9,2.9\n3e7,2e9,2.8\n"


@pytest.mark.parametrize(
    "text",
    [
        f"N,D,loss\n{ROWS}",
        f"sep=,\nN,D,loss\n{ROWS}",
        f"Sweep of May\n\nN,D,loss\n{ROWS}",
        "N M,D b,loss\n10,1,3\n20,1,2.9\n30,2,2.8\n",
        "N (M),D [B],loss\n10M,1B,3\n20M,1B,2.9\n30M,2B,2.8\n",
        "N,D,loss\n(M),(B),(nats)\n10,1,3\n20,1,2.9\n30,2,2.8\n",
        '"N" "D" "loss"\n"1" 1e7 1e9 3\n"2" 2e7 1e9 2.9\n"3" 3e7 2e9 2.8\n',
        "+-----+-----+------+\n| N   | D   | loss |\n+-----+-----+------+\n| 1e7 | 1e9 | 3 |\n| 2e7 | 1e9 | 2.9 |\n| 3e7 | 2e9 | 2.8 |\n",
        "N,tokens/param,loss\n1e7,100,3\n2e7,50,2.9\n3e7,66.6666666666667,2.8\n",
        "run,N,D,loss\na,1e7,1e9,3\nb,2e7,1e9,2.9\nc,3e7,2e9,2.8\nmean,2e7,1.3e9,2.9\n",
        "N,D,flops/token,loss\n1e7,1e9,6e7,3\n2e7,1e9,1.2e8,2.9\n3e7,2e9,1.8e8,2.8\n",
        'N,D,loss\n$1 \\times 10^{7}$,"=""1000000000""",3 (0.1)\n2e7,1e9,2.9\n3e7,2e9,2.8\n',
        '{"columns": ["N", "D", "loss"], "rows": [[1e7, 1e9, 3], [2e7, 1e9, 2.9], [3e7, 2e9, 2.8]]}',
    ],
)
def test_three_runs_are_read(text, tmp_path):
    table = read_runs(table_of(tmp_path, text.replace("3 (0.1)", "3.0 (0.1)"))).table
    assert table[["params", "tokens", "value"]].to_numpy() == pytest.approx(np.array([[1e7, 1e9, 3], [2e7, 1e9, 2.9], [3e7, 2e9, 2.8]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("N,D,loss,note\n1e7,1e9,a\n2e7,1e9,2.9,b\n", "row 1 has 3 cells under 4 headers"),
        ("N (M),loss\n21,3\n1.4B,2.9\n", "column 'N (M)': '1.4B' has a unit of its own and '21' has none"),
        ("final loss training tokens N\n3.1 5 billion 7\n", "columns are separated by single spaces, which its headers have too"),
        ('[{"N": 1e7, "N": 2e7, "loss": 3}]', "an object has the key 'N' twice"),
        ('[{"N": 1e7, "loss": [4, 3]}]', "row 1, column 'loss': holds several values; write one number a row"),
        ("{}", "no column of measured values"),
        ('[{"N": 1' + "0" * 400 + ', "loss": 3}]', "is not a number"),
        ('Step,"a - val/loss","b - val/loss"\n1,4,5\n2,3,4\n', "is the export of a W&B chart"),
        ("<table><tr><td>N</td></tr></table>", "is HTML or XML; save the table as CSV"),
        (r"\begin{tabular}{ll} N & loss \\ \end{tabular}", "is LaTeX; save the table as CSV"),
    ],
)
def test_one_line_says_what_is_wrong_with_a_table(text, message, tmp_path):
    with pytest.raises(InputError, match=f"^[^\n]*{re.escape(message)}[^\n]*$"):
        read_runs(table_of(tmp_path, text))
