"""World A: regression on a random teacher network, whose label noise (the floor of every loss) is known.

After Sharma and Kaplan 2022 (JMLR 23, 'Scaling laws from the data manifold dimension'): the teacher is a random
network over a few inputs, students are smaller networks, the loss falls as a power of their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

__all__ = ["MLP"]

INPUTS = 6
TEACHER_WIDTH = 192
TEACHER_GAIN = 1.6
LABEL_NOISE = 0.1
POOL = 2**21
EVALUATION = 2**15


@dataclass(frozen=True)
class MLP:
    """A student: two hidden layers of one width."""

    width: int
    name = "mlp"
    unit = 1
    """Samples in one item of the pool."""

    @property
    def params(self) -> int:
        return self.width**2 + (INPUTS + 3) * self.width + 1

    params_nonembedding = params

    @property
    def flops_per_token(self) -> int:
        """Forward and backward matrix products of one sample."""
        return 6 * (self.width**2 + (INPUTS + 1) * self.width)

    def shapes(self) -> dict[str, tuple[tuple[int, ...], float]]:
        w = self.width
        return {
            "w1": ((INPUTS, w), (2 / INPUTS) ** 0.5),
            "b1": ((1, w), 0.5),
            "w2": ((w, w), (2 / w) ** 0.5),
            "b2": ((1, w), 0.0),
            "w3": ((w, 1), w**-0.5),
            "b3": ((1, 1), 0.0),
        }

    @staticmethod
    def losses(weights: dict[str, Tensor], items: tuple[Tensor, Tensor]) -> Tensor:
        """Return the squared error of every sample, (runs, samples)."""
        x, y = items
        h = torch.baddbmm(weights["b1"], x, weights["w1"]).relu_()
        h = torch.baddbmm(weights["b2"], h, weights["w2"]).relu_()
        return (torch.baddbmm(weights["b3"], h, weights["w3"]).squeeze(-1) - y).square()

    @staticmethod
    def pool(device: torch.device) -> tuple[Tensor, Tensor]:
        return tuple(t.to(device) for t in samples(POOL, 1))  # type: ignore[return-value]

    @staticmethod
    def evaluation(device: torch.device) -> tuple[Tensor, Tensor]:
        return tuple(t.to(device) for t in samples(EVALUATION, 2))  # type: ignore[return-value]


@cache
def teacher() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(20261121)
    w, gain = TEACHER_WIDTH, TEACHER_GAIN
    normal = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731
    weights = {
        "w1": normal(INPUTS, w) * gain / INPUTS**0.5,
        "b1": normal(w),
        "w2": normal(w, w) * gain / w**0.5,
        "b2": normal(w) * 0.5,
        "w3": normal(w, 1) / w**0.5,
    }
    x = torch.randn((2**15, INPUTS), generator=generator)
    y = raw(weights, x)
    return weights | {"mean": y.mean(), "deviation": y.std()}


def raw(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    h = (x @ weights["w1"] + weights["b1"]).tanh()
    return ((h @ weights["w2"] + weights["b2"]).tanh() @ weights["w3"]).squeeze(-1)


def samples(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return inputs and noisy targets of unit variance (before the noise)."""
    generator = torch.Generator().manual_seed(seed)
    weights = teacher()
    x = torch.randn((n, INPUTS), generator=generator)
    y = torch.cat([(raw(weights, part) - weights["mean"]) / weights["deviation"] for part in x.split(2**16)])
    return x, y + LABEL_NOISE * torch.randn(n, generator=generator)
