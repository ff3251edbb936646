"""Time, objective and success of the fitting engine against common alternatives.

    python -m perf.speed.fitting [--repeats 20] [--only NAME ...] [--grid-starts 4500]

Every method minimises the same objective on the same rows in one run. Success is the share of
repeats (other random starts) that end within 1e-6, relative, of the best objective that any method
found on that problem. Rows are training rows of the suite or synthetic; no held-out value is read.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit, least_squares, minimize
from threadpoolctl import threadpool_limits

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.predictors import fitting
from scalingbench.predictors.fitting.descent import objectives
from scalingbench.predictors.fitting.losses import influence
from scalingbench.predictors.fitting.starts import draw_starts
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla, Farseer
from scalingbench.predictors.laws.power_laws import BNSL, M4, ShiftedPowerLaw

WITHIN = 1e-6


@dataclass(frozen=True)
class Case:
    """A law and its rows."""

    name: str
    law: ParametricLaw
    X: pd.DataFrame
    y: np.ndarray


def cases() -> list[Case]:
    """Return the problems."""
    chinchilla = _rows("chinchilla", "loss")
    gadre = _rows("gadre_overtraining", "loss_c4_val")
    porian = _rows("porian", "loss_val")
    porian = porian[(porian["curve"] == "rw/tuned/short/const") & (porian["tokens"] > 4 * porian["params"]) & (porian["flops"] < 3.3e18)]
    farseer = _rows("farseer", "loss").query("split == 'train'")
    images = _rows("revisiting_nsl", "error_rate").query("split == 'train'")
    image = images[images["curve"] == sorted(images["curve"].unique())[7]]
    translation = _rows("revisiting_nsl", "loss").query("split == 'train'")
    short = translation[translation["curve"] == sorted(translation["curve"].unique())[0]]
    return [
        Case("chinchilla, 240 rows", Chinchilla(), chinchilla, chinchilla["value"].to_numpy()),
        *(Case(f"gadre {c}", Chinchilla(), g, g["value"].to_numpy()) for c, g in gadre.groupby("curve")),
        Case("porian rw const", Chinchilla(), porian, porian["value"].to_numpy()),
        Case("farseer (9 constants)", Farseer(), farseer, farseer["value"].to_numpy()),
        Case("bnsl, one break", BNSL(loss="l2"), image[["tokens"]], image["value"].to_numpy()),
        Case("m4", M4(loss="l2"), image[["tokens"]], image["value"].to_numpy()),
        Case(f"power law, {len(short)} points", ShiftedPowerLaw(loss="l2"), short[["tokens"]], short["value"].to_numpy()),
        _synthetic(),
    ]


def _rows(collection: str, metric: str) -> pd.DataFrame:
    table = load_collection(collection).table
    return table[(table["metric"] == metric) & (table["flag"] == "") & table["value"].notna()]


def _synthetic() -> Case:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"params": 10 ** rng.uniform(7.5, 10, 100), "tokens": 10 ** rng.uniform(9, 11.5, 100)})
    y = 1.7 + 400 * X["params"].to_numpy() ** -0.34 + 1500 * X["tokens"].to_numpy() ** -0.37
    y = y * np.exp(0.005 * rng.standard_normal(100))
    y[:25] *= np.exp(0.3 * rng.standard_normal(25))
    return Case("synthetic, 25 % outliers", Chinchilla(), X, y)


Method = Callable[[Case, fitting.Problem, int], float]


def ours(case: Case, problem: fitting.Problem, seed: int) -> float:
    """Return the objective that the engine reaches; the time includes everything `fit` does."""
    law = type(case.law)(**{**case.law.get_params(), "random_state": seed}).fit(case.X, case.y)
    return _value(problem, law.result_.u)


def scipy_50(case: Case, problem: fitting.Problem, seed: int) -> float:
    """SciPy's robust least squares from 50 of the engine's own starts, with its exact Jacobian."""
    starts = draw_starts(problem, 50, np.random.default_rng(seed), np.ones(len(problem.y)))
    return min(_value(problem, _least_squares(problem, u)) for u in starts)


def _least_squares(problem: fitting.Problem, u: np.ndarray) -> np.ndarray:
    low, high = problem.bounds
    loss = {"l2": "linear", "huber": "huber"}[problem.loss]
    inside = np.clip(u, low + 1e-9, high - 1e-9)
    return least_squares(
        lambda v: problem.residuals(v[None])[0],
        inside,
        jac=lambda v: problem.linearise(v[None])[1][0].T,
        bounds=(low, high),
        loss=loss,
        f_scale=problem.delta,
    ).x


def one_curve_fit(case: Case, problem: fitting.Problem, seed: int) -> float:
    """`curve_fit` on raw values from one start, as in many notebooks."""
    start = draw_starts(problem, 1, np.random.default_rng(seed), np.ones(len(problem.y)))[0]

    def f(_: np.ndarray, *v: float) -> np.ndarray:
        return problem.values(problem.theta(np.clip(np.array(v), *problem.bounds)[None]))[0]

    try:
        found = curve_fit(f, np.arange(len(problem.y)), problem.y, p0=start)[0]
    except RuntimeError:
        found = start
    return _value(problem, np.clip(found, *problem.bounds))


def grid(n_starts: int, *, exact: bool) -> Method:
    """Return the grid protocol: L-BFGS-B from every point of a grid, with a numeric or exact gradient."""

    def method(case: Case, problem: fitting.Problem, seed: int) -> float:
        starts = _grid_starts(case, problem)
        chosen = starts[np.linspace(0, len(starts) - 1, n_starts).astype(int)]
        w = np.ones((1, len(problem.y)))
        bounds = list(zip(*(np.where(np.isfinite(b), b, None) for b in problem.bounds), strict=True))

        def value(v: np.ndarray) -> float:
            return float(objectives(problem, v[None], w, problem.delta)[0])

        def slope(v: np.ndarray) -> np.ndarray:
            r, jacobian = problem.linearise(v[None])
            return jacobian[0] @ influence(problem.loss, r[0], problem.delta)

        ends = [minimize(value, u, method="L-BFGS-B", jac=slope if exact else None, bounds=bounds).x for u in chosen]
        return min(value(u) for u in ends)

    return method


def _grid_starts(case: Case, problem: fitting.Problem) -> np.ndarray:
    """Return 4,500 starts: Hoffmann's grid for the Chinchilla form, random draws for the others."""
    if not isinstance(case.law, Chinchilla):
        return draw_starts(problem, 4500, np.random.default_rng(0), np.ones(len(problem.y)))
    s = problem.scales
    axes = (np.arange(-1, 1.5, 0.5), np.arange(0, 30, 5), np.arange(0, 2.5, 0.5), np.arange(0, 30, 5), np.arange(0, 2.5, 0.5))
    points = np.array(list(itertools.product(*axes)), float)
    e, a, alpha, b, beta = points.T
    logs = (np.exp(e) / s["y"], a - np.log(s["y"]) - alpha * np.log(s["N"]), alpha, b - np.log(s["y"]) - beta * np.log(s["D"]), beta)
    E, log_A, alpha, log_B, beta = logs
    u = np.stack([E, log_A, np.log(np.maximum(alpha, 1e-3)), log_B, np.log(np.maximum(beta, 1e-3))], axis=1)
    return np.clip(u, *problem.bounds)


