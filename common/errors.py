"""The errors that bad input can cause; each message is one line that names what is wrong, where, and the rule it broke."""

from scalingbench.common.messages import printable

__all__ = ["DataWarning", "FetchError", "FitWarning", "InputError", "LeaderboardError", "PredictorError", "SchemaError", "TaskError"]


class InputError(ValueError):
    """Base of every error that bad input can cause; the command line prints its message and ends with status 2.

    The message is one line: names and cells of a file cannot break it, nor send codes to the terminal.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


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


class DataWarning(UserWarning):
    """Data can be used, but are not what this version of the package knows."""


class FitWarning(UserWarning):
    """A fit ended without converging, at a bound, or with parameters that the data do not identify."""
