"""Addresses of the project in pages, from `scalingbench.common.project`."""

from __future__ import annotations

import re

from scalingbench.common.project import DATASET, DATASET_URL, NAME, REPOSITORY, SITE

_WORD = r"[A-Za-z0-9_.-]+"
FORMS = (
    (re.compile(rf"https://github\.com/{_WORD}/{re.escape(NAME)}\b"), REPOSITORY),
    (re.compile(rf"https://huggingface\.co/datasets/{_WORD}/{re.escape(NAME)}\b"), DATASET_URL),
    (re.compile(rf"https://{_WORD}\.github\.io/{re.escape(NAME)}\b"), SITE),
    (re.compile(rf"(?<=load_dataset\(\"){_WORD}/{_WORD}(?=\")"), DATASET),
    (re.compile(rf"(?<=repo=\"){_WORD}/{_WORD}(?=\")"), DATASET),
    (re.compile(rf"(?<=--repo ){_WORD}/{_WORD}"), DATASET),
)
"""What an address looks like, and what it must be."""


def with_links(text: str) -> str:
    """Return a page with the addresses of the project in it."""
    for form, address in FORMS:
        text = form.sub(address, text)
    return text
