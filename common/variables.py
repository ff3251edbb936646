"""The registry of scale variables: the only place where facts about a variable are recorded.

Predictors read from it which variables fall with scale; benchmark reads units, legal values and names; forecasting reads the
headers that people use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scalingbench.common.tracks import Track

__all__ = [
    "FAMILIES",
    "MIXTURE",
    "VARIABLES",
    "Family",
    "Variable",
    "falls",
    "family_of",
    "is_variable",
    "of_track",
    "tracks_of",
    "variable_called",
]


@dataclass(frozen=True)
class Variable:
    """One scale variable and all its facts."""

    name: str
    symbol: str
    unit: str
    meaning: str
    zero: bool = False
    """Whether 0 is a legal value (zero-shot, step 0)."""
    sign: bool = False
    """Whether negative values are legal (dates before an epoch)."""
    falls: bool = False
    """Whether it falls as models grow, such as a loss used as input."""
    track: Track | None = None
    """The track of tasks that it is typical of; None if it occurs on several."""
    aliases: str = ""
    """Headers of this variable in people's tables, separated by spaces, in lower case with ``_`` between words."""


@dataclass(frozen=True)
class Family:
    """Variables whose names share a prefix. They are not axes of scale."""

    prefix: str
    meaning: str
    track: Track | None = None
    """As in `Variable`."""


# fmt: off
VARIABLES: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("params", "N", "parameters", "parameters; the card gives the kind",
            aliases="n n_params num_params nparams param parameters num_parameters n_parameters model_size model_params "
            "model_parameters total_params total_parameters param_count params_count parameter_count model_num_parameters "
            "num_model_params"),
        Variable("params_nonembedding", "N_ne", "parameters", "parameters without embeddings",
            aliases="n_ne non_embedding_params nonembedding_params params_non_embedding num_nonembedding_params "
            "non_embedding_parameters params_no_embedding"),
        Variable("params_active", "N_a", "parameters", "parameters used for one token", track="architecture",
            aliases="n_active active_params active_parameters activated_params n_a"),
        Variable("params_encoder", "N_e", "parameters", "parameters of the encoder"),
        Variable("params_decoder", "N_d", "parameters", "parameters of the decoder"),
        Variable("params_total", "N_t", "parameters", "parameters of all experts together"),
        Variable("tokens", "D", "tokens", "training tokens (or samples) seen, repeats counted",
            aliases="d n_tokens num_tokens ntokens train_tokens training_tokens tokens_seen tokens_trained total_tokens "
            "num_input_tokens_seen consumed_tokens token_count num_train_tokens token"),
        Variable("unique_tokens", "U", "tokens", "distinct training tokens", track="data-constrained",
            aliases="u num_unique_tokens tokens_unique dataset_tokens"),
        Variable("flops", "C", "FLOP", "training compute",
            aliases="c compute flop n_flops total_flops train_flops training_flops total_flos training_compute train_compute flos"),
        Variable("steps", "s", "steps", "optimiser steps", zero=True,
            aliases="step global_step _step train_steps num_steps n_steps iterations iters iter iteration trainer_global_step"),
        Variable("epochs", "ep", "passes", "passes over the unique tokens", track="data-constrained",
            aliases="epoch num_epochs n_epochs num_train_epochs"),
        Variable("batch_size", "B", "as in the card", "batch size", track="hyperparameters",
            aliases="b bs bsz batch global_batch_size train_batch_size batchsize gbs"),
        Variable("learning_rate", "lr", "1", "learning rate: at this step if rows are steps, else peak", zero=True, track="hyperparameters",
            aliases="lr max_lr peak_lr base_lr max_learning_rate peak_learning_rate"),
        Variable("vocab_size", "V", "entries", "vocabulary size", track="architecture", aliases="v n_vocab vocab"),
        Variable("experts", "E", "experts", "experts per routed layer; 1 is dense", track="architecture",
            aliases="n_experts num_experts"),
        Variable("top_k", "K", "experts", "experts used for one token", track="architecture"),
        Variable("routing_frequency", "R", "1", "share of layers that are routed"),
        Variable("sparsity", "S", "1", "share of weights or experts not used", zero=True, track="architecture"),
        Variable("streams", "P", "streams", "parallel streams", track="architecture"),
        Variable("bits", "b", "bits", "bits per weight", track="architecture"),
        Variable("samples", "k", "samples", "fine-tuning examples, or samples drawn at inference", zero=True, track="inference"),
        Variable("trials", "k_r", "runs", "runs of a random search, of which the best is kept", track="hyperparameters",
            aliases="n_trials num_trials"),
        Variable("width", "w", "units", "model width", track="architecture", aliases="d_model hidden_size n_embd model_dim hidden_dim"),
        Variable("depth", "l", "layers", "layers", track="architecture", aliases="n_layers num_layers n_layer num_hidden_layers layers"),
        Variable("head_size", "h", "units", "width of an attention head"),
        Variable("context_length", "T", "tokens", "context length",
            aliases="seq_len sequence_length block_size max_seq_len seq_length context context_len ctx_len"),
        Variable("granularity", "G", "1", "granularity of experts: feed-forward width over expert width", track="architecture"),
        Variable("momentum", "mu", "1", "momentum of the optimiser", zero=True, track="hyperparameters"),
        Variable("weight_decay", "wd", "1", "weight decay", zero=True, track="hyperparameters", aliases="wd"),
        Variable("warmup_steps", "s_w", "steps", "length of the warm-up", zero=True),
        Variable("latents", "n_l", "latents", "dictionary size of a sparse autoencoder"),
        Variable("active_latents", "k_l", "latents", "latents active at once"),
        Variable("label_noise", "p", "1", "share of training labels replaced at random", zero=True),
        Variable("characters", "H", "characters", "training characters seen"),
        Variable("features", "m", "features", "input features"),
        Variable("teacher_params", "N_T", "parameters", "parameters of the teacher", track="transfer"),
        Variable("teacher_tokens", "D_T", "tokens", "training tokens of the teacher"),
        Variable("teacher_loss", "L_T", "as the loss", "loss of the teacher", falls=True, track="transfer"),
        Variable("source_loss", "L_0", "as in the task", "a loss of the same model, used as input", falls=True, track="transfer"),
        Variable("inference_tokens", "k_t", "tokens", "tokens generated per problem at inference", track="inference"),
        Variable("date", "t", "years", "release date", sign=True),
        Variable("device_hours", "h_d", "hours", "accelerator time spent on training, all devices together"),
        Variable("progress", "p_t", "1", "share of the planned training that is done"),
        Variable("tokens_per_param", "D/N", "tokens per parameter", "training tokens over parameters; the card gives their kind"),
        Variable("compressibility", "g", "1", "compressed size of the training text over its size"),
    )
}
"""Every scale variable, in the order in which a table shows them."""
# fmt: on


