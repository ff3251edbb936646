"""The errors that bad input can cause; each message is one line that names what is wrong, where, and the rule it broke."""

__all__ = ["FetchError", "FitWarning", "InputError", "LeaderboardError", "PredictorError", "SchemaError", "TaskError"]


class InputError(ValueError):
    """Base of every error that bad input can cause; the command line prints its message and ends with status 2."""


class SchemaError(InputError):
    """A table, card or suite file breaks a rule of the schema."""


class FetchError(InputError):
    """An upstream file is missing, unreachable or not the one that was pinned."""


class TaskError(InputError):
    """A task cannot be built from its collection."""


class PredictorError(InputError):
    """Input that a predictor cannot use; the message names the column or parameter and the rule."""


class LeaderboardError(InputError):
    """A board, release or submission does not exist or breaks a rule."""


class FitWarning(UserWarning):
    """A fit ended without converging, at a bound, or with parameters that the data do not identify."""
