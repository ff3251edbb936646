"""The schema of forecast and outcome files.

Variables and metrics are checked against the schema when a forecast is registered, not when it is read: a later change of
the schema must not break the chain.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "GENESIS",
    "Draft",
    "ForecastKind",
    "Outcome",
    "OutcomeFile",
    "Registration",
    "Target",
    "Training",
    "first_second",
    "last_second",
    "now",
]

GENESIS = "0" * 64
"""The value of `previous` in the first registration."""

ForecastKind = Literal["registered", "recorded", "replay"]
"""Registered: the project's own, before the outcome. Recorded: another author's, copied from its source. Replay: the project's
own, after the outcome, from rows known before it."""

_DAY = r"\d{4}-\d{2}-\d{2}"
Moment = Annotated[str, Field(pattern=rf"^{_DAY}(T\d{{2}}:\d{{2}}:\d{{2}}Z)?$")]
"""A date, or a time in UTC to the second."""
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
    """One forecast value."""

    name: Name
    inputs: dict[str, float] = {}
    point: float
    quantiles: Annotated[dict[str, float], AfterValidator(_levels)] = {}
    """Level (as text) -> value; empty if the forecaster gives none."""


class Training(_Strict):
    """The training rows of a forecast."""

    table: str
    """Name of the collection or file."""
    selection: str
    """Selection of its rows."""
    rows: int = Field(ge=1)
    fingerprint: Digest
    """Digest of inputs and values, see `scalingbench.benchmark.data.collection.table_digest`."""
    flops_max: float | None = None
    """Compute of the most expensive training run, if known."""
    by_hand: bool = False
    """Whether the rows were transcribed from a text."""


class Draft(_Strict):
    """A forecast that is not yet in the chain."""

    question: Annotated[str, Field(pattern=r"^[a-z0-9_]+(/[a-z0-9_.-]+)+$")]
    """Name; forecasts of the same targets have the same question."""
    what: str
    """The question in a sentence."""
    metric: str
    unit: str
    kind: ForecastKind
    forecaster: Name
    method: str
    registered_at: Moment | None
    """None if the source of a recorded forecast does not give it."""
    registered_source: str | None = None
    """Source of a recorded forecast."""
    data_cutoff: Moment | None = None
    """A replay uses no row that became known later."""
    targets: tuple[Target, ...] = Field(min_length=1)
    training: Training | None = None
    software: str | None = None
    note: str = ""
    page: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    """Public page from which the outcome will be read."""
    void_if: str | None = None
    """When the question is void."""
    closes: Moment | None = None
    """No forecast is registered at or after this time, which is before the run starts."""

    @model_validator(mode="after")
    def _consistent(self) -> Draft:
        names = [t.name for t in self.targets]
        if len(set(names)) != len(names):
            raise ValueError("targets: names must differ")
        if self.kind != "recorded" and (self.registered_at is None or self.training is None):
            raise ValueError(f"a {self.kind} forecast needs registered_at and training")
        if self.kind == "recorded" and not self.registered_source:
            raise ValueError("a recorded forecast needs registered_source")
        if self.kind == "replay" and self.data_cutoff is None:
            raise ValueError("a replay needs data_cutoff")
        if self.closes and self.kind == "registered" and last_second(self.registered_at or "") >= first_second(self.closes):
            raise ValueError(f"closes: registered at {self.registered_at}, but the question closed at {self.closes}")
        return self


_TERMS = ("page", "void_if", "closes")


class Registration(Draft):
    """A forecast in the chain."""

    number: int = Field(ge=1)
    previous: Digest
    """Hash of the previous registration."""
    hash: Digest

    def computed_hash(self) -> str:
        """Return the hash of all fields except `hash`, and except terms that are not stated."""
        unstated = {name for name in _TERMS if getattr(self, name) is None}  # the first registrations are older than these fields
        content = self.model_dump(mode="json", exclude={"hash", *unstated})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Outcome(_Strict):
    """The outcome of one target."""

    target: Name
    values: tuple[float, ...] = ()
    """One value per repeat of the run; empty if the target is void."""
    date: Moment | None = None
    """When it became known; None if the source does not give it."""
    started: Moment | None = None
    """When its run started, if known."""
    source: str
    status: Literal["resolved", "void"] = "resolved"
    """Void: the run will not exist as it was described."""
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Outcome:
        if (self.status == "resolved") != bool(self.values):
            raise ValueError("a resolved target has values, a void one has none")
        if not all(math.isfinite(value) for value in self.values):
            raise ValueError("values must be finite")
        return self


class OutcomeFile(_Strict):
    """The outcomes of a question, stored outside the chain: an outcome changes no registration."""

    question: str
    outcomes: tuple[Outcome, ...]


def first_second(moment: str) -> str:
    """Return a moment to the second; a day is taken at its start.

    Examples
    --------
    >>> first_second("2026-03-01")
    '2026-03-01T00:00:00Z'
    """
    return moment if "T" in moment else f"{moment}T00:00:00Z"


def last_second(moment: str) -> str:
    """Return a moment to the second; a day is taken at its end.

    Examples
    --------
    >>> last_second("2026-03-01")
    '2026-03-01T23:59:59Z'
    """
    return moment if "T" in moment else f"{moment}T23:59:59Z"


def now() -> str:
    """Return the current UTC time, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
