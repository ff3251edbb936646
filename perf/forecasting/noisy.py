"""Coverage of calibrated 80 % intervals on small noisy tables: 6 to 12 runs, one seed each, the most expensive run held out.

    python -m perf.forecasting.noisy [--tables 20] [--predictor autolaw]

Three pools of noise (1, 2 and 4 %) around Chinchilla's law with constants drawn anew for each table.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scalingbench.forecasting.forecast import predict
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs

NOISES = (0.01, 0.02, 0.04)
ROWS = (6, 12)


def table(noise: float, seed: int) -> pd.DataFrame:
    """Return runs in the order of their compute."""
    rng = np.random.default_rng([seed + 500, int(noise * 1000)])
    n = int(rng.integers(ROWS[0], ROWS[1] + 1)) + 1
    params = 10 ** rng.uniform(7, 8.8, n)
    tokens = params * 10 ** rng.uniform(0.7, 2, n)
    floor, A, B = rng.uniform(1.4, 2.2), 482 * np.exp(rng.normal(0, 0.3)), 2085 * np.exp(rng.normal(0, 0.3))
    loss = floor + A * params ** -rng.uniform(0.28, 0.4) + B * tokens ** -rng.uniform(0.28, 0.4)
    runs = pd.DataFrame({"params": params, "tokens": tokens, "value": loss * np.exp(noise * rng.standard_normal(n))})
    return runs.iloc[np.argsort(params * tokens)].reset_index(drop=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--predictor", default="autolaw")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for noise in NOISES:
            hits, widths = [], []
            for seed in range(arguments.tables):
                runs = table(noise, seed)
                last = runs.iloc[-1]
                found = predict(
                    make_query(read_runs(runs.iloc[:-1]), {n: float(last[n]) for n in ("params", "tokens")}), arguments.predictor
                )
                if found.low is not None and found.high is not None:
                    hits.append(found.low <= last["value"] <= found.high)
                    widths.append(np.log(found.high / found.low) / 2)
            print(f"noise {noise:.0%}: coverage {np.mean(hits):.2f} of {len(hits)}, half-width {np.median(widths):.1%}", flush=True)


if __name__ == "__main__":
    main()
