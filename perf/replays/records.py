"""Questions by day: the record at a later day, from the records known at an earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from perf.public_forecasts import DatedQuestion, years_of
from perf.replays.replay import Replay
from scalingbench.benchmark.data.collection import load_card, load_collection
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.leaderboard.forecasts.records import Outcome

__all__ = ["QUESTIONS", "Record", "dated", "history", "questions", "records_of"]


@dataclass(frozen=True)
class Record:
    """A record that is followed over time.

    Attributes
    ----------
    collection, metric : str
        Where its values are; they have a ``date``.
    cutoff : str
        The last day that is known.
    days : tuple of str
        Days of which the record is forecast.
    curve : str, optional
        The curve of the track; by default all.
    """

    collection: str
    metric: str
    cutoff: str
    days: tuple[str, ...]
    curve: str | None = None

    @property
    def family(self) -> str:
        """The track or benchmark."""
        return f"{self.collection} {(self.curve or self.metric).rsplit('/', 1)[-1]}"


_SPEEDRUN, _MINUTES = "nanogpt_speedrun", "cost_minutes"
_EPOCH = "epoch_benchmarks"
QUESTIONS = (
    Record(_EPOCH, "accuracy_gpqa_diamond", "2024-10-31", ("2025-04-30", "2025-10-31")),
    Record(_EPOCH, "accuracy_math_level_5", "2024-10-31", ("2025-04-30", "2025-10-31")),
    Record(_EPOCH, "accuracy_otis_mock_aime", "2024-10-31", ("2025-04-30", "2025-10-31")),
    Record(_EPOCH, "accuracy_gpqa_diamond", "2025-04-30", ("2025-10-31",)),
    Record(_EPOCH, "accuracy_frontiermath_private", "2025-04-30", ("2025-10-31",)),
    Record(_EPOCH, "accuracy_swe_bench_verified", "2025-04-30", ("2025-10-31",)),
    Record(_SPEEDRUN, _MINUTES, "2024-12-31", ("2025-06-30", "2025-12-31"), "history/track-1"),
    Record(_SPEEDRUN, _MINUTES, "2025-06-30", ("2025-12-31",), "history/track-1"),
    Record(_SPEEDRUN, _MINUTES, "2025-12-31", ("2026-03-31", "2026-06-30"), "history/track-1"),
    Record(_SPEEDRUN, _MINUTES, "2025-06-30", ("2025-10-31",), "history/track-2"),
    Record(_SPEEDRUN, "cost_steps", "2026-05-10", ("2026-06-10",), "history/track-3"),
    *(Record("matbench_discovery", m, "2024-10-31", ("2025-10-31",)) for m in ("score_f1_unique", "mae_energy", "score_r2")),
    *(Record("matbench_discovery", m, "2025-06-30", ("2026-06-30",)) for m in ("score_f1_unique", "mae_energy", "score_r2")),
)  # fmt: skip


def records_of(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows that beat all earlier ones; of one day the best counts."""
    better = -1.0 if metric_kind(metric).lower_is_better else 1.0
    ordered = rows.assign(rank=better * rows["value"]).sort_values(["date", "rank"], ascending=[True, False], kind="stable")
    best = ordered["rank"].cummax().shift(fill_value=-float("inf"))
    return ordered[ordered["rank"] > best].drop(columns="rank")


def questions() -> Iterator[Replay]:
    """Yield every question by day."""
    return (_asked(record) for record in QUESTIONS)


def history(record: Record) -> pd.DataFrame:
    """Return the rows that were a record, as the curve ``record``."""
    table = load_collection(record.collection).table
    rows = table[(table["metric"] == record.metric) & (table["flag"] == "") & (table["date"] > 0) & table["value"].notna()]
    return records_of(rows if record.curve is None else rows[rows["curve"] == record.curve], record.metric).assign(curve="record")


def _asked(record: Record) -> Replay:
    rows = history(record)
    last = {day: rows[rows["date"] <= years_of(day) + 0.5 / 365.25].iloc[-1] for day in record.days}
    asked = dated(record, record.cutoff, f", from those known on {record.cutoff}")
    found = tuple(
        Outcome(target=day, values=(float(row["value"]),), date=day, source=f"{record.collection}, {row['run']}")
        for day, row in last.items()
    )
    return Replay(asked, rows, found, record.family)


def dated(record: Record, suffix: str, more: str = "", **terms: str) -> DatedQuestion:
    """Return the question of a record, with a suffix of its name, the rest of its description, and its terms."""
    track = f"{record.curve.rsplit('/', 1)[-1]}-" if record.curve else ""
    return DatedQuestion(
        id=f"{record.collection}/{record.metric}/{track}record-{suffix}", what=f"record of {record.family} at the end of a day{more}",
        unit=load_card(record.collection).scalingbench.metrics[record.metric].unit, collection=record.collection, curve="record",
        metric=record.metric, inputs=("date",), cutoff=record.cutoff, targets={day: {"date": years_of(day)} for day in record.days},
        **terms,
    )  # fmt: skip
