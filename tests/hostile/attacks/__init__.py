"""Hostile predictors, generated: families of attacks and their variants, by kind."""

from attacks.answers_given import errors, exits, frames, loading, patches, texts, values
from attacks.attack import Attack, code, probe, returns
from attacks.known import crowd, honest, known
from attacks.reach import answers, network, reading, writing
from attacks.resources import clocks, hangs, memory, noise, processes, signals
from attacks.traces import remembering, traces

__all__ = ["ATTACKS", "Attack", "code", "probe", "returns"]

ATTACKS = tuple(
    attack
    for family in (
        honest, exits, errors, values, patches, texts, frames, hangs, memory, processes, signals,
        network, reading, answers, traces, writing, remembering, crowd, known, clocks, noise, loading,
    )
    for attack in family()
)  # fmt: skip
