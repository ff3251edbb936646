"""Example tables that come with the package, as people have them; made by ``perf/examples.py`` from stated laws."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass

from scalingbench.common.names import unknown_name

__all__ = ["EXAMPLES", "Example", "example_text"]


@dataclass(frozen=True)
class Example:
    """An example table.

    Attributes
    ----------
    name : str
        Stem of its file.
    file : str
        In ``scalingbench/examples``.
    what : str
        What it holds.
    """

    file: str
    what: str

    @property
    def name(self) -> str:
        """Stem of its file."""
        return self.file.partition(".")[0]


EXAMPLES = (
    Example("base.csv", "params, tokens, flops and loss of 25 runs"),
    Example("moe.csv", "mixtures of experts: total and active params, flops of the active ones"),
    Example("checkpoints.csv", "four checkpoints of each of eight runs, one of which diverged"),
    Example("wandb.csv", "the table of runs that Weights & Biases exports"),
    Example("mlflow.csv", "the table of runs that mlflow.search_runs() returns"),
    Example("european.csv", "semicolons, decimal commas, units in the headers"),
    Example("sizes.md", "a Markdown table with 50M and 1.4B"),
    Example("repeats.csv", "repeated data: params, tokens, unique tokens"),
    Example("learning-rates.csv", "five learning rates for each configuration of params and tokens"),
    Example("mixture.csv", "params, tokens and the shares of three training domains"),
    Example("accuracy.csv", "accuracies in place of losses"),
    Example("downstream.csv", "losses and accuracies of the same 25 runs"),
    Example("seeds.csv", "three seeds of each of nine configurations, with standard errors of the losses"),
    Example("recipes.csv", "params, tokens, flops and loss under three optimisers"),
    Example("training-curve.csv", "steps, learning rate and loss of a run at the half of its cosine schedule of 8,000 steps"),
    Example("trainer-state.json", "one run of the Hugging Face trainer, with its evaluations"),
)


def example_text(name: str) -> str:
    """Return the text of an example.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    found = next((e for e in EXAMPLES if e.name == name), None)
    if found is None:
        raise unknown_name("example", name, [e.name for e in EXAMPLES])
    return (importlib.resources.files("scalingbench") / "examples" / found.file).read_text(encoding="utf-8")
