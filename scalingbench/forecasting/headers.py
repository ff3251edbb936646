"""The headers of people's tables: which variable, and in which unit, a column holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scalingbench.benchmark.data.variables import METRIC_KINDS
from scalingbench.common.variables import is_variable, variable_called

__all__ = [
    "STANDARD_ERRORS",
    "TRAINING",
    "UNSTATED",
    "Meaning",
    "held_out_metric",
    "key_of",
    "meaning_of",
    "metric_of_value",
    "named_metric",
    "scale_of",
]

_SEED_NAMES = ("seed", "random_seed", "rng_seed")
_RUN_NAMES = {
    "run_id": 0,
    "id": 0,
    "run": 1,
    "run_name": 2,
    "display_name": 3,
    "name": 4,
    "experiment_name": 5,
    "model_name": 6,
    "model": 7,
}
"""Columns that name a run, the surest first: an id, a run, names that several runs may have."""
_RATIO_NAMES = (
    "tpp",
    "tokens_per_parameter",
    "tokens_to_params",
    "tokens_param",
    "tokens_params",
    "token_param_ratio",
    "tokens_param_ratio",
    "d_n",
)
_PER = frozenset({"token", "param", "parameter", "step", "flop", "batch", "sample", "epoch", "run"})
_STATE_NAMES = ("state", "status", "run_state")
"""Columns that say whether a run has ended well."""

UNSTATED, TRAINING = 2, 3
"""Ranks of columns of values: of a subset that isn't said, of training."""
_SUBSETS = {"val": 1, "valid": 1, "validation": 1, "eval": 1, "evaluation": 1, "test": 1, "heldout": 1, "held_out": 1, "dev": 1}
_TRAIN = ("train", "training")
_DECORATION = ("final", "last", "best", "min", "mean", "avg", "value", "end", "epoch")
STANDARD_ERRORS = ("se", "stderr", "sem", "std_err", "standard_error")
"""How the header of a column of standard errors ends."""
_VALUES: Mapping[str, str] = {
    **dict.fromkeys(("loss", "losses", "l", "ce", "ce_loss", "cross_entropy", "crossentropy", "lm_loss", "nll", "nll_loss"), "loss"),
    **dict.fromkeys(("bpb", "bits_per_byte"), "loss_bpb"),
    **dict.fromkeys(("ppl", "perplexity"), "perplexity"),
    **dict.fromkeys(("acc", "accuracy"), "accuracy"),
    **dict.fromkeys(("error", "error_rate"), "error_rate"),
    **{"bpc": "loss_bpc", "acc_norm": "accuracy_norm", "top1": "accuracy_top1", "mse": "mse", "mae": "mae"},
}

_SCALES: Mapping[str, float] = {
    **dict.fromkeys(("k", "thousand", "thousands"), 1e3),
    **dict.fromkeys(("m", "mn", "mil", "million", "millions"), 1e6),
    **dict.fromkeys(("b", "bn", "g", "billion", "billions"), 1e9),
    **dict.fromkeys(("t", "tn", "trillion", "trillions"), 1e12),
    **dict.fromkeys(("pf_days", "pfs_days", "petaflop_days", "petaflop_s_days", "pflops_days", "pf_day", "pflop_days"), 8.64e19),
    **dict.fromkeys(("tflop", "tflops", "teraflop", "teraflops"), 1e12),
    **dict.fromkeys(("pflop", "pflops", "petaflop", "petaflops"), 1e15),
    **dict.fromkeys(("eflop", "eflops", "exaflop", "exaflops"), 1e18),
    **dict.fromkeys(("zflop", "zflops", "zettaflop", "zettaflops"), 1e21),
    **dict.fromkeys(("%", "percent", "pct"), 0.01),
    **dict.fromkeys(("flop", "flops", "tokens", "params", "parameters", "nats", "nats_token", "1"), 1.0),
}
_POWER = re.compile(r"^(?:x|×|\*|in)?_*(?:1e\+?|10\^|10\*\*)(\d+)(?:_*(?:flops?|tokens|params))?$")


@dataclass(frozen=True)
class Meaning:
    """The meaning of a column.

    Attributes
    ----------
    name : str
        A variable of the schema, or ``value``, ``seed``, ``run``, ``curve``, ``state``, ``flag``, ``metric``.
    unit : float
        One unit of the column, in the unit of the schema.
    metric : str
        The metric of a column of values.
    rank : int
        Of several columns of values the one with the lowest rank is used: ``value``, held-out values, values of an
        unstated subset, training values.
    """

    name: str
    unit: float = 1.0
    metric: str = ""
    rank: int = 0


def key_of(header: str) -> str:
    """Return a header in the form of the aliases.

    Examples
    --------
    >>> key_of("val/loss"), key_of(" Learning Rate "), key_of("#params")
    ('val_loss', 'learning_rate', 'params')
    """
    return re.sub(r"[\s\-/.:#|]+", "_", header.strip().lower()).strip("_ ") or header.strip().lower()


def _is_ratio(header: str) -> bool:
    """Return whether a header states one quantity per unit of another, such as ``flops/token``."""
    above, slash, below = header.strip().lower().partition("/")
    found = _plain(key_of(above)) if slash and key_of(below) in _PER else None
    return found is not None and found.name in ("value", "params", "tokens", "flops", "steps", "device_hours")


def meaning_of(header: str) -> Meaning | None:
    """Return the meaning of a column by its header, None where the header is unknown.

    Examples
    --------
    >>> meaning_of("N (M)")
    Meaning(name='params', unit=1000000.0, metric='', rank=0)
    >>> meaning_of("val/loss").metric, meaning_of("favourite colour")
    ('loss', None)
    """
    if _is_ratio(header):
        return _plain(key_of(header))
    for key in _shorter(header):
        found = _plain(key)
        if found is not None:
            return _ranked(found, header)
    for bare, unit in _with_units(header):
        for key in _shorter(bare):
            found = _plain(key)
            if found is not None and found.name not in ("run", "state", "curve", "flag", "metric"):
                return Meaning(found.name, unit, found.metric, found.rank)
    return None


