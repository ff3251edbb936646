"""Laws with the constants that a paper published, not refitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import NotCandidate
from scalingbench.predictors.estimator import Findings, ScalingLaw
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import get

__all__ = ["PublishedLaw"]


class PublishedLaw(ScalingLaw):
    """A law form with published constants: training rows are ignored.

    On a board it measures how a paper's constants transfer to other runs. Tokenizers, data and losses differ, so a
    large error does not contradict the paper.

    Parameters
    ----------
    law : str
        Catalogue name of an entry with its form, e.g. ``"chinchilla[huber-log]"``.
    source : str
        A key of the law's `ParametricLaw.published_constants`.
    """

    candidate = NotCandidate("its constants are not fitted to the training rows")

    def __init__(self, law: str = "chinchilla[huber-log]", source: str = "besiroglu2024"):
        self.law = law
        self.source = source

    @property
    def variables(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The law's."""
        return self._law().variables

    def _law(self) -> ParametricLaw:
        law: ParametricLaw = get(self.law).make()
        return law

    def fit(self, X: pd.DataFrame, y: Any) -> PublishedLaw:
        """Look up the constants.

        Raises
        ------
        PredictorError
            If the law has no constants of that source.
        """
        self._read_training(X, y, positive=False)
        law = self._law()
        _check_source(type(law), self.source)
        self.params_ = dict(law.published_constants[self.source])
        return self

    def _findings(self) -> Findings | None:
        found = super()._findings()
        return found and replace(found, lines=(f"constants of {self.source}, not fitted",), latex=type(self._law()).latex())

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the law's values, shape (n,)."""
        check_is_fitted(self, "params_")
        return self._law().at(self._read(X), self.params_)


def _check_source(law: type[ParametricLaw], source: str) -> None:
    if source not in law.published_constants:
        known = ", ".join(law.published_constants) or "none"
        raise PredictorError(f"source: {law.__name__} has no constants of {source!r}; known: {known}")
