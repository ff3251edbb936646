"""The errors that bad input can cause. Each message is one line: where the error is, what is wrong, and which rule it breaks."""

from __future__ import annotations

from typing import Any

from scalingbench.common.messages import printable

__all__ = ["DataWarning", "FetchError", "FitWarning", "InputError", "LeaderboardError", "PredictorError", "SchemaError", "TaskError"]


class InputError(ValueError):
    """Base of every error that bad input can cause; the command line prints its message and ends with status 2.

    The message is one line: names and cells of a file cannot break it or send escape codes to the terminal.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))

    def facts(self) -> dict[str, Any]:
        """Return what ``--json`` prints of the error beside its message and place."""
        return {}


class SchemaError(InputError):
    """A table, card or suite file breaks a rule of the schema."""


class FetchError(InputError):
    """An upstream file is missing, unreachable or differs from the pinned one."""


class TaskError(InputError):
    """A task cannot be built from its collection."""


class PredictorError(InputError):
    """Input that a predictor cannot use; the message names the column or parameter and the rule."""


class LeaderboardError(InputError):
    """A board, release or submission does not exist or breaks a rule."""


class DataWarning(UserWarning):
    """Data can be used, but differ from those that this version of the package was released with."""


class FitWarning(UserWarning):
    """A fit ended without converging, at a bound, or with parameters that the data do not identify."""
