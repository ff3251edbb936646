"""Results and all that is read from them: scores, boards, slices, comparisons. Results, suite and tasks travel as one object."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, list_result_files, read_results
from scalingbench.benchmark.tasks.frozen import SuiteHead, read_head
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.names import listed, unknown_name
from scalingbench.common.tables import facts_html
from scalingbench.common.tracks import TRACKS
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.placement import Placement
from scalingbench.leaderboard.ranking import SYNTHETIC, Ranking, rank
from scalingbench.leaderboard.releases import version_of
from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.leaderboard.significance import Comparison, compare
from scalingbench.leaderboard.slices import SkillBySlice, What, slices_of
from scalingbench.leaderboard.store import ScoredTasks, committed_file_of, load_stored, submitted_files
from scalingbench.leaderboard.suite_board import SuiteBoard, specialists
from scalingbench.predictors.registry import families, trained_on

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite
    from scalingbench.benchmark.tasks.task import Task
    from scalingbench.leaderboard.protocol_boards import ProtocolBoard

__all__ = ["Results", "Source", "not_ranked_on"]

_log = logging.getLogger(__name__)
_EVERY_KIND = ("track", "kind")
"""Slices that also show what the overall board leaves out."""


def not_ranked_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that went into each predictor, where any did; by its catalogue entry or its submission."""
    from scalingbench.leaderboard.submissions.metadata import submissions

    return {**trained_on(), **{name: s.trained_on for name, s in submissions().items() if s.trained_on}}


