"""Coverage of the intervals of the best size: on synthetic worlds with known truth, and on real isoFLOP curves.

    python -m perf.forecasting.allocation [--worlds 100] [--laws 20] [--autolaw 0]

A synthetic world is a draw of Chinchilla's law with 5 budgets of 7 sizes and normal noise; the best size is asked for at ten
times the largest budget. ``--laws`` and ``--autolaw`` say on how many worlds Chinchilla's law and the default predictor are
asked too. Of the real curves the largest budget
is hidden with all above a quarter of it, and the size of least loss by a cubic through the hidden runs is the truth.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.errors import InputError
from scalingbench.forecasting.allocate import allocate
from scalingbench.forecasting.isoflops import isoflop_optima
from scalingbench.predictors.laws.compute import Chinchilla

LAW = "chinchilla[l2-log]"
GRIDS = {"porian": "loss_val", "chinchilla": "loss", "misfitting": "loss", "xlstm": "loss", "farseer": "loss"}
Line = dict[str, object]


def world(seed: int, noise: float = 0.003) -> tuple[pd.DataFrame, float, float]:
    """Return runs of isoFLOP curves, a budget ten times the largest, and its best size."""
    rng = np.random.default_rng(seed)
    E, alpha, beta = rng.uniform(1.5, 2.0), rng.uniform(0.28, 0.4), rng.uniform(0.28, 0.4)
    A, B = 0.6 * 1e8**alpha, 0.6 * 2e9**beta
    budgets = np.repeat(np.geomspace(1e18, 3e19, 5), 7)
    best = _best(budgets, alpha, A, beta, B)
    N = best * np.tile(np.exp(np.linspace(-1.5, 1.5, 7)), 5)
    value = Chinchilla.formula(N, budgets / 6 / N, E, A, alpha, B, beta) * np.exp(noise * rng.standard_normal(len(N)))
    return pd.DataFrame({"params": N, "tokens": budgets / 6 / N, "value": value}), 3e20, float(_best(np.array(3e20), alpha, A, beta, B))


def _best(flops: np.ndarray, alpha: float, A: float, beta: float, B: float) -> np.ndarray:
    return np.asarray((alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta)))


def synthetic(worlds: int, laws: int, autolaw: int) -> Iterator[Line]:
    """Yield a line for each method and world."""
    for seed in range(worlds):
        runs, flops, truth = world(seed)
        N, D, y = (runs[c].to_numpy() for c in ("params", "tokens", "value"))
        for one in isoflop_optima(N, D, np.log(y), flops / 6):
            yield _line(f"isoFLOP, {one.name}", one.params, one.low, one.high, truth)
        for predictor in [name for name, most in ((LAW, laws), ("autolaw", autolaw)) if seed < most]:
            found = allocate(runs, flops, predictor=predictor)
            yield _line(predictor, found.params, *found.params_interval, truth)


def real(laws: bool) -> Iterator[Line]:
    """Yield a line for each method and curve."""
    for collection, metric in GRIDS.items():
        try:
            table = load_collection(collection).table
        except InputError as missing:
            print(f"{collection}: {missing}")
            continue
        table = table[(table["flag"] == "") & (table["metric"] == metric) & table[["params", "tokens"]].notna().all(axis=1)]
        for _, rows in table.groupby("curve"):
            yield from _held_out(collection, rows, laws)


def _held_out(collection: str, rows: pd.DataFrame, laws: bool) -> Iterator[Line]:
    N, D, y = (rows[c].to_numpy(float) for c in ("params", "tokens", "value"))
    cost = N * D
    for top in sorted(set(np.exp(np.log(cost).round(1))), reverse=True):
        here, below = np.abs(np.log(cost / top)) < 0.15, cost <= top / 4
        if len(np.unique(N[here])) < 5:
            continue
        fit = np.polyfit(np.log(N[here]), np.log(y[here]), 3 if here.sum() > 5 else 2)
        grid = np.linspace(np.log(N[here]).min(), np.log(N[here]).max(), 401)
        best = int(np.polyval(fit, grid).argmin())
        if 0 < best < 400:
            for one in isoflop_optima(N[below], D[below], np.log(y[below]), float(np.mean(cost[here]))):
                line = _line(f"isoFLOP, {one.name}", one.params, one.low, one.high, float(np.exp(grid[best])))
                yield {"collection": collection, **line}
            if laws and below.sum() >= 15:
                runs = pd.DataFrame({"params": N[below], "tokens": D[below], "value": y[below]})
                found = allocate(runs, 6.0 * float(np.mean(cost[here])), predictor=LAW)
                yield {"collection": collection, **_line(LAW, found.params, *found.params_interval, float(np.exp(grid[best])))}
            return


def _line(method: str, found: float, low: float, high: float, truth: float) -> Line:
    return {"method": method, "error": abs(np.log(found / truth)), "covered": low <= truth <= high, "width": np.log(high / low)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--laws", type=int, default=20)
    parser.add_argument("--autolaw", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "| runs | method | asked | coverage of 80 % intervals | median error, factor | median width, factor |",
        "|---|---|---:|---:|---:|---:|",
        sep="\n",
    )
    worlds = synthetic(arguments.worlds, arguments.laws, arguments.autolaw)
    for name, lines in (("synthetic", worlds), ("real", real(arguments.laws > 0))):
        table = pd.DataFrame(list(lines))
        for method, part in table.groupby("method", sort=False):
            error, width = np.exp(part["error"].median()), np.exp(part["width"].median())
            print(f"| {name} | {method} | {len(part)} | {part['covered'].mean():.2f} | {error:.2f} | {width:.2f} |", flush=True)


if __name__ == "__main__":
    main()
