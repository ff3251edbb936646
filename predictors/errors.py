"""Errors and warnings of the predictors; each message is one line."""

__all__ = ["FitWarning", "PredictorError"]


class PredictorError(ValueError):
    """Input that a predictor cannot use; the message names the column or parameter and the rule."""


class FitWarning(UserWarning):
    """A fit that ended without converging, at a bound, or with parameters the data don't identify."""
