"""The text of World B: the glosses (definitions and examples) of WordNet 3.0, in a seeded order.

Debian's package ``wordnet-base`` (1:3.0-37) ships them under the WordNet 3.0 licence, which allows use, copying and
distribution for any purpose. Only figures are published, never the text. ``SCALINGBENCH_WORDNET`` names the folder
of ``data.noun`` and its like; by default ``/usr/share/wordnet``.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

__all__ = ["ALPHABET", "CONTEXT", "chunks"]

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz\"';,.-()0"
"""37 symbols: letters in lower case, every digit as 0, all else as a space."""
CONTEXT = 32
EVALUATION = 4096
SHA256 = "1d062b6cfcd4155c90ee1bfdf4b7cae6e68046b7220106e6cd765cab9b7ea65c"
"""Of the encoded text: another release of the package gives another experiment, and is refused."""


def folder_of_wordnet() -> Path:
    return Path(os.environ.get("SCALINGBENCH_WORDNET", "/usr/share/wordnet"))


def glosses() -> list[str]:
    found = []
    for part in ("adj", "adv", "noun", "verb"):
        for line in (folder_of_wordnet() / f"data.{part}").read_text("latin-1").splitlines():
            if not line.startswith("  ") and " | " in line:
                found.append(line.split(" | ", 1)[1].strip())
    return found


def encoded() -> np.ndarray:
    """Return the glosses as one array of symbols, a line each, in an order drawn once."""
    lines = glosses()
    order = np.random.default_rng(20261121).permutation(len(lines))
    text = "\n".join(lines[i] for i in order).lower()
    table = np.full(256, ALPHABET.index(" "), dtype=np.uint8)
    for code, symbol in enumerate(ALPHABET):
        table[ord(symbol)] = code
    for digit in "123456789":
        table[ord(digit)] = ALPHABET.index("0")
    symbols = table[np.frombuffer(text.encode("latin-1"), dtype=np.uint8)]
    found = hashlib.sha256(symbols.tobytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"the text in {folder_of_wordnet()} is not that of wordnet-base 1:3.0-37: sha256 {found}, not {SHA256}")
    return symbols


def chunks() -> tuple[Tensor, Tensor]:
    """Return training and evaluation chunks of CONTEXT + 1 symbols; the evaluation chunks come from the end of the text."""
    symbols = encoded()
    n = (len(symbols) - 1) // CONTEXT
    windows = np.lib.stride_tricks.sliding_window_view(symbols, CONTEXT + 1)[: n * CONTEXT : CONTEXT]
    everything = torch.from_numpy(windows.copy())
    return everything[:-EVALUATION], everything[-EVALUATION:]
