"""Fixtures shared by all tests."""

import os
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from sklearn.base import BaseEstimator, RegressorMixin

# property tests: few examples, the same ones every time; pytest --hypothesis-profile=long tests/properties looks for new ones
_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
_SAME = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": _SLOW}
settings.register_profile("short", max_examples=20, **_SAME)
settings.register_profile("full", max_examples=50, **_SAME)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=_SLOW, print_blob=True)

MIRROR = os.environ.get("SCALINGBENCH_MIRROR")
# the installed package brings scores without predictions; they are those of this checkout
os.environ.setdefault("SCALINGBENCH_RESULTS", str(Path(__file__).parents[1] / "leaderboard" / "results"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that asks for every test."""
    parser.addoption("--full", action="store_true", help="also the tests marked 'full': long, and rarely the first to fail")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples property tests make."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("full" if config.getoption("--full") else "short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the full run does; the last line counts it as deselected."""
    if not config.getoption("--full"):
        long = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Return the offline mirror of upstream files. It is the one rule: a test that needs such files asks for it, or is skipped."""
    if not MIRROR:
        pytest.skip("SCALINGBENCH_MIRROR is not set: upstream files are not at hand")
    return Path(MIRROR)


@pytest.fixture(scope="session", autouse=True)
def _same_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give every run an empty cache of upstream files, and libraries that report nothing to their makers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCALINGBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("WANDB_ERROR_REPORTING", "false")
        patch.setenv("DO_NOT_TRACK", "true")
        yield


_REACHED: list[str] = []
"""Every address beyond this machine that was asked for since the last test."""


def _is_local(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        address = ip_address(host.decode() if isinstance(host, bytes) else str(host))
        return address.is_loopback or address.is_unspecified
    except ValueError:  # a name, which somebody else would be asked for
        return False


def _refuse(host: object) -> None:
    if not _is_local(host):
        _REACHED.append(str(host))
        raise OSError(f"a test tried to reach {host!r}: tests use no network")


@pytest.fixture(scope="session", autouse=True)
def _network_is_cut() -> Iterator[None]:
    """Refuse connections beyond this machine; those to it, and between its processes, stay."""

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _refuse(address[0])
            return real(self, address)

        return connect

    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse(host)
        return resolve(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


@pytest.fixture(autouse=True)
def beyond() -> Iterator[list[str]]:
    """Return what was asked for beyond this machine; the test fails that leaves any, also where the refusal was taken calmly."""
    yield _REACHED
    reached = sorted(set(_REACHED))
    _REACHED.clear()
    assert not reached, f"tests use no network; this one tried to reach {', '.join(reached)}"


class ConstantPredictor(RegressorMixin, BaseEstimator):
    """Predicts the mean of its training values; needs no column by name."""

    def __init__(self, shift: float = 0.0):
        self.shift = shift

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "ConstantPredictor":
        self.mean_ = float(np.mean(y)) + self.shift
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.full(len(X), self.mean_)


@pytest.fixture
def constant() -> ConstantPredictor:
    """Return a trivial predictor."""
    return ConstantPredictor()
