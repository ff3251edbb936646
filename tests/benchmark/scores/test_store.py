"""Stored scores: what is written is read, says what it was made from, and differs by one line for each number that does."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from made import fold, result, task

from scalingbench.benchmark.evaluation.results import SCORES, list_result_files, predictor_path, write_results
from scalingbench.benchmark.scores.scoring import score
from scalingbench.benchmark.scores.store import differences, digest_of, read_scores, with_provenance, write_scores
from scalingbench.benchmark.scores.table import COLUMNS
from scalingbench.common.errors import InputError, SchemaError

TASK = task(fold("a", [1.0, 2.0]), fold("b", [3.0]))
RESULTS = [result(TASK, "ref", [2.0, 2.0], [3.5]), result(TASK, "law", [1.1, 2.0], [3.0])]
TABLE = with_provenance(score(RESULTS, [TASK], "ref"), RESULTS, {"law": "5" * 64})


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / SCORES
    write_scores(path, TABLE)
    found = read_scores(path)
    assert differences(TABLE, found) == () and list(found["predictor"]) == ["law", "ref"]
    assert list(found) == [*(c.name for c in COLUMNS), "fingerprint", "digest", "source"]


def test_a_score_says_what_it_was_made_from():
    law, ref = TABLE.to_dict("records")
    assert law["fingerprint"] == TASK.fingerprint and law["digest"] == digest_of(RESULTS[1])
    assert (law["source"], ref["source"]) == ("5" * 64, "")


def test_the_digest_is_of_predictions_quantiles_and_how_fits_ended_and_of_nothing_else():
    """Worked out with hashlib alone: single-precision little-endian numbers by fold."""
    one = result(TASK, "law", [1.0, 2.0], None)
    text = b"\x1ea\x1fok\x1fNone\x1f\x00\x00\x80\x3f\x00\x00\x00\x40\x1eb\x1ferror\x1fNone\x1f"
    assert digest_of(one) == hashlib.sha256(text).hexdigest()[:16]
    assert digest_of(replace(one, predictor="other", versions='{"x": 1}')) == digest_of(one)
    timed = replace(one, folds=tuple(replace(f, fit_seconds=9.0, message="slow", constants={"a": 1.0}) for f in one.folds))
    assert digest_of(timed) == digest_of(one)
    others = [
        result(TASK, "law", [1.0, 2.001], None),
        result(TASK, "law", [1.0, 2.0], [3.0]),
        result(TASK, "law", [1.0, 2.0], None, quantiles={0.1: [[1.0, 2.0], []]}),
        result(TASK, "law", [1.0, 2.0], None, quantiles={0.9: [[1.0, 2.0], []]}),
    ]
    assert len({digest_of(r) for r in (one, *others)}) == 5


@pytest.mark.parametrize("column", ["error", "ratio", "failed", "regret", "coverage", "crps", "digest", "source", "fingerprint", "family"])
def test_every_difference_names_predictor_task_column_and_both_values(column):
    altered = TABLE.copy()
    old = TABLE[column].iloc[0]
    new = "x" if isinstance(old, str) else int(old) + 1 if column == "failed" else 0.25
    altered[column] = altered[column].where(np.array([False, True]), new)
    (line,) = differences(altered, TABLE)
    assert line == f"law on made/loss/frontier: {column} is stored as {new}, computed again it is {old}"


def test_a_last_digit_that_depends_on_the_machine_is_no_difference():
    assert differences(TABLE.assign(error=TABLE["error"] * (1 + 1e-12)), TABLE) == ()
    assert len(differences(TABLE.assign(error=TABLE["error"] * (1 + 1e-7)), TABLE)) == 2


def test_a_score_without_a_result_and_a_result_without_a_score_are_named():
    assert differences(TABLE, TABLE.tail(1)) == ("law on made/loss/frontier: there is a stored score, but no result",)
    assert differences(TABLE.head(1), TABLE) == ("ref on made/loss/frontier: there is a result, but no stored score",)


def test_a_file_that_holds_no_scores_is_refused_by_name(tmp_path):
    path = tmp_path / SCORES
    with pytest.raises(InputError, match="no such file of scores"):
        read_scores(path)
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError, match=f"{SCORES}: not a file of scores"):
        read_scores(path)
    write_results(path, RESULTS)
    with pytest.raises(InputError, match="not a file of scores"):
        read_scores(path)
    with pytest.raises(SchemaError, match="column 'ratio'"):
        write_scores(path, TABLE.assign(ratio=99.0))


def test_broken_scores_are_refused_when_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("scalingbench.benchmark.scores.store.check_scores", lambda table: None)
    write_scores(tmp_path / SCORES, TABLE.assign(ratio=99.0))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"not a file of scores: SchemaError: scores: row 1 .law on made/loss/frontier., column 'ratio'"):
        read_scores(tmp_path / SCORES)


def test_scores_are_no_results_and_no_predictor_takes_their_file(tmp_path):
    write_results(predictor_path(tmp_path, "law"), RESULTS[1:])
    write_scores(tmp_path / SCORES, TABLE)
    assert [file.name for file in list_result_files(tmp_path)] == ["law.parquet"]
    with pytest.raises(InputError, match="predictor 'scores'"):
        predictor_path(tmp_path, "scores")
