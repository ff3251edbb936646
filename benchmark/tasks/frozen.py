"""The parts of a packaged suite that boards need: its head, its rules, and its frozen statements of its tasks.

It is read with the standard library and yaml alone, from the first lines of the suite's file, because boards must print fast.
`scalingbench.benchmark.tasks.suite` reads and checks whole suites.
"""

from __future__ import annotations

import importlib.resources
import json
import math
import re
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from scalingbench.benchmark.tasks.reach import Kind
from scalingbench.common.errors import SchemaError
from scalingbench.common.names import unknown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rules", "SuiteHead", "frozen_statements", "list_suites", "read_head", "read_statements", "suite_folder"]

_NUMBERS = ("noise", "compute")
"""Fields that may be missing."""


@dataclass(frozen=True)
class Rules:
    """The block ``rules`` of a suite file: weights of tasks, and the kinds that the overall board ranks on.

    Attributes
    ----------
    tuning : tuple of str
        Collections set aside for choosing defaults; their tasks count nowhere.
    weights : {"held-out-runs", "equal"}
        With ``"held-out-runs"``, tasks of one collection with the same held-out runs count 1 together, and those of a cluster in
        a track at most `cap`; with ``"equal"`` every task counts 1.
    cap : float
        Largest total weight of the tasks of one cluster in one track.
    kinds : tuple of str
        Kinds of tasks that the overall board ranks on; other kinds have their own tracks.
    general : float
        Minimum share of the weight that an entry must have entered to be on the overall board.
    decisions : {"all", "entered"}
        Tasks in the mean of regret: all with decisions (missing ones imputed), or those that a predictor entered.
    cost : {"full", "group"}
        Measure of training cost: the best one that all rows of a task have, or that of each group of rows.
    """

    tuning: tuple[str, ...] = ()
    weights: Literal["held-out-runs", "equal"] = "held-out-runs"
    cap: float = 5.0
    kinds: tuple[Kind, ...] = ("extrapolation",)
    general: float = 0.95
    decisions: Literal["all", "entered"] = "all"
    cost: Literal["full", "group"] = "full"

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0 < self.cap < math.inf:
            raise ValueError(f"cap: expected a finite number above 0, got {self.cap}")
        if not 0 <= self.general <= 1:
            raise ValueError(f"general: expected a share from 0 to 1, got {self.general}")


@dataclass(frozen=True)
class SuiteHead:
    """A suite without its tasks.

    Attributes
    ----------
    name : str
        Version, e.g. ``"v2"``.
    description : str
        Its content.
    reference : str
        Predictor with the unit error of skill.
    pool : tuple of str
        Frozen pool of predictors that win rates are measured against.
    rules : Rules
        Rules of weights and roles.
    protocol : {"sldbench", "revisiting-nsl"}, optional
        Rules of its printed board; by default this project's.
    of : str, optional
        The suite that its tasks are selected from; both share results and scores.
    """

    name: str
    description: str
    reference: str
    pool: tuple[str, ...]
    rules: Rules = Rules()
    protocol: str | None = None
    of: str | None = None

    @property
    def home(self) -> str:
        """The suite with its committed results and stored scores."""
        return self.of or self.name


def suite_folder() -> Traversable:
    """Return the folder of the packaged suites."""
    return importlib.resources.files("scalingbench.benchmark.tasks") / "suites"


def list_suites() -> tuple[str, ...]:
    """Return the names of the packaged suites.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.list_suites()
    ('lite', 'revisiting-nsl', 'sldbench', 'v2')
    """
    return tuple(sorted(f.name.removesuffix(".yaml") for f in suite_folder().iterdir() if f.name.endswith(".yaml")))


def read_head(name: str) -> SuiteHead:
    """Return the head of a packaged suite.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in list_suites():
        raise unknown_name("suite", name, list_suites())
    fields = _head_fields(name)
    rules: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.pop("rules", {}).items()}
    return SuiteHead(name, **{**fields, "pool": tuple(fields["pool"]), "rules": Rules(**rules)})


def _head_fields(name: str) -> dict[str, Any]:
    """Return the fields before the tasks; a selection inherits missing ones from its suite."""
    import yaml

    text = (suite_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    own = yaml.safe_load(re.split("^tasks:", text, maxsplit=1, flags=re.MULTILINE)[0])
    return {**(_head_fields(own["of"]) if "of" in own else {}), **own}


def frozen_statements(suite: str) -> pd.DataFrame | None:
    """Return the frozen statements of a packaged suite; None if it is not frozen.

    Raises
    ------
    SchemaError
        If the file is broken.
    """
    file = suite_folder() / f"{suite}.tasks.json"
    return read_statements(str(file), file.read_text(encoding="utf-8")) if file.is_file() else None


def read_statements(name: str, text: str) -> pd.DataFrame:
    """Return the table of a file of statements; `name` appears in messages.

    Raises
    ------
    SchemaError
        If it is not a list of statements.
    """
    import pandas as pd

    try:
        table = pd.DataFrame(json.loads(text))
        return table.astype({"task": str, **dict.fromkeys(_NUMBERS, float)})
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaError(f"{name}: is no list of statements of tasks: {error}") from None