def _ranked(found: Meaning, header: str) -> Meaning:
    """Return a meaning with the rank of the subset that a group of the header names, such as ``val/c4/loss``."""
    if found.name != "value" or found.rank != UNSTATED:
        return found
    words = set(key_of(header).split("_"))
    rank = 1 if words & _SUBSETS.keys() else TRAINING if words & set(_TRAIN) else UNSTATED
    return replace(found, rank=rank)


def _shorter(header: str) -> list[str]:
    """Return the keys to look up: the whole header, then the header without the groups that trackers put before it."""
    whole = re.sub(r"\.value$", "", header.strip())
    parts = re.split(r"[./]", whole)
    keys = [key_of(".".join(parts[i:])) for i in range(len(parts))] if len(parts) > 1 else [key_of(whole)]
    return list(dict.fromkeys(k for k in keys if k))


def _plain(key: str) -> Meaning | None:
    if key in ("value", "curve", "flag", "metric"):
        return Meaning(key, metric="" if key != "value" else "loss")
    variable = key if is_variable(key) else variable_called(key)
    if variable is not None:
        return Meaning(variable)
    if key in _RATIO_NAMES:
        return Meaning("tokens_per_param")
    if key in _SEED_NAMES:
        return Meaning("seed")
    if key in _STATE_NAMES:
        return Meaning("state")
    if key in _RUN_NAMES:
        return Meaning("run", rank=_RUN_NAMES[key])
    return _value(key)


def _value(key: str) -> Meaning | None:
    """Return the meaning of a column of measured values, such as ``final_val_loss``."""
    words = [w for w in key.split("_") if w not in _DECORATION]
    rank = UNSTATED
    for name, better in [*_SUBSETS.items(), *((t, TRAINING) for t in _TRAIN)]:
        if name in words:
            words.remove(name)
            rank = better
            break
    metric = _VALUES.get("_".join(words))
    return Meaning("value", metric=metric, rank=rank) if metric else None


def held_out_metric(header: str) -> str | None:
    """Return the metric of a column of values of a named held-out set, such as ``eval_web_loss``, None for other columns.

    Examples
    --------
    >>> held_out_metric("eval_web_loss"), held_out_metric("val_c4_ppl"), held_out_metric("eval_loss"), held_out_metric("eval_runtime")
    ('loss_web', 'perplexity_c4', None, None)
    """
    if not set(key_of(header).split("_")) & _SUBSETS.keys() or meaning_of(header) is not None:
        return None
    return named_metric(header)


def named_metric(header: str) -> str | None:
    """Return the metric of a column of a named benchmark or set, held out or not, None for other columns.

    Examples
    --------
    >>> named_metric("accuracy_hellaswag"), named_metric("arc_easy/acc"), named_metric("tokens")
    ('accuracy_hellaswag', 'accuracy_arc_easy', None)
    """
    if key_of(header).endswith(tuple(f"_{ending}" for ending in STANDARD_ERRORS)):
        return None
    words = [w for w in key_of(header).split("_") if w not in _SUBSETS]
    metric = next(
        (m for n in (2, 1) for i in range(len(words)) if (m := _VALUES.get("_".join(words[i : i + n]))) and len(words[i]) > 1), None
    )
    names = [w for w in words if w not in _DECORATION and _VALUES.get(w) is None]
    return "_".join([metric, *names]) if metric and names else None


def metric_of_value(header: str) -> str:
    """Return the metric of a column of values by its header, ``loss`` where the header does not state one."""
    found = meaning_of(header)
    if found is not None and found.metric:
        return found.metric
    key = key_of(header)
    return next((k for k in METRIC_KINDS if key == k or key.startswith(f"{k}_")), "loss")


def _with_units(header: str) -> Iterator[tuple[str, float]]:
    """Yield the header without its unit, and the unit; then the same of its last group, such as ``config.n_params_b``."""
    for part in dict.fromkeys((header, re.split(r"[./]", header)[-1])):
        bare, unit = _split_unit(part)
        if unit is not None:
            yield bare, unit


def _split_unit(header: str) -> tuple[str, float | None]:
    """Return a header without its unit, and the unit: ``tokens (B)``, ``params_M``, ``C [1e18]``."""
    text = header.strip()
    bracket = re.match(r"^(.*?)[\s_]*[(\[]\s*(.*?)\s*[)\]]$", text)
    if bracket:
        return bracket[1], scale_of(bracket[2])
    percent = re.match(r"^(.*?)\s*%$", text)
    if percent:
        return percent[1], 0.01
    key = key_of(text)
    for n in (2, 1):
        words = key.split("_")
        if len(words) > n:
            unit = scale_of("_".join(words[-n:]))
            if unit is not None and unit != 1.0:
                return re.sub(r"_in$", "", "_".join(words[:-n])), unit
    return text, None


def scale_of(unit: str) -> float | None:
    """Return the number that a unit in a header stands for, None where it is no unit."""
    key = re.sub(r"^in_", "", key_of(unit)) if unit != "%" else unit
    power = _POWER.match(key)
    if power:
        return 10.0 ** int(power[1])
    words = key.split("_")
    if key in _SCALES:
        return _SCALES[key]
    if len(words) == 2 and words[1] in ("tokens", "params", "parameters", "flops", "flop") and words[0] in _SCALES:
        return _SCALES[words[0]]
    return None
