"""No submission's folder passes that is not, file by file and row by row, what it says it is."""

import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from arena import SUITES, write_submission
from attacks import code
from command import scalingbench

from scalingbench.benchmark.evaluation.results import read_results, write_results
from scalingbench.common.files import sha256_of
from scalingbench.leaderboard.submissions import metadata as submissions

SUITE = SUITES[3, 1]
HONEST = [np.full(len(f.y_test), np.mean(f.y_train)) for f in SUITE.tasks[0].folds]


@pytest.fixture
def folder(arena):
    for path in arena.folder.iterdir() if arena.folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    write_submission(arena.folder, code(), SUITE, HONEST)
    return arena.folder


def metadata(**changed):
    def change(folder):
        path = folder / "submission.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changed}))

    return change


def results(change):
    """Change the stored result."""

    def apply(folder):
        path = folder / "results.parquet"
        write_results(path, [change(r) for r in read_results(path)])

    return apply


def folds(change):
    """Change the stored folds."""
    return results(lambda r: replace(r, folds=tuple(change(list(r.folds)))))


def first(**changed):
    """Change the first stored fold."""
    return folds(lambda f: [replace(f[0], **{k: v(f[0]) if callable(v) else v for k, v in changed.items()}), *f[1:]])


def rows(change):
    """Change the rows of the result file themselves."""

    def apply(folder):
        path = folder / "results.parquet"
        table = pq.read_table(path)
        changed = change(table.to_pylist())
        try:
            written = pa.Table.from_pylist(changed, schema=table.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # the change is one of types
            written = pa.Table.from_pylist(changed)
        pq.write_table(written, path)

    return apply


def columns(change):
    def apply(folder):
        path = folder / "results.parquet"
        pq.write_table(change(pq.read_table(path)), path)

    return apply


def content(name, text):
    def apply(folder):
        path = folder / name
        path.unlink(missing_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return apply


def source(text):
    def apply(folder):
        content("predictor.py", text)(folder)
        metadata(source_sha256=sha256_of(folder / "predictor.py"))(folder)

    return apply


def link(name, target):
    def apply(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return apply


def fifo(name):
    def apply(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return apply


def cut(folder):
    path = folder / "results.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def large(name, size):
    def apply(folder):
        with (folder / name).open("wb") as file:
            file.truncate(size)

    return apply


def spread(folder):
    """Write a result file that says that it holds far more than it does: a billion times the same value."""
    table = pq.read_table(folder / "results.parquet").slice(0, 1)
    many = pa.concat_tables([table] * 200_000)
    pq.write_table(many, folder / "results.parquet", compression="zstd", use_dictionary=True)


def many_values(folder):
    """Write a result file of some kilobytes that holds ten million values in a row."""
    path = folder / "results.parquet"
    table = pq.read_table(path)
    values = pa.array([np.zeros(10**7, np.float32)], table.schema.field("predictions").type)
    pq.write_table(
        table.slice(0, 1).set_column(table.schema.get_field_index("predictions"), table.schema.field("predictions"), values), path
    )
    assert path.stat().st_size < 2**20


def line(field, text):
    """Change one field of the metadata as text: a value that only the reader of YAML makes something of."""

    def apply(folder):
        path = folder / "submission.yaml"
        kept = [x for x in path.read_text().splitlines() if not x.startswith(f"{field}:")]
        path.write_text("\n".join([*kept, f"{field}: {text}", ""]))

    return apply


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)
NAN = float("nan")
TRICKS = {
    "the name of another's page": (metadata(name="chinchilla-huber-log"), "'chinchilla[huber-log]'; choose another"),
    "the name of another's page, otherwise": (metadata(name="chinchilla.huber-log"), "belongs in a folder"),
    "the name of a predictor": (metadata(name="kaplan"), "is a predictor of the board"),
    "the reference's name": (metadata(name="nearest-neighbor"), "is a predictor of the board"),
    "another folder's name": (metadata(name="other"), "belongs in a folder 'other'"),
    "a device's name": (metadata(name="con"), "name: 'con' is reserved"),
    "a device's name, with an ending": (metadata(name="com1.law"), "name: 'com1.law' is reserved"),
    "the file of scores": (metadata(name="scores"), "name: 'scores' is reserved"),
    "the page of all": (metadata(name="index"), "name: 'index' is reserved"),
    "a suite of its own": (metadata(suite="mine.yaml"), "suite: String should match pattern"),
    "a suite by its path": (metadata(suite="../v2"), "suite: String should match pattern"),
    "a date that there is not": (line("year", "2020-99-99"), "submission.yaml: not YAML"),
    "a time that there is not": (line("year", "2020-01-01T99:99:99Z"), "submission.yaml: not YAML"),
    "a number of 5,000 digits": (line("year", "9" * 5000), "submission.yaml: not YAML"),
    "a truth that is none": (line("year", "!!bool abc"), "submission.yaml: not YAML"),
    "a number that is none": (line("year", "!!int abc"), "submission.yaml: not YAML"),
    "a float that is none": (line("year", "!!float abc"), "submission.yaml: not YAML"),
    "a time that is none": (line("year", "!!timestamp abc"), "submission.yaml: not YAML"),
    "bytes that are none": (line("year", "!!binary \u00e9"), "submission.yaml: not YAML"),
    "a number in sixties": (line("year", "1:" * 3000 + "1"), "submission.yaml"),
    "a list of itself": (line("trained_on", "&a [*a]"), "submission.yaml"),
    "a key that is a list": (line("? [a]", "b"), "submission.yaml"),
    "a merge of nothing": (line("<<", "5"), "submission.yaml: not YAML"),
    "an address with a tag": (metadata(paper="https://example.org/<script>"), "paper: String should match pattern"),
    "an address with a quote": (metadata(paper='https://example.org/"onclick=x'), "paper: String should match pattern"),
    "an address of a file": (metadata(paper="file:///etc/passwd"), "paper: String should match pattern"),
    "an address with a user": (metadata(paper="https://arxiv.org@evil.org/x"), "paper: String should match pattern"),
    "ten million values": (many_values, "the tasks have 3 folds"),
    "more rows than folds": (rows(lambda r: r * 2), "the tasks have 3 folds"),
    "a name with a path": (metadata(name="../../v1"), "name: String should match pattern"),
    "a name of 10,000 letters": (metadata(name="a" * 10_000), "name: String should match pattern"),
    "a class that is code": (metadata(predictor="P();import os"), "predictor: String should match pattern"),
    "a class of Python": (metadata(predictor="__import__"), "has no class '__import__'"),
    "a class that is not there": (metadata(predictor="Q"), "has no class 'Q'"),
    "authors with escape codes": (metadata(authors="\x1b[2Jme"), "authors"),
    "authors of 1 MB": (metadata(authors="x" * 60_000), "authors"),
    "an address that is code": (metadata(paper="javascript:alert(1)"), "paper: String should match pattern"),
    "a licence with escape codes": (metadata(license="\x1b[2J"), "license: expected one of"),
    "a year of 10**30": (metadata(year=10**30), "year"),
    "a collection that does not exist": (metadata(trained_on=["chinchila"]), "did you mean 'chinchilla'?"),
    "a field more": (metadata(**{"verified\x1b[2J": True}), "Extra inputs are not permitted"),
    "a field less": (lambda folder: content("submission.yaml", "name: hostile\n")(folder), "Field required"),
    "an old hash": (lambda folder: (folder / "predictor.py").write_text("class P: pass\n"), "not the source that gave the results"),
    "no mapping": (content("submission.yaml", "- a\n- b\n"), "submission.yaml"),
    "binary metadata": (content("submission.yaml", b"\x80\x04\x95\xff\x00"), "byte 1 is not UTF-8 text"),
    "metadata with NUL": (content("submission.yaml", b"name: a\x00b\n"), "not YAML"),
    "a Python object": (content("submission.yaml", "!!python/object/apply:os._exit [0]\n"), "not YAML"),
    "a billion laughs": (content("submission.yaml", BOMB), "submission.yaml"),
    "10,000 brackets": (content("submission.yaml", "[" * 10_000), "not YAML"),
    "1 MB of metadata": (large("submission.yaml", 2**20), "larger than"),
    "1 GB of results": (large("results.parquet", 2**30), "larger than"),
    "a file more": (content("conftest.py", "import os; os._exit(0)\n"), "conftest.py: a submission is"),
    "a file with a terrible name": (content("\x1b[2J", "x"), "and nothing else"),
    "a hidden file": (content(".pth", "import os; os._exit(0)\n"), "and nothing else"),
    "a package": (content("__init__.py", "import os; os._exit(0)\n"), "and nothing else"),
    "a folder more": (lambda folder: (folder / "__pycache__").mkdir(), "and nothing else"),
    "a file less": (lambda folder: (folder / "environment.json").unlink(), "environment.json: missing"),
    "a source that is a link": (link("predictor.py", "/etc/passwd"), "not a link"),
    "results that are a link": (link("results.parquet", "/proc/self/environ"), "not a link"),
    "metadata that is a link to nowhere": (link("submission.yaml", "/nowhere"), "not a link"),
    "results that are a pipe": (fifo("results.parquet"), "not a link or device"),
    "a source of NUL": (source("x\x00y"), "source code string cannot contain null bytes"),
    "a source that is no text": (source(b"\xff\xfe\x00"), "not UTF-8"),
    "a source of 100 MB": (lambda folder: source("#" + "x" * 2**21)(folder), "larger than"),
    "NaN as results": (first(predictions=lambda f: np.full(len(f.predictions), NAN)), "a fold that is ok has one finite prediction or more"),
    "one NaN as results": (first(predictions=lambda f: np.r_[NAN, f.predictions[1:]]), "a fold that is ok has one finite prediction or more"),
    "infinite results": (first(predictions=lambda f: np.full(len(f.predictions), np.inf)), "a fold that is ok has one finite prediction or more"),
    "one prediction less": (first(predictions=lambda f: f.predictions[:-1]), "5 predictions, expected 6"),
    "one prediction more": (first(predictions=lambda f: np.r_[f.predictions, 1.0]), "7 predictions, expected 6"),
    "no prediction": (first(predictions=np.empty(0)), "a fold that is ok has one finite prediction or more"),
    "one row less": (folds(lambda f: f[:-1]), "its folds differ from those of the task"),
    "one row twice": (folds(lambda f: [*f[:-1], f[0]]), "is there twice"),
    "rows in another order": (folds(lambda f: f[::-1]), "its folds differ from those of the task"),
    "another fold": (first(fold="group 9"), "its folds differ from those of the task"),
    "no rows": (lambda folder: write_results(folder / "results.parquet", []), "no result"),
    "quantiles": (first(quantiles=lambda f: {0.1: f.predictions, 0.9: f.predictions}), "quantiles are not allowed in a submission"),
    "a failure that is hidden": (first(status="error", predictions=np.empty(0)), "submitted as 'error', recomputed as 'ok'"),
    "a failure with predictions": (first(status="error"), "6 predictions, expected 0"),
    "a failure everywhere": (
        folds(lambda f: [replace(x, status="timeout", predictions=np.empty(0)) for x in f]),
        "submitted as 'timeout', recomputed as 'ok'",
    ),
    "another prediction": (first(predictions=lambda f: f.predictions * 1.001), "row 0: submitted"),
    "the last prediction of the last fold": (
        folds(lambda f: [*f[:-1], replace(f[-1], predictions=np.r_[f[-1].predictions[:-1], 9.0])]),
        "fold 'group 2', row 5: submitted 9",
    ),
    "another fingerprint": (results(lambda r: replace(r, fingerprint="0" * 16)), "stale fingerprint"),
    "another task": (results(lambda r: replace(r, task="a/loss/frontier")), "a result of a task that it cannot enter"),
    "a task with escape codes": (results(lambda r: replace(r, task="\x1b[2J")), "task that it cannot enter"),
    "another predictor's results": (results(lambda r: replace(r, predictor="kaplan")), "result of 'kaplan'"),
    "another suite": (results(lambda r: replace(r, suite="v9")), "on suite 'v9'"),
    "other constructor arguments": (results(lambda r: replace(r, parameters='{"a": 1}')), "the constructor arguments in the submission differ"),
    "constructor arguments that are code": (results(lambda r: replace(r, parameters="__import__('os')")), "not a result file"),
    "two results of one task": (
        lambda folder: write_results(
            folder / "results.parquet", [r for x in read_results(folder / "results.parquet") for r in (x, replace(x, versions='{"a": "b"}'))]
        ),
        "the tasks have 3 folds",
    ),
    "a status of its own": (rows(lambda r: [{**x, "status": "verified"} for x in r]), "is none of ok, error"),
    "a status with escape codes": (rows(lambda r: [{**x, "status": "\x1b[2J"} for x in r]), "is none of ok, error"),
    "constants that are no JSON": (rows(lambda r: [{**x, "constants": "{"} for x in r]), "not a result file"),
    "constants that are a list": (rows(lambda r: [{**x, "constants": "[1]"} for x in r]), "not a result file"),
    "constants nested deeply": (rows(lambda r: [{**x, "constants": "[" * 10**5} for x in r]), "not a result file"),
    "predictions as text": (rows(lambda r: [{**x, "predictions": ["1.0"] * 6} for x in r]), "not a result file"),
    "predictions as lists": (rows(lambda r: [{**x, "predictions": [[1.0]] * 6} for x in r]), "not a result file"),
    "predictions missing": (rows(lambda r: [{**x, "predictions": None} for x in r]), "not a result file"),
    "a column missing": (columns(lambda t: t.drop_columns(["fold"])), "not a result file"),
    "a column twice": (columns(lambda t: t.append_column("fold", t["fold"])), "not a result file"),
    "no columns": (columns(lambda t: t.select([])), "not a result file"),
    "a fold that is a number": (rows(lambda r: [{**x, "fold": 5} for x in r]), "not a result file"),
    "200,000 rows": (spread, "not a result file"),
    "half a file": (cut, "not a result file"),
    "an empty file": (content("results.parquet", b""), "not a result file"),
    "junk": (content("results.parquet", b"PAR1" + os.urandom(4000) + b"PAR1"), "not a result file"),
    "a pickle": (content("results.parquet", b"\x80\x04\x95cos\n_exit\n(I0\ntR."), "not a result file"),
    "requirements from an address": (content("requirements.txt", "x @ https://example.org/x.whl\n"), "expected lines of the form"),
    "requirements with options": (content("requirements.txt", "--index-url https://example.org\n"), "expected lines of the form"),
    "requirements from a file": (content("requirements.txt", "-r /etc/passwd\n"), "expected lines of the form"),
    "requirements of this folder": (content("requirements.txt", "-e .\n"), "expected lines of the form"),
    "requirements without a hash": (content("requirements.txt", "leftpad==1.0\n"), "add --hash=sha256"),
    "requirements pinned twice": (content("requirements.txt", "numpy==1.0\nNumPy==2.0\n"), "pinned twice"),
    "requirements without wheels": (content("requirements.txt", f"leftpad==1.0 --hash=sha256:{'0' * 64}\n"), "--wheels DIR"),
    "requirements that are binary": (content("requirements.txt", b"\xff\xfe"), "not UTF-8"),
    "requirements with escape codes": (content("requirements.txt", "\x1b[2J==1\n"), "expected lines of the form"),
}  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.full) if n == "200,000 rows" else n for n in TRICKS])
def test_when_a_folder_is_not_what_it_says_then_it_is_refused_in_one_line(name, folder, arena, capfd):
    change, reason = TRICKS[name]
    change(folder)
    before = arena.state()
    outcome = arena.judge(SUITE)
    printed = capfd.readouterr()
    arena.rows.append(("folder", name, outcome.reason.replace(str(folder), "hostile"), outcome.verdict, outcome.seconds))
    assert outcome.verdict == "refused"
    assert reason in outcome.reason and outcome.reason.isprintable() and len(outcome.reason) < 1000
    assert (printed.out, printed.err) == ("", "") and arena.state() == before


def test_an_honest_folder_is_verified(folder, arena):
    outcome = arena.judge(SUITE)
    assert outcome.verdict == "verified", outcome.reason


@pytest.mark.parametrize("year", ["2020-99-99", "9" * 5000, "!!bool abc"])
def test_when_a_folder_of_the_package_is_broken_then_the_board_names_it_once_and_goes_on(year, tmp_path, monkeypatch):
    write_submission(tmp_path / "subs" / "hostile", code(), SUITE, HONEST)
    line("year", year)(tmp_path / "subs" / "hostile")
    monkeypatch.setattr(submissions, "_root", lambda: tmp_path / "subs")
    done = scalingbench("leaderboard", "--suite", "lite", "--track", "compute")
    assert done.returncode == 0 and "chinchilla" in done.stdout
    (said,) = (text for text in done.stderr.splitlines() if "left out: " in text)
    assert str(tmp_path / "subs" / "hostile" / "submission.yaml") in said and "not YAML" in said