@dataclass(frozen=True, eq=False)
class Source:
    """Where scores come from; what is made of them is made once for all choices.

    `own` are predictions that are scored; without any, the stored scores are all there is, and the committed files hold the predictions.
    """

    suite: SuiteHead
    own: Sequence[TaskResult] | None
    stored: ScoredTasks | None
    exclusions: Mapping[str, tuple[str, ...]]
    files: Mapping[str, Path]
    scored_before: dict[frozenset[str], ScoredTasks] = field(default_factory=dict)
    tasks_before: dict[frozenset[str], tuple[Task, ...]] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Suite:
        """The suite with its entries."""
        from scalingbench.benchmark.tasks.suite import Suite, load_suite

        return self.suite if isinstance(self.suite, Suite) else load_suite(self.suite.name)

    @cached_property
    def predictions(self) -> Sequence[TaskResult]:
        """All predictions; those of files are read when somebody looks at one."""
        return ResultFiles(self.files) if self.own is None else self.own

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors: of own predictions or committed files, then of stored scores."""
        stored = () if self.stored is None else self.stored.scores["predictor"].unique()
        return tuple(dict.fromkeys([*(self.files if self.own is None else (r.predictor for r in self.own)), *stored]))

    def known(self, what: Literal["track", "collection"]) -> set[str]:
        """Return the tracks or collections of the suite."""
        if self.stored is None:
            return {str(getattr(spec, what)) for spec in self.whole.specs}
        return set(self.stored.tasks.loc[self.stored.tasks["role"] != "tuning", what] if what == "track" else self.stored.tasks[what])

    def collections(self, choice: Choice) -> frozenset[str]:
        """Return the collections of a choice that have predictions."""
        names = self.known("collection") if self.own is None else {r.task.split("/")[0] for r in self.own}
        names = names if choice.collections is None else names & set(choice.collections)
        return frozenset(names - set(self.whole.fetch_only) if choice.bundled else names)

    def tasks(self, collections: frozenset[str]) -> tuple[Task, ...]:
        """Return the tasks on those of some collections whose data are at hand."""
        if collections not in self.tasks_before:
            from scalingbench.leaderboard.rescoring import collections_at_hand

            names = collections_at_hand(self.whole, collections)
            self.tasks_before[collections] = self.whole.build(collections=names) if names else ()
        return self.tasks_before[collections]

    def scored(self, choice: Choice) -> ScoredTasks:
        """Return stored scores, or those of own predictions on the collections of a choice beside the stored ones of others."""
        if self.own is None and self.stored is not None:
            return self.stored
        collections = self.collections(choice)
        if collections not in self.scored_before:
            from scalingbench.leaderboard.rescoring import scored_beside

            tasks = self.tasks(collections)
            self.scored_before[collections] = scored_beside(
                self.own or (), self.whole, tasks, exclusions=self.exclusions, files=self.files, stored=self.stored
            )
        return self.scored_before[collections]


@dataclass(frozen=True)
class Choice:
    """What of a suite and its predictors is looked at; see `Results.select`."""

    track: str | None = None
    collections: tuple[str, ...] | None = None
    predictors: tuple[str, ...] | None = None
    bundled: bool = False
    published_after: str | None = None

    def narrowed(self, other: Choice) -> Choice:
        """Return both choices together."""
        if self.track and other.track and self.track != other.track:
            raise InputError(f"these are the results of track {self.track!r}, not of {other.track!r}")
        both = {f.name: getattr(other, f.name) or getattr(self, f.name) for f in fields(self)}
        if self.collections is not None and other.collections is not None:
            both["collections"] = tuple(name for name in other.collections if name in self.collections)
        return Choice(**both)

    @property
    def words(self) -> str:
        """What was chosen beside the track, in words."""
        said = [f"collections {', '.join(self.collections)}"] if self.collections is not None else []
        said += ["bundled collections only"] if self.bundled else []
        return ", ".join([*said, *([f"published after {self.published_after}"] if self.published_after else [])])

    def of(self, tasks: pd.DataFrame) -> pd.DataFrame:
        """Return the chosen tasks, and the tuning tasks, because they choose the entry of every family."""
        keep = np.ones(len(tasks), bool)
        if self.collections is not None:
            keep &= tasks["collection"].isin(self.collections).to_numpy()
        if self.bundled:
            keep &= (tasks["tier"] == "bundled").to_numpy()
        if self.published_after is not None:
            keep &= (tasks["published"] > self.published_after).to_numpy(bool)
        return tasks[keep | (tasks["role"] == "tuning").to_numpy()]


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """What predictors predicted on the tasks of a suite; every board, score and comparison is a method of it.

    `load` reads results, `of` takes those of a run, `select` gives fewer. Results are not changed after they were made; tasks are
    built and scores are made when they are first needed, and once.

    Examples
    --------
    >>> import scalingbench as sb
    >>> results = sb.Results.load("lite")
    >>> board = results.select(track="compute").board()
    >>> board.rows.loc[0, ["predictor", "rank"]].tolist()
    ['autolaw', 1]
    """

    source: Source
    choice: Choice = field(default_factory=Choice)

    @classmethod
    def load(cls, suite: str | Suite = DEFAULT_SUITE, folder: str | Path | None = None) -> Results:
        """Read results.

        Parameters
        ----------
        suite : str or Suite
            Name of the suite, or a path that ends in ``.yaml``.
        folder : str or Path, optional
            Folder of result files; by default the results that come with the package, submissions included. These are ranked by their
            stored scores, and their predictions are read where somebody looks at one; a submission that has no stored scores yet is
            scored on the tasks whose data are at hand.

        Raises
        ------
        InputError
            If the suite does not exist or there are no results of it.
        """
        head = suite if not isinstance(suite, str) else _loaded(suite) if suite.endswith(".yaml") else read_head(suite)
        if folder is None:
            return cls(_committed(head))
        read = {file: read_results(file) for file in list_result_files(folder)}
        files = {r.predictor: file for file, found in read.items() for r in found}
        return cls(Source(head, tuple(r for found in read.values() for r in found), None, not_ranked_on(), files))

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
            Those of tasks whose rows have changed since are ignored with a warning.
        suite : Suite
            Its tasks, reference and pool.
        track : str, optional
            Only the tasks of this track.
        collections : iterable of str, optional
            Only the tasks on these collections.
        exclusions : mapping of str to tuple of str, optional
            Collections that went into a predictor, on which it is not ranked; by default as catalogue and submissions say.
        """
        source = Source(suite, tuple(results), None, not_ranked_on() if exclusions is None else exclusions, {})
        return cls(source, Choice(track, None if collections is None else listed(collections)))

    def select(
        self,
        *,
        track: str | None = None,
        collections: Iterable[str] | None = None,
        predictors: Iterable[str] | None = None,
        bundled: bool = False,
        published_after: str | None = None,
    ) -> Results:
        """Return fewer results.

        Parameters
        ----------
        track : str, optional
            Only the tasks of this track; ``"synthetic"`` is the worlds of known truth.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these predictors, and always the suite's reference and pool, which they are measured against.
        bundled : bool
            Only collections whose table is part of the package.
        published_after : str, optional
            Only collections first published in a later month than this, as YYYY-MM.

        Raises
        ------
        InputError
            If there is no such track, collection or predictor, which suggests the nearest, or the choice leaves no task.
        """
        names = [None if names is None else listed(names) for names in (collections, predictors)]
        chosen = replace(self, choice=self.choice.narrowed(Choice(track, *names, bundled, published_after and _month(published_after))))
        suite = f"of suite {self.source.suite.name}"
        _refuse_unknown(f"track {suite}", (track,) if track else (), self._tracks)
        _refuse_unknown(f"collection {suite}", names[0] or (), self.source.known("collection"))
        _refuse_unknown("predictor of these results", names[1] or (), set(self.predictors))
        if chosen.choice.collections == () or (self.source.own is None and not len(chosen.task_table)):
            raise InputError(f"suite {self.source.suite.name} has no task of that choice")
        return chosen

    @property
    def _tracks(self) -> set[str]:
        stored = self.source.stored
        worlds = stored is None or (stored.tasks["role"] == SYNTHETIC).any()
        return self.source.known("track") | ({SYNTHETIC} if worlds else set())

    def beside_committed(self) -> Results:
        """Return these results beside the committed ones of all other predictors.

        The others are there by their stored scores, and by predictions only the reference, whose error is the unit.
        """
        suite, own = self.source.suite, self.source.own or ()
        if not own:
            return replace(self, source=_committed(suite))
        known = {r.predictor for r in own}
        reference = () if suite.reference in known else tuple(committed_file_of(suite, (suite.reference,)).values())[:1]
        others = (r for file in reference for r in read_results(file))
        return replace(self, source=replace(self.source, own=(*own, *others), stored=load_stored(suite), scored_before={}, tasks_before={}))

    @property
    def suite(self) -> Suite:
        """The suite whose tasks they are of."""
        return self.source.whole

    @property
    def results(self) -> Sequence[TaskResult]:
        """The predictions of the chosen predictors."""
        found = self.source.predictions
        if self.choice.predictors is None:
            return found
        return found.of(self._kept) if isinstance(found, ResultFiles) else tuple(r for r in found if r.predictor in self._kept)

    @property
    def _kept(self) -> set[str]:
        return {*(self.choice.predictors or self.source.predictors), self.source.suite.reference, *self.source.suite.pool}

    @property
    def exclusions(self) -> Mapping[str, tuple[str, ...]]:
        """Collections that went into each predictor, on which it is not ranked."""
        return self.source.exclusions

    @property
    def files(self) -> Mapping[str, Path]:
        """Result file of each predictor, where the results were read from files."""
        return self.source.files

    @property
    def protocol(self) -> str | None:
        """Whose rules the suite's printed board follows; None is this project's."""
        return self.source.suite.protocol

    @property
    def track(self) -> str | None:
        """The chosen track."""
        return self.choice.track

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the results."""
        return tuple(name for name in self.source.predictors if self.choice.predictors is None or name in self._kept)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The chosen tasks whose data are at hand, those that are not ranked on too."""
        chosen = set(self.statements["task"])
        built = self.source.tasks(self.source.collections(self.choice))
        return tuple(t for t in built if t.id in chosen and self.track in (None, SYNTHETIC, t.track))

    @cached_property
    def statements(self) -> pd.DataFrame:
        """What the suite states of the chosen tasks, one row each, of every track and role."""
        return self.choice.of(self.source.scored(self.choice).tasks)

    @cached_property
    def task_table(self) -> pd.DataFrame:
        """The tasks that the board ranks on: those of the track, or by default the counted ones of the kinds that the rules name.

        Raises
        ------
        InputError
            If there is none.
        """
        if self.track == SYNTHETIC:
            found = self.statements[self.statements["role"] == SYNTHETIC]
        elif self.track is None:
            found = self._counted[self._counted["kind"].isin(self.source.suite.rules.kinds)]
        else:
            found = self._counted[self._counted["track"] == self.track]
        if not len(found):
            raise InputError(f"suite {self.source.suite.name} has no task of that choice")
        return found

    @cached_property
    def _counted(self) -> pd.DataFrame:
        return self.statements[(self.statements["role"] == "counted") & (self.statements["weight"] > 0)]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per predictor and chosen task that it entered, see `scalingbench.benchmark.scores.table`.

        Scores of tasks whose rows have changed since are left out with a warning.
        """
        found = self.source.scored(self.choice).scores
        if self.choice.predictors is not None:
            found = found[found["predictor"].isin(self._kept)]
        today = found["task"].map(dict(zip(self.statements["task"], self.statements["fingerprint"], strict=True)))
        known = today.notna().to_numpy()
        stale = known & (today != found["fingerprint"]).to_numpy()
        for row in found[stale].itertuples():
            _log.warning("%s on %s: made from other rows than today's task; ignored", row.predictor, row.task)
        return found[known & ~stale]

    @cached_property
    def matrix(self) -> ScoreMatrix:
        """The scores on every chosen task that has a weight, as arrays."""
        return ScoreMatrix.of(self.scores, self.statements)

    @cached_property
    def _ranked(self) -> ScoreMatrix:
        return self.matrix.on(self.task_table["task"])

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Predictors, by skill on the tuning tasks: the first of a family heads it; ties are settled by the catalogue."""
        place = {name: i for i, name in enumerate(families())}
        names = sorted(set(self.scores["predictor"]), key=lambda name: (place.get(name, len(place)), name))
        tuning = self.matrix.on(self.statements.loc[self.statements["role"] == "tuning", "task"])
        known = dict(zip(tuning.predictors, tuning.skill() if len(tuning.tasks) else (), strict=True))
        return tuple(sorted(names, key=lambda name: -round(float(known.get(name, 0.0)), 12)))

    @cached_property
    def version(self) -> str:
        """Suite, and hash of what the ranked tasks state and of the predictions on them."""
        return self._version_on(self.task_table)

    def _version_on(self, tasks: pd.DataFrame) -> str:
        return version_of(self.source.suite.name, tasks, self.scores[self.scores["task"].isin(tasks["task"])])

    def board(self) -> Board:
        """Rank the predictors by this project's rules: skill against the suite's reference, with intervals.

        Without a track it is a `SuiteBoard`: the general-purpose entries, with the tracks and the specialised laws beside them.
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
        what = Ranking(self.source.suite, self.order, track)
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
        return SuiteBoard(**facts, tracks=tracks, published=published, specialists=rows, general=self.source.suite.rules.general)

    @cached_property
    def _on_track(self) -> dict[str, ScoreMatrix]:
        """The scores on the counted tasks of each track."""
        of = {name: self._counted.loc[self._counted["track"] == name, "task"] for name in TRACKS}
        return {name: self.matrix.on(tasks) for name, tasks in of.items() if len(tasks)}

    def _skill_on_entered(self, predictor: str, beside: str, track: str) -> float:
        """Return the skill of a predictor on the tasks of a track that another one entered."""
        scores = self._on_track[track]
        own = scores.on(scores.tasks[scores.entered[scores.place_of(beside)]]).among([predictor])
        return float(own.skill()[0]) if len(own.predictors) else 0.0  # as the reference where it entered none of them

    @cached_property
    def everyone(self) -> Board:
        """All predictors on the tasks that the board ranks on, general-purpose or not."""
        return self._rank(self._ranked, self.track)

    def protocol_board(self) -> ProtocolBoard:
        """Rank the predictors by the rules of the benchmark that the suite follows, published scores beside ours.

        Raises
        ------
        InputError
            If the suite follows no other benchmark, or there are no results.
        """
        from scalingbench.leaderboard.protocol_boards import board_of, protocol_table, stored_protocol_table

        name, protocol = self.source.suite.name, self.protocol
        if protocol is None or not self.results:
            raise InputError(f"suite {name!r} follows no other benchmark's rules" if self.results else f"no results for suite {name!r}")
        whole = self.source.own is None and replace(self.choice, predictors=None) == Choice()
        if whole and (stored := stored_protocol_table(name)) is not None:
            return board_of(protocol, stored[stored["predictor"].isin(self.predictors)])
        if not self.tasks:
            raise InputError(f"suite {name!r}: a choice of its tasks is scored from their data, which are not at hand")
        return board_of(protocol, protocol_table(protocol, self.results, self.tasks))

    def skill_by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
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
        tasks = self._counted if by in _EVERY_KIND and self.track is None else self.task_table
        found = slices_of(self.matrix.on(tasks["task"]), tasks, by, what=what, reference=self.source.suite.reference)
        names = list(self._shown)
        if what == "coverage":
            names = [name for name in names if name in found.rows.index and found.rows.loc[name].notna().any()]
        return found.of(pd.Series(names[:top], dtype=str))

    def by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
        """Return what `skill_by` returns."""
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
            How many of the board, unless they are named.
        """
        return compare(self._ranked, self._shown[:top] if predictors is None else listed(predictors))

    def standing(self, *predictors: str) -> Placement:
        """Return where predictors stand: their neighbours on the board, and their place on every track that they entered."""
        board = self.board()
        if not isinstance(board, SuiteBoard):
            return Placement(board, {}, predictors)
        own = {name: b for name, b in board.tracks.items() if b.rows["predictor"].isin(predictors).any()}
        shares = {name: self.share_entered(name) for name in predictors if name not in set(board.rows["predictor"])}
        notes = (f"{name} enters {share:.0%} of the weight: a specialised law, ranked on tracks" for name, share in shares.items())
        return Placement(board.overall, own, predictors, tuple(notes))

    def share_entered(self, predictor: str) -> float:
        """Return the share of the weight that the board ranks on which a predictor entered."""
        entered = self.scores.loc[self.scores["predictor"] == predictor, "task"]
        ranked = self.task_table
        return float(ranked.loc[ranked["task"].isin(entered), "weight"].sum() / ranked["weight"].sum())

    def rests_on(self, predictor: str | None = None) -> list[str]:
        """Return the collections of the counted tasks, those that a predictor entered if one is named."""
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
        return f"Results(suite {self.source.suite.name}{track}{words}: {len(self.predictors)} predictors)"

    def _repr_html_(self) -> str:
        return facts_html(
            repr(self),
            [
                ("suite", f"{self.source.suite.name}: {self.source.suite.description}"),
                ("track", self.track or "all"),
                ("collections", ", ".join(self.choice.collections or ()) or "all"),
                ("predictors", ", ".join(self.predictors)),
                ("reference", self.source.suite.reference),
                ("fits that failed", sum(len(r.failures) for r in self.results)),
            ],
        )


