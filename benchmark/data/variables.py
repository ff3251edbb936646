"""The registry of scale variables, of kinds of metrics and of row annotations: every name that a table may use."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pandas as pd

from scalingbench.common.errors import SchemaError

__all__ = [
    "FLAGS",
    "METRIC_KINDS",
    "OPEN_PREFIXES",
    "OWN_PREFIX",
    "VARIABLES",
    "MetricKind",
    "Variable",
    "is_own",
    "is_variable",
    "may_be_variable",
    "metric_kind",
    "variables_of",
]


@dataclass(frozen=True)
class Variable:
    """One scale variable: what it is called, what it is measured in, what it means."""

    name: str
    symbol: str
    unit: str
    meaning: str
    zero: bool = False
    """Whether 0 is a legal value (zero-shot, step 0)."""
    sign: bool = False
    """Whether negative values are legal (dates before an epoch)."""
    falls: bool = False
    """Whether it falls as models grow: a loss handed over as input."""


@dataclass(frozen=True)
class MetricKind:
    """A family of metrics: a metric is named ``<kind>`` or ``<kind>_<what>``."""

    name: str
    meaning: str
    lower_is_better: bool
    low: float
    high: float
    zero: bool = False
    """Whether the lower limit itself is a legal value."""
    log: bool = True
    """Whether errors are taken on a log scale; else in the metric's own unit."""


VARIABLES: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("params", "N", "parameters", "parameters; which kind is said in the card"),
        Variable("params_nonembedding", "N_ne", "parameters", "parameters without embeddings"),
        Variable("params_active", "N_a", "parameters", "parameters used for one token"),
        Variable("params_encoder", "N_e", "parameters", "parameters of the encoder"),
        Variable("params_decoder", "N_d", "parameters", "parameters of the decoder"),
        Variable("params_total", "N_t", "parameters", "parameters of all experts together"),
        Variable("tokens", "D", "tokens", "training tokens (or samples) seen, repeats counted"),
        Variable("unique_tokens", "U", "tokens", "distinct training tokens"),
        Variable("flops", "C", "FLOP", "training compute"),
        Variable("steps", "s", "steps", "optimiser steps", zero=True),
        Variable("epochs", "ep", "passes", "passes over the unique tokens"),
        Variable("batch_size", "B", "as in the card", "batch size"),
        Variable("learning_rate", "lr", "1", "learning rate: at this step if rows are steps, else peak", zero=True),
        Variable("vocab_size", "V", "entries", "vocabulary size"),
        Variable("experts", "E", "experts", "experts per routed layer; 1 is dense"),
        Variable("top_k", "K", "experts", "experts used for one token"),
        Variable("routing_frequency", "R", "1", "share of layers that are routed"),
        Variable("sparsity", "S", "1", "share of weights or experts not used", zero=True),
        Variable("streams", "P", "streams", "parallel streams"),
        Variable("bits", "b", "bits", "bits per weight"),
        Variable("samples", "k", "samples", "fine-tuning examples, or samples drawn at inference", zero=True),
        Variable("width", "w", "units", "model width"),
        Variable("depth", "l", "layers", "layers"),
        Variable("head_size", "h", "units", "width of an attention head"),
        Variable("context_length", "T", "tokens", "context length"),
        Variable("granularity", "G", "1", "how finely experts are cut: feed-forward width over expert width"),
        Variable("momentum", "mu", "1", "momentum of the optimiser", zero=True),
        Variable("weight_decay", "wd", "1", "weight decay", zero=True),
        Variable("warmup_steps", "s_w", "steps", "length of the warm-up", zero=True),
        Variable("latents", "n_l", "latents", "dictionary size of a sparse autoencoder"),
        Variable("active_latents", "k_l", "latents", "latents active at once"),
        Variable("label_noise", "p", "1", "share of training labels replaced at random", zero=True),
        Variable("characters", "H", "characters", "training characters seen"),
        Variable("features", "m", "features", "input features"),
        Variable("teacher_params", "N_T", "parameters", "parameters of the teacher"),
        Variable("teacher_tokens", "D_T", "tokens", "training tokens of the teacher"),
        Variable("teacher_loss", "L_T", "as the loss", "loss of the teacher", falls=True),
        Variable("source_loss", "L_0", "as in the task", "a loss of the same model, handed over as input", falls=True),
        Variable("inference_tokens", "k_t", "tokens", "tokens generated per problem at inference"),
        Variable("date", "t", "years", "release date", sign=True),
        Variable("device_hours", "h_d", "hours", "accelerator time spent on training, all devices together"),
        Variable("progress", "p_t", "1", "share of the planned training that is done"),
        Variable("tokens_per_param", "D/N", "tokens per parameter", "training tokens over parameters; which ones is said in the card"),
        Variable("compressibility", "g", "1", "compressed size of the training text over its size"),
    )
}
"""Every scale variable, in the order in which a table shows them."""


