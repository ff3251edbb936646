"""What to cite for a score: the suite at its version, the law's papers, the collections it rests on."""

from __future__ import annotations

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.names import unknown_name
from scalingbench.common.references import Reference
from scalingbench.leaderboard.citation import CitationFormat, cite
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.submissions.metadata import submissions
from scalingbench.predictors.catalogue import papers_of
from scalingbench.predictors.registry import get

__all__ = ["citations"]

TITLE = "ScalingBench: datasets and a benchmark for scaling-law predictors"


def citations(suite: str, predictor: str | None, collection: str | None, form: CitationFormat) -> str:
    """Return the citations.

    Raises
    ------
    InputError
        If the suite, collection or predictor does not exist.
    """
    if collection is not None and collection not in list_collections():
        raise unknown_name("collection", collection, list_collections())
    law = _papers_of(predictor) if predictor else ()
    chosen = load_suite(suite)
    results = Results((), chosen).beside_committed()
    names = [collection] if collection else _rests_on(results, predictor)
    return cite([_suite_at(results), *law, *(paper for name in names for paper in load_card(name).scalingbench.papers)], form)


def _suite_at(results: Results) -> Reference:
    version = results.version if results.predictors and results.suite.protocol is None else results.suite.name
    return Reference(TITLE, "ScalingBench maintainers", 2026, version=version)


def _rests_on(results: Results, predictor: str | None) -> list[str]:
    """Return the collections of the suite's counted tasks, those that the predictor entered if one is named."""
    if results.suite.rules is not None:
        return results.scored.rests_on(predictor)
    tasks = results.task_table[results.task_table["weight"] > 0]
    if predictor is not None:
        tasks = tasks[tasks["task"].isin({r.task for r in results.results if r.predictor == predictor})]
    return sorted(set(tasks["collection"]))


def _papers_of(predictor: str) -> tuple[Reference, ...]:
    if (own := submissions().get(predictor)) is not None:
        return (Reference(f"{predictor}, a predictor submitted to ScalingBench ({own.paper})", own.authors, own.year),)
    return papers_of(get(predictor).paper)
