"""Dataset cards: the single home of a collection's metadata.

A card is a Markdown file in ``data_cards/`` with Hugging Face front matter; fields
beyond the Hub's are under the key ``scalingbench``.
"""

from __future__ import annotations

import importlib.resources
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from scalingbench.benchmark.data.variables import OWN_PREFIX, is_own
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.messages import first_problem
from scalingbench.common.references import Reference
from scalingbench.common.variables import Variable, is_variable

__all__ = ["Card", "Metric", "OwnVariable", "load_card", "parse_card", "read_card"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Metric(_Strict):
    """One measured quantity of a collection."""

    unit: str
    meaning: str
    noise: float | None = None
    """Standard deviation between repeats: of log(value), or of the value for kinds on a linear scale."""


class OwnVariable(_Strict):
    """A variable that only this collection has."""

    unit: str = Field(min_length=1)
    meaning: str = Field(min_length=1)
    zero: bool = False
    """Whether 0 is a legal value."""
    sign: bool = False
    """Whether negative values are legal."""


class Upstream(_Strict):
    """Source of the figures."""

    repository: str
    commit: str
    files: tuple[str, ...]
    kind: Literal["verbatim", "transcription"]
    """Whether the mirror contains the upstream files or figures extracted from them."""


_Note = Annotated[
    Annotated[str, Tag("note")] | Annotated[OwnVariable, Tag("own")],
    Discriminator(lambda note: "note" if isinstance(note, str) else "own"),
]


class Facts(_Strict):
    """The project's part of the front matter."""

    tier: Literal["bundled", "fetch-only"]
    license_from: Literal["authors", "digitiser", "own", "copy", "none"] = "none"
    """Who states the licence: the authors, the digitiser of a plot, this project, a third party for its copy, nobody."""
    license_note: str
    """Where the licence is stated, what could not be checked, and the copyright line or attribution that it asks for."""
    papers: tuple[Reference, ...] = Field(min_length=1)
    upstream: tuple[Upstream, ...] = ()
    """Empty for synthetic collections only."""
    truth: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Of synthetic collections: the constants that generated each curve, or all of them under ``all``."""
    published: str | None = Field(default=None, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    """Month of first publication of its figures, or of the paper that shows them."""
    published_note: str | None = None
    """Source of that month, unless it is an arXiv number of the card."""
    repackages: bool = False
    """Whether it is a compilation of other collections' runs: suites show but do not count it, and it does not link clusters."""
    overlaps: tuple[str, ...] = ()
    """Collections with runs in common; each names the other."""
    domain: str
    curves: str
    """Meaning of a curve: the rows that share a law's constants."""
    runs: Literal["per-curve", "shared"] = "per-curve"
    """Whether runs of one name in different curves are the same trained model."""
    families: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Family -> shell patterns of curves of models that are, or may be, derived from one another; other curves are separate."""
    params_kind: str | None = None
    variables: dict[str, _Note] = Field(default_factory=dict)
    """Notes on variables, beyond the registry's meaning; unit and meaning of those named ``x_...``."""
    metrics: dict[str, Metric]
    corrections: tuple[str, ...] = ()
    known_problems: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _own_are_declared(self) -> Facts:
        for name, note in self.variables.items():
            if is_own(name) and isinstance(note, str):
                raise ValueError(f"variables: {name!r} is the collection's own, so it needs 'unit' and 'meaning'")
            if not is_own(name) and not isinstance(note, str):
                rule = "a variable of the registry, which has a unit and a meaning" if is_variable(name) else f"no {OWN_PREFIX}<name>"
                raise ValueError(f"variables: {name!r} is {rule}; write a note as text")
        return self

    @property
    def own_variables(self) -> dict[str, Variable]:
        """The variables that only this collection has."""
        return {
            name: Variable(name, name, note.unit, note.meaning, zero=note.zero, sign=note.sign)
            for name, note in self.variables.items()
            if isinstance(note, OwnVariable)
        }


class Card(BaseModel):
    """A dataset card.

    Attributes
    ----------
    name : str
        The collection's name.
    body : str
        The Markdown below the front matter.
    scalingbench : Facts
        Tier, papers, upstream files, metrics, corrections, known problems.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    body: str
    pretty_name: str
    license: str
    license_name: str | None = None
    license_link: str | None = None
    language: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    size_categories: tuple[str, ...] = ()
    task_categories: tuple[str, ...] = ()
    scalingbench: Facts

    @property
    def bundled(self) -> bool:
        """Whether the package contains the curated table."""
        return self.scalingbench.tier == "bundled"


def parse_card(name: str, text: str) -> Card:
    """Parse the text of a card.

    Raises
    ------
    SchemaError
        If the front matter is missing, is not YAML or breaks the model; names the field.
    """
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise SchemaError(f"data_cards/{name}.md: must begin with YAML front matter between two lines '---'")
    try:
        fields = parse_yaml(parts[1])
        if not isinstance(fields, dict):
            raise InputError("must hold 'field: value' lines")
        if taken := {"name", "body"} & fields.keys():
            raise InputError(f"{min(taken)!r} is no field: the name is that of the file, the body stands below")
        return Card.model_validate({**fields, "name": name, "body": parts[2].strip()})
    except ValidationError as error:
        raise SchemaError(f"data_cards/{name}.md: {first_problem(error)}") from None
    except InputError as error:
        raise SchemaError(f"data_cards/{name}.md: front matter: {error}") from None


def cards_folder() -> Path:
    """Return the folder of the cards: ``data_cards/`` of the source tree, part of the installed package."""
    return Path(str(importlib.resources.files("scalingbench.benchmark.data") / "cards"))


def read_card(path: Path) -> Card:
    """Read a card from a user's file.

    Raises
    ------
    SchemaError
        If it cannot be read or is broken.
    """
    return parse_card(path.stem, read_text(path, SchemaError))


@cache
def load_card(name: str) -> Card:
    """Read the card of a collection.

    Raises
    ------
    SchemaError
        If there is no card of that name or it is broken.
    """
    file = cards_folder() / f"{name}.md"
    if not file.is_file():
        raise SchemaError(f"data_cards/{name}.md: no such card")
    return parse_card(name, read_text(file, SchemaError))
