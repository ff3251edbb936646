"""Every remedy that a message prints works on the input that provokes it."""

import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from command import scalingbench

N = np.repeat([2e7, 4e7, 8e7, 1.6e8], 3)
D = N * np.tile([10.0, 20.0, 40.0], 4)
LOSS = np.round(1.69 + 406.4 / N**0.34 + 410.7 / D**0.28, 4)
PLAIN = [f"{n:.0f},{d:.0f},{y}" for n, d, y in zip(N, D, LOSS, strict=True)]


def lines(header, *columns):
    return "\n".join([header, *(",".join(map(str, cells)) for cells in zip(*columns, strict=True))]) + "\n"


def european(values):
    return lines("N;loss", [f"{n:.0f};{y:.3f}".replace(".", ",") for n, y in zip(N, values, strict=True)])


TWICE = [np.tile(x, 2) for x in (N, D)]
READ = {
    "no value": (lines("N,D,losss", N, D, LOSS), "--map losss=value"),
    "two values": (lines("N,D,val_loss,test_loss", N, D, LOSS, LOSS + 1), "--map val_loss=value"),
    "percent": (lines("N,D,accuracy", N, D, 100 / LOSS), "--unit value=0.01"),
    "another metric": (lines("N,D,loss", N, D, -LOSS), "--metric score"),
    "decimal comma": (european(LOSS), "--decimal ','"),
    "decimal point": (
        lines("N;loss", [f"{n:.0f};{y:.3f}".replace(".", ",") for n, y in zip(N, LOSS * 100, strict=True)]),
        "--decimal '.'",
    ),
    "held out": (lines("N,D,loss,eval_web_loss", N, D, LOSS - 1, LOSS), "--map eval_web_loss=value"),
    "words in a column of sizes": (lines("N,D,loss", N, [f"{d:.0f}x" for d in D], LOSS), "--map D=ignore"),
    "lists": ('[{"N": 1e7, "loss": 3.0, "D": [1, 2]}, {"N": 2e7, "loss": 2.9, "D": [1, 2]}]', "--map D=ignore"),
    "checkpoints or runs": (
        lines("model,step,loss,D", ["a"] * 5 + ["b"] * 5, [*range(1, 6)] * 2, np.linspace(4, 3, 10), np.geomspace(1e9, 9e9, 10)),
        "--map model=ignore",
    ),
    "checkpoints": (lines("run,step,N,loss", np.repeat([*"abcd"], 3), [1, 2, 3] * 4, N, LOSS), "--checkpoints"),
    "rows of runs": (lines("run,step,N,loss", np.repeat([*"abcd"], 3), [1, 2, 3] * 4, N, LOSS), "--map run=ignore"),
    "nothing orders the rows": (lines("run,N,loss", np.repeat([*"abcd"], 3), N, LOSS), "--map run=ignore"),
    "names that repeat": (lines("model,N,D,loss", ["a"] * 6 + ["b"] * 6, N, D, LOSS), "--map model=run"),
    "several metrics": (
        lines("N,D,metric,value", *TWICE, ["loss"] * 12 + ["perplexity"] * 12, [*LOSS, *LOSS]),
        "--metric loss",
    ),
    "several curves": (lines("N,D,curve,loss", *TWICE, ["a"] * 12 + ["b"] * 12, [*LOSS, *LOSS]), "--curve a"),
}


def run(command, text, tmp_path, *options):
    (tmp_path / "t.csv").write_text(text)
    done = scalingbench(command, "t.csv", *options, cwd=tmp_path)
    return done.returncode, done.stdout + done.stderr


def said(remedy, output):
    """Whether the output prints a remedy; a value that the user chooses is shown by its option alone."""
    option = remedy.partition(" ")[0]
    return remedy in output or (option in ("--metric", "--curve", "--checkpoints") and option in output)


@pytest.mark.parametrize("case", READ)
def test_a_remedy_of_the_reader_is_printed_and_works(case, tmp_path):
    text, remedy = READ[case]
    status, output = run("read", text, tmp_path)
    assert said(remedy, output), output
    done, after = run("read", text, tmp_path, *shlex.split(remedy))
    assert done == 0 and not (said(remedy, after) and status == 2), after


