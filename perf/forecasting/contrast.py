"""Contrasts of recipes on real runs: is the right one picked, and do the intervals of the differences cover?

    python -m perf.forecasting.contrast [--pools datadecide,porian] [--recipes 6] [--out contrast.csv]

Of each pool the runs of the largest compute are hidden, and those of more than a quarter (a sixteenth) of it; the recipes are
contrasted at it, every pair. A difference exceeds the noise if it is over twice its standard deviation: that of seeds where
the pool has them, else that which the contrast estimates from the training runs. Coverage is of the 80 % interval of the
difference of two new runs. Also: in how many pairs the order at the most expensive training runs was another one (a flip), and
whether the contrast foresaw it.
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
from scalingbench.forecasting.contrast import contrast
from scalingbench.forecasting.contrasts import Contrast

CUTS = (4.0, 16.0)
TARGETS = 2
"""Most expensive targets of each pool."""
FEWEST = 3
"""Training runs of a recipe."""
NEAR = 1.1
"""Factor of compute within which runs are of one budget."""


@dataclass(frozen=True)
class Source:
    """A pool: rows of a collection whose recipes are compared.

    Attributes
    ----------
    collection, metric : str
        Where, and what.
    curves : str
        How the names of the recipes begin.
    budget : bool
        Whether recipes are compared at their best run of a budget of compute, or else at one configuration.
    """

    collection: str
    metric: str
    curves: str = ""
    budget: bool = False


POOLS = {
    "datadecide": Source("datadecide", "loss_answer"),
    "fantastic_optimizers": Source("fantastic_optimizers", "loss"),
    "gadre_overtraining": Source("gadre_overtraining", "loss_c4"),
    "porian, rw": Source("porian", "loss_val", "rw", budget=True),
    "porian, owt2": Source("porian", "loss_val", "owt2", budget=True),
    "xlstm": Source("xlstm", "loss", budget=True),
    "dclm_models": Source("dclm_models", "accuracy_hellaswag"),
}


def rows_of(source: Source, most: int) -> pd.DataFrame:
    """Return recipe, params, tokens, flops (6 x params x tokens), seed and value of the finished runs of a pool.

    Of more than `most` recipes, a random sample of them is kept.
    """
    table = load_collection(source.collection).table
    table = table[(table["flag"] == "") & (table["metric"] == source.metric) & table["curve"].str.startswith(source.curves)]
    table = table[table[["value", "params", "tokens"]].notna().all(axis=1)]
    table = table.sort_values("tokens", kind="stable").drop_duplicates(["curve", "run"], keep="last")
    drawn = np.random.default_rng(0).permutation(sorted(set(table["curve"])))[:most]
    table = table[table["curve"].isin(drawn)]
    seed = table["seed"].fillna(0.0) if "seed" in table else 0.0
    kept = table[["curve", "params", "tokens", "value"]].rename(columns={"curve": "recipe"})
    return kept.assign(seed=seed, flops=6.0 * kept["params"] * kept["tokens"]).reset_index(drop=True)


def targets_of(rows: pd.DataFrame, source: Source) -> Iterator[tuple[str, float, pd.DataFrame]]:
    """Yield the most expensive targets: how it is stated, its compute, and its rows."""
    if source.budget:
        top = rows.groupby("recipe")["flops"].max()
        for compute in sorted(set(top), reverse=True):
            near = rows[np.abs(np.log(rows["flops"] / compute)) < np.log(NEAR)]
            if near["recipe"].nunique() > 1:
                yield f"flops={compute:.6g}", compute, near.loc[near.groupby("recipe")["value"].idxmin()]
                return  # budgets of fewer recipes have the same runs below
        return
    found = [(size, here) for size, here in rows.groupby(["params", "tokens"]) if here["recipe"].nunique() > 1]
    for (params, tokens), here in sorted(found, key=lambda f: -f[0][0] * f[0][1])[:TARGETS]:
        yield f"params={params:.6g},tokens={tokens:.6g}", 6.0 * params * tokens, here


def measure(name: str, source: Source, most: int) -> Iterator[dict[str, object]]:
    """Yield a line for each pair of recipes at each target and cut."""
    rows = rows_of(source, most)
    for stated, compute, here in targets_of(rows, source):
        for cut in CUTS:
            train = rows[rows["flops"] <= compute / cut * (1 + 1e-9)]
            counts = train["recipe"].value_counts()
            both = sorted(set(counts[counts >= FEWEST].index) & set(here["recipe"]))
            train = train[train["recipe"].isin(both)]
            if len(both) < 2:
                print(f"{name}, {stated}, 1/{cut:g}: fewer than two recipes have {FEWEST} training runs", flush=True)
                continue
            try:
                found = contrast(train.drop(columns="flops"), stated, by="recipe", of="run", pairs="all", force=True)
            except InputError as refused:
                print(f"{name}, {stated}, 1/{cut:g}: refused: {refused}", flush=True)
                continue
            print(f"{name}, {stated}, 1/{cut:g}: {len(both)} recipes, {found.form}, noise {100 * found.noise:.2g} %", flush=True)
            yield from _lines(name, cut, stated, found, train, here)


def _lines(name: str, cut: float, stated: str, found: Contrast, train: pd.DataFrame, here: pd.DataFrame) -> Iterator[dict[str, object]]:
    means, first = here.groupby("recipe")["value"].mean(), here.sort_values("seed", kind="stable").groupby("recipe")["value"].first()
    noise = _noise_of_means(found, here)
    near = train[train["flops"] >= train["flops"].max() / NEAR].groupby("recipe")["value"].min()
    sign = -1.0 if found.metric.startswith(("accuracy", "score")) else 1.0
    for pair in found.pairs:
        truth = float(means[pair.first] - means[pair.second])
        before = float(near[pair.first] - near[pair.second]) if {pair.first, pair.second} <= set(near.index) else np.nan
        yield {
            "pool": name,
            "collection": name.partition(",")[0],
            "target": stated,
            "cut": cut,
            "form": found.form,
            "first": pair.first,
            "second": pair.second,
            "clear": abs(truth) > 2.0 * noise,
            "right": sign * truth < 0,
            "covered": pair.low <= float(first[pair.first] - first[pair.second]) <= pair.high,
            "flipped": sign * before * sign * truth < 0,
            "small right": sign * before * sign * truth > 0 if np.isfinite(before) else np.nan,
            "sure": max(pair.first_better, 1.0 - pair.first_better),
        }


def _noise_of_means(found: Contrast, here: pd.DataFrame) -> float:
    """Return the standard deviation of a measured difference."""
    repeats = here.groupby("recipe")["value"].size()
    if (repeats > 1).all():
        return float(np.sqrt(2.0 * (here.groupby("recipe")["value"].var() / repeats).mean()))
    return float(np.sqrt(2.0) * found.noise * here["value"].mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pools", default="")
    parser.add_argument("--recipes", type=int, default=1000, help="Most recipes of a pool; of more, a random sample.")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [p for p in POOLS if not arguments.pools or p.partition(",")[0] in arguments.pools.split(",")]
    lines: list[dict[str, object]] = []
    for name in chosen:
        try:
            lines += measure(name, POOLS[name], arguments.recipes)
        except InputError as missing:
            print(f"{name}: {missing}")
    found = pd.DataFrame(lines)
    if arguments.out:
        found.to_csv(arguments.out, index=False)
    if len(found):
        _print(found)


def _print(found: pd.DataFrame) -> None:
    table = pd.concat([_summary(found, ["collection", "cut"]), _summary(found.assign(collection="all pairs"), ["collection", "cut"])])
    print("\n| pool | runs up to | pairs | clear | right | right at the upper training runs | covered | flipped | flips foreseen |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for key, row in table.iterrows():
        print(f"| {key[0]} | 1/{key[1]:g} | " + " | ".join(_cell(c, row[c]) for c in table.columns) + " |")
    each = _summary(found, ["collection"])
    print(f"\nmean over collections: right {each['right'].mean():.2f}, covered {each['covered'].mean():.2f}")


def _summary(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    rows = []
    for key, part in found.groupby(by, sort=False):
        clear = part[part["clear"].astype(bool)]
        flipped = clear[clear["flipped"].astype(bool)]
        facts = {"pairs": len(part), "clear": len(clear), "right": clear["right"].mean(), "small right": clear["small right"].mean()}
        rows.append((key, {**facts, "covered": part["covered"].mean(), "flipped": len(flipped), "foreseen": flipped["right"].mean()}))
    return pd.DataFrame([r for _, r in rows], index=pd.MultiIndex.from_tuples([k for k, _ in rows], names=by))


def _cell(name: str, value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.0f}" if name in ("pairs", "clear", "flipped") else f"{value:.2f}"


if __name__ == "__main__":
    main()
