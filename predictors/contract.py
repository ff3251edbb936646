"""The contract of a predictor, and the rule for the columns that it reads.

A predictor has ``fit(X: DataFrame, y) -> self`` and ``predict(X) -> ndarray``; its constructor only stores. ``variables`` declares the
columns that it reads, as a tuple of names: ``"mix_*"`` means every column with that prefix, ``("*",)`` the only numeric column, None (the
default) every numeric column. A predictor that reads every column may declare in ``requires`` those that must be present. One with
``shares_only = True`` predicts shares and enters no task with values outside 0 and 1. `columns_read` applies this rule wherever a
predictor meets a table: a task, a forecast, AutoLaw, the check of a submission.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ANY", "CONTRACT", "columns_read", "lacks", "missing_methods", "pools", "positive_only", "shares_only"]

ANY = "*"
"""In ``variables``: the only numeric column, under any name."""

CONTRACT = "a predictor has fit(X, y) and predict(X)"


def columns_read(variables: Sequence[str] | None, columns: Sequence[str], numeric: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns that a predictor reads of a table, or None where the table lacks one.

    Parameters
    ----------
    variables : sequence of str, optional
        The predictor's declaration.
    columns : sequence of str
        Every column of the table.
    numeric : sequence of str
        The numeric ones.

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
    """Return whether a predictor's scikit-learn tags require positive values."""
    tags = getattr(predictor, "__sklearn_tags__", None)
    try:
        return bool(tags is not None and tags().target_tags.positive_only)
    except Exception:  # errors in a third-party estimator's tags must not stop a run
        return False


def lacks(predictor: object, columns: Sequence[str]) -> list[str]:
    """Return the columns that a predictor requires and a table lacks."""
    return [name for name in getattr(predictor, "requires", ()) if name not in columns]


def pools(predictor: object) -> bool:
    """Return whether a predictor shares information between data sets that it fits together."""
    return bool(getattr(predictor, "pools", False)) and hasattr(predictor, "fit_many")


def shares_only(predictor: object) -> bool:
    """Return whether a predictor is for values between 0 and 1."""
    return bool(getattr(predictor, "shares_only", False))


def missing_methods(predictor: object) -> list[str]:
    """Return the methods that a predictor must have and this one lacks."""
    return [name for name in ("fit", "predict") if not callable(getattr(predictor, name, None))]
