"""A hostile predictor, and its source.

Every one is submitted with results that claim something which its code can only reach by breaking the wall (`Attack.claim`), or,
where it only makes noise, with the results of an honest fit. Words such as ``@PORT@`` are filled in by the test that runs it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["BODY", "HEAD", "Attack", "code", "probe", "probes", "returns"]

Claim = Literal["truth", "two", "memory", "mean", "together"]


@dataclass(frozen=True)
class Attack:
    """One hostile predictor.

    Attributes
    ----------
    family, name : str
        What kind, and which.
    source : str
        Its code.
    claim : str
        What its results say: the held-out values (``truth``), 2 (``two``: what it predicts where its probe worked), what an
        earlier fold was trained on (``memory``), what an honest fit gives (``mean``), or what the code itself gives where all rows
        are asked together (``together``).
    verdict : str
        ``refused``, or ``verified`` where it predicts honestly and its noise has no effect.
    reason : str
        A part of the reason for which it must be refused.
    seconds : float
        Time limit; small where it hangs.
    """

    family: str
    name: str
    source: str
    claim: Claim = "truth"
    verdict: str = "refused"
    reason: str = ""
    seconds: float = 30.0


HEAD = """\
import ctypes, gc, io, json, mmap, os, signal, socket, struct, subprocess, sys, threading, time
import numpy as np
import pandas as pd

"""
BODY = """\
class P:
    variables = ("params", "tokens")

    def __init__(self):
        {init}

    def fit(self, X, y):
        {fit}
        self.level_ = float(np.mean(y))
        return self

    def predict(self, X):
        {predict}
        return np.full(len(X), self.level_)
"""


def code(place: str = "fit", text: str = "pass", before: str = "") -> str:
    """Return a predictor that runs a text at one place: ``import``, ``init``, ``fit`` or ``predict``."""
    parts = dict.fromkeys(("init", "fit", "predict"), "pass")
    if place != "import":
        parts[place] = textwrap.indent(textwrap.dedent(text), " " * 8).strip()
    return HEAD + textwrap.dedent(before) + (textwrap.dedent(text) + "\n" if place == "import" else "") + BODY.format(**parts)


def probe(text: str, before: str = "") -> str:
    """Return a predictor that predicts 2 where a text raises nothing, 1 where it does."""
    tried = (
        "try:\n"
        + textwrap.indent(textwrap.dedent(text).strip(), "    ")
        + "\n    self.found = 2.0\nexcept BaseException:\n    self.found = 1.0"
    )
    return code("fit", tried, before).replace("return np.full(len(X), self.level_)", "return np.full(len(X), self.found)")


def probes(family: str, texts: dict[str, str], before: str = "") -> Iterator[Attack]:
    """Yield a probe for each text by name; it is refused because it predicts 1, as nothing that it tries works."""
    for name, text in texts.items():
        yield Attack(family, name, probe(text, before), "two", reason="recomputed 1")


def returns(expression: str, before: str = "") -> str:
    """Return a predictor whose predictions are an expression of n, the number of rows."""
    return code(before=before).replace("return np.full(len(X), self.level_)", f"n = len(X)\n        return {expression}")
