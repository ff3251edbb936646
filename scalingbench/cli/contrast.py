"""The command that compares recipes at a scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from scalingbench.cli.console import print_answer, say
from scalingbench.cli.forecast import Table
from scalingbench.cli.options import Json
from scalingbench.cli.table_options import TableReader, reads_a_table

__all__ = ["COMMANDS"]


@reads_a_table
def contrast(
    read: TableReader,
    table: Table,
    at: Annotated[str, typer.Option("--at", help="Where recipes are compared, e.g. flops=1e22, or params=7B,tokens=1.4T.")],
    by: Annotated[str, typer.Option("--by", help="Header of the column that names the recipes.")] = "recipe",
    of: Annotated[
        str, typer.Option("--of", help="Intervals of the expected value (mean), or of one new run of each recipe (run).")
    ] = "mean",
    form: Annotated[
        str | None, typer.Option("--form", help="What recipes change of one law: ratio, multiplier, slope or own; by default by back-test.")
    ] = None,
    pairs: Annotated[str, typer.Option("--pairs", help="The best recipe against the others (best), or every pair (all).")] = "best",
    force: Annotated[bool, typer.Option("--force", help="Answer even if a rule refuses to.")] = False,
    as_json: Json = False,
) -> None:
    """Compare recipes (optimisers, data, architectures) at a scale: which is best, by how much, at how much compute."""
    from scalingbench.forecasting.targets import parse_target

    parse_target(at, "--at", headers=read.meanings)  # a bad option is reported before a file is read, and before slow imports
    from scalingbench.forecasting.contrast import contrast as contrast_runs

    runs = read(table, by=by)
    say(str(runs))
    options: dict[str, Any] = {"of": of, "form": form, "pairs": pairs}
    found = contrast_runs(runs, at, by=by, force=force, **options)
    print_answer("contrast", found.as_dict(), found, as_json)


COMMANDS: dict[str, Callable[..., None]] = {"contrast": contrast}
