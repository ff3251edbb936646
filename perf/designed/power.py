"""How many seeds and rungs tell Chinchilla's form from its rivals?

    python -m perf.designed.power [--draws 40] > table

A design is a number of seeds per cell and a number of rungs: rung k is every cell of at most 1/10^(k/2) of the top
compute, k = 6 (the cheapest) to 1. A study fits both forms (least squares in log space) to the cells' means and compares
AIC; it tells them apart where one leads by 10 or more, as is usual (Burnham & Anderson 2004, Sociol. Methods Res. 33).

- Synthetic worlds: losses follow the rival's form, with the constants that it has on all of our cells, at our cells, with
  the noise that our seeds show. Power is the share of draws in which the rival leads; ``false`` is the share in which it
  leads though losses follow Chinchilla's.
- Our worlds: seeds are drawn without replacement from those that were run. Power is the share of draws in which the form that
  forecasts the cells beyond 1/30 of the top compute better (all seeds, fitted below) leads.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.designed.noise import WORLDS, main_runs, noise_by_cell, noise_plane
from predictors.compute import Chinchilla, Kaplan
from predictors.compute_variants import ChinchillaGamma, Interaction
from predictors.law import ParametricLaw

FORMS: dict[str, ParametricLaw] = {
    "chinchilla": Chinchilla(loss="l2"),
    "kaplan": Kaplan(loss="l2"),
    "chinchilla-gamma": ChinchillaGamma(loss="l2"),
    "interaction": Interaction(loss="l2"),
}
BASE = "chinchilla"
RIVALS = tuple(name for name in FORMS if name != BASE)
SEEDS = (1, 2, 5, 8, 16)
RUNGS = (4, 3, 2, 1)
"""In half decades below the top."""
LEAD = 10.0
TABLE = Path(__file__).parent / "power.csv"
INPUTS = ["params", "tokens"]


def aics(name: str, X: pd.DataFrame, many: np.ndarray) -> np.ndarray:
    """Return the AIC of a form fitted to each row of log means, shape (draws,)."""
    law = FORMS[name]
    fitted = law.fit_many([X] * len(many), list(np.exp(many)))
    residuals = np.array([np.log(f.predict(X)) for f in fitted]) - many
    n, k = len(X), len(law.parameters) + 1
    return n * np.log(np.mean(residuals**2, axis=1)) + 2 * k


def leads(rival: str, X: pd.DataFrame, many: np.ndarray) -> np.ndarray:
    """Return by how much the rival's AIC is better than Chinchilla's."""
    return aics(BASE, X, many) - aics(rival, X, many)


def below(cells: pd.DataFrame, rung: int) -> pd.DataFrame:
    return cells[cells["flops"] <= cells["flops"].max() / 10 ** (rung / 2)]


def synthetic(cells: pd.DataFrame, draws: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    a, b, c = noise_plane(cells)
    with_truth = {name: np.log(FORMS[name].fit_many([cells[INPUTS]], [np.exp(cells["mean"])])[0].predict(cells[INPUTS])) for name in FORMS}
    for rung, seeds in product(RUNGS, SEEDS):
        part = below(cells, rung)
        sd = np.exp(a + b * np.log(part["params"]) + c * np.log(part["tokens"])).to_numpy() / seeds**0.5
        noise = sd * rng.standard_normal((draws, len(part)))
        at = cells.index.isin(part.index)
        for rival in RIVALS:
            power = np.mean(leads(rival, part[INPUTS], with_truth[rival][at] + noise) >= LEAD)
            false = np.mean(leads(rival, part[INPUTS], with_truth[BASE][at] + noise) >= LEAD)
            yield {"data": "synthetic", "rival": rival, "rung": rung, "cells": len(part), "seeds": seeds, "power": power, "false": false}


def measured(runs: pd.DataFrame, cells: pd.DataFrame, draws: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    beyond = cells[cells["flops"] > cells["flops"].max() / 30]
    known = cells.drop(beyond.index)
    errors = {}
    for name, law in FORMS.items():
        fitted = law.fit_many([known[INPUTS]], [np.exp(known["mean"])])[0]
        errors[name] = float(np.sqrt(np.mean((np.log(fitted.predict(beyond[INPUTS])) - beyond["mean"]) ** 2)))
        print(f"beyond 1/30: {name} {errors[name]:.4f}", flush=True)
    by_cell = [group["log_loss"].to_numpy() for _, group in runs.groupby(["params", "tokens", "flops"])]
    most = min(len(v) for v in by_cell)
    for rung, seeds in product(RUNGS, [s for s in SEEDS if s <= most]):
        part = below(cells, rung)
        values = [by_cell[i] for i in part.index]
        n = draws if seeds < most else 1
        many = np.array([[rng.choice(v, seeds, replace=False).mean() for v in values] for _ in range(n)])
        for rival in RIVALS:
            lead, better = leads(rival, part[INPUTS], many), errors[rival] < errors[BASE]
            power = np.mean(lead >= LEAD if better else lead <= -LEAD)
            wrong = np.mean(lead <= -LEAD if better else lead >= LEAD)
            yield {"data": "measured", "rival": rival, "rung": rung, "cells": len(part), "seeds": seeds, "power": power, "false": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40)
    draws = parser.parse_args().draws
    rows = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for world in WORLDS:
            print(f"## {world}")
            runs = main_runs(world)
            cells = noise_by_cell(runs)
            for kind in (measured(runs, cells, draws, np.random.default_rng(0)), synthetic(cells, draws, np.random.default_rng(1))):
                for row in kind:
                    rows.append({"world": world, **row})
                    print(" ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
    pd.DataFrame(rows).to_csv(TABLE, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
