"""Results, and everything computed from them: scores, boards, slices and comparisons."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, list_result_files, read_results
from scalingbench.benchmark.tasks.frozen import read_head
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.names import listed
from scalingbench.common.tables import facts_html
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.committed import committed_file_of, load_stored
from scalingbench.leaderboard.placement import Placement, placement_of
from scalingbench.leaderboard.ranking import SYNTHETIC, Ranking, rank
from scalingbench.leaderboard.releases import version_of
from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.leaderboard.significance import Comparison, compare
from scalingbench.leaderboard.slices import SkillBySlice, What, slices_of
from scalingbench.leaderboard.store import Choice, Store, committed_store, not_ranked_on, refuse_other_suites, suite_of
from scalingbench.leaderboard.suite_board import SuiteBoard, specialists
from scalingbench.predictors.registry import families

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite
    from scalingbench.benchmark.tasks.task import Task
    from scalingbench.leaderboard.protocol_boards import ProtocolBoard

__all__ = ["Results", "not_ranked_on"]

_log = logging.getLogger(__name__)
_EVERY_KIND = ("track", "kind")
"""Slices over all counted tasks, including those that the overall board leaves out."""


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """Predictions on the tasks of a suite; boards, scores and comparisons are its methods.

    `load` reads results, `of` takes those of a run, `select` returns a subset. The object is immutable; tasks are built and scores
    are computed at first use, once.

    Examples
    --------
    >>> import scalingbench as sb
    >>> results = sb.Results.load("lite")
    >>> board = results.select(track="compute").board()
    >>> board.rows.loc[0, ["predictor", "rank"]].tolist()
    ['autolaw', 1]
    """

    store: Store
    choice: Choice = field(default_factory=Choice)

    @classmethod
    def load(cls, suite: str | Suite | None = None, folder: str | Path | None = None) -> Results:
        """Read results.

        Parameters
        ----------
        suite : str or Suite, optional
            Name of the suite, or a path that ends in ``.yaml``; by default that of the result files, or v2.
        folder : str or Path, optional
            Folder of result files; by default the results that come with the package, including submissions. Those are ranked by
            stored scores, and predictions are read on access. A submission without stored scores is scored on the tasks whose data
            are available locally.

        Raises
        ------
        InputError
            If the suite does not exist or has no results, or the folder has those of another one.
        """
        read = {} if folder is None else {file: read_results(file) for file in list_result_files(folder)}
        suite = DEFAULT_SUITE if suite is None and folder is None else suite or suite_of(read, folder or "")
        if isinstance(suite, str) and suite.endswith(".yaml"):
            from scalingbench.benchmark.tasks.suite import load_suite

            suite = load_suite(suite)
        head = read_head(suite) if isinstance(suite, str) else suite
        if folder is None:
            return cls(committed_store(head))
        refuse_other_suites(read, folder, head.name)
        files = {r.predictor: file for file, found in read.items() for r in found}
        return cls(Store(head, tuple(r for found in read.values() for r in found), None, not_ranked_on(), files))

    @classmethod
    def of(
        cls,
        results: Sequence[TaskResult],
        suite: Suite,
        *,
        track: str | None = None,
        collections: Iterable[str] | None = None,
        exclusions: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Results:
        """Return the results of a run.

        Parameters
        ----------
        results : sequence of TaskResult
            The results; those of tasks whose rows have changed since are ignored with a warning.
        suite : Suite
            The suite of the run.
        track : str, optional
            Only the tasks of this track.
        collections : iterable of str, optional
            Only the tasks on these collections.
        exclusions : mapping of str to tuple of str, optional
            Collections that a predictor was tuned or trained on; it is not ranked on them. By default from catalogue and submissions.
        """
        store = Store(suite, tuple(results), None, not_ranked_on() if exclusions is None else exclusions, {})
        return cls(store, Choice(track, None if collections is None else listed(collections)))

    def select(
        self,
        *,
        track: str | None = None,
        collections: Iterable[str] | None = None,
        predictors: Iterable[str] | None = None,
        bundled: bool = False,
        published_after: str | None = None,
    ) -> Results:
        """Return a subset of the results.

        Parameters
        ----------
        track : str, optional
            Only the tasks of this track; ``"synthetic"`` selects the synthetic worlds.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these predictors, and the suite's reference and pool, which are always kept.
        bundled : bool
            Only bundled collections, whose tables are part of the package.
        published_after : str, optional
            Only collections first published in a later month than this, as YYYY-MM.

        Raises
        ------
        InputError
            If the track, collection or predictor is unknown (the message suggests the nearest), or the selection has no task.
        """
        of, among = (None if names is None else listed(names) for names in (collections, predictors))
        wanted = Choice(track, of, among, bundled, published_after)
        self.store.refuse_unknown(wanted)
        chosen = replace(self, choice=self.choice.narrowed(wanted))
        if chosen.choice.collections == () or (self.store.own is None and not len(chosen.task_table)):
            raise InputError(f"suite {self.store.suite.name} has no task of this selection")
        return chosen

    def beside_committed(self) -> Results:
        """Return these results together with the committed ones of all other predictors.

        Of the others it has the stored scores; predictions only of the reference, whose error is the unit.
        """
        suite, own = self.store.suite, self.store.own or ()
        if not own:
            return replace(self, store=committed_store(suite))
        known = {r.predictor for r in own}
        reference = () if suite.reference in known else tuple(committed_file_of(suite, (suite.reference,)).values())[:1]
        others = (r for file in reference for r in read_results(file))
        return replace(self, store=replace(self.store, own=(*own, *others), stored=load_stored(suite), scored_before={}, tasks_before={}))

    @property
    def suite(self) -> Suite:
        """The suite of the results."""
        return self.store.whole

    @property
    def results(self) -> Sequence[TaskResult]:
        """The predictions of the chosen predictors."""
        found = self.store.predictions
        if self.choice.predictors is None:
            return found
        return found.of(self._kept) if isinstance(found, ResultFiles) else tuple(r for r in found if r.predictor in self._kept)

    @property
    def _kept(self) -> set[str]:
        return {*(self.choice.predictors or self.store.predictors), self.store.suite.reference, *self.store.suite.pool}

    @property
    def exclusions(self) -> Mapping[str, tuple[str, ...]]:
        """Collections that each predictor was tuned or trained on, on which it is not ranked."""
        return self.store.exclusions

    @property
    def files(self) -> Mapping[str, Path]:
        """Result file of each predictor, if the results were read from files."""
        return self.store.files

    @property
    def protocol(self) -> str | None:
        """The benchmark whose rules the suite's printed board follows; None is this project."""
        return self.store.suite.protocol

    @property
    def track(self) -> str | None:
        """The chosen track."""
        return self.choice.track

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the results."""
        return tuple(name for name in self.store.predictors if self.choice.predictors is None or name in self._kept)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The selected tasks whose data are available locally, including those that are not ranked on."""
        chosen = set(self.statements["task"])
        built = self.store.tasks(self.store.collections(self.choice))
        return tuple(t for t in built if t.id in chosen and self.track in (None, SYNTHETIC, t.track))

    @cached_property
    def statements(self) -> pd.DataFrame:
        """Descriptions of the selected tasks, one row each, of every track and role."""
        return self.choice.of(self.store.scored(self.choice).tasks)

    @cached_property
    def task_table(self) -> pd.DataFrame:
        """The tasks that the board ranks on: those of the track, or by default the counted ones of the kinds in the rules."""
        if self.track == SYNTHETIC:
            found = self.statements[self.statements["role"] == SYNTHETIC]
        elif self.track is None:
            found = self._counted[self._counted["kind"].isin(self.store.suite.rules.kinds)]
        else:
            found = self._counted[self._counted["track"] == self.track]
        if not len(found):
            raise InputError(f"suite {self.store.suite.name} has no task of this selection")
        return found

    @cached_property
    def _counted(self) -> pd.DataFrame:
        return self.statements[(self.statements["role"] == "counted") & (self.statements["weight"] > 0)]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per predictor and selected task that it entered, see `scalingbench.benchmark.scores.table`.

        Scores of tasks whose rows have changed since are left out with a warning.
        """
        found = self.store.scored(self.choice).scores
        if self.choice.predictors is not None:
            found = found[found["predictor"].isin(self._kept)]
        today = found["task"].map(dict(zip(self.statements["task"], self.statements["fingerprint"], strict=True)))
        known = today.notna().to_numpy()
        stale = known & (today != found["fingerprint"]).to_numpy()
        for row in found[stale].itertuples():
            _log.warning("%s on %s: the rows of the task have changed since; ignored", row.predictor, row.task)
        return found[known & ~stale]

    @cached_property
    def matrix(self) -> ScoreMatrix:
        """The scores on every selected task with a weight, as arrays."""
        return ScoreMatrix.of(self.scores, self.statements)

    @cached_property
    def _ranked(self) -> ScoreMatrix:
        return self.matrix.on(self.task_table["task"])

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Predictors by skill on the tuning tasks, ties in the order of the catalogue. The first of a family is its head."""
        place = {name: i for i, name in enumerate(families())}
        names = sorted(set(self.scores["predictor"]), key=lambda name: (place.get(name, len(place)), name))
        tuning = self.matrix.on(self.statements.loc[self.statements["role"] == "tuning", "task"])
        known = dict(zip(tuning.predictors, tuning.skill() if len(tuning.tasks) else (), strict=True))
        return tuple(sorted(names, key=lambda name: -round(float(known.get(name, 0.0)), 12)))

    @cached_property
    def version(self) -> str:
        """Suite, and hash of the descriptions of the ranked tasks and of the predictions on them."""
        return self._version_on(self.task_table)

    def _version_on(self, tasks: pd.DataFrame) -> str:
        return version_of(self.store.suite.name, tasks, self.scores[self.scores["task"].isin(tasks["task"])])

    def board(self) -> Board:
        """Rank the predictors by this project's rules: skill against the suite's reference, with intervals.

        Without a track it is a `SuiteBoard`: the general-purpose entries, the tracks and the specialised laws.
        """
        return self._board

    @cached_property
    def _board(self) -> Board:
        return self._whole_board() if self.track is None else self._rank(self._ranked, self.track)

    def _rank(
        self,
        scores: ScoreMatrix,
        track: str | None,
        *,
        entries: Literal["all", "general"] = "all",
        comparisons: Literal["pool", "none"] = "pool",
    ) -> Board:
        what = Ranking(self.store.suite, self.order, track)
        tasks = self.statements[self.statements["task"].isin(scores.tasks)]
        present = set(tasks["collection"])
        left_out = {name: tuple(c for c in self.exclusions.get(name, ()) if c in present) for name in self.predictors}
        return replace(
            rank(scores, what, entries=entries, comparisons=comparisons),
            version=self._version_on(tasks) if comparisons == "pool" else "",
            choice=self.choice.words,
            fingerprints=dict(zip(tasks["task"], tasks["fingerprint"], strict=True)),
            exclusions={name: names for name, names in left_out.items() if names},
        )

    def _whole_board(self) -> SuiteBoard:
        overall = self._rank(self._ranked, None, entries="general")
        tracks = {name: self._rank(scores, name, comparisons="none") for name, scores in self._on_track.items()}
        months = self._counted.dropna(subset="published").groupby("track")["published"].agg(["min", "max"])
        published = {str(name): (str(first), str(last)) for name, first, last in months.itertuples()}
        facts = {name: getattr(overall, name) for name in Board.__dataclass_fields__}
        rows = specialists(overall, tracks, self._skill_on_entered)
        return SuiteBoard(**facts, tracks=tracks, published=published, specialists=rows, general=self.store.suite.rules.general)

    @cached_property
    def _on_track(self) -> dict[str, ScoreMatrix]:
        """The scores on the counted tasks of each track."""
        of = {name: self._counted.loc[self._counted["track"] == name, "task"] for name in TRACKS}
        return {name: self.matrix.on(tasks) for name, tasks in of.items() if len(tasks)}

    def _skill_on_entered(self, predictor: str, other: str, track: str) -> float:
        """Return the skill of a predictor on the tasks of a track that another one entered."""
        scores = self._on_track[track]
        own = scores.on(scores.tasks[scores.entered[scores.place_of(other)]]).among([predictor])
        return float(own.skill()[0]) if len(own.predictors) else 0.0  # the skill of the reference, if it entered none of them

    @cached_property
    def everyone(self) -> Board:
        """All predictors on the tasks that the board ranks on, general-purpose or not."""
        return self._rank(self._ranked, self.track)

    def protocol_board(self) -> ProtocolBoard:
        """Rank the predictors by the rules of the benchmark that the suite follows, together with its published scores.

        Raises
        ------
        InputError
            If the suite follows no other benchmark, or there are no results.
        """
        from scalingbench.leaderboard.protocol_boards import board_of, protocol_table, stored_protocol_table

        name, protocol = self.store.suite.name, self.protocol
        if protocol is None or not self.results:
            raise InputError(f"suite {name!r} follows no other benchmark's rules" if self.results else f"no results for suite {name!r}")
        whole = self.store.own is None and replace(self.choice, predictors=None) == Choice()
        if whole and (stored := stored_protocol_table(name)) is not None:
            return board_of(protocol, stored[stored["predictor"].isin(self.predictors)])
        if not self.tasks:
            raise InputError(f"suite {name!r}: a selection of its tasks needs their data, which are not available locally")
        return board_of(protocol, protocol_table(protocol, self.results, self.tasks))

    def skill_by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
        """Return the skill of the board's predictors on slices of the suite.

        Parameters
        ----------
        by : str
            One of `scalingbench.leaderboard.slices.SLICES`, e.g. ``"reach"``. Slices by track and kind use all counted
            tasks, the others only those that the board ranks on.
        top : int, optional
            Only the first predictors of the board.
        what : {"skill", "coverage", "crps"}
            What to show of each slice.
        """
        tasks = self._counted if by in _EVERY_KIND and self.track is None else self.task_table
        found = slices_of(self.matrix.on(tasks["task"]), tasks, by, what=what, reference=self.store.suite.reference)
        names = list(self._shown)
        if what == "coverage":
            names = [name for name in names if name in found.rows.index and found.rows.loc[name].notna().any()]
        return found.of(pd.Series(names[:top], dtype=str))

    def by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
        """Return `skill_by` of the same arguments."""
        return self.skill_by(by, top, what=what)

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        """The heads of families, in the order of the board: general-purpose ones first."""
        heads = self._rank(self._ranked, self.track, comparisons="none").heads
        if self.track is not None:
            return tuple(heads["predictor"])
        general = self._rank(self._ranked, None, entries="general", comparisons="none").heads
        return (*general["predictor"], *heads.loc[~heads["family"].isin(general["family"]), "predictor"])

    def compare(self, predictors: Iterable[str] | None = None, *, top: int = 12) -> Comparison:
        """Test which predictors differ significantly over the clusters.

        Parameters
        ----------
        predictors : iterable of str, optional
            Two or more; by default the first of the board.
        top : int
            Number of predictors of the board, if none are named.
        """
        return compare(self._ranked, self._shown[:top] if predictors is None else listed(predictors))

    def standing(self, *predictors: str) -> Placement:
        """Return the placement of predictors: their neighbours on the board, and their rank on every track that they entered."""
        return placement_of(self.board(), predictors, self.share_entered)

    def share_entered(self, predictor: str) -> float:
        """Return the share of the ranked weight that a predictor entered."""
        entered = self.scores.loc[self.scores["predictor"] == predictor, "task"]
        weight = self.task_table.set_index("task")["weight"]
        return float(weight[weight.index.isin(entered)].sum() / weight.sum())

    def rests_on(self, predictor: str | None = None) -> list[str]:
        """Return the collections of the counted tasks, or of those that a predictor entered."""
        tasks = self._counted
        if predictor is not None:
            tasks = tasks[tasks["task"].isin(self.scores.loc[self.scores["predictor"] == predictor, "task"])]
        return sorted(set(tasks["collection"]))

    @property
    def failures(self) -> tuple[str, ...]:
        """One line per predictor and task with fits that failed."""
        return tuple(
            f"{r.predictor} on {r.task}: {len(r.failures)} of {len(r.folds)} fits failed: {r.failures[0].status}: {r.failures[0].message}"
            for r in self.results
            if r.failures
        )

    def __repr__(self) -> str:
        track = f", track {self.track}" if self.track else ""
        words = f", {self.choice.words}" if self.choice.words else ""
        return f"Results(suite {self.store.suite.name}{track}{words}: {len(self.predictors)} predictors)"

    def _repr_html_(self) -> str:
        return facts_html(
            repr(self),
            [
                ("suite", f"{self.store.suite.name}: {self.store.suite.description}"),
                ("track", self.track or "all"),
                ("collections", ", ".join(self.choice.collections or ()) or "all"),
                ("predictors", ", ".join(self.predictors)),
                ("reference", self.store.suite.reference),
                ("fits that failed", sum(len(r.failures) for r in self.results)),
            ],
        )