def _loaded(path: str) -> Suite:
    from scalingbench.benchmark.tasks.suite import load_suite

    return load_suite(path)


def _committed(suite: SuiteHead) -> Source:
    """Return the stored scores of a suite, with those of the submissions that have none stored yet."""
    stored = load_stored(suite)
    if stored is None:
        raise InputError(f"suite {suite.name!r} has no results that come with the package; name a folder with --results")
    exclusions = not_ranked_on()
    scored = set(stored.scores["predictor"])
    source = Source(suite, None, stored, exclusions, committed_file_of(suite, dict.fromkeys([*sorted(scored), *exclusions])))
    joined = [name for name in submitted_files(suite) if name not in scored]
    return replace(source, stored=_with_joined(source, joined)) if joined else source


def _with_joined(source: Source, joined: Iterable[str]) -> ScoredTasks:
    from scalingbench.leaderboard.rescoring import scores_of

    assert source.stored is not None
    reference = source.suite.reference
    results = [r for name in (*joined, reference) for r in read_results(source.files[name])]
    tasks = source.tasks(frozenset(r.task.split("/")[0] for r in results if r.predictor != reference))
    own = scores_of(results, tasks, reference, source.exclusions, source.files)
    return replace(source.stored, scores=pd.concat([source.stored.scores, own[own["predictor"] != reference]], ignore_index=True))


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