MIXTURE = "mix_"
"""Prefix of the shares of training domains."""
FAMILIES = (
    Family(MIXTURE, "share of a training domain", track="mixture"),
    Family("obs_", "result of the same model on a benchmark, given as input"),
)
_OPEN_NAME = re.compile(r"[A-Za-z0-9_-]+")


def family_of(name: str) -> Family | None:
    """Return the family whose prefix a name has, or None."""
    return next((f for f in FAMILIES if name.startswith(f.prefix)), None)


def is_variable(name: str) -> bool:
    """Return whether a name is a scale variable: registered, or a family prefix followed by letters, digits, ``_`` and ``-``."""
    family = family_of(name)
    return name in VARIABLES or (family is not None and _OPEN_NAME.fullmatch(name.removeprefix(family.prefix)) is not None)


def falls(name: str) -> bool:
    """Return whether a variable falls as models grow."""
    return name in VARIABLES and VARIABLES[name].falls


def of_track(track: Track) -> tuple[str, ...]:
    """Return the registered variables that are typical of a track."""
    return tuple(v.name for v in VARIABLES.values() if v.track == track)


def tracks_of(names: Iterable[str]) -> frozenset[Track]:
    """Return the tracks that variables are typical of."""
    known = [VARIABLES.get(name) or family_of(name) for name in names]
    return frozenset(v.track for v in known if v is not None and v.track is not None)


def variable_called(header: str) -> str | None:
    """Return the variable with this name or alias, or None.

    Examples
    --------
    >>> variable_called("n_params"), variable_called("colour")
    ('params', None)
    """
    return header if header in VARIABLES else next((v.name for v in VARIABLES.values() if header in v.aliases.split()), None)
