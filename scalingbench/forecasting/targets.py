"""What a target states: it is read without pandas, so that a typing error is answered at once."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.common.variables import VARIABLES, is_variable
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.numbers import number_of

__all__ = ["TargetLike", "parse_target"]

TargetLike = Mapping[str, float] | str


def parse_target(target: TargetLike, option: str = "--target", headers: Mapping[str, str] | None = None) -> dict[str, float]:
    """Return the inputs that ``params=7B,tokens=2e12`` states; a mapping is checked.

    Parameters
    ----------
    target : mapping of str to float, or str
        Variables by name, alias or header.
    option : str
        Named in errors.
    headers : mapping of str to str, optional
        The table's own headers and their variables.

    Raises
    ------
    InputError
        If a part is not ``name=number``, a name is unknown or given twice, or a number is not positive.

    Examples
    --------
    >>> parse_target("N=7B, tokens=2e12")
    {'params': 7000000000.0, 'tokens': 2000000000000.0}
    """
    parts = [p.strip() for p in target.split(",")] if isinstance(target, str) else [f"{k}={v}" for k, v in target.items()]
    if not any(parts):
        raise InputError(f"{option}: names no variable; write e.g. params=7e9,tokens=2e12")
    found: dict[str, float] = {}
    for part in parts:
        given, equals, text = (piece.strip() for piece in part.rpartition("="))
        if not equals:
            raise InputError(f"{option}: expected name=number, got {part!r}")
        name, unit = _variable_of(given, option, headers or {})
        if name in found:
            raise InputError(f"{option}: {name}: is given twice")
        found[name] = _positive(text, name, option) * (unit if text[-1:].isdigit() else 1.0)
    return found


def _variable_of(given: str, option: str, headers: Mapping[str, str]) -> tuple[str, float]:
    """Return the variable that a name, an alias or a header stands for, and one unit of it."""
    name = headers.get(given, given)
    meaning = None if is_variable(name) else meaning_of(name)
    if is_variable(name):
        return name, 1.0
    if meaning is not None and is_variable(meaning.name):
        return meaning.name, meaning.unit
    raise InputError(f"{option}: {unknown_name('variable', given, VARIABLES)}")


def _positive(text: str, name: str, option: str) -> float:
    value = number_of(text)
    if value is None:
        raise InputError(f"{option}: {name}: expected a number, got {text!r}")
    if not math.isfinite(value) or value <= 0:
        raise InputError(f"{option}: {name}: expected a positive number, got {text!r}")
    return value
