"""Forecasts of the end of training runs on real curves: how wrong at 25, 50 and 75 % of a run, and do the intervals cover?

    python -m perf.forecasting.watch [--runs 12] [--collections multipowerlaw,colpret] [--out watch.csv]

Of each collection some runs with ten evaluations or more are drawn, over all its metrics that are losses or error rates. The end
of each is forecast from the rows up to a share of its steps: from its own curve, and with the longest runs of other curves of the
collection and metric that are at most 1.2 times as long. The learning rates are those of the table, to the end of the run, where
it has them. Coverage is that of the 80 % interval, collections counting alike; beside it, that with the width which gives 80 % at
half of the runs of all other collections.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.errors import InputError
from scalingbench.forecasting.curve_ensemble import WIDTH, forecast_end
from scalingbench.forecasting.curve_laws import Curve
from scalingbench.forecasting.rate_schedules import schedule_of

COLLECTIONS = (
    "algoperf",
    "astropt_galaxy",
    "bimix",
    "colpret",
    "data_mixing_laws",
    "lr_annealing_gpt100m",
    "marin_delphi",
    "multipowerlaw",
    "nanogpt_speedrun",
    "parameter_golf",
    "porian",
    "pythia_evals",
    "supercollapse",
    "taskset",
)
KINDS = ("loss", "perplexity", "mse", "error")
SHARES = (0.25, 0.5, 0.75)
FEWEST, FINISHED, LONGER = 10, 6, 1.2
SETTINGS = ("rates known", "rates unknown", "with finished runs")


@dataclass(frozen=True)
class Run:
    """A finished run: its collection's metric and curve, and its evaluations."""

    metric: str
    curve: str
    evaluations: Curve


def runs_of(collection: str) -> list[Run]:
    """Return the runs of a collection with enough evaluations, for each metric."""
    table = load_collection(collection).table
    table = table[(table["flag"] == "") & table["value"].gt(0) & table["metric"].str.startswith(KINDS)]
    return [run for metric, rows in table.groupby("metric") for run in _runs_of_metric(str(metric), rows)]


def _runs_of_metric(metric: str, table: pd.DataFrame) -> Iterator[Run]:
    clock = "steps" if "steps" in table and table["steps"].notna().mean() > 0.9 else "tokens"
    if clock in table:
        table = table[table[clock] > 0].sort_values(clock).drop_duplicates(["curve", "run", clock], keep="last")
        for (curve, run), rows in table.groupby(["curve", "run"]):
            if len(rows) >= FEWEST:
                yield Run(metric, str(curve), _curve(str(run), rows, clock))


def _curve(name: str, rows: pd.DataFrame, clock: str) -> Curve:
    at, values = rows[clock].to_numpy(float), rows["value"].to_numpy(float)
    rates = rows["learning_rate"].to_numpy(float) if "learning_rate" in rows else np.full(len(rows), np.nan)
    logged = np.isfinite(rates)
    varied = logged.sum() > 3 and len(np.unique(rates[logged])) > 1
    schedule = schedule_of(at[logged], rates[logged], float(at[-1]), None) if varied else None
    return Curve(name, at, values, float(at[-1]), schedule)


def measure(collection: str, most: int) -> Iterator[dict[str, object]]:
    """Yield a line for each run, share and setting."""
    runs = runs_of(collection)
    for i in np.random.default_rng(7).permutation(len(runs))[:most]:
        run = runs[i]
        others = [r for r in runs if r.metric == run.metric and r.curve != run.curve]
        near = [r.evaluations for r in others if r.evaluations.end <= LONGER * run.evaluations.end]
        finished = sorted(near, key=lambda c: -c.end)[:FINISHED]
        alone = SETTINGS[0] if run.evaluations.schedule is not None else SETTINGS[1]
        for share in SHARES:
            for setting, given in ((alone, []), (SETTINGS[2], finished)):
                if given or setting == alone:
                    yield from _line(collection, run, share, setting, given)


