"""What a forecast's file holds, and what an outcome's does.

Whether variables and metrics are those of the schema is checked when a forecast is registered, and not when it is read: a
later change of the schema must not break the chain.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = ["GENESIS", "Draft", "Kind", "Outcome", "OutcomeFile", "Registration", "Target", "Training"]

GENESIS = "0" * 64
"""What the first registration names as the one before it."""

Kind = Literal["registered", "recorded", "replay"]
"""Ours, before the outcome; somebody else's, copied from where it was made; ours, made later from the rows known then."""

_DAY = r"\d{4}-\d{2}-\d{2}"
Moment = Annotated[str, Field(pattern=rf"^{_DAY}(T\d{{2}}:\d{{2}}:\d{{2}}Z)?$")]
"""A day, or a second in universal time; as text, two moments compare in time."""
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\s].*$")]


def _levels(quantiles: dict[str, float]) -> dict[str, float]:
    levels = [float(level) for level in quantiles]
    if levels != sorted(set(levels)) or not all(0.0 < level < 1.0 for level in levels):
        raise ValueError("levels must rise within (0, 1)")
    if list(quantiles.values()) != sorted(quantiles.values()):
        raise ValueError("quantiles must not fall as their level rises")
    return quantiles


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Target(_Strict):
    """One value that is forecast."""

    name: Name
    inputs: dict[str, float] = {}
    point: float
    quantiles: Annotated[dict[str, float], AfterValidator(_levels)] = {}
    """Level, as text, to value; empty where the forecaster gave none."""


class Training(_Strict):
    """The rows that a forecast rests on."""

    table: str
    """Which collection or file."""
    selection: str
    """Which of its rows."""
    rows: int = Field(ge=1)
    fingerprint: Digest
    """Digest of inputs and values, see `scalingbench.benchmark.data.collection.table_digest`."""
    flops_max: float | None = None
    """Compute of the dearest row, where it is known."""
    by_hand: bool = False
    """Whether the rows were typed in from a text."""


class Draft(_Strict):
    """A forecast that is not yet in the chain."""

    question: Annotated[str, Field(pattern=r"^[a-z0-9_]+(/[a-z0-9_.-]+)+$")]
    """Whoever forecasts the same targets states the same question."""
    what: str
    """The question in a sentence."""
    metric: str
    unit: str
    kind: Kind
    forecaster: Name
    method: str
    registered_at: Moment | None
    """None where the source of a recorded forecast does not say."""
    registered_source: str | None = None
    """Of a recorded forecast: where it was made."""
    data_cutoff: Moment | None = None
    """No row that became known later was used."""
    targets: tuple[Target, ...] = Field(min_length=1)
    training: Training | None = None
    software: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Draft:
        names = [t.name for t in self.targets]
        if len(set(names)) != len(names):
            raise ValueError("targets: names must differ")
        if self.kind != "recorded" and (self.registered_at is None or self.training is None):
            raise ValueError(f"a {self.kind} forecast states registered_at and training")
        if self.kind == "recorded" and not self.registered_source:
            raise ValueError("a recorded forecast states registered_source")
        if self.kind == "replay" and self.data_cutoff is None:
            raise ValueError("a replay states data_cutoff")
        return self


class Registration(Draft):
    """A forecast in the chain."""

    number: int = Field(ge=1)
    previous: Digest
    """Hash of the registration before this one."""
    hash: Digest

    def computed_hash(self) -> str:
        """Return the hash of everything but the hash."""
        content = self.model_dump(mode="json", exclude={"hash"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Outcome(_Strict):
    """What one target came out as."""

    target: Name
    values: tuple[float, ...] = ()
    """One per repeat of the run; empty where the target is void."""
    date: Moment | None = None
    """When it was known; None where the source does not say."""
    source: str
    status: Literal["resolved", "void"] = "resolved"
    """Void: the run that was forecast will not exist as it was described."""
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Outcome:
        if (self.status == "resolved") != bool(self.values):
            raise ValueError("a resolved target has values, a void one has none")
        if not all(math.isfinite(value) for value in self.values):
            raise ValueError("values must be finite")
        return self


class OutcomeFile(_Strict):
    """The outcomes of a question, beside the chain: resolving changes no registration."""

    question: str
    outcomes: tuple[Outcome, ...]
