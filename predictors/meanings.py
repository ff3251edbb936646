"""What each constant of a law means, in words, from its role and its units."""

from __future__ import annotations

from collections.abc import Sequence

from scalingbench.predictors.parameters import Parameter

__all__ = ["meanings"]


def meanings(parameters: Sequence[Parameter]) -> dict[str, str]:
    """Return the meaning of each constant by name.

    Parameters
    ----------
    parameters : sequence of Parameter
        All constants of a law.

    Examples
    --------
    >>> from scalingbench.predictors.laws.compute import Chinchilla
    >>> meanings(Chinchilla.parameters)["alpha"]
    'exponent of N'
    """
    of = _powers(parameters)
    return {p.name: f"exponent of {_listed(of[p.name])}" if p.name in of else _meaning(p) for p in parameters}


def _powers(parameters: Sequence[Parameter]) -> dict[str, list[str]]:
    """Return the inputs that each exponent is a power of: those whose unit enters the unit of a factor to that power."""
    found: dict[str, list[str]] = {}
    for parameter in parameters:
        for unit, power in parameter.scale.items():
            name = power.removeprefix("-") if isinstance(power, str) else None
            if name is not None and unit != "y" and unit not in found.get(name, []):
                found.setdefault(name, []).append(unit)
    return found


def _meaning(p: Parameter) -> str:
    inputs = [unit for unit in p.scale if unit != "y"]
    own = [unit for unit in inputs if p.scale[unit] == 1.0]
    if p.role == "irreducible":
        return "irreducible value, the limit of infinite scale"
    if p.role == "amplitude":
        return f"factor of the term in {_listed(inputs)}" if inputs else "factor of a term, in the unit of the value"
    if p.role == "exponent":
        return "exponent, without a unit"
    if p.role == "location" or own:
        return f"a value of {_listed(own or inputs)}" if own or inputs else "a place on the axis"
    sign = "positive" if p.role == "positive" else "of any sign"
    if inputs:
        return f"{sign}, with the unit of {_listed(inputs)} to a power"
    if p.shift:
        return "a logarithm, of any sign"
    return f"{sign}, in the unit of the value" if p.scale.get("y") == 1.0 else f"{sign}, without a unit"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