def _value(problem: fitting.Problem, u: np.ndarray) -> float:
    return float(objectives(problem, u[None], np.ones((1, len(problem.y))), problem.delta)[0])


def measure(method: Method, case: Case, problem: fitting.Problem, repeats: int) -> tuple[float, np.ndarray]:
    """Return the median CPU time in seconds and the objectives reached."""
    times, values = [], []
    for seed in range(repeats):
        start = time.process_time()
        values.append(method(case, problem, seed))
        times.append(time.process_time() - start)
    return float(np.median(times)), np.array(values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=None, help="substrings of problem names")
    parser.add_argument("--grid-starts", type=int, default=45, help="grid points tried on all problems but the first, which gets 4,500")
    parser.add_argument("--ours-only", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [c for c in cases() if arguments.only is None or any(word in c.name for word in arguments.only)]
    print(f"{'problem':26} {'method':34} {'CPU ms':>10} {'x ours':>9} {'best F / F* - 1':>16} {'success':>8}")
    with threadpool_limits(1):
        for i, case in enumerate(chosen):
            _print_case(case, arguments, full_grid=i == 0)
        _print_bootstrap(chosen[0])


def _print_case(case: Case, arguments: argparse.Namespace, *, full_grid: bool) -> None:
    law = type(case.law)(**case.law.get_params()).fit(case.X, case.y)
    problem = law._problem
    n_grid = 4500 if full_grid else arguments.grid_starts
    methods: list[tuple[str, Method, int]] = [("ours", ours, arguments.repeats)]
    if not arguments.ours_only:
        methods += [
            ("least_squares, 50 starts", scipy_50, arguments.repeats),
            (f"L-BFGS-B, {n_grid} starts, numeric", grid(n_grid, exact=False), 1),
            (f"L-BFGS-B, {n_grid} starts, exact", grid(n_grid, exact=True), 1),
            ("curve_fit, 1 start", one_curve_fit, arguments.repeats),
        ]
    found = [(name, *measure(method, case, problem, repeats)) for name, method, repeats in methods]
    best = min(float(values.min()) for _, _, values in found)
    reference = found[0][1]
    for name, seconds, values in found:
        gap = float(values.min()) / best - 1.0
        share = float(np.mean(values <= best * (1.0 + WITHIN) + 1e-300))
        print(f"{case.name:26} {name:34} {1000 * seconds:10.2f} {seconds / reference:9.2f} {gap:16.1e} {share:8.2f}", flush=True)


def _print_bootstrap(case: Case) -> None:
    law = type(case.law)(**case.law.get_params()).fit(case.X, case.y)
    start = time.process_time()
    law.bootstrap(n_resamples=1000)
    print(f"\n1,000 bootstrap refits of {case.name}: {time.process_time() - start:.2f} CPU s")


if __name__ == "__main__":
    main()
