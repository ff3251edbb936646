"""How many seeds and rungs distinguish Chinchilla's form from its rivals?

    python -m perf.designed.power [--draws 40]

A design is a number of seeds per cell and a number of rungs: rung k is every cell of at most 1/10^(k/2) of the top
compute. A study fits two forms to the cells' means (Huber loss of log error, delta 1e-3, which is close to least absolute
errors) and compares them by one of two criteria:

- ``aic``: one leads by 10 or more, as is usual (Burnham & Anderson 2004, Sociol. Methods Res. 33); with a Laplace likelihood;
- ``holdout``: both are fitted without the cells of the most expensive decade, and one's error there is at least a tenth smaller.

Data are of two kinds:

- ``synthetic``: losses follow the rival's form, with the constants that it has on all of our cells, at our cells, with the
  noise that our seeds show. Power is the share of draws in which the rival leads; ``false`` is the share in which it leads
  though losses follow Chinchilla's.
- ``measured``: seeds are drawn without replacement from those that were run. Power is the share of draws in which the form
  leads that forecasts the cells beyond 1/30 of the top compute better (fitted to all seeds below); ``false`` that of the other.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.designed.noise import WORLDS, main_runs, noise_by_cell, noise_plane
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla, ChinchillaGamma, Farseer, Interaction, Kaplan

FORMS: dict[str, ParametricLaw] = {
    "chinchilla": Chinchilla(),
    "kaplan": Kaplan(),
    "chinchilla-gamma": ChinchillaGamma(),
    "interaction": Interaction(),
    "farseer": Farseer(n_starts=128),
}
BASE = "chinchilla"
RIVALS = tuple(name for name in FORMS if name != BASE)
SEEDS = (1, 2, 5, 16)
RUNGS = (4, 3, 2, 1)
"""In half decades below the top."""
LEAD = 10.0
TENTH = np.log(1 / 0.9)
CRITERIA = ("aic", "holdout")
TABLE = Path(__file__).parent / "power.csv"
INPUTS = ["params", "tokens"]


@dataclass(frozen=True)
class Scores:
    """A form's scores on each of many draws: lower is better."""

    aic: np.ndarray
    holdout: np.ndarray
    """Log of the error on the cells of the most expensive decade."""

    def led_by(self, other: Scores) -> dict[str, np.ndarray]:
        """Return by each criterion whether the other leads (1), this one does (-1) or neither (0), shape (draws,)."""
        return {"aic": sign(self.aic - other.aic, LEAD), "holdout": sign(self.holdout - other.holdout, TENTH)}


def scores_of(name: str, cells: pd.DataFrame, many: np.ndarray) -> Scores:
    """Return a form's scores on draws of log means, shape (draws, cells)."""
    n, cheap = len(cells), (cells["flops"] <= cells["flops"].max() / 10).to_numpy()
    deviation = np.mean(np.abs(residuals(name, cells, many, np.ones(n, bool))), axis=1)
    beyond = residuals(name, cells, many, cheap)[:, ~cheap]
    return Scores(2 * n * np.log(deviation) + 2 * (len(FORMS[name].parameters) + 1), np.log(np.mean(beyond**2, axis=1)) / 2)


def residuals(name: str, cells: pd.DataFrame, many: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return predicted minus given log means of all cells, for a form fitted to those used, shape (draws, cells)."""
    X = cells[INPUTS]
    fitted = FORMS[name].fit_many([X[used]] * len(many), [np.exp(row[used]) for row in many])
    return np.array([np.log(np.maximum(law.predict(X), 1e-12)) for law in fitted]) - many


def sign(difference: np.ndarray, threshold: float) -> np.ndarray:
    return np.where(difference >= threshold, 1, np.where(difference <= -threshold, -1, 0))


def below(cells: pd.DataFrame, rung: int) -> pd.DataFrame:
    return cells[cells["flops"] <= cells["flops"].max() / 10 ** (rung / 2)]


def synthetic(cells: pd.DataFrame, draws: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    a, b, c = noise_plane(cells)
    given = cells["mean"].to_numpy()
    truth = {name: given + residuals(name, cells, given[None, :], np.ones(len(cells), bool))[0] for name in FORMS}
    for rung, seeds in product(RUNGS, SEEDS):
        part = below(cells, rung)
        sd = np.exp(a + b * np.log(part["params"]) + c * np.log(part["tokens"])).to_numpy() / seeds**0.5
        noise, at = sd * rng.standard_normal((draws, len(part))), cells.index.isin(part.index)
        base = scores_of(BASE, part, truth[BASE][at] + noise)
        for rival in RIVALS:
            many = truth[rival][at] + noise
            true = scores_of(BASE, part, many).led_by(scores_of(rival, part, many))
            null = base.led_by(scores_of(rival, part, truth[BASE][at] + noise))
            for criterion in CRITERIA:
                scores = {"power": np.mean(true[criterion] == 1), "false": np.mean(null[criterion] == 1)}
                yield row("synthetic", criterion, rival, rung, part, seeds, scores)


def measured(runs: pd.DataFrame, cells: pd.DataFrame, draws: int, rng: np.random.Generator) -> Iterator[dict[str, object]]:
    cheap = (cells["flops"] <= cells["flops"].max() / 30).to_numpy()
    given = cells["mean"].to_numpy()[None, :]
    errors = {name: float(np.sqrt(np.mean(residuals(name, cells, given, cheap)[0, ~cheap] ** 2))) for name in FORMS}
    print("error beyond 1/30: " + ", ".join(f"{name} {error:.3f}" for name, error in errors.items()), flush=True)
    by_cell = [group["log_loss"].to_numpy() for _, group in runs.groupby(["params", "tokens", "flops"])]
    most = min(len(v) for v in by_cell)
    for rung, seeds in product(RUNGS, sorted({*(s for s in SEEDS if s < most), most})):
        part = below(cells, rung)
        n = draws if seeds < most else 1
        many = np.array([[rng.choice(by_cell[i], seeds, replace=False).mean() for i in part.index] for _ in range(n)])
        base = scores_of(BASE, part, many)
        for rival in RIVALS:
            found, right = base.led_by(scores_of(rival, part, many)), 1 if errors[rival] < errors[BASE] else -1
            for criterion in CRITERIA:
                scores = {"power": np.mean(found[criterion] == right), "false": np.mean(found[criterion] == -right)}
                yield row("measured", criterion, rival, rung, part, seeds, scores)


def row(data: str, criterion: str, rival: str, rung: int, part: pd.DataFrame, seeds: int, scores: dict[str, float]) -> dict[str, object]:
    design = {"rung": rung, "cells": len(part), "seeds": seeds, "runs": len(part) * seeds}
    return {"data": data, "criterion": criterion, "rival": rival, **design, **scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--world", choices=WORLDS, action="append")
    arguments = parser.parse_args()
    draws, worlds = arguments.draws, arguments.world or WORLDS
    kept = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame({"world": []})
    rows = kept[~kept["world"].isin(worlds)].to_dict("records")
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for world in worlds:
            print(f"## {world}", flush=True)
            runs = main_runs(world)
            cells = noise_by_cell(runs)
            for kind in (measured(runs, cells, draws, np.random.default_rng(0)), synthetic(cells, draws, np.random.default_rng(1))):
                for found in kind:
                    rows.append({"world": world, **found})
                    print(" ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in found.items()), flush=True)
    pd.DataFrame(rows).to_csv(TABLE, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
