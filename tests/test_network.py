"""Tests use no network: the rule of `conftest` that all others run under."""

import socket

import pytest


def test_whatever_lies_beyond_this_machine_is_refused_and_noted(beyond):
    with pytest.raises(OSError, match="tests use no network"):
        socket.create_connection(("example.org", 443), timeout=1)
    for connect in (socket.socket.connect, socket.socket.connect_ex):
        with socket.socket() as one, pytest.raises(OSError, match=r"192\.0\.2\.1"):
            connect(one, ("192.0.2.1", 443))
    assert beyond == ["example.org", "192.0.2.1", "192.0.2.1"]
    beyond.clear()


def test_this_machine_and_its_processes_can_be_reached(tmp_path):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, str(tmp_path / "s"))):
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind(address)
            server.listen()
            client.connect(server.getsockname())
    socket.getaddrinfo("localhost", 80)
