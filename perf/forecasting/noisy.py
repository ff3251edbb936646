"""Coverage of 80 % intervals on small noisy tables: 6 to 12 runs, one seed each, the most expensive run held out.

    python -m perf.forecasting.noisy [--tables 20] [--predictor autolaw] [--real]

Three pools of noise (1, 2 and 4 %) around Chinchilla's law with constants drawn anew for each table; with ``--real``, runs drawn from
collections, of each (params, tokens) one run at random. It prints the coverage of the predictor's own and of the calibrated interval.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.forecasting.pools import finished_runs
from scalingbench.forecasting.forecast import predict
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs

NOISES = (0.01, 0.02, 0.04)
ROWS = (6, 12)
REAL = ("misfitting", "datadecide", "porian", "gadre_overtraining", "fantastic_optimizers")
"""Collections with seeds or with single seeds of visible noise; the first and the last are set aside for tuning."""


def synthetic(noise: float, seed: int) -> pd.DataFrame:
    """Return runs in the order of their compute."""
    rng = np.random.default_rng([seed + 500, int(noise * 1000)])
    n = _number(rng)
    params = 10 ** rng.uniform(7, 8.8, n)
    tokens = params * 10 ** rng.uniform(0.7, 2, n)
    floor, A, B = rng.uniform(1.4, 2.2), 482 * np.exp(rng.normal(0, 0.3)), 2085 * np.exp(rng.normal(0, 0.3))
    loss = floor + A * params ** -rng.uniform(0.28, 0.4) + B * tokens ** -rng.uniform(0.28, 0.4)
    runs = pd.DataFrame({"params": params, "tokens": tokens, "value": loss * np.exp(noise * rng.standard_normal(n))})
    return _by_compute(runs)


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


def measure(name: str, table: Callable[[int], pd.DataFrame | None], tables: int, predictor: str) -> None:
    """Print the coverage on tables of one pool."""
    own, calibrated, widths = [], [], []
    for seed in range(tables):
        runs = table(seed)
        if runs is None:
            print(f"{name}: cannot be built")
            return
        last = runs.iloc[-1]
        found = predict(make_query(read_runs(runs.iloc[:-1]), {n: float(last[n]) for n in ("params", "tokens")}), predictor)
        if found.low is not None and found.high is not None and found.own_interval is not None:
            own.append(found.own_interval[0] <= last["value"] <= found.own_interval[1])
            calibrated.append(found.low <= last["value"] <= found.high)
            widths.append(np.log(found.high / found.low) / 2)
    print(
        f"{name:22} coverage own {np.mean(own):.2f}, calibrated {np.mean(calibrated):.2f} of {len(own)}, "
        f"half-width {np.median(widths):.1%}",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--predictor", default="autolaw")
    parser.add_argument("--real", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for pool in REAL if arguments.real else NOISES:
            name, table = (pool, partial(real, pool)) if isinstance(pool, str) else (f"noise {pool:.0%}", partial(synthetic, pool))
            measure(name, table, arguments.tables, arguments.predictor)


if __name__ == "__main__":
    main()
