"""Forecasts that authors published, beside those of predictors from the rows that the authors had.

The OLMo ladder's are read from the authors' own files, Kaplan's law from its published constants; `QUOTED` are single figures of a
paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from perf.public_forecasts import DatedQuestion, years_of
from perf.replays.releases import day_before_month, month_of
from perf.replays.replay import Replay
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.fetch import UpstreamFile, locate
from scalingbench.leaderboard.forecasts.book import load_book, register, resolve
from scalingbench.leaderboard.forecasts.records import Draft, Outcome, Target
from scalingbench.predictors.registry import make

__all__ = ["append", "questions", "recorded"]

LADDER, GPT3, KAPLAN = "2412.04403", "2005.14165", "2001.08361"
CHAINED = UpstreamFile("olmo_ladder_published", "chained_main.csv", "62984273d7e0a2f8068771e4f4578deb9dd451e5fc93a1647fffd489efab0572")
C4 = UpstreamFile("olmo_ladder_published", "step1_c4_main.csv", "c5524eb7bfc4a510a76b6e00a2c4d4a2ad6aeeb50bd7deee02d617f177607aff")
TASKS = {
    "mmlu_avg_test_5shot": "mmlu", "hellaswag_val_5shot": "hellaswag", "arc_challenge_test_5shot": "arc_challenge",
    "arc_easy_test_5shot": "arc_easy", "piqa_val_5shot": "piqa", "csqa_val_5shot": "csqa", "socialiqa_val_5shot": "siqa",
    "openbookqa_test_5shot": "openbookqa",
}  # fmt: skip
"""Task upstream -> in the collection."""
_13B, _175B = "peteish13_eval_full", "gpt3-175b"


@dataclass(frozen=True)
class Quoted:
    """One figure of a paper: a forecast and its outcome."""

    question: str
    what: str
    metric: str
    forecaster: str
    arxiv: str
    target: str
    forecast: float
    outcome: float
    source: str


QUOTED = (
    Quoted(
        question="laion_clip_mammut/accuracy_imagenet/l-14-12.8b",
        what="zero-shot ImageNet accuracy of MaMMUT L-14 after 12.8B samples, 4x beyond the fit",
        metric="accuracy_imagenet",
        forecaster="Nezhurina et al. 2025",
        arxiv="2506.04598",
        target="L-14 12.8B",
        forecast=0.820,
        outcome=0.8034,
        source="arXiv 2506.04598: predicted for unique samples",
    ),
)


def questions() -> Iterator[Replay]:
    """Yield what the authors forecast, to be forecast from the rows that they had."""
    for metric in ("loss_c4_avg5", *(f"accuracy_{task}_avg5" for task in TASKS.values())):
        yield _asked("olmo_ladder", metric, ("params", "tokens"), _13B, LADDER, "OLMo 2 13B from the ladder of 190M to 1.3B parameters")
    yield _asked("gpt3_curves", "loss_val", ("params",), _175B, GPT3, "GPT-3 175B after 300B tokens, from its seven smaller siblings")


def _asked(collection: str, metric: str, inputs: tuple[str, ...], run: str, arxiv: str, what: str) -> Replay:
    table = load_collection(collection).table
    rows = table[(table["metric"] == metric) & (table["flag"] == "")]
    rows = rows.sort_values("tokens", kind="stable").groupby("run").tail(1)
    train = rows[rows["split"] == "train"] if "split" in rows and (rows["split"] == "train").any() else rows[rows["run"] != run]
    target = rows[rows["run"] == run].iloc[0]
    cutoff = day_before_month(arxiv)
    asked = DatedQuestion(
        id=f"{collection}/{metric}/{run.replace('_eval_full', '')}", what=what, unit="nats" if metric.startswith("loss") else "share",
        collection=collection, curve="published", metric=metric, inputs=inputs, cutoff=cutoff,
        targets={run: {name: float(target[name]) for name in inputs}}, leave_out=(run,),
    )  # fmt: skip
    found = Outcome(target=run, values=(float(target["value"]),), date=month_of(arxiv), source=f"{collection}; arXiv {arxiv}")
    return Replay(asked, train.assign(curve="published", date=years_of(cutoff)), (found,), collection)


def recorded() -> Iterator[Draft]:
    """Yield the authors' forecasts; those of the OLMo ladder need its files."""
    asked = {replay.asked.id: replay for replay in questions()}
    chained = pd.read_csv(locate(CHAINED)).set_index("Task")["Pred"]
    for task, name in TASKS.items():
        yield _of(
            asked[f"olmo_ladder/accuracy_{name}_avg5/peteish13"], float(chained[task]), LADDER, "step 1 and 2 chained", "chained_main.csv"
        )
    c4 = float(pd.read_csv(locate(C4))["Pred"].iloc[0])
    yield _of(asked["olmo_ladder/loss_c4_avg5/peteish13"], c4, LADDER, "E + A/N^alpha + B/D^beta", "step1_c4_main.csv")
    gpt3 = asked["gpt3_curves/loss_val/gpt3-175b"]
    at = load_collection("gpt3_curves").table.query("run == @_175B").nlargest(1, "tokens")[["params", "tokens"]]
    law = make("kaplan[kaplan2020]").fit(at, [1.0])
    yield _of(gpt3, float(law.predict(at)[0]), KAPLAN, "joint law of N and D, Table 2", "its constants at 175B parameters and 300B tokens")


def _of(replay: Replay, point: float, arxiv: str, method: str, where: str) -> Draft:
    asked = replay.asked
    author = {LADDER: "Bhagia et al. 2024", KAPLAN: "Kaplan et al. 2020"}[arxiv]
    return Draft(
        question=asked.id, what=asked.what, metric=asked.metric, unit=asked.unit, kind="recorded", forecaster=author, method=method,
        registered_at=month_of(arxiv), registered_source=f"arXiv {arxiv}, {where}",
        targets=tuple(Target(name=name, inputs=dict(inputs), point=point) for name, inputs in asked.targets.items()),
        note="the month is the paper's" + ("; the paper appeared with the outcome" if arxiv == LADDER else ""),
    )  # fmt: skip


def _quoted(figure: Quoted) -> tuple[Draft, Outcome]:
    draft = Draft(
        question=figure.question, what=figure.what, metric=figure.metric, unit="share", kind="recorded", forecaster=figure.forecaster,
        method="law of the compute frontier", registered_at=month_of(figure.arxiv), registered_source=figure.source,
        targets=(Target(name=figure.target, point=figure.forecast),), note="the paper appeared with the outcome",
    )  # fmt: skip
    return draft, Outcome(target=figure.target, values=(figure.outcome,), date=month_of(figure.arxiv), source=figure.source)


def append(folder: Path | None = None) -> Iterator[str]:
    """Append the authors' forecasts that a book does not have, and yield a line for each."""
    quoted = [_quoted(figure) for figure in QUOTED]
    answered = {(r.question, r.forecaster) for r in load_book(folder).registrations}
    for draft in (*recorded(), *(draft for draft, _ in quoted)):
        if (draft.question, draft.forecaster) not in answered:
            register([draft], folder)
            yield f"{draft.question}: {draft.forecaster}"
    for draft, outcome in quoted:
        resolve(draft.question, [outcome], folder)
