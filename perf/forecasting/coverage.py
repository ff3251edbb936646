"""Coverage of prediction intervals on synthetic worlds with known truth.

    python -m perf.forecasting.coverage [--worlds 100]

Each world draws runs from a law with known constants and multiplicative noise, fits the law to the
cheap runs and predicts 80 % intervals, within the range of the training runs and beyond it (16 times
the largest). It prints the coverage of fresh noisy measurements (nominal: 0.80) and the median width
of an interval (ratio of its ends).
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.power_laws import BNSL, M4, ShiftedPowerLaw

LEVELS = (0.1, 0.9)
FORMS: dict[str, tuple[ParametricLaw, dict[str, float], int]] = {
    "chinchilla, 60 runs": (Chinchilla(), {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}, 60),
    "chinchilla, 12 runs": (Chinchilla(), {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}, 12),
    "shifted power law, 40 points": (ShiftedPowerLaw(loss="l2"), {"E": 0.4, "a": 300.0, "b": 0.35}, 40),
    "shifted power law, 8 points": (ShiftedPowerLaw(loss="l2"), {"E": 0.4, "a": 300.0, "b": 0.35}, 8),
    "m4, 40 points": (M4(loss="l2"), {"eps_inf": 0.1, "gap": 0.9, "alpha": 0.7, "beta": 400.0, "c": 0.45}, 40),
    "bnsl, 40 points": (BNSL(loss="l2"), {"a": 0.1, "b": 2.0, "c0": 0.05, "c1": 0.3, "d1": 1e7, "f1": 0.4}, 40),
}


def frames(law: ParametricLaw, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return training inputs, new inputs within their range, and inputs 16 times beyond it."""
    if law.variables == ("params", "tokens"):
        train, within = ({"params": 10 ** rng.uniform(7.5, 9.5, k), "tokens": 10 ** rng.uniform(9.3, 11, k)} for k in (n, 40))
        beyond = {"params": np.full(40, 16 * 10**9.5), "tokens": np.full(40, 16 * 10**11.0)}
    else:
        train, within = {"x": np.logspace(5, 8, n)}, {"x": 10 ** rng.uniform(5, 8, 40)}
        beyond = {"x": np.full(40, 16e8)}
    return pd.DataFrame(train), pd.DataFrame(within), pd.DataFrame(beyond)


def truth(law: ParametricLaw, X: pd.DataFrame, constants: dict[str, float]) -> np.ndarray:
    """Return noise-free values."""
    return np.asarray(law.formula(*(X[c].to_numpy() for c in X), *(np.array([[v]]) for v in constants.values()))).ravel()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--noise", type=float, default=0.01)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'law':30} {'method':10} {'within':>8} {'width':>8} {'beyond':>8} {'width':>8} {'ms/world':>9}")
    with threadpool_limits(1):
        for name, (law, constants, n) in FORMS.items():
            for method in ("bootstrap", "delta"):
                _print_row(name, law, constants, n, method, arguments)


def _print_row(name: str, law: ParametricLaw, constants: dict[str, float], n: int, method: str, arguments: argparse.Namespace) -> None:
    inside: dict[str, list[float]] = {"within": [], "beyond": []}
    width: dict[str, list[float]] = {"within": [], "beyond": []}
    start = time.process_time()
    for seed in range(arguments.worlds):
        rng = np.random.default_rng(seed)
        train, within, beyond = frames(law, n, rng)
        noisy = [truth(law, X, constants) * np.exp(arguments.noise * rng.standard_normal(len(X))) for X in (train, within, beyond)]
        fitted = type(law)(**law.get_params()).fit(train, noisy[0])
        for key, X, y in (("within", within, noisy[1]), ("beyond", beyond, noisy[2])):
            q = fitted.predict_quantiles(X, LEVELS, method=method)  # type: ignore[arg-type]
            inside[key].append(float(np.mean((y >= q[:, 0]) & (y <= q[:, 1]))))
            width[key].append(float(np.median(q[:, 1] / q[:, 0])))
    ms = 1000 * (time.process_time() - start) / arguments.worlds
    cells = [f"{np.mean(inside[k]):8.2f} {np.median(width[k]):8.3f}" for k in ("within", "beyond")]
    print(f"{name:30} {method:10} {cells[0]} {cells[1]} {ms:9.0f}", flush=True)


if __name__ == "__main__":
    main()
