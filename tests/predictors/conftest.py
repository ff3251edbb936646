"""Fixtures shared by the tests of predictors."""

from collections.abc import Callable, Iterator

import pytest
from stub_laws import stub
from threadpoolctl import threadpool_limits

from scalingbench.predictors import registry
from scalingbench.predictors.registry import Entry, get


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Fit with one BLAS thread, as the evaluation does: on small matrices threads mostly wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes these entries, or registered names, the whole registry."""

    def replace(*entries: Entry | str) -> None:
        known = [get(e) if isinstance(e, str) else e for e in entries]
        monkeypatch.setattr(registry, "_entries", lambda: {e.name: e for e in known})

    return replace


@pytest.fixture
def three(registered: Callable[..., None]) -> None:
    """Candidates that are off by .1, .2 and .4 everywhere, worst first."""
    registered(stub("far", offsets=0.4), stub("near", offsets=0.1), stub("middling", offsets=0.2))
