"""Where AutoLaw may use a law: what laws state of themselves, and what follows."""

import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest
from stub_laws import stub

from scalingbench import predictors
from scalingbench.predictors.autolaw.backtest import candidates
from scalingbench.predictors.candidacy import Candidate, NotCandidate
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import Entry, list_predictors

ROWS = pd.DataFrame({"x": 2.0 ** np.arange(8)})
TWO = ROWS.assign(z=ROWS["x"] ** 2)
Y = np.geomspace(4.0, 0.5, 8)


def laws_of_the_project():
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(predictors.__path__, f"{predictors.__name__}.")]
    classes = {c for m in modules for _, c in inspect.getmembers(m, inspect.isclass) if c.__module__.startswith(f"{predictors.__name__}.")}
    return sorted((c for c in classes if issubclass(c, ScalingLaw)), key=lambda c: c.__qualname__)


def is_abstract(law):
    """Return whether a class cannot be fitted as it is."""
    if issubclass(law, ParametricLaw):
        return not hasattr(law, "formula")
    return law.fit is ScalingLaw.fit or law.__name__.startswith("_")


def says_where(law):
    return isinstance(vars(law).get("candidate"), Candidate | NotCandidate)


LAWS = [law for law in laws_of_the_project() if not is_abstract(law)]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_law_says_in_its_class_where_it_is_a_candidate_or_why_it_is_not(law):
    assert says_where(law), f"{law.__name__}: state candidate = Candidate(...) or NotCandidate(reason); see predictors/candidacy.py"
    if isinstance(law.candidate, NotCandidate):
        assert len(law.candidate.reason) > 10


def test_laws_that_are_not_registered_are_asked_too_and_silence_is_noticed():
    assert "SymbolicRegression" in {law.__name__ for law in LAWS} and len(LAWS) > 80
    assert {law.__name__ for law in laws_of_the_project() if is_abstract(law) and not law.__name__.startswith("_")} == {
        *("ScalingLaw", "ParametricLaw", "Logarithmic", "LawWithPrior", "PooledLaw", "WithScale")
    }
    assert not says_where(type("Silent", (LAWS[0],), {}))


def test_an_entry_may_differ_from_its_class():
    stated = {e.name: e.candidacy() for e in list_predictors()}
    assert isinstance(stated["chinchilla[huber-log]"], Candidate) and isinstance(stated["chinchilla[l2-log]"], Candidate)
    assert isinstance(stated["chinchilla[l2]"], NotCandidate) and isinstance(stated["chinchilla[besiroglu2024]"], NotCandidate)


def test_a_law_of_another_package_is_left_out_unless_it_says_otherwise():
    assert isinstance(Entry("silent", "fractions:Fraction", "theirs").candidacy(), NotCandidate)
    assert Entry("willing", "stub_laws:Stub", "theirs").candidacy() == Candidate()


@pytest.mark.parametrize(
    ("stated", "one", "two"),
    [
        (Candidate(), True, True),
        (Candidate("one-variable"), True, False),
        (Candidate("several-variables"), False, True),
        (NotCandidate("for a test"), False, False),
        (Candidate(needs=("z",)), False, True),
        (Candidate(most_columns=1), True, False),
        (Candidate(most_rows=8), True, True),
        (Candidate(most_rows=7), False, False),
        (Candidate(values="shares"), False, False),
    ],
)
def test_a_law_is_tried_within_the_limits_that_it_states(registered, stated, one, two):
    registered(stub("law", candidate=stated))
    assert [candidates(X, Y) == ("law",) for X in (ROWS, TWO)] == [one, two]


def test_shares_are_values_up_to_one(registered):
    registered(stub("law", candidate=Candidate(values="shares")))
    assert candidates(ROWS, Y / 4.0) == ("law",)  # the highest is 1
    assert candidates(ROWS, Y / 3.9) == ()


def test_text_does_not_count_as_a_variable(registered):
    registered(stub("one", candidate=Candidate("one-variable")), stub("needs", candidate=Candidate(needs=("run",))))
    assert candidates(ROWS.assign(run="a"), Y) == ("one", "needs")


def test_candidates_have_their_variables_and_values_that_they_can_model():
    X = pd.DataFrame({"params": np.geomspace(1e7, 1e9, 8), "tokens": np.geomspace(1e9, 1e11, 8)})
    found = candidates(X, Y)
    assert {"chinchilla[huber-log]", "log-linear", "over-training"} <= set(found)
    assert not {"m4", "power-law", "data-constrained", "chinchilla[l2]", "mean", "autolaw"} & set(found)
    negative = candidates(X, -Y)
    assert "chinchilla[huber-log]" not in negative and {"log-linear", "over-training"} <= set(negative)
    assert {"m4", "power-law"} <= set(candidates(ROWS, Y)) and "log-linear" not in candidates(ROWS, Y)


def test_candidates_stand_in_the_order_that_they_state_and_then_in_that_of_the_registry(registered):
    last, first = Candidate(order=2), Candidate(order=1)
    registered(stub("a", candidate=last), stub("b", candidate=first), stub("c", candidate=first), stub("d", candidate=last))
    assert candidates(ROWS, Y) == ("b", "c", "a", "d")
