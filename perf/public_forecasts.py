"""Forecasts of public runs: replays from the rows known at a date, and open questions.

    python -m perf.public_forecasts replay|open

``replay`` forecasts with every predictor that can read the inputs; ``open`` with AutoLaw and three classical laws. The column
``date`` of a table is the time of publication of a value, in years since 2020-01-01; a row without a date counts as unknown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.fetch import UpstreamFile, locate
from scalingbench.common.errors import LeaderboardError
from scalingbench.forecasting.registering import Failure, Question, drafts, entrants, runs_of
from scalingbench.leaderboard.forecasts.book import load_book, register
from scalingbench.leaderboard.forecasts.records import Draft

_EPOCH = date(2020, 1, 1)

PROGRESS = UpstreamFile("marin_delphi", "hero_matched_progress.csv", "dea9a6336c4f449a58fd97f483d65e977e996af883ef94f9cd49e45dafe562d8")
CLASSICAL = ("power-law", "shifted-power-law", "compute-power")
"""Beside AutoLaw, where the one input is compute; `WITHOUT_COMPUTE` elsewhere."""
WITHOUT_COMPUTE = ("power-law", "shifted-power-law", "log-linear")

_HERO_FLOPS = 2.6108941613772703e24
_MOE, _67B, _PROGRESS, _FINAL = (
    f"marin_delphi/loss_paloma{rest}" for rest in ("/moe-1e23", "/moe-67b", "_dropless/hero-progress", "_dropless/hero-final")
)
WHAT = {
    _MOE: "final loss of the MoE run of 1e23 FLOPs",
    _67B: "loss of the 67B MoE after its first 8T tokens (1.19e23 FLOPs)",
    _FINAL: "final loss of the 535B MoE on 18T tokens (2.6e24 FLOPs); its mixture was changed at step 108,000",
    _PROGRESS: "loss of the 535B MoE at 5 to 15 % of training, from four smaller runs at the same share",
}


def years_of(day: str) -> float:
    """Return a day in the format of the tables.

    Examples
    --------
    >>> years_of("2021-01-01")
    1.0020533880903491
    """
    return (date.fromisoformat(day) - _EPOCH).days / 365.25


def known_rows(table: pd.DataFrame, cutoff: str) -> pd.DataFrame:
    """Return the rows with a value that was public by the day of the cut-off.

    Raises
    ------
    LeaderboardError
        If the table has no dates.
    """
    if "date" not in table:
        raise LeaderboardError("a replay needs the column 'date': when each value became known")
    half_a_day = 0.5 / 365.25
    return table[table["date"].notna() & (table["date"] <= years_of(cutoff) + half_a_day)]


@dataclass(frozen=True)
class DatedQuestion:
    """A question with the training rows known at a date.

    Attributes
    ----------
    id, what, unit : str
        Name, sentence and unit of the `Question`.
    collection, curve, metric : str
        Source of its rows.
    inputs : tuple of str
        Columns that predictors read; ``date`` can be one.
    cutoff : str
        Day; rows that became known later are left out.
    targets : mapping of str to mapping
        Name of each target -> its inputs.
    leave_out : tuple of str
        The runs that are forecast: never training rows, whatever their date.
    by_hand : bool
        Whether the rows were transcribed.
    page, void_if, closes : str, optional
        Terms of an open question: see `Question`.
    """

    id: str
    what: str
    unit: str
    collection: str
    curve: str
    metric: str
    inputs: tuple[str, ...]
    cutoff: str
    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    by_hand: bool = False
    page: str | None = None
    void_if: str | None = None
    closes: str | None = None

    def question(self, table: pd.DataFrame, kind: str = "replay") -> Question:
        """Return the question with the rows of a collection's table that were known.

        Raises
        ------
        LeaderboardError
            If no row was known.
        """
        of = table[(table["curve"] == self.curve) & (table["metric"] == self.metric) & (table["flag"] == "")]
        rows = known_rows(of, self.cutoff)
        rows = rows[~rows["run"].isin(self.leave_out)].dropna(subset=[*self.inputs, "value"])
        if rows.empty:
            raise LeaderboardError(f"{self.id}: no row of {self.collection}, curve {self.curve}, was known on {self.cutoff}")
        kept = list(dict.fromkeys((*self.inputs, "value", *(["flops"] if "flops" in rows and rows["flops"].notna().all() else []))))
        return Question(
            name=self.id,
            what=self.what,
            unit=self.unit,
            runs=runs_of(pd.DataFrame(rows[kept]).reset_index(drop=True), self.metric, self.collection),
            targets=self.targets,
            selection=f"curve {self.curve}, known by {self.cutoff}",
            kind="registered" if kind == "registered" else "replay",
            data_cutoff=self.cutoff,
            by_hand=self.by_hand,
            page=self.page,
            void_if=self.void_if,
            closes=self.closes,
        )


def _progress_targets() -> dict[str, dict[str, float]]:
    points = pd.read_csv(locate(PROGRESS))
    shares = points["step"] / points["total_steps"]
    steps = points["step"].astype(int)
    return {f"step {step}": {"flops": share * _HERO_FLOPS, "progress": share} for step, share in zip(steps, shares, strict=True)}


def replays() -> tuple[DatedQuestion, ...]:
    """Return the three forecasts with locally available training rows, as of the day they were made."""
    return (
        _dated(_MOE, "moe-optima/v16", "2026-04-13", ("flops",), {"1e23": {"flops": 1e23}}, ("moe-1e23-d5120",)),
        _dated(_67B, "moe-ladder/67b", "2026-06-27", ("flops",), {"1.19e23": {"flops": 1.19e23}}, ("67b-d2560",)),
        _dated(_PROGRESS, "hero", "2026-08-18", ("flops", "progress"), _progress_targets(), ("hero-d6144",)),
    )


def _dated(
    name: str, curve: str, cutoff: str, inputs: tuple[str, ...], targets: dict[str, dict[str, float]], leave_out: tuple[str, ...]
) -> DatedQuestion:
    return DatedQuestion(
        id=name, what=WHAT[name], unit="nats per token", collection="marin_delphi", curve=curve, metric=name.split("/")[1],
        inputs=inputs, cutoff=cutoff, targets=targets, leave_out=leave_out, by_hand=True,
    )  # fmt: skip


def opened() -> tuple[DatedQuestion, ...]:
    """Return the open questions."""
    days = {day: {"date": years_of(day)} for day in ("2026-12-31", "2027-06-30")}
    record = DatedQuestion(
        id="nanogpt_speedrun/cost_minutes/record", what="record time to loss 3.28 in the short track, at the end of a day",
        unit="minutes", collection="nanogpt_speedrun", curve="history/track-1", metric="cost_minutes", inputs=("date",),
        cutoff="2026-08-01", targets=days,
    )  # fmt: skip
    return _dated(_FINAL, "hero-ends", "2026-09-15", ("flops",), {"end": {"flops": _HERO_FLOPS}}, ()), record


def with_hero_ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of marin_delphi with the ends of the four rungs below the 535B run as the curve ``hero-ends``.

    Three are measured; the fourth was 80 % complete, and is the authors' line through its last points plus 0.005.
    """
    rungs = table[(table["curve"] == "hero") & (table["split"] == "train")]
    ends = rungs.sort_values("progress").groupby("run").tail(1)
    unfinished = ends["progress"] < 0.99
    ends = ends.assign(curve="hero-ends", value=ends["value"].where(~unfinished, 2.4087), flops=ends["flops"] / ends["progress"])
    return pd.concat([table, ends], ignore_index=True)


def _drafts(questions: tuple[DatedQuestion, ...], kind: str) -> Iterator[Draft | Failure]:
    for dated in questions:
        table = load_collection(dated.collection).table
        table = with_hero_ends(table) if dated.collection == "marin_delphi" else table
        classical = ("autolaw", *(CLASSICAL if dated.inputs == ("flops",) else WITHOUT_COMPUTE))
        yield from drafts(dated.question(table, kind), entrants(dated.inputs, classical if kind == "registered" else None))


def main() -> None:
    """Append to the project's own book."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("replay", "open"))
    opens = parser.parse_args().what == "open"
    made = list(_drafts(opened() if opens else replays(), "registered" if opens else "replay"))
    for failure in (m for m in made if isinstance(m, Failure)):
        print(f"no forecast: {failure.question} {failure.predictor}: {failure.message}")
    print(f"{len(register(m for m in made if isinstance(m, Draft)))} registered, head {load_book().head[:12]}")


if __name__ == "__main__":
    main()
