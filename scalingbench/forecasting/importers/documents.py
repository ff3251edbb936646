"""JSON documents: ``results_*.json`` of lm-evaluation-harness, ``trainer_state.json`` of the Hugging Face trainer."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["import_lm_eval", "import_trainer_state"]

_KINDS = {"acc": "accuracy", "acc_norm": "accuracy_norm", "exact_match": "accuracy_exact_match", "perplexity": "perplexity"}
_KINDS |= {"word_perplexity": "perplexity_word", "byte_perplexity": "perplexity_byte", "bits_per_byte": "loss_bpb", "em": "accuracy_em"}


def import_lm_eval(document: dict[str, Any]) -> pd.DataFrame:
    """Return one row a task and metric of one evaluated model, with the model's number of parameters."""
    config = document.get("config") or {}
    params = config.get("model_num_parameters") or document.get("model_num_parameters")
    name = document.get("model_name") or config.get("model_args") or "model"
    rows = []
    for task, results in document["results"].items():
        for key, value in results.items():
            metric = _KINDS.get(str(key).partition(",")[0])
            if metric is not None and isinstance(value, int | float):
                row = {"run": str(name), "metric": f"{metric}_{task}", "value": float(value)}
                rows.append(row | ({"params": float(params)} if params and float(params) > 0 else {}))
    return pd.DataFrame(rows)


def import_trainer_state(document: dict[str, Any]) -> pd.DataFrame:
    """Return one row an evaluation, or a logged step where there are no evaluations.

    Tokens and FLOPs are stated for the end of training; those of earlier steps are in proportion to the steps. The trainer
    counts FLOPs as 6 x parameters without embeddings x tokens.
    """
    history = [entry for entry in document["log_history"] if "step" in entry]
    evaluated = [entry for entry in history if "eval_loss" in entry]
    rows = [{k: v for k, v in entry.items() if isinstance(v, int | float)} for entry in evaluated or [e for e in history if "loss" in e]]
    end = float(document["global_step"]) or 1.0
    for row in rows:
        row.pop("learning_rate", None)  # of that moment, not the peak
        for key, name in (("num_input_tokens_seen", "tokens"), ("total_flos", "flops")):
            if document.get(key):
                row[name] = row.pop(key, float(document[key]) * row["step"] / end)
    table = pd.DataFrame(rows)
    if document.get("train_batch_size"):
        table["batch_size"] = document["train_batch_size"]
    return table.drop(columns=[c for c in table if str(c).startswith("eval_") and str(c) != "eval_loss" and "per_second" in str(c)])
