"""Evaluations by lm-evaluation-harness, from its ``results_*.json``."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["import_lm_eval"]

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
