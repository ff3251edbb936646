"""Notebooks: what a run prints is what is committed."""

import re

import pytest

_NUMBER = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?|\d+")


def assert_prints_the_same(again, committed):
    """Compare the first line of every printed output; numbers may differ a little."""
    for now, then in zip(_first_lines(again), _first_lines(committed), strict=True):
        assert _NUMBER.sub("#", now) == _NUMBER.sub("#", then)
        # machines differ in their last bits, and a fit carries that on
        assert [float(x) for x in _NUMBER.findall(now)] == pytest.approx([float(x) for x in _NUMBER.findall(then)], rel=5e-3)


def _first_lines(notebook):
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    return [o["text"].splitlines()[0] for o in outputs if o.output_type == "stream" and o["name"] == "stdout"]
