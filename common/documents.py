"""Read text, YAML and JSON files of other people as UTF-8; a file that cannot be read is an error of one line."""

from __future__ import annotations

import json
from pathlib import Path

from scalingbench.common.errors import InputError
from scalingbench.common.limits import check_file
from scalingbench.common.messages import described, one_line

__all__ = ["parse_json", "parse_yaml", "read_text"]


def read_text(path: Path, error: type[InputError] = InputError) -> str:
    """Return the text of a file.

    Raises
    ------
    InputError
        If the file cannot be read or is not UTF-8; `error` may name a subclass.
    """
    check_file(path, error)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"{path}: byte {problem.start + 1} is not UTF-8 text") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read: {one_line(problem.strerror)}") from None


def parse_json(text: str) -> object:
    """Return the content of a JSON text.

    Raises
    ------
    InputError
        If it is not JSON; the caller names the file.
    """
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"not JSON: {described(problem, 200)}") from None
    return parsed


def parse_yaml(text: str) -> object:
    """Return the content of a YAML text.

    Raises
    ------
    InputError
        If it is not YAML; the caller names the file.
    """
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # the loader in C is ten times as fast
    except Exception as problem:  # not only YAMLError: odd dates, numbers and nesting raise errors of other classes
        raise InputError(f"not YAML: {described(problem)}") from None
