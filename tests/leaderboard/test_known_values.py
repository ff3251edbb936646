"""Signs that a submission knows what it had to predict."""

import numpy as np
import pytest
from arena import SUITES

from scalingbench.benchmark.evaluation.known_values import known_in, precise
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.leaderboard.submissions.known_values import Exactness, exactness, held_out_values, values_in_source

(TASK,) = SUITES[3, 1].tasks
VALUES = TASK.folds[0].y_test.tolist()


def predicted(change):
    folds = tuple(FoldResult(f.name, "ok", "", change(f.y_test)) for f in TASK.folds)
    return [TaskResult("p", "{}", "tiny", TASK.id, TASK.fingerprint, "{}", folds)]


def test_predictions_are_counted_by_the_digits_that_they_share_with_what_was_measured():
    assert exactness(predicted(lambda y: y), [TASK]) == Exactness(18, 18, 18)
    assert exactness(predicted(lambda y: y * (1 + 5e-6)), [TASK]) == Exactness(0, 18, 18)
    assert exactness(predicted(lambda y: y * 1.001), [TASK]) == Exactness(0, 0, 18)


@pytest.mark.parametrize(
    ("equal", "close", "of", "too_good"),
    [(3, 3, 6, False), (4, 4, 6, True), (0, 4, 100, True), (15, 41, 72205, False), (2, 53, 9505, False), (100, 100, 72205, True)],
)
def test_few_equal_values_are_noise_and_many_are_not(equal, close, of, too_good):
    assert Exactness(equal, close, of).too_good is too_good


HELD = held_out_values([TASK])
FORMS = {
    "numbers": f"T = {VALUES!r}",
    "text": f"T = '''{' '.join(map(repr, VALUES))}'''",
    "text of 9 digits": f"T = '''{' '.join(f'{v:.9g}' for v in VALUES)}'''",
    "bytes": f"T = {b'x' + np.array(VALUES).tobytes()!r}",
    "bytes of single precision": f"T = {b'xyz' + np.array(VALUES, '<f4').tobytes()!r}",
}


@pytest.mark.parametrize("form", FORMS)
def test_held_out_values_in_a_source_are_named(form):
    found = values_in_source(FORMS[form], HELD)
    assert len(found) >= len(VALUES) - 1  # rounding twice can move one
    assert np.min(np.abs(np.divide.outer(found, VALUES) - 1), axis=1) == pytest.approx(0, abs=1e-7)


def test_values_of_few_digits_and_other_numbers_are_not_named():
    assert not len(values_in_source("A, B, C, D = 406.4, 410.7, 0.34, 1.69\nSEED = 20260101", HELD))


def test_random_bytes_and_tables_of_other_numbers_contain_nothing_known():
    rng = np.random.default_rng(0)
    values = precise(rng.uniform(0.1, 10, 50_000))
    assert not len(known_in(rng.bytes(2**20), values))
    assert not len(known_in(" ".join(f"{v:.7f}" for v in rng.uniform(0.1, 10, 20_000)).encode(), values))
