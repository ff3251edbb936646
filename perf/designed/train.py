"""Train one group of runs: same network, tokens, batch and schedule; several seeds and learning rates."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from perf.designed.stacked import Adam, Shapes, Stack, initialised

__all__ = ["Data", "Network", "Outcome", "factor", "train"]

WARM_UP = 0.1
FINAL_FACTOR = 0.01
DECAY_SHARE = 0.2
CHECKPOINTS = 12
"""At most so many, evenly spread over the logarithm of the step, the last one included."""
CHECKPOINT_SHARE = 16
"""Checkpoints are measured on the first 1/16 of the evaluation set, the trained network on all of it."""
PART = 1024
"""Items evaluated at once, over all runs of the group."""


class Network(Protocol):
    """What the two worlds provide."""

    unit: int

    def shapes(self) -> Shapes: ...

    def losses(self, weights: dict[str, Tensor], items: tuple[Tensor, ...]) -> Tensor: ...


@dataclass(frozen=True)
class Data:
    """A pool to draw from without replacement, and the evaluation set."""

    pool: tuple[Tensor, ...]
    evaluation: tuple[Tensor, ...]


@dataclass(frozen=True)
class Outcome:
    """What one run gave."""

    loss: float
    loss_se: float
    checkpoints: tuple[tuple[int, float], ...]
    """Steps taken and the loss then, on the first 1/16 of the evaluation set."""
    group_seconds: float
    group_cpu_seconds: float


def factor(schedule: str, step: int, steps: int) -> float:
    """Return the learning rate of a step (from 0) as a multiple of its peak."""
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        done = (step - warm) / max(1, steps - warm)
        return FINAL_FACTOR + (1 - FINAL_FACTOR) * 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "wsd":
        left = (steps - step) / max(1.0, DECAY_SHARE * steps)
        return min(1.0, max(FINAL_FACTOR, left))
    raise ValueError(f"schedule {schedule!r}: one of constant, cosine, wsd")


def train(
    network: Network, data: Data, *, steps: int, batch: int, schedule: str, epochs: int, runs: list[tuple[int, float]]
) -> list[Outcome]:
    """Train one network per (seed, peak learning rate)."""
    started, cpu = time.perf_counter(), time.process_time()
    torch.set_flush_denormal(True)
    device = data.pool[0].device
    stack = Stack(initialised(network.shapes(), [seed for seed, _ in runs]), device)
    adam = Adam(stack, [rate for _, rate in runs])
    marks = checkpoint_steps(steps)
    curve: list[tuple[int, list[float]]] = []
    for step, chosen in enumerate(batches([seed for seed, _ in runs], len(data.pool[0]), steps, batch, epochs)):
        items = tuple(part[chosen.to(device)] for part in data.pool)
        network.losses(stack.weights, items).mean(1).sum().backward()
        adam.step(factor(schedule, step, steps))
        if step + 1 in marks:
            curve.append((step + 1, evaluate(network, stack, data.evaluation, CHECKPOINT_SHARE)[0]))
    loss, error = evaluate(network, stack, data.evaluation, 1)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return [Outcome(loss[i], error[i], tuple((at, values[i]) for at, values in curve), seconds, cpu) for i in range(len(runs))]


def checkpoint_steps(steps: int) -> set[int]:
    first = min(10, steps)
    return {round(first * (steps / first) ** (i / (CHECKPOINTS - 1))) for i in range(CHECKPOINTS)}


def batches(seeds: list[int], pool: int, steps: int, batch: int, epochs: int) -> Iterator[Tensor]:
    """Yield which items each run trains on, (runs, batch): a stretch of the pool of its own, shuffled anew in every epoch."""
    generators = [torch.Generator().manual_seed(seed + 1) for seed in seeds]
    needed = steps * batch
    unique = needed // epochs
    if unique * epochs != needed or unique % batch or unique > pool:
        raise ValueError(
            f"{steps} steps of {batch} items in {epochs} epochs: not whole epochs of whole batches, or more than the pool's {pool}"
        )
    starts = [torch.randint(pool, (1,), generator=g) for g in generators]
    for _ in range(epochs):
        order = [(start + torch.randperm(unique, generator=g)) % pool for start, g in zip(starts, generators, strict=True)]
        yield from torch.stack(order).split(batch, dim=1)


@torch.no_grad()
def evaluate(network: Network, stack: Stack, evaluation: tuple[Tensor, ...], share: int) -> tuple[list[float], list[float]]:
    """Return mean loss and its standard error over the items of the evaluation set, for every run."""
    count = len(evaluation[0]) // share
    part = max(1, PART * 32 // (network.unit * stack.runs))
    per_item = []
    for start in range(0, count, part):
        items = tuple(t[start : min(start + part, count)] for t in evaluation)
        shared = tuple(t.expand(stack.runs, *t.shape) for t in items)
        per_item.append(network.losses(stack.weights, shared).view(stack.runs, -1, network.unit).mean(2).double())
    values = torch.cat(per_item, dim=1)
    return values.mean(1).tolist(), (values.std(1) / count**0.5).tolist()
