"""Forecast the most expensive runs of the designed experiment before they exist; afterwards, enter the outcomes.

    python -m perf.designed.forecasts register [--world mlp]     # from the raw table, runs of at most 1/30 of the top compute
    python -m perf.designed.forecasts resolve [--world mlp]      # of every target that has been run by now
    python -m perf.designed.forecasts open [--world mlp]         # the stage summit, from all of main, by a few

Five questions per world, each for every predictor that can read its inputs:

- ``main``: loss of every cell of the factorial beyond 1/30 of the top compute, from all cells below;
- ``main-300``: the same cells from those of at most 1/300;
- ``largest-size``: the unseen token counts of the largest network, from its seen ones (one variable: tokens);
- ``rates``: the learning-rate and batch-size grid of the largest of its four sizes, from the three below;
- ``repeats``: repeated data at the cells beyond the limit, from those below and the factorial's.

A target's outcome is the loss of each of its seeds.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from scalingbench.forecasting.reading import Runs
from scalingbench.forecasting.registering import Failure, Question, drafts, entrants
from scalingbench.forecasting.registering import runs_of as as_runs
from scalingbench.leaderboard.forecasts.book import load_book, register, resolve
from scalingbench.leaderboard.forecasts.records import Draft, Outcome, now

HERE = Path(__file__).parent
RAW = HERE.parents[1] / "benchmark" / "data" / "raw"
METRICS = {"mlp": ("mse", "1"), "text": ("loss", "nats per character")}
WORLDS = tuple(METRICS)
VARIABLES = {"batch": "batch_size"}


def runs_of(world: str) -> pd.DataFrame:
    """Return the raw table of a world in the schema's names; diverged runs are left out."""
    runs = pd.read_parquet(RAW / f"designed_{world}.parquet").rename(columns=VARIABLES | {"loss": "value"})
    return runs[runs["value"].notna()]


def planned(world: str) -> pd.DataFrame:
    """Return the design's groups of runs, one row per learning rate (NaN is the tuned one)."""
    plan = pd.read_csv(HERE / "plan.csv").rename(columns=VARIABLES)
    plan = plan[plan["world"] == world].assign(learning_rate=lambda t: t["learning_rates"].str.split(" "))
    return plan.explode("learning_rate").assign(learning_rate=lambda t: pd.to_numeric(t["learning_rate"], errors="coerce"))


def questions(world: str, runs: pd.DataFrame) -> Iterator[Question]:
    """Yield the questions, with training rows below the limit; the runs beyond it need not exist."""
    plan = planned(world)
    of_main = plan[plan["stage"] == "main"]
    top, largest = of_main["flops"].max(), of_main["params"].max()
    known, unknown = runs[runs["flops"] <= top / 30], plan[~plan["below_reach"]]
    main, cells = known[known["stage"] == "main"], unknown[unknown["stage"] == "main"]

    def make(name: str, what: str, inputs: tuple[str, ...], rows: pd.DataFrame, unseen: pd.DataFrame, selection: str) -> Question:
        metric, unit = METRICS[world]
        targets = {target_name(inputs, row): {i: float(row[i]) for i in inputs} for _, row in unseen.iterrows()}
        return Question(
            f"designed_{world}/{metric}/{name}", what, unit, _runs(world, rows, inputs), targets, selection, software=software()
        )

    below, limit = "flops <= 1/30 of the top run's", "one epoch at the tuned rate"
    scale, knobs = ("params", "tokens"), ("params", "tokens", "learning_rate", "batch_size")
    yield make("main", f"cells beyond 1/30 of the top compute, {limit}", scale, main, cells, f"stage main, {below}")
    low = main[main["flops"] <= top / 300]
    yield make("main-300", f"the same cells from at most 1/300, {limit}", scale, low, cells, "stage main, flops <= 1/300 of the top run's")
    at = f"params = {largest}"
    yield make(
        "largest-size", f"more tokens at the largest size, {limit}", ("tokens",), main[main["params"] == largest],
        cells[cells["params"] == largest], f"stage main, {at}, {below}",
    )  # fmt: skip
    rates = known[known["stage"].isin(("rates", "tuning"))]
    yield make(
        "rates", "learning rates and batch sizes at the largest of four sizes", knobs, rates,
        unknown[unknown["stage"] == "rates"], f"stages rates and tuning, {below}",
    )  # fmt: skip
    repeats = known[known["stage"].isin(("repeats", "main"))]
    yield make(
        "repeats", "1 to 64 epochs beyond 1/30 of the top compute", ("params", "tokens", "unique_tokens"), repeats,
        unknown[unknown["stage"] == "repeats"], f"stages repeats and main, {below}",
    )  # fmt: skip


