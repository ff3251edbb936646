"""Forecasts of held-out real runs: error, coverage, and quality of the warnings.

    python -m perf.forecasting.forecast [--out forecast.csv] [--pools chinchilla,farseer] [--seeds 3]

In every collection of `pools` the most expensive 5 % of the runs are held out, and 8, 15 or 40 of the others are drawn, three times.
Each predictor forecasts the cheapest and the most expensive of the held-out runs. Recall is the share of forecasts with an error
above 10 % that have a warning; false alarms are warnings on the other forecasts. The evidence that calibrates the intervals, and
the coefficients of AutoLaw, exclude the collections that share runs with the one that is forecast.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.forecasting.board import board_errors, board_without
from perf.forecasting.pools import POOLS, pool
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.common.errors import InputError
from scalingbench.forecasting.forecast import Prefitted, forecast_of
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.records import Forecast
from scalingbench.predictors.autolaw.autolaw import AutoLaw

PREDICTORS = ("autolaw", "chinchilla[huber-log]", "gaussian-process")
SIZES = (8, 15, 40)
HIDDEN, TARGETS, USELESS = 0.05, 2, 0.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="every forecast, as CSV")
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    errors = board_errors(PREDICTORS)
    lines: list[dict[str, object]] = []
    with threadpool_limits(1):
        for name in arguments.pools.split(","):
            lines += _measure(name, errors, arguments.seeds)
            if arguments.out and lines:
                pd.DataFrame(lines).to_csv(arguments.out, index=False)
    found = pd.DataFrame(lines)
    print(f"{found['collection'].nunique()} collections, {len(found)} forecasts\n")
    for by in (["predictor"], ["predictor", "rows"]):
        print(_table(found, by).to_string(), end="\n\n")


def _measure(name: str, errors: pd.DataFrame, seeds: int) -> list[dict[str, object]]:
    rows = pool(name)
    if rows is None or rows["tokens"].nunique() < 3:
        return []
    k = max(1, int(np.ceil(HIDDEN * len(rows))))
    shown, hidden = rows.iloc[:-k], rows.iloc[-k:]
    targets = hidden.iloc[np.unique(np.linspace(0, k - 1, TARGETS).round().astype(int))]
    board = board_without(errors, POOLS[name][0])
    lines = []
    for size in (s for s in SIZES if s <= len(shown)):
        for seed in range(seeds):
            ensemble = AutoLaw().without_cluster(cluster_of(POOLS[name][0]))
            drawn = shown.iloc[np.sort(np.random.default_rng([seed, size]).choice(len(shown), size, replace=False))]
            for found, measured in _forecasts(drawn, targets, board, ensemble):
                lines.append({"collection": name, "rows": size, "seed": seed, **_line(found, measured)})
    print(name, len(lines), flush=True)
    return lines


def _forecasts(drawn: pd.DataFrame, targets: pd.DataFrame, board: dict, ensemble: AutoLaw) -> list[tuple[Forecast, float]]:
    runs = read_runs(drawn[["params", "tokens", "value"]])
    fitted: dict[str, object] = {}
    found = []
    for _, target in targets.iterrows():
        query = make_query(runs, {"params": target["params"], "tokens": target["tokens"]})
        if len(query.X.columns) < 2:
            continue
        if not fitted:
            fitted["autolaw"] = ensemble.fit(query.X, query.y)
        for name in PREDICTORS:
            try:
                one = forecast_of(query, name, force=True, fitted=Prefitted(fitted["autolaw"], fitted.get(name), board))
            except InputError:
                continue
            fitted[name] = one.model
            found.append((one, float(target["value"])))
    return found


def _line(found: Forecast, measured: float) -> dict[str, object]:
    own_low, own_high = found.own_interval or (np.nan, np.nan)
    low, high = (found.low, found.high) if found.low is not None else (np.nan, np.nan)
    codes = sorted({c.code for c in found.cautions if c.level != "note"})
    return {
        "predictor": found.predictor,
        "reach": found.reach,
        "error": abs(np.log(found.value / measured)),
        "own": own_low <= measured <= own_high,
        "calibrated": low <= measured <= high,
        "width": np.log(high / low) / 2,
        "warned": bool(codes),
        "codes": "|".join(codes),
    }


def _table(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    def facts(rows: pd.DataFrame) -> pd.Series:
        bad = rows["error"] > np.log1p(USELESS)
        return pd.Series(
            {
                "forecasts": len(rows),
                "error, median %": 100 * rows["error"].median(),
                "error, 90th %": 100 * rows["error"].quantile(0.9),
                "over 10 %": int(bad.sum()),
                "own coverage": rows["own"].mean(),
                "calibrated coverage": rows["calibrated"].mean(),
                "half-width, median %": 100 * rows["width"].median(),
                "recall": rows.loc[bad, "warned"].mean(),
                "false alarms": rows.loc[~bad, "warned"].mean(),
            }
        )

    return found.groupby(by).apply(facts, include_groups=False).round(2)


if __name__ == "__main__":
    main()
