"""Groups of the commands, and two examples of each, which ``--help`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

__all__ = ["EXAMPLES", "GROUPS", "with_help"]

GROUPS = {
    "Your own runs": ("example", "read", "forecast", "allocate", "plan", "contrast", "watch", "forecasts"),
    "Results": ("findings", "leaderboard", "compare", "pictures", "site", "cite", "release"),
    "Your own predictor": ("new-predictor", "check", "evaluate", "submit", "verify"),
    "Data and tasks": ("collections", "show", "plot", "validate", "tasks", "predictors", "run", "hub"),
}
EXAMPLES = {
    "allocate": ("allocate runs.csv --flops 1e23 --max-tokens 2T", "allocate runs.csv --params 7B"),
    "check": ("check my_law.py", "check my_law.py:MyLaw --json"),
    "cite": ("cite --predictor kaplan", "cite --collection porian --format apa"),
    "collections": ("collections", "collections --json"),
    "compare": ("compare --predictors chinchilla,kaplan --track compute --common", "compare --top 12 --out skill.svg"),
    "contrast": ("contrast runs.csv --by recipe --at flops=1e22", "contrast runs.csv --by recipe --at params=7B,tokens=140B"),
    "evaluate": ("evaluate my_law.py:MyLaw --suite lite", "evaluate my_law.py:MyLaw --track compute"),
    "example": ("example", "example base"),
    "findings": ("findings --top 5", "findings --json"),
    "forecast": ("forecast runs.csv --target params=7B,tokens=140B", "forecast runs.csv --target params=7B,tokens=140B --json"),
    "leaderboard": ("leaderboard --kind published --track compute", "leaderboard --by reach --what coverage"),
    "new-predictor": ("new-predictor my_law", "new-predictor my_law --out laws"),
    "pictures": ("pictures --out pictures", "pictures --suite lite --out pictures"),
    "plan": ("plan runs.csv --budget 1e20 --target params=7B,tokens=140B", "plan --budget 1e20 --target params=7B,tokens=140B"),
    "plot": ("plot porian --out porian.png", "plot porian --predictor chinchilla --out porian.svg"),
    "predictors": ("predictors --track curve", "predictors --json"),
    "read": ("read runs.csv", "read runs.csv --json"),
    "release": ("release", "release --out releases"),
    "run": ("run --suite lite --out out", "run --predictors chinchilla,kaplan --collections porian"),
    "show": ("show porian", "show porian --json"),
    "site": ("site --out site", "site --suite lite --out site"),
    "submit": (
        "submit my_law.py:MyLaw --name my-law --authors 'Last, First' --paper unpublished --license MIT",
        "submit my_law.py:MyLaw --name my-law --authors 'Last, First' --paper 2601.00001 --license MIT --trained-on porian",
    ),
    "tasks": ("tasks --track compute", "tasks --suite lite --json"),
    "validate": ("validate runs.csv", "validate runs.csv --card my_study.md"),
    "watch": ("watch trainer_state.json --schedule cosine", "watch run.csv --until 20000 --with finished.csv"),
    "verify": ("verify leaderboard/submissions/my-law", "verify leaderboard/submissions/my-law --summary verdict.json"),
}
"""Two examples of each command, without ``scalingbench``."""


def with_help(app: typer.Typer) -> None:
    """Put the commands of the app into groups, in their order, and examples below the help of each."""
    group = {name: title for title, names in GROUPS.items() for name in names}
    order = list(group)
    for command in app.registered_commands:
        name = str(command.name or getattr(command.callback, "__name__", ""))
        command.rich_help_panel = group.get(name)
        lines = [f"scalingbench {example}" for example in EXAMPLES.get(name, ())]
        command.epilog = "\n\n".join(["Examples:", *lines]) if lines else None
        command.name = name
    app.registered_commands.sort(key=lambda command: order.index(str(command.name)) if command.name in group else len(order))
    for below in app.registered_groups:
        below.rich_help_panel = group.get(str(below.name))
