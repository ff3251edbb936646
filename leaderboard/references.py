"""What to cite for a score: the suite at its version, the law's papers, the collections it rests on."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.data.card import load_card
from benchmark.data.collection import list_collections
from benchmark.evaluation.results import TaskResult
from benchmark.tasks.suite import Suite, load_suite
from leaderboard.citation import CitationFormat, Reference, cite
from leaderboard.results import board_of, committed_results
from leaderboard.submissions.metadata import submissions
from scalingbench.common.names import unknown_name

__all__ = ["citations", "papers_of_collection"]

TITLE = "ScalingBench: datasets and a benchmark for scaling-law predictors"


def citations(suite: str, predictor: str | None, collection: str | None, form: CitationFormat) -> str:
    """Return the citations.

    Raises
    ------
    InputError
        If the suite or collection does not exist.
    PredictorError
        If the predictor does not.
    """
    if collection is not None and collection not in list_collections():
        raise unknown_name("collection", collection, list_collections())
    law = _papers_of(predictor) if predictor else ()
    chosen = load_suite(suite)
    found = committed_results(chosen)
    names = [collection] if collection else _rests_on(chosen, found, predictor)
    return cite([_suite_at(chosen, found), *law, *(paper for name in names for paper in papers_of_collection(name))], form)


def _suite_at(suite: Suite, found: tuple[TaskResult, ...]) -> Reference:
    version = board_of(found, suite, suite.tasks).version if found and suite.protocol is None else suite.name
    return Reference(TITLE, "ScalingBench maintainers", 2026, version=version)


def _rests_on(suite: Suite, found: tuple[TaskResult, ...], predictor: str | None) -> list[str]:
    """Return the collections of the suite's counted tasks, those that the predictor entered if one is named."""
    entered = {r.task for r in found if r.predictor == predictor}
    return sorted({t.collection for t in suite.tasks if t.weight > 0 and (predictor is None or t.id in entered)})


def _papers_of(predictor: str) -> Iterable[Reference]:
    from predictors.bibliography import papers_of
    from predictors.registry import get

    if (own := submissions().get(predictor)) is not None:
        return [Reference(f"{predictor}, a predictor submitted to ScalingBench ({own.paper})", own.authors, own.year)]
    return [Reference(p.title, p.authors, p.year, arxiv=p.arxiv) for p in papers_of(get(predictor).paper)]


def papers_of_collection(name: str) -> Iterable[Reference]:
    """Return the papers that a collection's card names."""
    return [Reference(p.title, p.authors, p.year, p.arxiv, p.venue) for p in load_card(name).scalingbench.papers]
