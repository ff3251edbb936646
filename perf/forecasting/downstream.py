"""Accuracies of held-out real runs: direct, in two stages, and the one that back-tests choose.

    python -m perf.forecasting.downstream [--benchmarks hellaswag,arc_easy] [--pools gadre_overtraining,olmo_ladder] [--out downstream.csv]

Of each curve the most expensive fifth of the finished runs is held out; the least and the most expensive of them are forecast from
the others. The evidence that calibrates the intervals, and the coefficients of AutoLaw, exclude the collections that share runs.
Errors are in accuracy.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.forecasting.board import board_errors, board_without
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.defaults import DEFAULT_PREDICTOR
from scalingbench.common.errors import InputError
from scalingbench.forecasting.downstream import choose_route, two_stages
from scalingbench.forecasting.ensemble import back_tested
from scalingbench.forecasting.forecast import predict, predict_staged
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.records import Prediction
from scalingbench.predictors.autolaw.autolaw import AutoLaw

POOLS = {
    "gadre_overtraining": ("loss_c4_val", ("c4", "refinedweb", "rpj")),
    "llm_line": ("loss_c4", ("c4", "dolma", "the-pile")),
    "olmo_ladder": ("loss_c4", ("olmo",)),
}
"""Loss and curves of each collection that has losses and accuracies of the same runs."""
BENCHMARKS = ("hellaswag", "arc_easy", "arc_challenge", "piqa")
HIDDEN = 0.2


def finished(collection: str, curve: str) -> pd.DataFrame:
    """Return params, tokens and every metric of the finished runs of a curve, the cheapest first."""
    table = load_collection(collection).table
    table = table[(table["flag"] == "") & table["value"].notna() & (table["curve"] == curve)]
    last = table.sort_values("tokens", kind="stable").groupby(["run", "metric"]).tail(1)
    wide = last.pivot_table(index=["run", "params", "tokens"], columns="metric", values="value").reset_index()
    return wide.assign(cost=wide["params"] * wide["tokens"]).sort_values("cost", kind="stable", ignore_index=True)


def measure(collection: str, benchmarks: tuple[str, ...], errors: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield a row per forecast."""
    loss, curves = POOLS[collection]
    board, learnt = board_without(errors, collection), AutoLaw().without_cluster(cluster_of(collection))
    models: dict[bytes, object] = {}
    for curve in curves:
        wide = finished(collection, curve)
        for metric in (f"accuracy_{b}" for b in benchmarks if f"accuracy_{b}" in wide):
            rows = wide[["params", "tokens", "cost", loss, metric]].dropna().rename(columns={loss: "loss"})
            for line in _forecasts(rows, metric, learnt, board, models):
                yield {"collection": collection, "curve": curve, "metric": metric, **line}


def _forecasts(rows: pd.DataFrame, metric: str, learnt: AutoLaw, board: dict, models: dict[bytes, object]) -> Iterator[dict[str, object]]:
    """Yield a row per target; `models` keeps fits, because the benchmarks of a curve share their losses."""
    k = max(2, int(np.ceil(HIDDEN * len(rows))))
    shown, hidden = rows.iloc[:-k], rows.iloc[-k:]
    runs = read_runs(shown[["params", "tokens", "loss", metric]], metric=metric)
    for _, target in hidden.iloc[[0, -1]].iterrows():
        query = make_query(runs, {n: float(target[n]) for n in ("params", "tokens")})
        for y in (query.y, np.asarray(query.losses)):
            if y.tobytes() not in models:
                models[y.tobytes()] = learnt.fit_many([query.X], [y])[0]
        ensemble, staged = back_tested(query, models[query.y.tobytes()]), two_stages(query, models[np.asarray(query.losses).tobytes()])
        assert staged is not None
        route, _ = choose_route(query, ensemble, staged)
        found = {
            "direct": predict(query, DEFAULT_PREDICTOR, ensemble.model, board),
            "two-stage": predict_staged(query, staged, board),
        }
        told = {name: _line(one, float(target[metric])) for name, one in {**found, "chosen": found[route.chosen]}.items()}
        facts = {"rows": len(query.y), "reach": query.reach, "route": route.chosen, "link": route.link}
        yield {**facts, **{f"{name} {what}": v for name, line in told.items() for what, v in line.items()}}


def _line(found: Prediction, measured: float) -> dict[str, object]:
    low, high = (np.nan, np.nan) if found.low is None or found.high is None else (found.low, found.high)
    return {"error": abs(found.value - measured), "covered": low <= measured <= high, "width": (high - low) / 2}


def told(found: pd.DataFrame) -> pd.DataFrame:
    """Return errors and coverage of each way, and how often the chosen one was the better, by collection and over all."""
    groups = [*found.groupby("collection", sort=False), ("all", found)]
    return pd.DataFrame({name: _facts(rows) for name, rows in groups}).T


def _facts(rows: pd.DataFrame) -> pd.Series:
    ways = ("direct", "two-stage", "chosen")
    best = rows[["direct error", "two-stage error"]].min(axis=1)
    facts: dict[str, object] = {"forecasts": len(rows), "two-stage chosen": (rows["route"] == "two-stage").mean()}
    facts["choice is better"] = (rows["chosen error"] <= best).mean()
    for what, name in (("error", "median error"), ("covered", "coverage"), ("width", "half-width")):
        facts |= {f"{name}, {way}": rows[f"{way} {what}"].agg("mean" if what == "covered" else "median") for way in ways}
    return pd.Series(facts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--benchmarks", default=",".join(BENCHMARKS))
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--out", type=Path, help="every forecast, as CSV")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    errors, lines = board_errors([DEFAULT_PREDICTOR]), list[dict[str, object]]()
    with threadpool_limits(1):
        for name in arguments.pools.split(","):
            try:
                for line in measure(name, tuple(arguments.benchmarks.split(",")), errors):
                    lines.append(line)
                    if arguments.out:
                        pd.DataFrame(lines).to_csv(arguments.out, index=False)
            except InputError as error:
                print(f"{name}: {error}")
            print(name, len(lines), flush=True)
    print(told(pd.DataFrame(lines)).astype(float).round(3).T.to_string())


if __name__ == "__main__":
    main()
