"""The command as a user calls it: in this process where only what it says counts, in one of its own where that is the point."""

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
from subprocess import CompletedProcess
from unittest import mock

import pytest


def scalingbench(*arguments, cwd=None, env=None):
    """Run ``scalingbench`` with the arguments given, as `main` does; returns what a process would: exit status and output as text."""
    from scalingbench.cli.main import main

    words = ["scalingbench", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(cwd or os.curdir))
        stack.enter_context(mock.patch.dict(os.environ, env or {}))
        stack.enter_context(mock.patch.object(sys, "argv", words))
        stack.enter_context(mock.patch.object(sys, "path", list(sys.path)))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(_warnings_to(err))
        stack.enter_context(_signals_kept())
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
    return CompletedProcess(words, status, out.getvalue(), err.getvalue())


def scalingbench_process(*arguments, cwd=None, env=None):
    """Run ``scalingbench`` in a process of its own; returns it, finished, with its output as text."""
    command = [sys.executable, "-m", "scalingbench", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, env={**os.environ, **(env or {})})


def data_of(done, command):
    """Return the data that a command printed with ``--json``, from the envelope of all commands."""
    return _envelope(done, command)["data"]


def error_of(done, command):
    """Return the error that a refused command printed with ``--json``; its message is also the one line on standard error."""
    error = _envelope(done, command)["error"]
    assert done.returncode == 2 and done.stderr.splitlines()[-1] == f"error: {error['message']}", done.stderr
    return error


def _envelope(done, command):
    import jsonschema

    from scalingbench.cli.envelope import json_schema
    from scalingbench.common.packages import own_version

    envelope = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    jsonschema.Draft202012Validator(json_schema()).validate(envelope)
    assert (envelope["command"], envelope["version"]) == (command, own_version())
    return envelope


@contextlib.contextmanager
def _warnings_to(stream):
    """Print warnings as `main` sets it up in a process where nobody else has."""
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


@contextlib.contextmanager
def _signals_kept():
    kept = {wanted: signal.getsignal(wanted) for wanted in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for wanted, handler in kept.items():
            signal.signal(wanted, handler)
