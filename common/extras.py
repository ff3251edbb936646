"""Libraries that only some commands need: an extra of the package installs them."""

from importlib.util import find_spec

from scalingbench.common.errors import InputError

__all__ = ["require"]


def require(what: str, extra: str, *libraries: str) -> None:
    """Refuse, before any work, what needs a library that is not installed.

    Parameters
    ----------
    what : str
        What needs them, as the message begins.
    extra : str
        The extra of the package that installs them.
    libraries : str
        Import names.

    Raises
    ------
    InputError
        If one is not installed; the message holds the line that installs it.
    """
    for name in libraries:
        if find_spec(name) is None:
            raise InputError(f"{what} needs {name}: pip install 'scalingbench[{extra}]'")