def _line(collection: str, run: Run, share: float, setting: str, finished: list[Curve]) -> Iterator[dict[str, object]]:
    past = run.evaluations.upto(share * run.evaluations.end)
    found = forecast_end(past, finished) if len(past.clock) >= 4 else None
    if found is None:
        return
    error = float(np.log(found.value / run.evaluations.values[-1]))
    last = float(np.log(past.values[-1] / run.evaluations.values[-1]))
    yield {
        "collection": collection,
        "metric": run.metric,
        "run": run.evaluations.name,
        "share": share,
        "setting": setting,
        "error": abs(error),
        "last": abs(last),
        "scaled": abs(error) / found.scale,
        "half": WIDTH * found.scale,
    }


def widths(found: pd.DataFrame) -> pd.Series:
    """Return for each line the width that gives 80 % at half of the runs of all other collections, which count alike."""
    half = found[found["share"] == 0.5]
    return found["collection"].map({c: width_of(half[half["collection"] != c]) for c in found["collection"].unique()})


def width_of(lines: pd.DataFrame) -> float:
    """Return the weighted .8 quantile of the scaled errors; collections count alike."""
    ordered = lines.assign(weight=1.0 / lines.groupby("collection")["error"].transform("size")).sort_values("scaled")
    summed = ordered["weight"].cumsum() / ordered["weight"].sum()
    return float(ordered["scaled"].iloc[int(np.searchsorted(summed, 0.8))]) if len(ordered) else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--collections", default=",".join(COLLECTIONS))
    parser.add_argument("--runs", type=int, default=12, help="Runs of each collection.")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    lines: list[dict[str, object]] = []
    for name in arguments.collections.split(","):
        try:
            lines += measure(name, arguments.runs)
        except InputError as missing:
            print(f"{name}: {missing}")
    if not lines:
        return
    found = pd.DataFrame(lines)
    found["others"] = widths(found)
    if arguments.out:
        found.to_csv(arguments.out, index=False)
    _print(found)
    print(f"\nwidth for 80 % at half of a run: {width_of(found[found['share'] == 0.5]):.2f}; in use: {WIDTH:g}")


def _print(found: pd.DataFrame) -> None:
    found["covered"], found["covered by others' width"] = found["scaled"] <= WIDTH, found["scaled"] <= found["others"]
    heads = ("runs", "share done", "collections", "runs", "median error %", "error if it stayed %", "half-width %", "covered")
    print("| " + " | ".join([*heads, "covered, width of the others"]) + " |\n|---" + 8 * "|---:" + "|")
    for setting in SETTINGS:
        for share, part in found[found["setting"] == setting].groupby("share"):
            print(_row(setting, float(share), part))
    own = found[found["setting"] != SETTINGS[2]].assign(setting="own curve")
    for share, part in own.groupby("share"):
        print(_row("own curve, all", float(share), part))
    heads = ("collection", "own curve, median error % at half", "covered", "with finished runs, median error %", "covered")
    print("\n| " + " | ".join(heads) + " |\n|---" + 4 * "|---:" + "|")
    for name, part in found[found["share"] == 0.5].groupby("collection"):
        sides = [part[part["setting"] != SETTINGS[2]], part[part["setting"] == SETTINGS[2]]]
        cells = [f"{100 * s['error'].median():.2f} | {s['covered'].mean():.2f}" if len(s) else "- | -" for s in sides]
        print(f"| {name} | " + " | ".join(cells) + " |")


def _row(label: str, share: float, part: pd.DataFrame) -> str:
    medians = [f"{100 * part[c].median():.2f}" for c in ("error", "last", "half")]
    each = part.groupby("collection")[["covered", "covered by others' width"]].mean().mean()
    counts = [f"{100 * share:.0f} %", str(part["collection"].nunique()), str(len(part))]
    return f"| {label} | " + " | ".join([*counts, *medians, f"{each.iloc[0]:.2f}", f"{each.iloc[1]:.2f}"]) + " |"


if __name__ == "__main__":
    main()
