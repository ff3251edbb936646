"""Choice of runs from a pool: error at the target by the share of the pool's compute that is spent.

    python -m perf.forecasting.plan [--predictor "chinchilla[huber-log]"] [--pools chinchilla,farseer] [--out plan.csv]

In every collection of `pools` the most expensive 10 % of the runs (at least three) are the targets; the others can be bought at their
cost, 6 x params x tokens. The five cheapest are free. Further runs are bought up to a share of the total cost, by one of three rules:
`scalingbench plan`, repeated after every batch; the cheapest first; at random (five times). The law is fitted to the bought runs and
predicts the targets. "all" is the fit to all runs.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.forecasting.pools import POOLS, pool
from scalingbench.common.errors import InputError
from scalingbench.forecasting.plan import next_runs
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.predictors.registry import make

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
FREE, HIDDEN, LEAST_HIDDEN, BATCH, SEEDS = 5, 0.1, 3, 4, 5

Chooser = Callable[[pd.DataFrame, list[int], pd.Series, float], list[int]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--predictor", default="chinchilla[huber-log]")
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    lines: list[dict[str, object]] = []
    with threadpool_limits(1):
        for name in arguments.pools.split(","):
            lines += _measure(name, arguments.predictor)
            print(name, len(lines), flush=True)
    found = pd.DataFrame(lines)
    if arguments.out:
        found.to_csv(arguments.out, index=False)
    _print(found)


def _measure(name: str, predictor: str) -> list[dict[str, object]]:
    rows = pool(name)
    if rows is None or rows["tokens"].nunique() < 3 or len(rows) < 15:
        return []
    k = max(LEAST_HIDDEN, int(np.ceil(HIDDEN * len(rows))))
    offered, targets = rows.iloc[:-k].reset_index(drop=True), rows.iloc[-k:]
    free = _free(offered)
    if len(free) < FREE:
        return []
    choosers: list[tuple[str, Chooser]] = [("plan", _planned), ("cheapest first", _cheapest)]
    choosers += [("random", _random(seed)) for seed in range(SEEDS)]
    lines = [{"pool": name, "method": "all", "share": share, **_errors(offered, targets, predictor)} for share in SHARES]
    for method, chooser in choosers:
        taken = list(free)
        for share in SHARES:
            allowed = share * float(offered["flops"].sum()) - float(offered.loc[taken, "flops"].sum())
            taken = chooser(offered, taken, targets.iloc[-1], allowed)
            spent = float(offered.loc[taken, "flops"].sum() / offered["flops"].sum())
            lines.append(
                {
                    "pool": name,
                    "method": method,
                    "share": share,
                    "spent": spent,
                    "runs": len(taken),
                    **_errors(offered.loc[taken], targets, predictor),
                }
            )
    return lines


def _free(offered: pd.DataFrame) -> list[int]:
    """Return the cheapest runs that together vary both params and tokens."""
    for n in range(FREE, len(offered)):
        rows = offered.iloc[:n]
        if rows["params"].nunique() >= 3 and rows["tokens"].nunique() >= 3:
            return list(range(n))
    return []


def _planned(offered: pd.DataFrame, taken: list[int], target: pd.Series, allowed: float) -> list[int]:
    taken = list(taken)
    while allowed > 0:
        query = make_query(
            read_runs(offered.loc[taken, ["params", "tokens", "value"]]), {"params": target["params"], "tokens": target["tokens"]}
        )
        left = offered.drop(index=taken)
        if left.empty or query.constant:
            break
        try:
            found = next_runs(query, allowed, most=BATCH, candidates=left[["params", "tokens"]]).runs
        except InputError:  # nothing is affordable
            break
        keys = set(zip(found["params"], found["tokens"], strict=True))
        new = [i for i in left.index if (left.at[i, "params"], left.at[i, "tokens"]) in keys]
        if not new:
            break
        taken += new
        allowed -= float(offered.loc[new, "flops"].sum())
    return taken


def _cheapest(offered: pd.DataFrame, taken: list[int], target: pd.Series, allowed: float) -> list[int]:
    taken = list(taken)
    for i in offered.index.difference(taken):  # the pool is sorted by cost
        if offered.at[i, "flops"] > allowed:
            break
        taken.append(int(i))
        allowed -= float(offered.at[i, "flops"])
    return taken


def _random(seed: int) -> Chooser:
    def choose(offered: pd.DataFrame, taken: list[int], target: pd.Series, allowed: float) -> list[int]:
        taken = list(taken)
        for i in np.random.default_rng([seed, len(offered)]).permutation(offered.index.difference(taken)):
            if offered.at[i, "flops"] <= allowed:
                taken.append(int(i))
                allowed -= float(offered.at[i, "flops"])
        return taken

    return choose


def _errors(bought: pd.DataFrame, targets: pd.DataFrame, predictor: str) -> dict[str, float]:
    law = make(predictor).fit(bought[["params", "tokens"]].reset_index(drop=True), bought["value"].to_numpy())
    predicted = np.asarray(law.predict(targets[["params", "tokens"]].reset_index(drop=True)), float)
    y = targets["value"].to_numpy(float)
    r2 = 1.0 - float(np.mean((predicted - y) ** 2) / np.var(y)) if len(y) >= 5 else float("nan")
    return {"error": float(np.sqrt(np.mean(np.log(np.maximum(predicted, 1e-9) / y) ** 2))), "r2": r2}


def _print(found: pd.DataFrame) -> None:
    per = found.groupby(["pool", "method", "share"], as_index=False)[["error", "r2"]].median()
    print(
        f"\n{per['pool'].nunique()} pools; root mean squared log error at the targets in %, geometric mean over pools, by share of compute"
    )
    mean = per.assign(log=np.log(per["error"])).pivot_table(index="method", columns="share", values="log").pipe(np.exp) * 100
    print(mean.round(2).to_string())
    print("\nR2 at the targets, median over the pools with five targets or more, each at least -1")
    print(
        per.assign(r2=per["r2"].clip(lower=-1))
        .pivot_table(index="method", columns="share", values="r2", aggfunc="median")
        .round(3)
        .to_string()
    )
    wide = per.pivot_table(index=["pool", "share"], columns="method", values="error").reset_index()
    for other in ("all", "cheapest first", "random"):
        better = wide.assign(better=wide["plan"] < wide[other]).groupby("share")["better"].agg(["sum", "size"])
        print(f"\nplan is nearer than {other}: " + ", ".join(f"{s:.0%}: {int(a)} of {int(b)}" for s, (a, b) in better.iterrows()))


if __name__ == "__main__":
    main()
