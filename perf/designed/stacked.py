"""Many small networks trained at once: every weight carries a leading axis, one entry per run.

Runs of one group share size, batch and schedule and differ in seed and learning rate. One process then does for
a whole group what it would do for one run, at little more than one run's overhead: small matrix products wait on
dispatch, not on arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["Adam", "Stack", "initialised"]

Shapes = Mapping[str, tuple[tuple[int, ...], float]]
"""Name of a weight -> its shape in one network, and the standard deviation at its initialisation."""


def initialised(shapes: Shapes, seeds: list[int]) -> dict[str, Tensor]:
    """Draw the weights of one network per seed; a network's weights depend on its own seed only."""
    networks = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        networks.append({name: torch.randn(shape, generator=generator) * deviation for name, (shape, deviation) in shapes.items()})
    return {name: torch.stack([network[name] for network in networks]) for name in shapes}


class Stack:
    """The weights of a group as views of one buffer, so that an optimiser step is a handful of operations."""

    def __init__(self, weights: Mapping[str, Tensor], device: torch.device) -> None:
        self.runs = next(iter(weights.values())).shape[0]
        self.flat = torch.cat([w.reshape(-1) for w in weights.values()]).to(device)
        self.gradient = torch.zeros_like(self.flat)
        self.weights: dict[str, Tensor] = {}
        sizes = [w.numel() for w in weights.values()]
        for (name, w), values, slopes in zip(weights.items(), self.flat.split(sizes), self.gradient.split(sizes), strict=True):
            leaf = values.view(w.shape).requires_grad_()
            leaf.grad = slopes.view(w.shape)
            self.weights[name] = leaf

    def spread(self, per_run: list[float]) -> Tensor:
        """Return a number per run as a number per weight, in the buffer's order."""
        numbers = torch.tensor(per_run, dtype=self.flat.dtype, device=self.flat.device)
        return torch.cat([numbers.repeat_interleave(w[0].numel()) for w in self.weights.values()])


class Adam:
    """Adam with a learning rate per run (betas 0.9 and 0.98; no weight decay, no clipping)."""

    def __init__(self, stack: Stack, rates: list[float], betas: tuple[float, float] = (0.9, 0.98), eps: float = 1e-8) -> None:
        self.stack, self.betas, self.eps, self.step_count = stack, betas, eps, 0
        self.rates = stack.spread(rates)
        self.mean, self.square = torch.zeros_like(stack.flat), torch.zeros_like(stack.flat)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Take one step at ``factor`` times the peak learning rates and forget the gradient."""
        self.step_count += 1
        g, (b1, b2) = self.stack.gradient, self.betas
        self.mean.lerp_(g, 1 - b1)
        self.square.mul_(b2).addcmul_(g, g, value=1 - b2)
        correction = math.sqrt(1 - b2**self.step_count)
        update = (self.mean * self.rates).div_(self.square.sqrt().add_(self.eps * correction))
        self.stack.flat.add_(update, alpha=-factor * correction / (1 - b1**self.step_count))
        g.zero_()
