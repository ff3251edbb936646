"""The options by which the commands of a practitioner read a table of runs: in one place, for all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.forecasting.reading import Runs

__all__ = ["TableReader", "positive", "reads_a_table"]

Pairs = list[str] | None


@dataclass(frozen=True)
class TableReader:
    """How a table is read, as the user says."""

    metric: str | None
    curve: str | None
    names: Pairs
    units: Pairs
    where: Pairs
    decimal: str | None
    checkpoints: bool

    @property
    def meanings(self) -> dict[str, str]:
        """The meanings that ``--map`` states, by header."""
        return _pairs("--map", self.names)

    def __call__(self, table: str, by: str | None = None, *, history: bool = False) -> Runs:
        """Return the runs of a table; `by` is the column that names the curves, where all are kept; `history` is that of `Options`."""
        from scalingbench.forecasting.reading import Options, read_runs

        units = {name: positive(f"--unit {name}={text}", text) for name, text in _pairs("--unit", self.units).items()}
        where = _pairs("--where", self.where)
        options = Options(self.meanings, units, where, self.metric, self.curve, self.checkpoints, self._mark(), by, history)
        return read_runs(table, options)

    def _mark(self) -> Literal[".", ","] | None:
        if self.decimal is None:
            return None
        if self.decimal == ".":
            return "."
        if self.decimal == ",":
            return ","
        raise InputError(f"--decimal: expected '.' or ',', got {self.decimal!r}")


def _options(
    metric: Annotated[str | None, typer.Option("--metric", help="The metric, if the table has several.")] = None,
    curve: Annotated[str | None, typer.Option("--curve", help="The curve, if the table has several.")] = None,
    names: Annotated[
        Pairs, typer.Option("--map", help="HEADER=NAME: meaning of a column, e.g. val/loss=value; 'ignore' leaves it out.")
    ] = None,
    units: Annotated[Pairs, typer.Option("--unit", help="NAME=NUMBER: unit of a column, e.g. params=1e6 for millions.")] = None,
    where: Annotated[Pairs, typer.Option("--where", help="HEADER=CELL: keep only the rows with this cell.")] = None,
    decimal: Annotated[str | None, typer.Option("--decimal", help="Decimal mark, '.' or ',', where cells do not show it.")] = None,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="Use every row of a run, not only its last.")] = False,
) -> TableReader:
    return TableReader(metric, curve, names, units, where, decimal, checkpoints)


def reads_a_table(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options by which a table is read; it gets a `TableReader` of them as its parameter ``read``."""
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "read"]
    shared = list(inspect.signature(_options, eval_str=True).parameters.values())

    def called(**given: Any) -> None:
        read = _options(**{p.name: given.pop(p.name) for p in shared if p.name in given})
        command(**given, read=read)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared)]
    called.__dict__["__signature__"] = inspect.Signature(parameters)
    called.__annotations__ = {p.name: p.annotation for p in parameters}
    return called


def positive(option: str, text: str) -> float:
    """Return the positive number that an option states.

    Raises
    ------
    InputError
        If it states none.
    """
    from scalingbench.forecasting.numbers import number_of

    value = number_of(text)
    if value is None or not 0 < value < float("inf"):
        raise InputError(f"{option}: expected a positive number such as 1e9 or 7B, got {text!r}")
    return value


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """Return ``LEFT=RIGHT`` options as a mapping; the last '=' separates them, because a header can have one."""
    found = {}
    for text in given or ():
        left, equals, right = text.rpartition("=")
        if not equals or not left.strip() or not right.strip():
            raise InputError(f"{option}: expected LEFT=RIGHT, got {text!r}")
        found[left.strip()] = right.strip()
    return found
