"""JSON documents: ``results_*.json`` of lm-evaluation-harness, ``trainer_state.json`` of the Hugging Face trainer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.forecasting.headers import held_out_metric, meaning_of

__all__ = ["import_lm_eval", "import_trainer_history", "import_trainer_state", "newest_evaluations"]

_KINDS = {"acc": "accuracy", "acc_norm": "accuracy_norm", "exact_match": "accuracy_exact_match", "perplexity": "perplexity"}
_KINDS |= {"word_perplexity": "perplexity_word", "byte_perplexity": "perplexity_byte", "bits_per_byte": "loss_bpb", "em": "accuracy_em"}


def import_lm_eval(document: dict[str, Any]) -> pd.DataFrame:
    """Return one row a task, metric and filter of one evaluated model, with its revision, shots and number of parameters."""
    config = document.get("config") or {}
    params = config.get("model_num_parameters") or document.get("model_num_parameters")
    arguments = _arguments(config.get("model_args"))
    name = document.get("model_name") or arguments.get("pretrained") or config.get("model_args") or "model"
    revision = str(config.get("model_revision") or arguments.get("revision") or "")
    same = {"run": str(name), "revision": revision, "date": document.get("date"), **_step_of(revision)}
    same |= {"params": float(params)} if params and float(params) > 0 else {}
    rows = []
    for task, results in document["results"].items():
        shots = str((document.get("n-shot") or {}).get(task, ""))
        for key, value in results.items():
            metric, _, chosen = str(key).partition(",")
            if metric in _KINDS and isinstance(value, int | float):
                named = "_".join([_KINDS[metric], task, *([] if chosen in ("", "none") else [chosen.replace("-", "_")])])
                rows.append({**same, "shots": shots, "metric": named, "value": float(value)})
    return pd.DataFrame(rows)


def _arguments(stated: object) -> dict[str, str]:
    """Return the arguments of a model, which are written ``pretrained=lab/m,revision=step1000``, or as an object."""
    if isinstance(stated, Mapping):
        return {str(k): str(v) for k, v in stated.items() if v is not None}
    pairs = (part.partition("=") for part in str(stated or "").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _step_of(revision: str) -> dict[str, float]:
    """Return the step of a checkpoint by its revision, such as ``step1000``, ``iter_0001000`` or ``stage1-step1000-tokens4B``."""
    found = re.search(r"(?:step|iter|global_step)[-_]?(\d+)", revision.lower())
    return {"steps": float(found[1])} if found else {}


def newest_evaluations(table: pd.DataFrame) -> pd.DataFrame:
    """Return the newest evaluation of each model, revision, metric and number of shots, and one revision a model.

    Raises
    ------
    InputError
        If a metric was measured with several numbers of shots, or a model has revisions that nothing orders.
    """
    table = table.assign(date=table["date"].map(_seconds)).sort_values("date", kind="stable", na_position="first").reset_index(drop=True)
    older = table.duplicated(["run", "revision", "metric", "shots"], keep="last")
    undated = table[older & table["date"].isna() & ~table.duplicated()]
    if len(undated):
        run, metric = undated["run"].iloc[0], undated["metric"].iloc[0]
        raise InputError(f"{run}: {metric} was measured several times and no date orders them; keep one of the files")
    table = table[~older].reset_index(drop=True)
    notes = [f"{int(older.sum())} older evaluations of the same model and task are left out"] if older.any() else []
    table.attrs = {
        "notes": notes,
        "dropped": {"of older evaluations": int(older.sum())} if older.any() else {},
        "asked": ("shots", "revision"),
    }
    return table.drop(columns=["date", *(c for c in ("shots", "revision") if table[c].nunique(dropna=False) < 2)])


def _seconds(date: object) -> float:
    """Return a date of a result, seconds since 1970, NaN where there is none."""
    if isinstance(date, int | float):
        return float(date)
    stamp = pd.to_datetime(str(date), errors="coerce", utc=True)
    return float("nan") if pd.isna(stamp) else stamp.timestamp()


def import_trainer_state(document: dict[str, Any]) -> pd.DataFrame:
    """Return one row an evaluation, or a logged step where there are no evaluations.

    With several evaluation sets there is a row for each, whose ``metric`` names the set. Tokens and FLOPs are stated for the end
    of training; those of earlier steps are in proportion to the steps. The trainer counts FLOPs as 6 x parameters without
    embeddings x tokens.
    """
    clock = "step" if any("step" in entry for entry in document["log_history"]) else "epoch"
    history = [entry for entry in document["log_history"] if clock in entry]
    rows = _evaluations(history) or [_numbers(entry) for entry in history if "loss" in entry]
    end = float(document["global_step" if clock == "step" else "epoch"] or 1.0)
    for row in rows:
        row.pop("learning_rate", None)  # of that moment, not the peak
        for key, name in (("num_input_tokens_seen", "tokens"), ("total_flos", "flops")):
            if document.get(key):
                row[name] = row.pop(key, float(document[key]) * row[clock] / end)
    table = pd.DataFrame(rows)
    if document.get("train_batch_size"):
        table["batch_size"] = document["train_batch_size"]
    return table


def import_trainer_history(document: dict[str, Any]) -> pd.DataFrame:
    """Return `import_trainer_state` with the learning rate at each step, interpolated between logged ones, and the planned steps."""
    table = import_trainer_state(document)
    logged = [e for e in document["log_history"] if isinstance(e.get("learning_rate"), int | float) and "step" in e]
    if logged and "step" in table:
        rates = dict(sorted((float(e["step"]), float(e["learning_rate"])) for e in logged))
        table["learning_rate"] = np.interp(table["step"].astype(float), list(rates), list(rates.values()))
    planned = document.get("max_steps")
    table.attrs = {"planned": float(planned)} if isinstance(planned, int | float) and planned > 0 and "step" in table else {}
    return table


def _numbers(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of an entry, without the costs of evaluations such as ``eval_runtime``."""
    return {k: v for k, v in entry.items() if isinstance(v, int | float) and (not k.startswith("eval_") or _metric_of(k))}


def _metric_of(key: str) -> str | None:
    """Return the metric that a key of an evaluation names, with its set where there are several."""
    meaning = meaning_of(key)
    return held_out_metric(key) if meaning is None else meaning.metric or None


def _evaluations(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of the evaluations: those of several sets as rows with ``metric`` and ``value``."""
    keys = dict.fromkeys(k for entry in history for k in entry if k.startswith("eval_"))
    metrics = {k: metric for k in keys if (metric := _metric_of(k)) is not None}
    if not any(held_out_metric(k) for k in metrics):
        return [_numbers(entry) for entry in history if metrics.keys() & entry.keys()]
    return [
        {**_numbers({k: v for k, v in entry.items() if k not in metrics}), "metric": metric, "value": float(entry[key])}
        for entry in history
        for key, metric in metrics.items()
        if isinstance(entry.get(key), int | float)
    ]
