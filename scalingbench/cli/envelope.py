"""The envelope of ``--json``: command, version, and data or an error; ``envelope.schema.json`` beside this file describes it."""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

from scalingbench.common.errors import InputError
from scalingbench.common.packages import own_version
from scalingbench.common.tables import plain, settled

__all__ = ["command_of", "json_schema", "place_of", "print_json", "run_with_json_errors"]

_USAGE: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""Base of the usage errors; typer exports only this subclass, and older versions of typer inherit it from click."""
_OPTION = re.compile(r"(?:No such option: |Missing option '|Invalid value for '|Option ')?(--[a-z][a-z-]*)[:=\s']*")
_ROW = re.compile(r"\brow (\d+)\b")
_COLUMN = re.compile(r"\bcolumn (?:'([^']+)'|\"([^\"]+)\"|([\w/.-]+))")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of what every command prints with ``--json``."""
    found: dict[str, Any] = json.loads((importlib.resources.files("scalingbench.cli") / "envelope.schema.json").read_text("utf-8"))
    return found


def print_json(command: str, data: Any) -> None:
    """Print data in the envelope of all commands."""
    _print(command, {"data": data})


def _print(command: str, body: dict[str, Any]) -> None:
    print(json.dumps({"command": command, "version": own_version(), **settled(plain(body))}, indent=2, allow_nan=False))


def run_with_json_errors(app: typer.Typer, words: Sequence[str]) -> NoReturn:
    """Run the command; print a refusal as one line on standard error and in the envelope on standard output.

    Raises
    ------
    SystemExit
        Always, with the exit status: 2 after a refusal.
    """
    root = typer.main.get_command(app)
    try:
        sys.exit(root.main(args=list(words), prog_name="scalingbench", standalone_mode=False) or 0)
    except (InputError, OSError, _USAGE) as error:
        if isinstance(error, BrokenPipeError):
            raise
        message = str(error.format_message() if isinstance(error, _USAGE) else error)  # type: ignore[attr-defined]
        facts = error.facts() if isinstance(error, InputError) else {}
        print(f"error: {message}", file=sys.stderr)
        _print(command_of(root, words), {"error": {"message": message, **place_of(message, words), **facts}})
        sys.exit(2)


def command_of(root: Any, words: Sequence[str]) -> str:
    """Return the name of the command that the words call, such as ``hub build``; empty if they call none."""
    found, group = [], root
    for word in words:
        if word.startswith("-"):
            continue
        below = getattr(group, "commands", {}).get(word)
        if below is None:
            break
        found.append(word)
        group = below
    return " ".join(found)


def place_of(message: str, words: Sequence[str] = ()) -> dict[str, Any]:
    """Return the option, file, row and column that an error message names, None for each that it does not.

    Messages begin with the place of the error, ``--option: file: row 3, column 'x': rule``. `words` are those of the command
    line: a file of them is recognised even if it does not exist.
    """
    option = _OPTION.match(message)
    rest = message[option.end() :] if option else message
    head, colon, _ = rest.partition(": ")
    row, column = _ROW.search(message), _COLUMN.search(message)
    return {
        "file": head if colon and _is_file(head, message, words) else None,
        "row": int(row.group(1)) if row else None,
        "column": next(filter(None, column.groups())) if column else None,
        "option": option.group(1) if option else None,
    }


def _is_file(text: str, message: str, words: Sequence[str]) -> bool:
    given = any(word == text or word.startswith(f"{text}:") or word.endswith(f"={text}") for word in words)
    looks = "." in text or "/" in text
    return (looks and (given or Path(text).exists())) or (given and "no such f" in message)
