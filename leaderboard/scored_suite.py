"""A suite with rules as boards see it: stored scores and stated tasks, and no collection.

Everything here is made from two tables, so that a board prints at once and offline;
`scalingbench.leaderboard.results` makes the same tables from predictions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.common.names import listed, unknown_name
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.ranking import rank_wide
from scalingbench.leaderboard.releases import version_of_scores
from scalingbench.leaderboard.significance import Comparison, compare_wide
from scalingbench.leaderboard.slices import SkillBySlice, What, slices_of
from scalingbench.leaderboard.suite_board import GENERAL, SuiteBoard
from scalingbench.leaderboard.wide import Wide
from scalingbench.predictors.registry import families

__all__ = ["SYNTHETIC", "ScoredSuite"]

_log = logging.getLogger(__name__)
SYNTHETIC = "synthetic"
"""Worlds whose truth is known: chosen like a track, and counted on no other."""
_EVERY_KIND = ("track", "kind")
"""Slices that also show what the overall board leaves out."""


@dataclass(frozen=True, eq=False, repr=False)
class ScoredSuite:
    """Scores on the tasks of a suite, and what the suite states of them; it is not changed after it was made.

    Attributes
    ----------
    suite, reference : str
        Name of the suite, and the predictor whose error is the unit.
    pool : tuple of str
        Predictors that win rates are measured against.
    scores : DataFrame
        As `scalingbench.benchmark.scores.table` states it, each row with the ``fingerprint`` of its task and the
        ``digest`` of its predictions.
    tasks : DataFrame
        One row per task, of every role.
    track : str, optional
        Only this one; ``"synthetic"`` is the worlds of known truth.
    choice : tuple of str
        What else was chosen, in words.
    protocol : None
        Its board follows this project's rules.
    """

    suite: str
    reference: str
    pool: tuple[str, ...]
    scores: pd.DataFrame
    tasks: pd.DataFrame
    track: str | None = None
    choice: tuple[str, ...] = ()
    protocol = None

    def select(
        self,
        *,
        track: str | None = None,
        collections: Iterable[str] | None = None,
        predictors: Iterable[str] | None = None,
        bundled: bool = False,
        published_after: str | None = None,
    ) -> ScoredSuite:
        """Return a choice of tasks and predictors; tuning tasks are kept, because they choose the recipe of every family.

        Parameters
        ----------
        track : str, optional
            Only this track, or ``"synthetic"``.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these, and always the reference and the pool.
        bundled : bool
            Only collections whose table is part of the package.
        published_after : str, optional
            Only collections first published in a later month than this, as YYYY-MM.

        Raises
        ------
        InputError
            If there is no such track, collection or predictor, or the choice leaves no task.
        """
        tasks, words = self.tasks, list(self.choice)
        keep = np.ones(len(tasks), bool)
        if collections is not None:
            names = listed(collections)
            _refuse_unknown(f"collection of suite {self.suite}", names, set(tasks["collection"]))
            keep &= tasks["collection"].isin(names).to_numpy()
            words.append(f"collections {', '.join(names)}")
        if bundled:
            keep &= (tasks["tier"] == "bundled").to_numpy()
            words.append("bundled collections only")
        if published_after is not None:
            keep &= (tasks["published"] > _month(published_after)).to_numpy(bool)
            words.append(f"published after {published_after}")
        keep |= (tasks["role"] == "tuning").to_numpy()
        chosen = replace(self, tasks=tasks[keep], track=self._track(track), choice=tuple(words))
        if not len(chosen.ranked):
            raise InputError(f"suite {self.suite} has no task of that choice")
        return chosen if predictors is None else chosen._of(predictors)

    def _track(self, track: str | None) -> str | None:
        if track is None or track == self.track:
            return self.track
        if self.track is not None:
            raise InputError(f"these are the results of track {self.track!r}, not of {track!r}")
        counted = self.tasks.loc[self.tasks["role"] == "counted", "track"]
        _refuse_unknown(f"track of suite {self.suite}", (track,), {*counted, *([SYNTHETIC] if self._has_worlds else [])})
        return track

    @property
    def _has_worlds(self) -> bool:
        return bool((self.tasks["role"] == SYNTHETIC).any())

    def _of(self, predictors: Iterable[str]) -> ScoredSuite:
        names = listed(predictors)
        _refuse_unknown("predictor of these results", names, set(self.scores["predictor"]))
        return replace(self, scores=self.scores[self.scores["predictor"].isin([*names, self.reference, *self.pool])])

    @cached_property
    def current(self) -> pd.DataFrame:
        """The scores of today's tasks; those of tasks whose rows have changed since are left out with a warning."""
        stated = pd.Series(self.tasks["fingerprint"].to_numpy(), index=self.tasks["task"].to_numpy())
        today = self.scores["task"].map(stated)
        known = today.notna().to_numpy()
        stale = known & (today != self.scores["fingerprint"]).to_numpy()
        for row in self.scores[stale].itertuples():
            _log.warning("%s on %s: made from other rows than today's task; ignored", row.predictor, row.task)
        return self.scores[known & ~stale]

    @cached_property
    def wide(self) -> Wide:
        """The scores on every task that has a weight, as arrays."""
        return Wide.of(self.current, self.tasks)

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The tasks that the board ranks on: those of the track, or by default all counted ones that extrapolate."""
        if self.track == SYNTHETIC:
            return self.tasks[self.tasks["role"] == SYNTHETIC]
        counted = self._counted
        return counted[counted["kind"] == "extrapolation"] if self.track is None else counted[counted["track"] == self.track]

    @cached_property
    def _counted(self) -> pd.DataFrame:
        return self.tasks[(self.tasks["role"] == "counted") & (self.tasks["weight"] > 0)]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Predictors, by skill on the tuning tasks: the first of a family heads it.

        Those that entered none count as the reference there; ties are settled by the catalogue.
        """
        place = {name: i for i, name in enumerate(families())}
        names = sorted(set(self.scores["predictor"]), key=lambda name: (place.get(name, len(place)), name))
        tuning = self.wide.on(self.tasks.loc[self.tasks["role"] == "tuning", "task"])
        loss = pd.Series(np.nan_to_num(tuning.log_ratio) @ tuning.weight, index=tuning.predictors)
        return tuple(sorted(names, key=lambda name: round(float(loss.get(name, 0.0)), 12)))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors."""
        return tuple(sorted(set(self.scores["predictor"])))

    @cached_property
    def version(self) -> str:
        """Version of the board."""
        return self.version_on(self.ranked)

    def version_on(self, tasks: pd.DataFrame) -> str:
        """Return the version of a board on these tasks."""
        return version_of_scores(self.suite, tasks, self.current[self.current["task"].isin(tasks["task"])])

    def board(self) -> Board:
        """Rank the predictors: on the track if one was chosen, else tracks, general-purpose entries and specialists."""
        return self._board

    @cached_property
    def _board(self) -> Board:
        return self._whole() if self.track is None else self._rank(self._ranked_scores, self.track)

    @cached_property
    def _ranked_scores(self) -> Wide:
        return self.wide.on(self.ranked["task"])

    @cached_property
    def _on_track(self) -> dict[str, Wide]:
        """The scores on the counted tasks of each track."""
        counted = self._counted
        of = {name: counted.loc[counted["track"] == name, "task"] for name in TRACKS}
        return {name: self.wide.on(tasks) for name, tasks in of.items() if len(tasks)}

    def _rank(self, scores: Wide, track: str | None, *, least_weight: float = 0.0, duels: bool = True) -> Board:
        stated = self.tasks[self.tasks["task"].isin(scores.tasks)]
        ranked = rank_wide(
            scores,
            pool=self.pool,
            reference=self.reference,
            suite=self.suite,
            track=track,
            order=self.order,
            version=self.version_on(stated) if duels else "",
            impute=True,
            worlds=track == SYNTHETIC,
            least_weight=least_weight,
            duels=duels,
        )
        return replace(ranked, choice=", ".join(self.choice), fingerprints=dict(zip(stated["task"], stated["fingerprint"], strict=True)))

    def _whole(self) -> SuiteBoard:
        overall = self._rank(self._ranked_scores, None, least_weight=GENERAL)
        tracks = {name: self._rank(scores, name, duels=False) for name, scores in self._on_track.items()}
        months = self._counted.dropna(subset="published").groupby("track")["published"].agg(["min", "max"])
        published = {str(name): (str(first), str(last)) for name, first, last in months.itertuples()}
        facts = {name: getattr(overall, name) for name in Board.__dataclass_fields__}
        return SuiteBoard(**facts, tracks=tracks, published=published, specialists=self._specialists(overall, tracks))

    def share_entered(self, predictor: str) -> float:
        """Return the share of the weight that the board ranks on which a predictor entered."""
        entered = self.current.loc[self.current["predictor"] == predictor, "task"]
        return float(self.ranked.loc[self.ranked["task"].isin(entered), "weight"].sum() / self.ranked["weight"].sum())

    @cached_property
    def everyone(self) -> Board:
        """All predictors on the tasks that the board ranks on, general-purpose or not."""
        return self._rank(self._ranked_scores, self.track)

    def _specialists(self, overall: Board, tracks: dict[str, Board]) -> pd.DataFrame:
        """Return the families without a general-purpose entry, each on the track where its head places best."""
        general = set(overall.rows["family"])
        leader = str(overall.heads["predictor"].iloc[0]) if len(overall.rows) else self.reference
        best: dict[str, dict[str, Any]] = {}
        for name, board in tracks.items():
            heads = board.heads[list(_PLACE)].to_dict("records")
            for row in (row for row in heads if row["family"] not in general):
                found: dict[str, Any] = {**{str(k): v for k, v in row.items()}, "best_track": name, "places": len(heads)}
                if row["family"] not in best or _better(found, best[row["family"]]):
                    best[row["family"]] = found
        place = list(tracks)
        rows = sorted(best.values(), key=lambda row: (place.index(row["best_track"]), row["rank"], row["predictor"]))
        for law in rows:
            law["leader_skill"] = self._skill_beside(leader, law["predictor"], law["best_track"])
        return pd.DataFrame(rows, columns=["predictor", "family", "best_track", "rank", "places", *_PLACE[3:], "leader_skill"])

    def _skill_beside(self, leader: str, predictor: str, track: str) -> float:
        """Return the skill of the leader on the tasks of a track that another predictor entered."""
        scores = self._on_track[track]
        entered = scores.entered[scores.place_of(predictor)]
        log_ratio = np.nan_to_num(scores.log_ratio[scores.place_of(leader)])
        return float(1.0 - np.exp(log_ratio[entered] @ scores.weight[entered] / scores.weight[entered].sum()))

    def by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
        """Return the skill of the board's predictors on slices of the suite.

        Parameters
        ----------
        by : str
            One of `scalingbench.leaderboard.slices.SLICES`, e.g. ``"reach"``. Tracks and kinds are shown of all counted
            tasks, the rest of those that the board ranks on.
        top : int, optional
            Only the first of the board.
        what : {"skill", "coverage", "crps"}
            What to show of each slice.
        """
        tasks = self._counted if by in _EVERY_KIND and self.track is None else self.ranked
        found = slices_of(self.wide.on(tasks["task"]), tasks.assign(extrapolation=tasks["far"]), by, what=what, reference=self.reference)
        names = list(self.shown)
        if what == "coverage":
            names = [name for name in names if name in found.rows.index and found.rows.loc[name].notna().any()]
        return found.of(pd.Series(names[:top], dtype=str))

    def rests_on(self, predictor: str | None = None) -> list[str]:
        """Return the collections of the counted tasks, those that a predictor entered if one is named."""
        tasks = self._counted
        if predictor is not None:
            tasks = tasks[tasks["task"].isin(self.current.loc[self.current["predictor"] == predictor, "task"])]
        return sorted(set(tasks["collection"]))

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The heads of families, in the order of the board: general-purpose ones first."""
        scores = self._ranked_scores
        if self.track is not None:
            return tuple(self._rank(scores, self.track, duels=False).heads["predictor"])
        general = self._rank(scores, None, least_weight=GENERAL, duels=False)
        rest = self._rank(scores, None, duels=False).heads
        return (*general.heads["predictor"], *rest.loc[~rest["family"].isin(general.rows["family"]), "predictor"])

    def compare(self, predictors: Sequence[str] | None = None, *, top: int = 12) -> Comparison:
        """Test which predictors the clusters can tell apart.

        Parameters
        ----------
        predictors : sequence of str, optional
            Two or more; by default the first of the board.
        top : int
            How many of the board, unless they are named.
        """
        if predictors is None:
            predictors = self.shown[:top]
        return compare_wide(self.wide.on(self.ranked["task"]), predictors)

    def __repr__(self) -> str:
        scope = f"suite {self.suite}" + (f", track {self.track}" if self.track else "") + "".join(f", {words}" for words in self.choice)
        return f"ScoredSuite({scope}: {self.scores['predictor'].nunique()} predictors on {len(self.ranked)} tasks)"


_PLACE = ("predictor", "family", "rank", "skill", "skill_low", "skill_high", "skill_entered", "tasks_entered", "tasks_total")


def _better(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a place on a track is better than that on another; of equal places that of higher skill is."""
    return (one["rank"], -one["skill"]) < (other["rank"], -other["skill"])


def _refuse_unknown(kind: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)


def _month(text: str) -> str:
    """Return a month as YYYY-MM."""
    year, _, month = text.partition("-")
    if not (len(year) == 4 and year.isdigit() and len(month) == 2 and month.isdigit() and 1 <= int(month) <= 12):
        raise InputError(f"published after {text!r}: expected a month as YYYY-MM")
    return text
