"""One wall for all attacks: a fork server that one attack has broken would show in the next."""

import os

import arena as arenas
import pytest

from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.common.errors import InputError

_ROWS: list[tuple[str, str, str, str, float]] = []
MEMORY = 4 * 2**30


@pytest.fixture(scope="session")
def wall():
    try:
        return raise_wall(memory=MEMORY)
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def arena(wall, tmp_path_factory):
    os.environ[arenas.SECRET] = "a5f0-secret-of-the-judge"
    with Guards(wall) as guards:
        for guard in (guards.take(), guards.take()):  # started before the first attack, so that their processes count as there
            guards.give_back(guard)
        made = arenas.Arena(guards, tmp_path_factory.mktemp("arena"))
        with made.listeners:
            yield made
        _ROWS.extend(made.rows)
    del os.environ[arenas.SECRET]


def pytest_terminal_summary(terminalreporter):
    """Print what was tried and what came of it."""
    if not _ROWS:
        return
    terminalreporter.section(f"{len(_ROWS)} attacks")
    for family, name, what, verdict, seconds in _ROWS:
        terminalreporter.write_line(f"{family:22.22} {name:48.48} {verdict:9} {seconds:5.2f} s  {what[:110]}")
    verdicts = [row[3] for row in _ROWS]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in sorted(set(verdicts)))
    terminalreporter.write_line(f"{len(_ROWS)} attacks: {counts}; {sum(row[4] for row in _ROWS):.0f} s")
