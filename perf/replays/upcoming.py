"""Open questions: records at a later day, each with the page of its outcome, when it is void, and when it closes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from perf.public_forecasts import opened
from perf.replays.records import Record, dated, history
from perf.replays.replay import usual
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.forecasting.registering import Question, drafts, entrants
from scalingbench.leaderboard.forecasts.book import load_book, register
from scalingbench.leaderboard.forecasts.records import Draft

__all__ = ["QUESTIONS", "append", "questions"]

_DAY, _CLOSES = "2027-06-30", "2027-01-01T00:00:00Z"
_SPEEDRUN = (
    "https://github.com/KellerJordan/modded-nanogpt",
    "the rules, the machine or the target loss of the track change, or no record is dated",
)
_MATBENCH = ("https://matbench-discovery.materialsproject.org", "the test set or the definition of the metric changes")
_EPOCH = ("https://epoch.ai/benchmarks", "the tasks or the scoring of the benchmark change")
QUESTIONS = (
    (Record("nanogpt_speedrun", "cost_minutes", "2026-08-01", (_DAY,), "history/track-2"), _SPEEDRUN),
    (Record("nanogpt_speedrun", "cost_steps", "2026-08-01", (_DAY,), "history/track-3"), _SPEEDRUN),
    *(
        (Record("matbench_discovery", metric, "2026-08-01", (_DAY,)), _MATBENCH)
        for metric in ("score_f1_unique", "mae_energy", "loss_kappa")
    ),
    *(
        (Record("epoch_benchmarks", f"accuracy_{name}", "2025-12-01", (_DAY,)), _EPOCH)
        for name in ("frontiermath_private", "frontiermath_tier4_private", "swe_bench_verified")
    ),
)


def questions() -> Iterator[Question]:
    """Yield every open question; to the one without terms of `perf.public_forecasts` they are added."""
    page, void_if = _SPEEDRUN
    record = replace(opened()[1], page=page, void_if=void_if, closes="2026-12-31T00:00:00Z")
    yield record.question(load_collection(record.collection).table, "registered")
    for asked, (page, void_if) in QUESTIONS:
        yield dated(asked, asked.days[0][:4], page=page, void_if=void_if, closes=_CLOSES).question(history(asked), "registered")


def append(folder: Path | None = None) -> Iterator[str]:
    """Append the forecasts that a book does not have, and yield a line for each question."""
    answered = {(r.question, r.forecaster) for r in load_book(folder).registrations}
    for question in questions():
        left = {name for name in usual(question.runs.metric) if (question.name, name) not in answered}
        made = [m for m in drafts(question, entrants(("date",), left)) if isinstance(m, Draft)]
        if register(made, folder):
            yield f"{question.name}: {', '.join(m.forecaster for m in made)}"