def _runs(world: str, rows: pd.DataFrame, inputs: tuple[str, ...]) -> Runs:
    return as_runs(rows[[*inputs, "value", "flops"]].reset_index(drop=True), METRICS[world][0], f"designed_{world}")


def inputs_of(question: Question) -> tuple[str, ...]:
    return tuple(next(iter(question.targets.values())))


def summit(world: str, runs: pd.DataFrame) -> Question:
    """Return the question of the stage summit, which needs an accelerator."""
    main, cell = runs[runs["stage"] == "main"], planned(world)
    metric, unit = METRICS[world]
    inputs = ("params", "tokens")
    targets = {target_name(inputs, row): {i: float(row[i]) for i in inputs} for _, row in cell[cell["stage"] == "summit"].iterrows()}
    return Question(
        f"designed_{world}/{metric}/summit", "one cell far beyond the factorial, not run yet", unit, _runs(world, main, inputs),
        targets, "stage main", software=software(),
    )  # fmt: skip


SUMMIT_FORECASTERS = ("autolaw", "chinchilla[huber-log]", "kaplan", "farseer", "log-linear")
STAGES = {
    "summit": ("summit",),
    "main": ("main",),
    "main-300": ("main",),
    "largest-size": ("main",),
    "rates": ("rates",),
    "repeats": ("repeats",),
}
"""Stage of the outcomes of a question."""


def target_name(inputs: tuple[str, ...], row: pd.Series) -> str:
    return " ".join(f"{name}={row[name]:.10g}" for name in inputs)


def forecast(questions: Iterable[Question], names: tuple[str, ...] | None = None) -> Iterator[Draft | Failure]:
    for question in questions:
        found = list(drafts(question, entrants(inputs_of(question), names)))
        made = sum(isinstance(d, Draft) for d in found)
        print(f"{question.name}: {len(question.runs.table)} rows, {len(question.targets)} targets, {made} forecasts", flush=True)
        yield from found


def software() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True, cwd=HERE).stdout.strip()
    return f"scalingbench {version('scalingbench')} at {commit}"


def outcomes_of(question: Question, runs: pd.DataFrame) -> Iterator[Outcome]:
    """Yield the outcome of every target that has been run."""
    rows = runs[runs["stage"].isin(STAGES[question.name.rsplit("/", 1)[1]])]
    names = rows.apply(lambda row: target_name(inputs_of(question), row), axis=1)
    if inputs_of(question) == ("tokens",):
        rows, names = rows[rows["params"] == rows["params"].max()], names[rows["params"] == rows["params"].max()]
    for name, part in rows.groupby(names):
        if name in question.targets:
            yield Outcome(
                target=str(name), values=tuple(float(f"{v:.8g}") for v in part["value"]), date=now(),
                source=f"{question.runs.source}, seeds {', '.join(str(s) for s in sorted(part['seed']))}",
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("register", "resolve", "open"))
    parser.add_argument("--world", choices=WORLDS, action="append")
    arguments = parser.parse_args()
    for world in arguments.world or WORLDS:
        runs = runs_of(world)
        if arguments.command != "resolve":
            waits = arguments.command == "open"
            found = list(forecast([summit(world, runs)], SUMMIT_FORECASTERS) if waits else forecast(questions(world, runs)))
            for failure in (f for f in found if isinstance(f, Failure)):
                print(f"no forecast: {failure.question} {failure.predictor}: {failure.message}")
            print(f"{len(register(d for d in found if isinstance(d, Draft)))} forecasts registered, head {load_book().head[:12]}")
            continue
        for question in (*questions(world, runs), summit(world, runs)):
            outcomes = list(outcomes_of(question, runs))
            print(resolve(question.name, outcomes) if outcomes else f"{question.name}: open")


if __name__ == "__main__":
    main()
