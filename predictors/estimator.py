"""The base class of all predictors: a scikit-learn regressor that reads its columns by name.

Any class that keeps the contract (`scalingbench.predictors.contract`) can be evaluated; this base class is optional.
"""

from __future__ import annotations

import html
import inspect
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidacy
from scalingbench.predictors.columns import check_response, numeric_columns, ordered, select
from scalingbench.predictors.contract import ANY, columns_read

__all__ = ["Findings", "ScalingLaw", "latex_of"]


class ScalingLaw(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn states no types
    """Base of all predictors.

    Attributes
    ----------
    variables : tuple of str or None
        Columns that are read from X; others are ignored. ``("*",)`` is the only numeric column, under any name, ``"mix_*"`` every
        column with that prefix, None every numeric column. Arrays without names are read by position.
    candidate : Candidate or NotCandidate
        Where AutoLaw may use the law, or why it does not. Without a declaration, AutoLaw does not use it.

    Examples
    --------
    >>> import numpy as np
    >>> import scalingbench as sb
    >>> class Mean(sb.ScalingLaw):
    ...     def fit(self, X, y):
    ...         self.mean_ = float(np.mean(y))
    ...         return self
    ...
    ...     def predict(self, X):
    ...         return np.full(len(X), self.mean_)
    >>> Mean().fit([[1e7], [1e8]], [3.0, 2.0]).predict([[1e9]])
    array([2.5])
    """

    variables: ClassVar[tuple[str, ...] | None] = None
    candidate: ClassVar[Candidacy]

    def fit(self, X: pd.DataFrame, y: Any) -> ScalingLaw:
        """Fit on training rows.

        Parameters
        ----------
        X : DataFrame, shape (n, n_variables)
            Scale variables, one column each.
        y : array-like, shape (n,)
            Measured values.
        """
        raise NotImplementedError

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values, shape (n,)."""
        raise NotImplementedError

    def _read_training(self, X: Any, y: Any, *, positive: bool = True, finite: bool = False) -> tuple[pd.DataFrame, np.ndarray]:
        """Return X as a DataFrame and y, checked and in an order that depends on the set of rows alone; remember the columns in use.

        ``_order`` holds the positions of the returned rows among the given ones.
        """
        if y is None:
            raise PredictorError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if isinstance(X, pd.DataFrame):
            if len(X) == 0:
                raise PredictorError("X: has no rows to fit on")
            y = column_or_1d(y, warn=True)
            self.n_features_in_ = X.shape[1]
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        else:  # scikit-learn's own checks for arrays: shape, finiteness, number of features
            X, y = validate_data(self, X, y, y_numeric=True)
            X = pd.DataFrame(X, columns=self._array_columns(X.shape[1]))
        y = check_response(y, len(X), positive=positive)
        if finite:  # before they change places: a message names the row that was given
            wanted = self._wanted(X)
            select(X, [name for name in numeric_columns(X) if name in wanted])
        X, y, self._order = ordered(X, y)
        self.columns_ = self._wanted(X)
        return X, y

    def _read(self, X: Any) -> pd.DataFrame:
        """Return X as a DataFrame."""
        if isinstance(X, pd.DataFrame):
            return X
        X = validate_data(self, X, reset=False)
        return pd.DataFrame(X, columns=self._array_columns(X.shape[1]))

    def _findings(self) -> Findings | None:
        """Return a summary of the fit; None before it."""
        constants = getattr(self, "params_", None)
        if constants is None:
            return None
        return Findings(table=pd.DataFrame({"estimate": constants}, index=pd.Index(constants, name="constant")), latex=self.latex())

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        head, found = str(super().__repr__(N_CHAR_MAX)), self._findings()
        return head if found is None else found.as_text(head)

    def _repr_html_(self) -> str:
        head, found = str(super().__repr__()), self._findings()
        return str(super()._repr_mimebundle_().get("text/html", head)) if found is None else found.as_html(head)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self._needs_positive()
        return tags

    def _needs_positive(self) -> bool:
        """Return whether the response must be positive."""
        return False

    @classmethod
    def latex(cls) -> str:
        """Return the formula as LaTeX, from the law's documentation; empty where there is none."""
        return latex_of(cls.__doc__ or "")

    def _array_columns(self, width: int) -> list[str]:
        names = self.variables
        return list(names) if names and names != (ANY,) and len(names) == width else [f"x{i}" for i in range(width)]

    def _wanted(self, X: pd.DataFrame) -> tuple[str, ...]:
        """Return the names of the columns to read."""
        numeric = numeric_columns(X)
        found = columns_read(self.variables, [str(c) for c in X.columns], numeric)
        if found is not None:
            return found
        wanted, columns = self.variables or (), ", ".join(map(str, X.columns))
        if tuple(wanted) == (ANY,):
            raise PredictorError(f"X: {type(self).__name__} takes one numeric column, got {len(numeric)}: {', '.join(map(str, numeric))}")
        missing = next(name for name in wanted if columns_read((name,), list(map(str, X.columns)), numeric) is None)
        raise PredictorError(f"X: column {missing!r} is missing; it has {columns}")


def latex_of(text: str) -> str:
    """Return the first ``.. math::`` block of a docstring."""
    _, found, rest = inspect.cleandoc(text).partition(".. math::")
    lines = []
    for line in rest.splitlines() if found else []:
        if line.strip() and not line.startswith(" "):
            break
        lines.append(line.strip())
    return " ".join(line for line in lines if line)


@dataclass(frozen=True)
class Findings:
    """What a fit found.

    Attributes
    ----------
    lines : tuple of str
        Facts in words.
    table : DataFrame, optional
        One row for each constant, or for each candidate with weight.
    latex : str
        The formula; empty where there is none.
    """

    lines: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    latex: str = ""

    def as_text(self, head: str) -> str:
        """Return a head, the formula, the facts and the table as lines."""
        table = [] if self.table is None else [self.table.to_string(float_format=_number, na_rep="")]
        return "\n".join([head, *([self.latex] if self.latex else []), *self.lines, *table])

    def as_html(self, head: str) -> str:
        """Return the same as HTML; the formula is for MathJax, which notebooks have."""
        formula = f"<div>$${html.escape(self.latex, quote=False)}$$</div>" if self.latex else ""
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self.lines)
        table = "" if self.table is None else self.table.to_html(float_format=_number, na_rep="", border=0)
        return f"<div><code>{html.escape(head)}</code>{formula}{lines}{table}</div>"


def _number(x: float) -> str:
    return f"{x:.4g}"
