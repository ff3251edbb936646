"""Results, and everything computed from them: scores, boards, slices and comparisons."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, failure_lines, list_result_files, read_results
from scalingbench.benchmark.tasks.frozen import read_head
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.names import listed
from scalingbench.common.tables import facts_html
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.calibration import Calibration, calibration_of
from scalingbench.leaderboard.heads import entry_of, tuning_order
from scalingbench.leaderboard.literature import literature
from scalingbench.leaderboard.placement import Placement, placement_of, same_errors
from scalingbench.leaderboard.ranking import SYNTHETIC, Ranking, rank
from scalingbench.leaderboard.ratios import RatioBySlice, ratios_by_slice
from scalingbench.leaderboard.releases import version_of
from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.leaderboard.significance import Comparison, compare
from scalingbench.leaderboard.slices import SkillBySlice, What, slices_of
from scalingbench.leaderboard.store import Choice, Store, committed_store, not_ranked_on, refuse_other_suites, suite_of, with_committed
from scalingbench.leaderboard.suite_board import SuiteBoard, suite_board
from scalingbench.predictors.registry import published_families

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
    >>> results = sb.Results.load("v3")
    >>> board = results.select(track="compute").board()
    >>> board.suite, board.track, int(board.rows.loc[0, "rank"])
    ('v3', 'compute', 1)
    """

    store: Store
    choice: Choice = field(default_factory=Choice)

    @classmethod
    def load(cls, suite: str | Suite | None = None, folder: str | Path | None = None) -> Results:
        """Read results.

        Parameters
        ----------
        suite : str or Suite, optional
            Name of the suite, or a path that ends in ``.yaml``; by default that of the result files, or v3.
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
        if suite is None:
            suite = DEFAULT_SUITE if folder is None else suite_of(read, folder)
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
        kind: str | None = None,
    ) -> Results:
        """Return a subset of the results.

        Parameters
        ----------
        track : str, optional
            Only the tasks of this track; ``"synthetic"`` selects the synthetic worlds.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these predictors, and the suite's reference and pool, which are always kept. A family's name stands for its head.
        bundled : bool
            Only bundled collections, whose tables are part of the package.
        published_after : str, optional
            Only collections first published in a later month than this, as YYYY-MM.
        kind : {"published"}, optional
            Boards show only the law forms of papers, under the names of their families.

        Raises
        ------
        InputError
            If the track, collection or predictor is unknown (the message suggests the nearest), or the selection has no task.
        """
        of, among = (None if names is None else listed(names) for names in (collections, predictors))
        among = among and tuple(self.entry(name) for name in among)
        wanted = Choice(track, of, among, bundled, published_after, kind)
        self.store.refuse_unknown(wanted)
        chosen = replace(self, choice=self.choice.narrowed(wanted))
        if chosen.choice.collections == () or (self.store.own is None and not len(chosen.task_table)):
            raise InputError(f"suite {self.store.suite.name} has no task of this selection")
        return chosen

    def entry(self, name: str) -> str:
        """Return the predictor of a name: itself, or the head of the family of this name."""
        return name if name in self.store.predictors else entry_of(name, self.scores, self.order)

    def with_committed(self) -> Results:
        """Return these results together with the committed scores of all other predictors."""
        return replace(self, store=with_committed(self.store))

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
        found = found if self.choice.predictors is None else found[found["predictor"].isin(self._kept)]
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
        """Predictors by skill on the tuning tasks; the first of a family is its head."""
        tuning = self.matrix.on(self.statements.loc[self.statements["role"] == "tuning", "task"])
        return tuning_order(self.scores["predictor"].unique(), tuning)

    @cached_property
    def version(self) -> str:
        """Suite, and hash of the descriptions of its counted tasks and of the predictions on them; a selection has that of the whole."""
        whole = Results(self.store) if self.store.own is None else self
        tasks = whole._counted if len(whole._counted) else self.task_table
        return version_of(self.store.suite.name, tasks, whole.scores[whole.scores["task"].isin(tasks["task"])])

    def board(self) -> Board:
        """Rank by skill against the suite's reference, with intervals. Without a track the board is a `SuiteBoard`."""
        return self._board

    @cached_property
    def _board(self) -> Board:
        board = self._whole_board() if self.track is None else self._rank(self._ranked, self.track)
        return board if self.choice.kind is None else literature(board, self._skill_on_entered)

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
            version=self.version if comparisons == "pool" else "",
            choice=self.choice.words,
            fingerprints=dict(zip(tasks["task"], tasks["fingerprint"], strict=True)),
            exclusions={name: names for name, names in left_out.items() if names},
        )

    def _whole_board(self) -> SuiteBoard:
        overall = self._rank(self._ranked, None, entries="general")
        tracks = {name: self._rank(scores, name, comparisons="none") for name, scores in self._on_track.items()}
        board = suite_board(overall, tracks, self._counted, self._skill_on_entered)
        return replace(board, general=self.store.suite.rules.general)

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
        what : {"skill", "coverage", "crps", "mape", "noise"}
            What to show of each slice.
        """
        tasks = self._counted if by in _EVERY_KIND and self.track is None else self.task_table
        found = slices_of(self.matrix.on(tasks["task"]), tasks, by, what=what, reference=self.store.suite.reference)
        names = [n for n in self._shown if what != "coverage" or (n in found.rows.index and found.rows.loc[n].notna().any())]
        shown = found.of(pd.Series(names[:top], dtype=str))
        family = dict(zip(self.scores["predictor"], self.scores["family"], strict=True))
        return shown if self.choice.kind is None else replace(shown, rows=shown.rows.rename(index=family))

    def calibration(self, top: int | None = None) -> Calibration:
        """Return how the coverage of intervals spreads over the tasks and clusters of the board, of its first predictors with intervals."""
        return calibration_of(self._ranked, self.task_table, self.store.suite.reference).of(self._shown, top)

    by = skill_by

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        """The heads of families, in the order of the board: general-purpose ones first."""
        heads = self._rank(self._ranked, self.track, comparisons="none").heads
        if self.choice.kind is not None:
            return tuple(heads.loc[heads["family"].isin(published_families()), "predictor"])
        if self.track is not None:
            return tuple(heads["predictor"])
        general = self._rank(self._ranked, None, entries="general", comparisons="none").heads
        return (*general["predictor"], *heads.loc[~heads["family"].isin(general["family"]), "predictor"])

    def compare(self, predictors: Iterable[str] | None = None, *, top: int = 12, common: bool = False) -> Comparison:
        """Test which predictors differ significantly over the clusters.

        Parameters
        ----------
        predictors : iterable of str, optional
            Two or more; by default the first of the board. A family's name stands for its head.
        top : int
            Number of predictors of the board, if none are named.
        common : bool
            Whether to compare on the tasks that all of them entered; otherwise a task not entered counts as the reference's.
        """
        named = self._shown[:top] if predictors is None else [self.entry(name) for name in listed(predictors)]
        return compare(self._ranked, named, common=common)

    def ratio_by(self, by: str, one: str, other: str) -> RatioBySlice:
        """Return the error of one predictor over another's on slices of the tasks that both entered; see `skill_by`."""
        return ratios_by_slice(self._ranked, self.task_table, by, self.entry(one), self.entry(other))

    def standing(self, *predictors: str) -> Placement:
        """Return the neighbours of predictors on the board, and their rank on every track that they entered."""
        return placement_of(self.board(), predictors, self.share_entered, lambda name: same_errors(self.scores, name))

    def share_entered(self, predictor: str) -> float:
        """Return the share of the ranked weight that a predictor entered."""
        entered = self.scores.loc[self.scores["predictor"] == predictor, "task"]
        weight = self.task_table.set_index("task")["weight"]
        return float(weight[weight.index.isin(entered)].sum() / weight.sum())

    def rests_on(self, predictor: str | None = None) -> list[str]:
        """Return the collections of the counted tasks, or of those that a predictor entered."""
        tasks = self._counted
        if predictor is not None:
            tasks = tasks[tasks["task"].isin(self.scores.loc[self.scores["predictor"] == self.entry(predictor), "task"])]
        return sorted(set(tasks["collection"]))

    @property
    def failures(self) -> tuple[str, ...]:
        """One line per predictor and task with fits that failed."""
        return failure_lines(self.results)

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
