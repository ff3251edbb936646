"""No hostile predictor forges a result, hangs, prints, or leaves anything behind; each is refused in one line that says why."""

import pytest
from attacks import ATTACKS

FIRST = {attack.family: attack for attack in reversed(ATTACKS)}
"""One of each family, which a default run tries; --full tries all."""
CHOSEN = [a if a is FIRST[a.family] else pytest.param(a, marks=pytest.mark.full) for a in ATTACKS]

GRACE = 10.0
"""Seconds beyond the limits of one verification that a loaded machine may take."""


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.full), 2])
@pytest.mark.parametrize("attack", CHOSEN, ids=lambda a: f"{a.family}: {a.name}")
def test_when_a_hostile_predictor_is_verified_then_only_its_honest_predictions_count(attack, jobs, arena, capfd):
    before = arena.state()
    outcome = arena.run(attack, jobs)
    printed = capfd.readouterr()
    arena.rows.append(
        (attack.family, f"{attack.name} (jobs {jobs})", outcome.reason or "predicts honestly", outcome.verdict, outcome.seconds)
    )
    assert outcome.verdict == attack.verdict, outcome.reason
    if attack.verdict == "refused":
        assert outcome.reason and outcome.reason.isprintable() and len(outcome.reason) < 1000
        assert "Traceback" not in outcome.reason and attack.reason in outcome.reason
    assert outcome.seconds < 2 * attack.seconds + GRACE
    assert (printed.out, printed.err) == ("", "")
    assert arena.state() == before
    if attack.family == "clock" and attack.verdict == "verified":
        assert all(seconds > 0.25 for seconds in outcome.fit_seconds)


def test_there_are_enough_of_them():
    assert len(ATTACKS) >= 480 and len({(a.family, a.name) for a in ATTACKS}) == len(ATTACKS)
