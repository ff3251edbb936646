"""Synthetic: power-law random features under one-pass SGD, with exactly known expected risk.

Paquette et al. 2024, '4+3 phases' (arXiv 2405.15074). Inputs have covariance diag(j^-2a), the target coefficients
j^-b, and the model sees d random features of them. With batch size 1 and step size g, the expected risk after r
steps follows a linear recursion in one weight per eigenvalue; it is solved here in closed form.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.synthetic import World, rounded

FILES: tuple[UpstreamFile, ...] = ()

_PHASES = {  # a, b of one point in each phase
    "Ia": (0.8, 0.3),
    "Ib": (0.4, 0.4),
    "Ic": (0.2, 0.8),
    "II": (1.0, 0.7),
    "III": (0.7, 1.2),
    "IVa": (0.4, 1.0),
    "IVb": (0.27, 0.8),
}
_WIDTHS = (24, 48, 96, 192, 384)
_STEPS = np.unique(np.round(10 ** np.linspace(1.0, 5.5, 28)))
_INPUTS = 6  # inputs per feature


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the expected risk at every width and number of samples, one curve per phase."""
    parts = [
        pd.DataFrame(
            {
                "curve": phase,
                "run": f"d{width}",
                "metric": "mse",
                "value": rounded(_risk(a, b, width), 7),
                "params": float(width),
                "tokens": _STEPS,
                "flops": width * _STEPS,
            }
        )
        for phase, (a, b) in _PHASES.items()
        for width in _WIDTHS
    ]
    return pd.concat(parts, ignore_index=True)


def _risk(a: float, b: float, width: int) -> np.ndarray:
    """Return the expected risk at `_STEPS`.

    With eigenvalues l of the features' covariance and the target's squared components q in their eigenbasis, a step
    maps q to (1 - 2 g l + 2 g^2 l^2) q + g^2 l^2 (sum q + floor): diagonal plus rank one, hence symmetric after scaling.
    """
    j = np.arange(1.0, _INPUTS * width + 1.0)
    rng = np.random.default_rng(width)
    features = rng.standard_normal((len(j), width)) / np.sqrt(width)
    scaled = j[:, None] ** -a * features
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    target = j**-a * j**-b
    q = ((scaled.T @ target) @ vectors) ** 2 / values
    floor = max(float(target @ target - q.sum()), 0.0)
    step = 0.5 / float(values.sum())
    shrink = 1.0 - 2.0 * step * values + 2.0 * (step * values) ** 2 - (step * values) ** 2
    mix = step * values  # the square root of the rank-one part
    rates, basis = np.linalg.eigh(np.diag(shrink) + np.outer(mix, mix))
    start, source, read = basis.T @ (q / mix), basis.T @ mix, mix @ basis
    power = rates[None, :] ** _STEPS[:, None]
    driven = np.where(rates < 1.0, (1.0 - power) / np.maximum(1.0 - rates, 1e-300), _STEPS[:, None])
    loss: np.ndarray = (power * start + driven * source * floor) @ read + floor
    return loss


WORLD = World(lambda rows: rows["value"].to_numpy(float))
"""The risk is exact; no law's constants are the exponents of theory, which are valid for large widths."""
