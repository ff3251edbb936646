"""The design, fixed before the first run: networks, amounts of data, seeds and learning rates.

It contains every number of the experiment. Stages, in order:

- ``tuning``: every size at three token counts, seven learning rates, one seed that nothing else uses. The best rate of
  each cell is the vertex of a parabola through the best rate and its neighbours (log loss against log rate); a plane
  log rate = a + b log N + c log D through these gives the rate of every later run at the base batch size.
- ``main``: the full factorial of sizes, tokens and seeds at the tuned rate, cosine schedule, one epoch.
- ``rates``: seven learning rates x five batch sizes at four sizes, one token count.
- ``schedules``: constant and warm-up-stable-decay beside main's cosine, at four sizes and three token counts.
- ``repeats``: the same number of training tokens from 1 to 64 epochs, at three sizes.
- ``summit``: one cell per world 19 or 40 times beyond the top of ``main``, for a machine with an accelerator. It was added
  after the other stages had begun, and is an open question of the book of forecasts.

Runs of one cell and seed start from the same weights and see the same data whatever their rate, schedule or stage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from perf.designed.mlp import MLP
from perf.designed.transformer import Transformer

__all__ = ["REACH", "STAGES", "TUNING_RATES", "WORLDS", "Group", "World", "groups", "top_flops"]

STAGES = ("tuning", "main", "rates", "schedules", "repeats", "summit")
TUNING_RATES = tuple(float(f"{1e-3 * 10 ** (0.4 * k):.3g}") for k in range(7))
STEPS = (40, 91, 207, 471, 1071, 2435, 5542, 12640)
"""Of the base batch: 2.5 decades of training tokens."""
REACH = 30
"""Forecasts use runs of at most 1/30 of the compute of the most expensive run."""
TUNED_AT = (1, 3, 5)
RATES_AT = 4
SCHEDULES_AT = (1, 3, 5)
REPEAT_STEPS = (1024, 2560)
EPOCHS = (1, 2, 4, 8, 16, 32, 64)
BATCH_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class World:
    """One of the two worlds: its ladder of networks and how much of each stage it gets."""

    name: str
    networks: tuple[MLP, ...] | tuple[Transformer, ...]
    batch: int
    """Items per step; an item is a sample, or a chunk of 32 characters."""
    seeds: int
    rate_seeds: int
    schedule_seeds: int
    repeat_seeds: int
    four_sizes: tuple[int, ...]
    three_sizes: tuple[int, ...]
    summit: MLP | Transformer
    summit_steps: int


WORLDS = {
    "mlp": World(
        name="mlp",
        networks=tuple(MLP(w) for w in (4, 7, 11, 18, 30, 48, 78, 126)),
        batch=64,
        seeds=8,
        rate_seeds=3,
        schedule_seeds=5,
        repeat_seeds=5,
        four_sizes=(0, 2, 4, 6),
        three_sizes=(3, 5, 7),
        summit=MLP(500),
        summit_steps=2**15,
    ),
    "text": World(
        name="text",
        networks=(
            Transformer(3, 1, 1),
            Transformer(6, 1, 1),
            Transformer(12, 1, 2),
            Transformer(20, 1, 2),
            Transformer(24, 2, 2),
            Transformer(40, 2, 4),
            Transformer(64, 2, 4),
        ),
        batch=4,
        seeds=5,
        rate_seeds=2,
        schedule_seeds=3,
        repeat_seeds=3,
        four_sizes=(0, 2, 4, 5),
        three_sizes=(2, 4, 5),
        summit=Transformer(128, 2, 8),
        summit_steps=63200,
    ),
}


@dataclass(frozen=True)
class Group:
    """Runs that are trained at once: everything is shared but seed and learning rate."""

    world: str
    stage: str
    size: int
    steps: int
    batch: int
    schedule: str
    epochs: int
    runs: tuple[tuple[int, float | None], ...]
    """(Seed number, peak learning rate); None is the tuned rate."""

    @property
    def network(self) -> MLP | Transformer:
        world = WORLDS[self.world]
        return (*world.networks, world.summit)[self.size]

    @property
    def tokens(self) -> int:
        return self.steps * self.batch * self.network.unit

    @property
    def flops(self) -> int:
        """Compute of one run."""
        return self.tokens * self.network.flops_per_token

    @property
    def key(self) -> str:
        return f"{self.stage}-n{self.size}-t{self.tokens}-b{self.batch}-{self.schedule}-e{self.epochs}"

    def seed(self, number: int) -> int:
        """Return the seed of initialisation and data order, the same for every rate, schedule and stage."""
        text = f"{self.world}|{self.size}|{self.tokens}|{self.batch}|{self.epochs}|{number}"
        return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def groups(world: str, stage: str) -> Iterator[Group]:
    """Yield a stage's groups, cheapest first."""
    yield from sorted(_unsorted(WORLDS[world], stage), key=lambda g: (g.flops * len(g.runs), g.key))


def top_flops(world: str) -> int:
    """Return the compute of the most expensive run."""
    return max(g.flops for g in groups(world, "main"))


def _unsorted(w: World, stage: str) -> Iterator[Group]:
    every = range(len(w.networks))

    def tuned(seeds: int) -> tuple[tuple[int, float | None], ...]:
        return tuple((s, None) for s in range(seeds))

    if stage == "tuning":
        for size, at in product(every, TUNED_AT):
            yield Group(w.name, stage, size, STEPS[at], w.batch, "cosine", 1, tuple((100, r) for r in TUNING_RATES))
    elif stage == "main":
        for size, steps in product(every, STEPS):
            yield Group(w.name, stage, size, steps, w.batch, "cosine", 1, tuned(w.seeds))
    elif stage == "rates":
        for size, by in product(w.four_sizes, BATCH_FACTORS):
            runs = tuple(product(range(w.rate_seeds), TUNING_RATES))
            steps = STEPS[RATES_AT] // 4 * 4
            yield Group(w.name, stage, size, round(steps / by), round(w.batch * by), "cosine", 1, runs)
    elif stage == "schedules":
        for size, at, schedule in product(w.four_sizes, SCHEDULES_AT, ("constant", "wsd")):
            yield Group(w.name, stage, size, STEPS[at], w.batch, schedule, 1, tuned(w.schedule_seeds))
    elif stage == "repeats":
        for size, steps, epochs in product(w.three_sizes, REPEAT_STEPS, EPOCHS):
            yield Group(w.name, stage, size, steps, w.batch, "cosine", epochs, tuned(w.repeat_seeds))
    elif stage == "summit":
        yield Group(w.name, stage, len(w.networks), w.summit_steps, w.batch, "cosine", 1, tuned(w.seeds))
    else:
        raise ValueError(f"stage {stage!r}: one of {', '.join(STAGES)}")