OPEN_PREFIXES = ("mix_", "obs_")
"""Families of variables with open names: the share of a training domain, and a benchmark's result handed over as input."""
OWN_PREFIX = "x_"
"""Beginning of the names of variables that are a collection's own: its card declares their unit and meaning."""
_OWN_NAME = re.compile(rf"{OWN_PREFIX}[a-z0-9_]+")
_OPEN_NAME = re.compile(rf"({'|'.join(OPEN_PREFIXES)})[A-Za-z0-9_-]+")


METRIC_KINDS: dict[str, MetricKind] = {
    m.name: m
    for m in (
        MetricKind("loss", "cross-entropy, in the unit that the card states", True, 0.0, math.inf),
        MetricKind("error_rate", "share of wrong answers", True, 0.0, 1.0),
        MetricKind("accuracy", "share of right answers", False, 0.0, 1.0, zero=True, log=False),
        MetricKind("perplexity", "exponentiated cross-entropy", True, 1.0, math.inf, zero=True),
        MetricKind("mse", "mean squared error", True, 0.0, math.inf),
        MetricKind("mae", "mean absolute error", True, 0.0, math.inf),
        MetricKind("cost", "what reaching a stated goal takes, such as steps to a target loss", True, 0.0, math.inf),
        MetricKind("share", "a share of a whole without a better direction, such as active units", True, 0.0, 1.0, zero=True, log=False),
        MetricKind("relative_loss", "a loss relative to a baseline, of either sign", True, -math.inf, math.inf, log=False),
        MetricKind("score", "any other measure of quality, higher is better", False, -math.inf, math.inf, log=False),
    )
}


FLAGS: dict[str, str] = {
    "diverged": "training diverged; the value is that of a failed run",
    "duplicate": "repeats another row of the same collection",
    "outlier": "left out by the source's authors or contradicted by its neighbours",
    "copy-error": "the value was copied from a neighbouring cell upstream",
    "interrupted": "the run stopped before its planned end",
    "missing": "the source lists the run without a usable value",
}
"""Legal annotations; a row carries none, or several joined by ``|``."""


def metric_kind(metric: str) -> MetricKind:
    """Return the kind of a metric from its name.

    Raises
    ------
    SchemaError
        If the name starts with no known kind.
    """
    for name, kind in METRIC_KINDS.items():
        if metric == name or metric.startswith(name + "_"):
            return kind
    raise SchemaError(f"metric {metric!r} is of no known kind; a metric is <kind> or <kind>_<what>, kind one of {', '.join(METRIC_KINDS)}")


def is_variable(column: str) -> bool:
    """Return whether a column is a scale variable: registered, or of an open family and named by letters, digits, ``_`` and ``-``."""
    return column in VARIABLES or _OPEN_NAME.fullmatch(column) is not None


def is_own(column: str) -> bool:
    """Return whether a name is that of a variable which a collection's card declares: ``x_`` and small letters, digits, ``_``."""
    return _OWN_NAME.fullmatch(column) is not None


def may_be_variable(name: str) -> bool:
    """Return whether a task may name it: a scale variable, or one that its collection's card may declare."""
    return is_variable(name) or is_own(name)


def variables_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the scale variables of a table, in registry order, mixture weights and those of its own last."""
    registered = [name for name in VARIABLES if name in table.columns]
    return (*registered, *sorted(c for c in map(str, table.columns) if c not in VARIABLES and may_be_variable(c)))
