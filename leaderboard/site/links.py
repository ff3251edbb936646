"""Addresses of papers and repositories."""

from __future__ import annotations

from collections.abc import Iterable

from scalingbench.benchmark.data.card import Card
from scalingbench.common.references import Reference

__all__ = ["Link", "paper_links", "upstream_links"]

Link = tuple[str, str]
"""Text and address; the address may be empty."""


def paper_links(papers: Iterable[Reference]) -> list[Link]:
    """Return the papers as text, with the address of the preprint if there is one."""
    return [(paper.short, f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else "") for paper in papers]


def upstream_links(card: Card) -> list[Link]:
    """Return the repositories of the upstream files, at the pinned commit if they are on GitHub."""
    return [(f"{u.repository} at {u.commit[:12]}", _address(u.repository, u.commit)) for u in card.scalingbench.upstream]


def _address(repository: str, commit: str) -> str:
    if repository.startswith(("http://", "https://")):
        return repository
    owner_and_name = repository.count("/") == 1 and " " not in repository and "." not in repository.split("/")[0]
    return f"https://github.com/{repository}/tree/{commit}" if owner_and_name else ""
