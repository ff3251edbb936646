"""The page of licences is what the cards say."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def licences(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    import perf.licences as module

    yield module
    for name in [n for n in sys.modules if n == "perf" or n.startswith("perf.")]:
        del sys.modules[name]


def test_the_page_is_what_the_cards_say(licences):
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(), "python perf/licences.py"
