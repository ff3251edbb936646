"""Results and all that is read from them: scores, boards, slices, comparisons. Results, suite and tasks travel as one object."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, list_result_files, read_results
from scalingbench.benchmark.scores.scoring import score, stale_results
from scalingbench.benchmark.tasks.suite import Suite, load_suite, task_table
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.names import listed, unknown_name
from scalingbench.common.tables import facts_html
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.neighbours import Standing
from scalingbench.leaderboard.protocol_boards import ProtocolBoard, board_of
from scalingbench.leaderboard.protocol_tables import protocol_table, stored_protocol_table
from scalingbench.leaderboard.ranking import rank
from scalingbench.leaderboard.releases import version_of
from scalingbench.leaderboard.rescoring import collections_at_hand, scored_suite, with_joined
from scalingbench.leaderboard.result_files import committed_file_of, committed_files
from scalingbench.leaderboard.scored_suite import SYNTHETIC, ScoredSuite
from scalingbench.leaderboard.significance import Comparison, compare
from scalingbench.leaderboard.slices import SkillBySlice, What, skill_by
from scalingbench.leaderboard.stored import load_frozen, load_scored, ranked_statements, scores_on
from scalingbench.leaderboard.submissions.metadata import submissions
from scalingbench.leaderboard.suite_board import SuiteBoard
from scalingbench.predictors.registry import families, trained_on

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
    results : sequence of TaskResult
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
    stored : ScoredSuite, optional
        Stored scores that come with the package. Where the results are the committed ones, their scores are these; else, of a suite
        with rules, these are the scores of the others.
    choice : mapping of str to object
        What else was chosen of a suite with rules, see `scalingbench.leaderboard.scored_suite.ScoredSuite.select`.

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

    results: Sequence[TaskResult]
    suite: Suite
    track: str | None = None
    collections: tuple[str, ...] | None = None
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=not_ranked_on)
    files: Mapping[str, Path] = field(default_factory=dict)
    stored: ScoredSuite | None = None
    choice: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def load(cls, suite: str | Suite = DEFAULT_SUITE, folder: str | Path | None = None) -> Results:
        """Read results.

        Parameters
        ----------
        suite : str or Suite
            Name of the suite, or a path that ends in ``.yaml``.
        folder : str or Path, optional
            Folder of result files; by default the results that come with the package, submissions included. They are not read
            before somebody asks for a prediction where their scores are stored, and ranked on as the suite stated its tasks when it was
            frozen: of a suite without rules, on those whose collection was bundled then.

        Raises
        ------
        InputError
            If the suite does not exist or there are no results of it.
        """
        chosen = load_suite(suite) if isinstance(suite, str) else suite
        if folder is None and (stored := load_frozen(chosen)) is not None:
            named = committed_file_of(chosen.name, dict.fromkeys([*stored.predictors, *not_ranked_on()]))
            stored = stored if chosen.rules is not None else with_joined(stored, chosen, named, not_ranked_on())
            return cls(ResultFiles(named), chosen, files=named, stored=stored)
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
            Only the tasks of this track; of a suite with rules also ``"synthetic"``, the worlds of known truth.
        collections : iterable of str, optional
            Only the tasks on these collections.
        predictors : iterable of str, optional
            Only these predictors, and always the suite's reference and pool, which they are measured against.
        bundled : bool
            Only collections whose table is part of the package, as the suite states; suites without rules rank on no others.
        published_after : str, optional
            Only collections first published in a later month than this, as YYYY-MM; of a suite with rules.

        Raises
        ------
        InputError
            If there is no such track, collection or predictor; suggests the nearest.
        """
        if track is not None and self.track not in (None, track):
            raise InputError(f"these are the results of track {self.track!r}, not of {track!r}")
        if published_after is not None and self.suite.rules is None:
            raise InputError(f"suite {self.suite.name!r} does not state when its collections were published")
        names = self.collections
        if collections is not None:
            names = tuple(c for c in listed(collections) if names is None or c in names)
        asked = {"bundled": bundled or None, "published_after": published_after, "predictors": predictors and listed(predictors)}
        choice = {**self.choice, **{name: value for name, value in asked.items() if value is not None}}
        chosen = replace(self, track=track or self.track, collections=names, results=self._of(predictors), choice=choice)
        worlds = self.suite.rules is not None and chosen.track == SYNTHETIC
        # names an unknown track or collection
        self.suite.entries(track=None if worlds else chosen.track, collections=names, fetch=self.suite.rules is not None or self._by_store)
        if "_all_scored" in self.__dict__:  # made already, of every choice
            chosen.__dict__["_all_scored"] = self._all_scored
        elif self.suite.rules is None and "scores" in self.__dict__:  # made already, and those of a choice are some of them
            scores = self.scores[self.scores["task"].isin(chosen._fingerprints) & self.scores["predictor"].isin(chosen.predictors)]
            if len(scores):
                chosen.__dict__["scores"] = scores
        return chosen

    def _of(self, predictors: Iterable[str] | None) -> Sequence[TaskResult]:
        if predictors is None:
            return self.results
        names = listed(predictors)
        for name in (n for n in names if n not in self.predictors):
            raise unknown_name("predictor of these results", name, self.predictors)
        kept = {*names, self.suite.reference, *self.suite.pool}
        return self.results.of(kept) if isinstance(self.results, ResultFiles) else tuple(r for r in self.results if r.predictor in kept)

    def beside_committed(self) -> Results:
        """Return these results, and the committed ones of all other predictors.

        Of a suite with rules the others are there by their stored scores, and by predictions only the reference, whose error is the unit.
        """
        own, name = set(self.predictors), self.suite.name
        if not own and load_frozen(self.suite) is not None:
            return replace(Results.load(self.suite), track=self.track, collections=self.collections, choice=self.choice)
        stored = load_scored(name) if self.suite.rules is not None else None
        files = committed_files(name) if stored is None else committed_file_of(name, (self.suite.reference,)).values()
        others = (r for file in files for r in read_results(file) if r.predictor not in own)
        return replace(self, results=(*self.results, *others), stored=stored)

    @property
    def protocol(self) -> str | None:
        """Whose rules the suite's board follows; None is this project's."""
        return self.suite.protocol

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the results."""
        known = self.stored.predictors if self.stored is not None else ()
        if isinstance(self.results, ResultFiles):
            return tuple(self.results.files)
        return tuple(dict.fromkeys([*(r.predictor for r in self.results), *known]))

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that are ranked on.

        Of a suite with rules, or whose scores are stored, those whose data are at hand; of the former tuning tasks and worlds too.
        """
        if self.suite.rules is None and not self._by_store:
            return self.suite.build(track=self.track, collections=self.collections)
        chosen = set((self.task_table if self.suite.rules is None else self.scored.tasks)["task"])
        return tuple(t for t in self._built if t.id in chosen and self.track in (None, SYNTHETIC, t.track))

    @cached_property
    def _built(self) -> tuple[Task, ...]:
        """The tasks that there may be results of, and whose data are at hand."""
        of = (s.collection for s in self.suite.specs) if self._by_store else (r.task.split("/")[0] for r in self.results)
        held = set(of if self.suite.rules is not None else self.task_table["collection"])
        if self.choice.get("bundled"):
            held -= set(self.suite.fetch_only)
        names = collections_at_hand(self.suite, held if self.collections is None else held & set(self.collections))
        return self.suite.build(collections=names) if names else ()

    @property
    def _by_store(self) -> bool:
        """Whether the scores of these results are stored."""
        return self.stored is not None and isinstance(self.results, ResultFiles)

    @cached_property
    def _all_scored(self) -> ScoredSuite:
        """The scores of a suite with rules, of every track; computed from the predictions unless they are stored."""
        if self.stored is not None and self._by_store:
            return self.stored
        return scored_suite(self.results, self.suite, self._built, self.exclusions, self.files, self.stored)

    @cached_property
    def scored(self) -> ScoredSuite:
        """The scores and the stated tasks of a suite with rules, as chosen.

        Raises
        ------
        InputError
            If the suite has none, or nothing is left to score.
        """
        if self.suite.rules is None:
            raise InputError(f"suite {self.suite.name!r} has no rules that its tasks state themselves by")
        return self._all_scored.select(track=self.track, collections=self.collections, **self.choice)  # type: ignore[arg-type]

    @cached_property
    def task_table(self) -> pd.DataFrame:
        """One row per task that is ranked on; where scores are stored, as the suite states."""
        if self.suite.rules is not None:
            return self.scored.ranked
        if self.stored is None or not self._by_store:
            return task_table(self.tasks)
        return ranked_statements(self.stored, self.track, self.collections)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per predictor and task that it entered, see `scalingbench.benchmark.scores.scoring.score`.

        Results on a collection that went into the predictor are left out.

        Raises
        ------
        InputError
            If nothing is left to score or the reference is missing.
        """
        if self.suite.rules is not None:
            return self.scored.current
        if self.stored is not None and self._by_store:
            found = scores_on(self.stored, self.task_table["task"], self.predictors, self.exclusions)
        else:
            found = self._scored_anew()
        if not len(found):
            raise InputError(f"no results for suite {self.suite.name!r}" + (f", track {self.track!r}" if self.track else ""))
        return found

    def _scored_anew(self) -> pd.DataFrame:
        for stale in stale_results(self.results, self.tasks):
            _log.warning("%s on %s: made from other rows than today's task; ignored", stale.predictor, stale.task)
        kept = [r for r in self._current if r.task.split("/")[0] not in self.exclusions.get(r.predictor, ())]
        return score(kept, self.tasks, self.suite.reference, families()) if kept else pd.DataFrame()

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        if self.suite.rules is None and not self._by_store:
            return {t.id: t.fingerprint for t in self.tasks}
        return dict(zip(self.task_table["task"], self.task_table["fingerprint"], strict=True))

    @cached_property
    def _current(self) -> tuple[TaskResult, ...]:
        return tuple(r for r in self.results if self._fingerprints.get(r.task) == r.fingerprint)

    @cached_property
    def version(self) -> str:
        """Suite, and hash of the content of the tasks and of the predictions on them."""
        if self.suite.rules is not None:
            return self.scored.version
        predictions = ((r.predictor, r.task, f.fold, f.predictions) for r in self._current for f in r.folds)
        return version_of(self.suite.name, self._fingerprints, predictions)

    def board(self) -> Board:
        """Rank the predictors by this project's rules: skill against the suite's reference, with intervals.

        Of a suite with rules, and without a track, it is a `SuiteBoard`: the general-purpose entries, with the tracks and the
        specialised laws beside them.
        """
        return self._board

    @cached_property
    def _board(self) -> Board:
        if self.suite.rules is not None:
            ranked = self.scored.board()
        else:
            ranked = rank(
                self.scores,
                _unclustered(self.task_table),
                pool=self.suite.pool,
                reference=self.suite.reference,
                suite=self.suite.name,
                track=self.track,
                order=tuple(families()),
                version=self.version,
            )
        present = set(self.task_table["collection"])
        left_out = {name: tuple(c for c in self.exclusions.get(name, ()) if c in present) for name in self.predictors}
        return replace(
            ranked,
            fingerprints=self._fingerprints,
            exclusions={name: names for name, names in left_out.items() if names},
        )

    def protocol_board(self) -> ProtocolBoard:
        """Rank the predictors by the rules of the benchmark that the suite follows, published scores beside ours.

        Raises
        ------
        InputError
            If the suite follows no other benchmark, or there are no results.
        """
        name, protocol = self.suite.name, self.suite.protocol
        if protocol is None or not self.results:
            raise InputError(f"suite {name!r} follows no other benchmark's rules" if self.results else f"no results for suite {name!r}")
        whole = self._by_store and self.track is None and self.collections is None
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
            One of `scalingbench.leaderboard.slices.SLICES`, e.g. ``"track"``; ``"reach"`` and ``"published"`` of a suite with rules.
        top : int, optional
            Only the first of the board.
        what : {"skill", "coverage", "crps"}
            What to show of each slice; other than skill of a suite with rules.
        """
        if self.suite.rules is not None:
            return self.scored.by(by, top, what=what)
        if what != "skill":
            raise InputError(f"{what} by {by}: only of a suite with rules, which suite {self.suite.name!r} is not")
        heads = self.board().heads["predictor"]
        return skill_by(self.scores, _unclustered(self.task_table), by).of(heads.head(top or len(heads)))

    def by(self, by: str, top: int | None = None, *, what: What = "skill") -> SkillBySlice:
        """Return what `skill_by` returns."""
        return self.skill_by(by, top, what=what)

    def compare(self, predictors: Iterable[str] | None = None, *, top: int = 12) -> Comparison:
        """Test which predictors the collections can tell apart, or the clusters of them where the suite knows clusters.

        Parameters
        ----------
        predictors : iterable of str, optional
            Two or more; by default the first of the board.
        top : int
            How many of the board, unless they are named.
        """
        if self.suite.rules is not None:
            return self.scored.compare(None if predictors is None else listed(predictors), top=top)
        names = list(listed(predictors) if predictors else map(str, self.board().heads["predictor"].head(top)))
        return compare(self.scores, _unclustered(self.task_table), names)

    def standing(self, *predictors: str) -> Standing:
        """Return where predictors stand: their neighbours on the board, and their place on every track that they entered."""
        if self.suite.rules is not None:
            return self._standing_by_rules(predictors)
        table = self.task_table[self.task_table["weight"] > 0]
        counted = dict(zip(table["task"], table["track"].astype(str), strict=True))
        entered = {counted[r.task] for r in self.results if r.predictor in predictors and r.task in counted}
        scored = self.board()
        tracks = sorted(entered) if self.track is None and len(entered) > 1 else []
        return Standing(scored, {track: self.select(track=track).board() for track in tracks}, predictors)

    def _standing_by_rules(self, predictors: tuple[str, ...]) -> Standing:
        board = self.board()
        if not isinstance(board, SuiteBoard):
            return Standing(board, {}, predictors)
        own = {name: b for name, b in board.tracks.items() if b.rows["predictor"].isin(predictors).any()}
        shares = {name: self.scored.share_entered(name) for name in predictors if name not in set(board.rows["predictor"])}
        notes = (f"{name} enters {share:.0%} of the weight: a specialised law, ranked on tracks" for name, share in shares.items())
        return Standing(board.overall, own, predictors, tuple(notes))

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


def _unclustered(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks of a suite without rules, where every collection counts as one."""
    return tasks.drop(columns="cluster", errors="ignore")
