"""The contract of a predictor, and the one rule of which columns it reads.

A predictor has ``fit(X: DataFrame, y) -> self`` and ``predict(X) -> ndarray``; its constructor only stores. It may declare in
``variables`` which columns it reads: a tuple of names, where ``"mix_*"`` stands for every column whose name starts so and
``("*",)`` for the only numeric column, whatever its name; None, or nothing declared, is every numeric column. One that reads
whatever there is may name in ``requires`` columns without which it cannot do, and one that predicts shares says
``shares_only = True``: it enters no task with values outside 0 and 1. Whoever asks whether a predictor can be used on a table
(a task, a forecast, AutoLaw, the check of a submission) asks `columns_read`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ANY", "CONTRACT", "columns_read", "lacks", "missing_methods", "pools", "positive_only", "shares_only"]

ANY = "*"
"""In ``variables``: the only numeric column, whatever it is called."""

CONTRACT = "a predictor has fit(X, y) and predict(X)"


def columns_read(variables: Sequence[str] | None, columns: Sequence[str], numeric: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns that a predictor reads of a table, or None where the table lacks one.

    Parameters
    ----------
    variables : sequence of str, optional
        As the predictor declares.
    columns : sequence of str
        Every column of the table.
    numeric : sequence of str
        Those that hold numbers.

    Examples
    --------
    >>> columns_read(("tokens", "mix_*"), ["mix_web", "tokens", "mix_code"], ["mix_web", "tokens", "mix_code"])
    ('tokens', 'mix_code', 'mix_web')
    >>> columns_read(("params",), ["tokens"], ["tokens"]) is None
    True
    """
    if variables is None:
        return tuple(numeric)
    if tuple(variables) == (ANY,):
        return tuple(numeric) if len(numeric) == 1 else None
    found = [_expand(name, columns) for name in variables]
    return tuple(column for group in found for column in group) if all(found) else None


def _expand(name: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that one declared name stands for."""
    if name.endswith(ANY):
        return sorted(c for c in columns if c.startswith(name[:-1]))
    return [name] if name in columns else []


def positive_only(predictor: object) -> bool:
    """Return whether a predictor's scikit-learn tags ask for positive values."""
    tags = getattr(predictor, "__sklearn_tags__", None)
    try:
        return bool(tags is not None and tags().target_tags.positive_only)
    except Exception:  # a foreign estimator's tags must not stop a run; it is tried
        return False


def lacks(predictor: object, columns: Sequence[str]) -> list[str]:
    """Return the columns that a predictor requires, beside those that it reads, and a table does not have."""
    return [name for name in getattr(predictor, "requires", ()) if name not in columns]


def pools(predictor: object) -> bool:
    """Return whether data sets that a predictor fits together tell each other something."""
    return bool(getattr(predictor, "pools", False)) and hasattr(predictor, "fit_many")


def shares_only(predictor: object) -> bool:
    """Return whether a predictor is for values between 0 and 1."""
    return bool(getattr(predictor, "shares_only", False))


def missing_methods(predictor: object) -> list[str]:
    """Return the methods that a predictor must have and this one lacks."""
    return [name for name in ("fit", "predict") if not callable(getattr(predictor, name, None))]
