"""What to cite for a score, as BibTeX, APA and CFF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.common.errors import InputError
from scalingbench.common.messages import count_of
from scalingbench.common.names import unknown_name
from scalingbench.common.project import REPOSITORY
from scalingbench.common.references import Reference
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.submissions.metadata import submissions
from scalingbench.predictors.catalogue import papers_of
from scalingbench.predictors.registry import get

__all__ = ["AUTHORS", "TITLE", "YEAR", "CitationFormat", "Citations", "citations", "cite"]

TITLE = "ScalingBench: datasets and a benchmark for scaling-law predictors"
AUTHORS, YEAR = "ScalingBench maintainers", 2026

CitationFormat = Literal["bibtex", "apa", "cff"]


@dataclass(frozen=True)
class Citations:
    """Works to cite for a score.

    Attributes
    ----------
    works : tuple of Reference
        The suite at its version, the papers of the law, those of the collections.
    sentence : str
        The score with its interval and version; empty where no predictor is named.
    """

    works: tuple[Reference, ...]
    sentence: str = ""

    def render(self, form: CitationFormat) -> str:
        """Return the works, after the sentence as a comment where the format has comments."""
        if not self.sentence:
            return cite(self.works, form)
        mark = {"bibtex": "% ", "apa": "", "cff": "# "}[form]
        source = f" \\cite{{{self.works[0].key}}}" if form == "bibtex" else ""
        return f"{mark}{self.sentence}{source}\n\n{cite(self.works, form)}"


def citations(suite: str, predictor: str | None = None, collection: str | None = None, *, track: str | None = None) -> Citations:
    """Return what to cite for a score: the suite at its version, the law's papers, the collections it was computed on.

    Parameters
    ----------
    suite : str
        Name of the suite.
    predictor, collection, track : str, optional
        Predictor whose score is cited; only this collection; the track of the score.

    Raises
    ------
    InputError
        If the suite, track, collection or predictor does not exist.
    """
    if collection is not None and collection not in list_collections():
        raise unknown_name("collection", collection, list_collections())
    law = _papers_of(predictor) if predictor else ()
    results = Results.load(suite).select(track=track)
    names = [collection] if collection else results.rests_on(predictor)
    version = results.version if results.protocol is None else suite
    own = Reference(TITLE, AUTHORS, YEAR, version=version, url=REPOSITORY)
    works = (own, *law, *(paper for name in names for paper in load_card(name).scalingbench.papers))
    return Citations(works, _sentence(results, predictor) if predictor and results.protocol is None else "")


def _sentence(results: Results, predictor: str) -> str:
    """Return the score of a predictor among all entries of a board, as a sentence."""
    board, name = results.everyone, results.entry(predictor)
    rows = board.rows[board.rows["predictor"] == name]
    if rows.empty:
        raise InputError(f"--predictor: {name} entered no task of {board.scope}")
    row = rows.iloc[0]
    interval = f" [{row['skill_low']:.3f}, {row['skill_high']:.3f}]" if row["skill_low"] == row["skill_low"] else ""
    tasks = f"{int(row['tasks_entered'])} of {count_of(board.n_tasks, 'task')} entered"
    return (
        f"{name} has a skill of {row['skill']:.3f}{interval} against {board.reference} on {board.scope} "
        f"({tasks}, the rest counted as the reference; 95 % interval over clusters of collections), ScalingBench {board.version}."
    )


def _papers_of(predictor: str) -> tuple[Reference, ...]:
    if (own := submissions().get(predictor)) is not None:
        return (Reference(f"{predictor}, a predictor submitted to ScalingBench ({own.paper})", own.authors, own.year),)
    return papers_of(get(predictor).paper)


def cite(references: Iterable[Reference], form: CitationFormat) -> str:
    """Return the citations, each work once, in the order given."""
    seen: dict[tuple[str, str | None], Reference] = {}
    for reference in references:
        seen.setdefault((reference.title.lower(), reference.version), reference)
    if form == "cff":
        return _cff(list(seen.values()))
    if form == "apa":
        return "\n\n".join(map(_apa, seen.values()))
    return "\n\n".join(_bibtex(r, key) for key, r in _keyed(seen.values()))


def _keyed(references: Iterable[Reference]) -> Iterator[tuple[str, Reference]]:
    """Yield each work with a unique key: the second work of a key gets a ``b``, the third a ``c``."""
    taken: Counter[str] = Counter()
    for reference in references:
        letter = chr(ord("a") + taken[reference.key])
        yield reference.key + ("" if letter == "a" else letter), reference
        taken[reference.key] += 1


_TEX = {c: "\\" + c for c in "&%$#_"}


def _bibtex(r: Reference, key: str) -> str:
    # without a library: pybtex does not escape '$' and turns 'ScalingBench maintainers' into a surname and a given name, and
    # bibtexparser escapes the braces that keep a title's capitals
    corporate = "," not in r.authors
    fields = {"title": f"{{{r.title}}}", "author": f"{{{r.authors}}}" if corporate else r.authors, "year": str(r.year)}
    if r.arxiv:
        fields |= {"eprint": r.arxiv, "archivePrefix": "arXiv"}
    if r.venue:
        fields["booktitle" if not r.version else "howpublished"] = r.venue
    if r.version:
        fields |= {"version": r.version, "note": f"Version {r.version}"}
    if r.url:
        fields["url"] = r.url
    kind = "misc" if r.version or not r.venue else "inproceedings"
    body = ",\n".join(f"  {name} = {{{''.join(_TEX.get(c, c) for c in value)}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{body}\n}}"


def _apa(r: Reference) -> str:
    places = (f"{r.venue}." if r.venue else "", f"arXiv:{r.arxiv}." if r.arxiv else "", r.url or "")
    where = " ".join(place for place in places if place)
    version = f" (version {r.version})" if r.version else ""
    stop = "" if r.title.endswith(("?", "!")) and not version else "."
    return f"{_apa_authors(r.authors)} ({r.year}). {r.title}{version}{stop} {where}".strip()


def _apa_authors(authors: str) -> str:
    names = [_initials(name) for name in authors.split(" and ")]
    if names[-1] == "others":
        return ", ".join(names[:-1]) + ", et al."
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f", & {names[-1]}"


def _initials(name: str) -> str:
    last, _, first = name.partition(", ")
    return f"{last}, {' '.join(f'{given[0]}.' for given in first.split())}" if first else last


def _cff(references: Iterable[Reference]) -> str:
    """Return a CITATION.cff of the first work, with the others as its references."""
    own, *others = [_cff_fields(r) for r in references]
    document = {"cff-version": "1.2.0", "message": _MESSAGE, **own, "references": others}
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=2**16)).strip()


_MESSAGE = "Please cite the suite and the papers behind the collections that the result rests on."


def _cff_fields(r: Reference) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "software" if r.version else "article", "title": r.title}
    fields["authors"] = [_cff_author(name) for name in r.authors.split(" and ")]
    fields["year"] = r.year
    if r.arxiv:
        fields["identifiers"] = [{"type": "other", "value": f"arXiv:{r.arxiv}"}]
    if r.version:
        fields["version"] = r.version
    if r.url:
        fields["repository-code" if r.version else "url"] = r.url
    return fields


def _cff_author(name: str) -> dict[str, str]:
    last, _, first = name.partition(", ")
    return {"family-names": last, "given-names": first} if first else {"name": last}