LAW = ("--predictor", "chinchilla[l2-log]")
TARGET = ("--target", "params=1e9,tokens=2e10", *LAW)
FORECAST = {
    "a unit": (lines("N,D,loss", N / 1e6, D, LOSS), TARGET, "--unit params=1e+06"),
    "force": (lines("N,D,loss", N / 1e6, D, LOSS), TARGET, "--force"),
    "a column that is missing": (lines("N,budgeted,loss", N, D, LOSS), TARGET, "--map budgeted=tokens"),
}


@pytest.mark.parametrize("case", FORECAST)
def test_a_remedy_of_a_forecast_is_printed_and_works(case, tmp_path):
    text, target, remedy = FORECAST[case]
    status, output = run("forecast", text, tmp_path, *target)
    assert status == 2 and remedy in output, output
    done, after = run("forecast", text, tmp_path, *target, *shlex.split(remedy))
    assert done == 0, after


@pytest.mark.full
def test_a_column_that_explains_the_residuals_is_kept_to_one_cell_or_named(tmp_path):
    kind = np.repeat([0, 1], 12)
    text = lines(
        "N,D,C,lr,arch,loss", [*N, *N], [*D, *D], 6 * np.array([*N, *N]) * [*D, *D], 1e-3 * 2.0**kind, kind, [*LOSS, *LOSS] + kind * 0.5
    )
    _, output = run("forecast", text, tmp_path, *TARGET)
    found = re.findall(r"--where (\w+)=\.\.\. keeps one(?:, or name it in --target \((\w+)=\.\.\.\))?", output)
    assert dict(found) == {"lr": "learning_rate", "arch": ""}, output
    for header, cell in (("lr", "0.001"), ("learning_rate", "1e-3"), ("arch", "1")):
        done, after = run("forecast", text, tmp_path, *TARGET, "--where", f"{header}={cell}", *LAW)
        assert done == 0 and "12 of 24 rows kept" in after, after
    done, after = run("forecast", text, tmp_path, "--target", "params=1e9,tokens=2e10,learning_rate=1e-3", "--predictor", "log-linear")
    assert done == 0 and "name it in --target (learning_rate" not in after, after


@pytest.mark.parametrize(
    "target", ["N=1B,D=20B", "params=1B,tokens=20B", "n_params=1e9,train_tokens=2e10", "N=1B,C=1.2e20", "D=20B,flops=1.2e20"]
)
def test_a_target_takes_headers_and_aliases(target, tmp_path):
    text = lines("N,D,C,loss", N, D, 6 * N * D, LOSS)
    status, output = run("forecast", text, tmp_path, "--target", target, *LAW)
    assert status == 0 and "at params=1B, tokens=20B" in output, output
    assert "flops varies" not in output and "C varies" not in output


@pytest.mark.parametrize("where", ["C=9.6e16", "flops=9.6e16", "compute=9.6E+16"])
def test_where_takes_headers_and_aliases(where, tmp_path):
    text = lines("N,D,C,loss", N, D, [f"{c:.2e}" for c in 6 * N * D], LOSS)
    status, output = run("read", text, tmp_path, "--where", where)
    assert status == 0 and "2 of 12 rows kept" in output, output


def test_no_remedy_is_offered_that_cannot_help(tmp_path):
    status, output = run("read", "run,created,N\na,monday,1e7\nb,tuesday,2e7\n", tmp_path)
    assert status == 2 and "--map" not in output and "nor another column of numbers" in output
    status, output = run("forecast", lines("N,C,arch,loss", N, 6 * N * D, ["a"] * 12, LOSS), tmp_path, "--target", "samples=3")
    assert status == 2 and "--map" not in output, output


def test_a_budget_taken_for_tokens_is_questioned(tmp_path):
    text = lines("N,budget,loss", N, 6 * N * D, LOSS)
    _, output = run(
        "forecast", text, tmp_path, "--target", "params=1e9,tokens=2e18", "--map", "budget=tokens", "--predictor", "chinchilla[l2-log]"
    )
    assert "tokens is up to 6.14e+18: no run has as many; another unit, or another quantity, such as flops?" in output


def test_a_typing_error_is_answered_without_slow_imports():
    code = "import sys, scalingbench.cli.main, scalingbench.forecasting.targets as t; t.parse_target('params=7B')"
    code += "; print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
