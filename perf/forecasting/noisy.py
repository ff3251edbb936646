"""Coverage of 80 % intervals on small noisy tables: 6 to 12 runs, one seed each, the most expensive run held out.

    python -m perf.forecasting.noisy [--tables 20] [--predictor autolaw] [--real] [--seeds 3] [--out noisy.csv]

Three pools of noise (1, 2 and 4 %) around Chinchilla's law with constants drawn anew for each table; with ``--real``, runs drawn from
collections, of each (params, tokens) one run at random; then the evidence of the board, and what AutoLaw has learnt, leave out the
collections that share runs with the one in question. It prints the coverage of the predictor's own and of the calibrated interval; with
``--seeds``, which repeats each run of a synthetic table, also that of the interval of the expected value.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.forecasting.board import board_errors, board_without
from perf.forecasting.pools import POOLS, finished_runs
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.common.defaults import DEFAULT_PREDICTOR
from scalingbench.forecasting.forecast import predict
from scalingbench.forecasting.noise import noise_of, of_the_law
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.records import Prediction
from scalingbench.predictors.autolaw.autolaw import AutoLaw

NOISES = (0.01, 0.02, 0.04)
ROWS = (6, 12)
REAL = ("misfitting", "datadecide", "porian", "gadre_overtraining", "fantastic_optimizers")
"""Collections with seeds or with single seeds of visible noise; the first and the last are set aside for tuning."""


def synthetic(noise: float, seed: int, seeds: int = 1) -> pd.DataFrame:
    """Return runs in the order of their compute, each repeated, and their expected values."""
    rng = np.random.default_rng([seed + 500, int(noise * 1000)])
    n = _number(rng)
    params = 10 ** rng.uniform(7, 8.8, n)
    tokens = params * 10 ** rng.uniform(0.7, 2, n)
    floor, A, B = rng.uniform(1.4, 2.2), 482 * np.exp(rng.normal(0, 0.3)), 2085 * np.exp(rng.normal(0, 0.3))
    loss = floor + A * params ** -rng.uniform(0.28, 0.4) + B * tokens ** -rng.uniform(0.28, 0.4)
    runs = pd.DataFrame({"params": params, "tokens": tokens, "truth": loss})
    runs = runs.loc[runs.index.repeat(seeds)]
    return _by_compute(runs.assign(value=runs["truth"] * np.exp(noise * rng.standard_normal(len(runs)))))


def real(name: str, seed: int) -> pd.DataFrame | None:
    """Return runs of a collection at random, in the order of their compute; None if it cannot be built."""
    runs = finished_runs(name)
    if runs is None:
        return None
    rng = np.random.default_rng([seed, 7])
    mixed = runs.iloc[rng.permutation(len(runs))].drop_duplicates(["params", "tokens"])
    return _by_compute(mixed.head(_number(rng))[["params", "tokens", "value"]])


def _number(rng: np.random.Generator) -> int:
    """Return a number of runs, the held-out one included."""
    return int(rng.integers(ROWS[0], ROWS[1] + 1)) + 1


def _by_compute(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.iloc[np.argsort((runs["params"] * runs["tokens"]).to_numpy(), kind="stable")].reset_index(drop=True)


def measure(
    name: str, table: Callable[[int], pd.DataFrame | None], tables: int, predict_one: Callable[[Query], Prediction], seeds: int = 1
) -> pd.DataFrame:
    """Return a row per table of one pool that has an interval: what was covered and the half-width; print their means."""
    lines = []
    for seed in range(tables):
        runs = table(seed)
        if runs is None:
            print(f"{name}: cannot be built")
            break
        last = runs.iloc[-1]
        query = make_query(read_runs(runs.iloc[:-seeds][["params", "tokens", "value"]]), {n: float(last[n]) for n in ("params", "tokens")})
        forecast = predict_one(query)
        if forecast.low is not None:
            lines.append({"seed": seed, **_line(forecast, float(last["value"])), **_of_mean(forecast, float(last.get("truth", np.nan)))})
    found = pd.DataFrame(lines).assign(pool=name)
    if len(found):
        print(_told(name, found), flush=True)
    return found


def _line(found: Prediction, measured: float) -> dict[str, object]:
    (own_low, own_high), low, high = found.own_interval or (np.nan, np.nan), float(found.low or 0), float(found.high or 0)
    return {
        "rows": found.rows,
        "reach": found.reach,
        "own": own_low <= measured <= own_high,
        "calibrated": low <= measured <= high,
        "width": np.log(high / low) / 2,
        "error": abs(np.log(found.value / measured)),
    }


def _of_mean(found: Prediction, truth: float) -> dict[str, object]:
    """Return whether the interval of the expected value has it, where runs are repeated."""
    noise = noise_of(found.query)
    if noise is None or found.low is None or found.high is None:
        return {}
    told, (low, high) = of_the_law(found.query, noise, found.value, (found.low, found.high))
    return {"expected": low <= truth <= high, "expected width": np.log(high / low) / 2, "seeds": told.seeds}


def _told(name: str, found: pd.DataFrame) -> str:
    coverage = f"coverage own {found['own'].mean():.2f}, calibrated {found['calibrated'].mean():.2f} of {len(found)}"
    text = f"{name:22} {coverage}, half-width {found['width'].median():.1%}, error {found['error'].median():.1%}"
    if "expected" not in found:
        return text
    width, seeds = found["expected width"].median(), found["seeds"].median()
    return f"{text}; of the expected value {found['expected'].mean():.2f}, half-width {width:.1%}, seeds that are worth it {seeds:.0f}"


def _from_real(predictor: str) -> Callable[[str], Callable[[Query], Prediction]]:
    """Return how runs of a pool are forecast: without what was learnt from its cluster."""
    errors = board_errors([predictor])

    def of(name: str) -> Callable[[Query], Prediction]:
        collection = POOLS[name][0]
        board = board_without(errors, collection)

        def one(query: Query) -> Prediction:
            learnt = predictor == DEFAULT_PREDICTOR
            model = AutoLaw().without_cluster(cluster_of(collection)).fit(query.X, query.y) if learnt else None
            return predict(query, predictor, model, board)

        return one

    return of


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--predictor", default="autolaw")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each configuration of a synthetic table")
    parser.add_argument("--out", type=Path, help="every forecast, as CSV")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        found = _real(arguments) if arguments.real else _synthetic(arguments)
    pooled = pd.concat(found)
    print(_told("all", pooled))
    if arguments.out:
        pooled.to_csv(arguments.out, index=False)


def _real(arguments: argparse.Namespace) -> list[pd.DataFrame]:
    forecast_of = _from_real(arguments.predictor)
    return [measure(name, partial(real, name), arguments.tables, forecast_of(name)) for name in REAL]


def _synthetic(arguments: argparse.Namespace) -> list[pd.DataFrame]:
    one = partial(predict, predictor=arguments.predictor)
    seeds = arguments.seeds
    return [measure(f"noise {n:.0%}", partial(synthetic, n, seeds=seeds), arguments.tables, one, seeds) for n in NOISES]


if __name__ == "__main__":
    main()
