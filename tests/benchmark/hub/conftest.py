"""A built data-set folder and a server that speaks the Hub's API."""

import pytest
from hub_folders import COLLECTIONS
from hub_server import TOKEN, HubServer

from scalingbench.benchmark.hub import build


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("hub") / "built"
    build(place, collections=COLLECTIONS)
    return place


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("SCALINGBENCH_CACHE", str(tmp_path / "cache"))
    yield server
    server.close()
