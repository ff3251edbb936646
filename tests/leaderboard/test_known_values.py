"""Signs that a submission knows what it had to predict."""

import numpy as np
import pytest
from arena import SUITES

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.leaderboard.submissions.known_values import Exactness, exactness, values_held

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


@pytest.mark.parametrize(
    "source",
    [f"T = {VALUES!r}", f"T = '''{' '.join(map(repr, VALUES))}'''", f"T = {b'x' + np.array(VALUES).tobytes()!r}"],
    ids=["numbers", "text", "bytes"],
)
def test_held_out_values_in_a_source_are_named(source):
    assert values_held(source, [TASK]) == tuple(sorted(VALUES))


def test_values_of_few_digits_and_other_numbers_are_not_named():
    assert values_held("A, B, C, D = 406.4, 410.7, 0.34, 1.69\nSEED = 20260101", [TASK]) == ()
