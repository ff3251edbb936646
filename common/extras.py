"""Optional libraries, which an extra of the package installs."""

from importlib.util import find_spec

from scalingbench.common.errors import InputError

__all__ = ["require"]


def require(what: str, extra: str, *libraries: str) -> None:
    """Raise an error, before any work, if an optional library is not installed.

    Parameters
    ----------
    what : str
        What needs them: the first words of the message.
    extra : str
        The extra of the package that installs them.
    libraries : str
        Import names.

    Raises
    ------
    InputError
        If one is not installed; the message gives the command that installs it.
    """
    for name in libraries:
        if find_spec(name) is None:
            raise InputError(f"{what} needs {name}: pip install 'scalingbench[{extra}]'")
