"""Results and all that is read from them: scores, boards, slices, comparisons. Results, suite and tasks travel as one object."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmark.evaluation.results import TaskResult, list_result_files, read_results
from benchmark.scores.protocols import curve_errors, revisiting_nsl, sldbench
from benchmark.scores.scoring import current_results, score, stale_results
from benchmark.tasks.suite import Suite, load_suite, task_table
from benchmark.tasks.task import Task
from leaderboard.board import Board
from leaderboard.neighbours import Standing
from leaderboard.protocol_boards import ProtocolBoard, revisiting_nsl_board, sldbench_board
from leaderboard.ranking import rank
from leaderboard.releases import version_of
from leaderboard.result_files import committed_files
from leaderboard.significance import Comparison, compare
from leaderboard.slices import SkillBySlice, skill_by
from leaderboard.submissions.metadata import submissions
from predictors.registry import families, trained_on
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.common.tables import facts_html

__all__ = ["Results", "not_ranked_on"]

_log = logging.getLogger(__name__)


def not_ranked_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that went into each predictor, where any did; by its catalogue entry or its submission."""
    return {**trained_on(), **{name: s.trained_on for name, s in submissions().items() if s.trained_on}}


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """What predictors predicted on the tasks of a suite; every board, score and comparison is a method of it.

    It is not changed after it was made: `select` gives another object. Tasks are built and scores are made when they are
    first asked for, and once.

    Parameters
    ----------
    results : tuple of TaskResult
        Those of tasks outside the choice are ignored; those of tasks whose rows have changed since are ignored with a warning.
    suite : Suite
        Its tasks, reference and pool.
    track : str, optional
        Only the tasks of this track.
    collections : tuple of str, optional
        Only the tasks on these collections.
    exclusions : mapping of str to tuple of str
        Collections that went into a predictor, on which it is not ranked; by default as catalogue and submissions say.
    files : mapping of str to Path
        Result file of each predictor, where the results were read from files.

    Examples
    --------
    >>> import scalingbench as sb
    >>> results = sb.Results.load("v0")
    >>> results
    Results(suite v0: 29 predictors)
    >>> board = results.select(track="compute").board()
    >>> board.rows.loc[0, ["predictor", "rank"]].tolist()
    ['autolaw', 1]
    """

    results: tuple[TaskResult, ...]
    suite: Suite
    track: str | None = None
    collections: tuple[str, ...] | None = None
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=not_ranked_on)
    files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(cls, suite: str | Suite = DEFAULT_SUITE, folder: str | Path | None = None) -> Results:
        """Read results.

        Parameters
        ----------
        suite : str or Suite
            Name of the suite, or a path that ends in ``.yaml``.
        folder : str or Path, optional
            Folder of result files; by default the results that come with the package, submissions included.

        Raises
        ------
        InputError
            If the suite does not exist or there are no results of it.
        """
        chosen = load_suite(suite) if isinstance(suite, str) else suite
        files = committed_files(chosen.name) if folder is None else list_result_files(folder)
        if not files:
            raise InputError(f"suite {chosen.name!r} has no results that come with the package; name a folder with --results")
        read = {file: read_results(file) for file in files}
        return cls(
            tuple(r for found in read.values() for r in found),
            chosen,
            files={r.predictor: file for file, found in read.items() for r in found},
        )

    def select(
        self, *, track: str | None = None, collections: Iterable[str] | None = None, predictors: Iterable[str] | None = None
    ) -> Results:
        """Return fewer results.

        Parameters
        ----------
        track : str, optional
            Only the tasks of this track.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these predictors, and always the suite's reference and pool, which they are measured against.

        Raises
        ------
        InputError
            If there is no such track, collection or predictor; suggests the nearest.
        """
        if track is not None and self.track not in (None, track):
            raise InputError(f"these are the results of track {self.track!r}, not of {track!r}")
        names = self.collections
        if collections is not None:
            names = tuple(c for c in _names(collections) if names is None or c in names)
        chosen = replace(self, track=track or self.track, collections=names, results=self._of(predictors))
        self.suite.entries(track=chosen.track, collections=names)  # names an unknown track or collection
        if "scores" in self.__dict__:  # made already, and those of a choice are some of them
            tasks, left = {t.id for t in chosen.tasks}, set(chosen.predictors)
            scores = self.scores[self.scores["task"].isin(tasks) & self.scores["predictor"].isin(left)]
            if len(scores):
                chosen.__dict__["scores"] = scores
        return chosen

    def _of(self, predictors: Iterable[str] | None) -> tuple[TaskResult, ...]:
        if predictors is None:
            return self.results
        names = _names(predictors)
        for name in (n for n in names if n not in self.predictors):
            raise unknown_name("predictor of these results", name, self.predictors)
        return tuple(r for r in self.results if r.predictor in {*names, self.suite.reference, *self.suite.pool})

    def beside_committed(self) -> Results:
        """Return these results, and the committed ones of all other predictors."""
        own = set(self.predictors)
        others = (r for file in committed_files(self.suite.name) for r in read_results(file) if r.predictor not in own)
        return replace(self, results=(*self.results, *others))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the results."""
        return tuple(dict.fromkeys(r.predictor for r in self.results))

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that are ranked on."""
        return self.suite.build(track=self.track, collections=self.collections)

    @cached_property
    def task_table(self) -> pd.DataFrame:
        """One row per task, see `benchmark.tasks.suite.task_table`."""
        return task_table(self.tasks)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per predictor and task that it entered, see `benchmark.scores.scoring.score`.

        Results on a collection that went into the predictor are left out.

        Raises
        ------
        InputError
            If nothing is left to score or the reference is missing.
        """
        for stale in stale_results(self.results, self.tasks):
            _log.warning("%s on %s: made from other rows than today's task; ignored", stale.predictor, stale.task)
        collection = {t.id: t.collection for t in self.tasks}
        kept = [r for r in self._current if collection[r.task] not in self.exclusions.get(r.predictor, ())]
        if not kept:
            raise InputError(f"no results for suite {self.suite.name!r}" + (f", track {self.track!r}" if self.track else ""))
        return score(kept, self.tasks, self.suite.reference, families())

    @cached_property
    def _current(self) -> tuple[TaskResult, ...]:
        return current_results(self.results, self.tasks)

    @cached_property
    def version(self) -> str:
        """Suite, and hash of the content of the tasks and of the predictions on them."""
        predictions = ((r.predictor, r.task, f.fold, f.predictions) for r in self._current for f in r.folds)
        return version_of(self.suite.name, {t.id: t.fingerprint for t in self.tasks}, predictions)

    def board(self) -> Board:
        """Rank the predictors by this project's rules: skill against the suite's reference, with intervals."""
        return self._board

    @cached_property
    def _board(self) -> Board:
        ranked = rank(
            self.scores,
            self.task_table,
            pool=self.suite.pool,
            reference=self.suite.reference,
            suite=self.suite.name,
            track=self.track,
            order=tuple(families()),
            version=self.version,
        )
        present = {t.collection for t in self.tasks}
        left_out = {name: tuple(c for c in self.exclusions.get(name, ()) if c in present) for name in self.predictors}
        return replace(
            ranked,
            fingerprints={t.id: t.fingerprint for t in self.tasks},
            exclusions={name: names for name, names in left_out.items() if names},
        )

    def protocol_board(self) -> ProtocolBoard:
        """Rank the predictors by the rules of the benchmark that the suite follows, published scores beside ours.

        Raises
        ------
        InputError
            If the suite follows no other benchmark, or there are no results.
        """
        if self.suite.protocol is None:
            raise InputError(f"suite {self.suite.name!r} follows no other benchmark's rules")
        if not self.results:
            raise InputError(f"no results for suite {self.suite.name!r}")
        if self.suite.protocol == "sldbench":
            return sldbench_board(sldbench(self.results, self.tasks))
        return revisiting_nsl_board(revisiting_nsl(curve_errors(self.results, self.tasks)))

    def skill_by(self, by: str, top: int | None = None) -> SkillBySlice:
        """Return the skill of the board's predictors on slices of the suite.

        Parameters
        ----------
        by : str
            One of `leaderboard.slices.SLICES`, e.g. ``"track"``.
        top : int, optional
            Only the first of the board.
        """
        heads = self.board().heads["predictor"]
        return skill_by(self.scores, self.task_table, by).of(heads.head(top or len(heads)))

    def compare(self, predictors: Iterable[str] | None = None, *, top: int = 12) -> Comparison:
        """Test which predictors the collections can tell apart.

        Parameters
        ----------
        predictors : iterable of str, optional
            Two or more; by default the first of the board.
        top : int
            How many of the board, unless they are named.
        """
        names = list(_names(predictors) if predictors else map(str, self.board().heads["predictor"].head(top)))
        return compare(self.scores, self.task_table, names)

    def standing(self, *predictors: str) -> Standing:
        """Return where predictors stand: their neighbours on the board, and their place on every track that they entered."""
        counted = {t.id: str(t.track) for t in self.tasks if t.weight > 0}
        entered = {counted[r.task] for r in self.results if r.predictor in predictors and r.task in counted}
        scored = self.board()
        tracks = sorted(entered) if self.track is None and len(entered) > 1 else []
        return Standing(scored, {track: self.select(track=track).board() for track in tracks}, predictors)

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
        collections = f", collections {', '.join(self.collections)}" if self.collections else ""
        return f"Results(suite {self.suite.name}{track}{collections}: {len(self.predictors)} predictors)"

    def _repr_html_(self) -> str:
        return facts_html(
            repr(self),
            [
                ("suite", f"{self.suite.name}: {self.suite.description}"),
                ("track", self.track or "all"),
                ("collections", ", ".join(self.collections or ()) or "all"),
                ("predictors", ", ".join(self.predictors)),
                ("reference", self.suite.reference),
                ("fits that failed", sum(len(r.failures) for r in self.results)),
            ],
        )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names; one that is not in a list is one name, and not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)
