"""Laws with the constants that a paper published, not refitted."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from predictors.base import ParametricLaw, ScalingLaw
from predictors.errors import PredictorError

__all__ = ["PublishedLaw"]


class PublishedLaw(ScalingLaw):
    """A law form with published constants: training rows are ignored.

    What it shows on a board is how far a paper's constants carry on other people's runs; tokenizers, data and
    losses differ, so a large error is no fault of the paper's.

    Parameters
    ----------
    law : str
        ``module:Class`` of the law.
    source : str
        A key of the law's `ParametricLaw.published_constants`.
    """

    def __init__(self, law: str = "predictors.compute:Chinchilla", source: str = "besiroglu2024"):
        self.law = law
        self.source = source

    @property
    def variables(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The law's."""
        return self._law().variables

    def _law(self) -> ParametricLaw:
        module, _, name = self.law.partition(":")
        return getattr(importlib.import_module(module), name)()

    def fit(self, X: pd.DataFrame, y: Any) -> PublishedLaw:
        """Look the constants up."""
        self._read_training(X, y, positive=False)
        law = self._law()
        if self.source not in law.published_constants:
            raise PredictorError(f"source: expected one of {', '.join(law.published_constants) or '(none)'}, got {self.source!r}")
        self.params_ = dict(law.published_constants[self.source])
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the law's values, shape (n,)."""
        check_is_fitted(self, "params_")
        return self._law().at(self._read(X), self.params_)
