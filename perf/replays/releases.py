"""Questions by the month in which the paper of a family of models appeared.

``releases.csv`` names the first paper of each family; the month is that of its arXiv number. Families without a paper are
left out. A model is known from the end of that month, which is later than its release; a family is asked about at the end of the
month before its paper. Scores are those that the collection measured, later and alike for all models.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from perf.public_forecasts import DatedQuestion, years_of
from perf.replays.replay import Replay
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.names import slug
from scalingbench.leaderboard.forecasts.records import Outcome

__all__ = ["FILE", "day_before_month", "month_of", "questions"]

FILE = Path(__file__).with_name("releases.csv")
_LARGEST = 3
"""Targets of a question: the rows of the family with the most compute."""

_LANGUAGE = ("accuracy_hellaswag", "accuracy_mmlu")
_CODE = ("accuracy_humaneval",)
_SIZE = ("params", "tokens")
POOLED = dict.fromkeys(
    ("llama", "pythia", "cerebras-gpt", "llama-2", "falcon", "deepseek-llm", "yi", "gemma", "llama-3", "gemma-2"), _LANGUAGE
) | dict.fromkeys(("starcoder", "deepseek-coder", "starcoder2"), _CODE)
"""Family -> metrics, forecast from all families published before."""
LINEAGES = {
    "llama-2": (("llama",), ("accuracy_arc_challenge", *_LANGUAGE)),
    "llama-3": (("llama", "llama-2"), ("accuracy_arc_challenge", *_LANGUAGE)),
    "starcoder2": (("starcoder",), _CODE),
}
"""Family -> its predecessors by the same developers, and the metrics."""
VISION = {"efficientnetv2": "efficientnet", "deit3": "deit", "swinv2": "swin", "convnextv2": "convnext"}
"""Family -> its predecessor."""


def month_of(arxiv: str) -> str:
    """Return the last day of the month of an arXiv number.

    Examples
    --------
    >>> month_of("2302.13971")
    '2023-02-28'
    """
    year, month = 2000 + int(arxiv[:2]), int(arxiv[2:4])
    return date(year, month, calendar.monthrange(year, month)[1]).isoformat()


def day_before_month(arxiv: str) -> str:
    """Return the last day of the month before that of an arXiv number.

    Examples
    --------
    >>> day_before_month("2301.00808")
    '2022-12-31'
    """
    first = date.fromisoformat(month_of(arxiv)).replace(day=1)
    return date.fromordinal(first.toordinal() - 1).isoformat()


@cache
def _releases() -> pd.DataFrame:
    return pd.read_csv(FILE, dtype=str)


@cache
def dated(collection: str) -> pd.DataFrame:
    """Return the rows of the families with a paper, with ``family``, ``arxiv`` and ``date``."""
    table = load_collection(collection).table
    table = table[table["flag"] == ""]
    parts = []
    for row in _releases()[_releases()["collection"] == collection].itertuples():
        own = table[(table["curve"] == row.curve) & np.array([fnmatchcase(run, row.run) for run in table["run"]])]
        parts.append(own.assign(family=row.family, arxiv=row.arxiv, date=years_of(month_of(row.arxiv))))
    return pd.concat(parts, ignore_index=True)


def _once(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run: of image models, that at the smallest image."""
    if "x_image_size" not in table:
        return table
    return table.sort_values("x_image_size", kind="stable").drop_duplicates("run").sort_index()


def questions() -> Iterator[Replay]:
    """Yield every question by release."""
    for family, metrics in POOLED.items():
        for metric in metrics:
            yield _asked("obs_scaling", family, metric, _SIZE, None, "params * tokens")
    for family, (before, metrics) in LINEAGES.items():
        for metric in metrics:
            yield _asked("obs_scaling", family, metric, ("flops",), before, "flops")
    for family, before_it in VISION.items():
        yield _asked("timm_results", family, "accuracy_imagenet", ("params",), (before_it,), "params")


def _asked(collection: str, family: str, metric: str, inputs: tuple[str, ...], before: tuple[str, ...] | None, cost: str) -> Replay:
    table = dated(collection)
    table = table[(table["metric"] == metric) & (table["family"].isin((family, *before)) if before else True)]
    table = _once(table.dropna(subset=[*inputs, "value"]))
    own = table[table["family"] == family]
    arxiv = str(own["arxiv"].iloc[0])
    largest = own.assign(cost=own.eval(cost)).nlargest(_LARGEST, "cost")
    curve = "-".join(before) if before else "all"
    asked = DatedQuestion(
        id=f"{collection}/{metric}/{slug(family)}-from-{curve}",
        what=f"largest models of {family} (arXiv {arxiv}), from {', '.join(before) if before else 'all families'} published before",
        unit="share", collection=collection, curve=curve, metric=metric, inputs=inputs, cutoff=day_before_month(arxiv),
        targets={n: {i: float(row[i]) for i in inputs} for n, (_, row) in zip(largest["run"], largest.iterrows(), strict=True)},
        leave_out=tuple(own["run"]),
    )  # fmt: skip
    source = f"{collection}; family of arXiv {arxiv}"
    found = tuple(
        Outcome(target=n, values=(float(v),), date=month_of(arxiv), source=source)
        for n, v in zip(largest["run"], largest["value"], strict=True)
    )
    return Replay(asked, table.assign(curve=curve), found, family)
