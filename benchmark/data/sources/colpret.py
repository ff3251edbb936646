"""ColPret (Choshen et al. 2024): training curves of public models, from the authors' own repository.

What `hitchhiker` holds of these models went through the upstream reader, which averages whatever validation sets a
row has and takes logarithms twice; here each validation set is a metric of its own, in the unit in which it was logged.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._derived import natural_log
from scalingbench.benchmark.data.sources._thinning import log_spaced

_URL = "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3"

FILES = (
    UpstreamFile(
        "colpret", "olmo.csv", "008a3a0ff6a6f0832ecbe6498e1720f17864f23ffda4a9ce3239bf2ceec0ad8a", f"{_URL}/aggregated_eval/olmo.csv"
    ),
    UpstreamFile(
        "colpret", "t5_pile.csv", "2d290d98eac37d8abd6b967c20f330b553b459139f02620a96893c00facc2da1", f"{_URL}/aggregated_eval/t5_pile.csv"
    ),
    UpstreamFile("colpret", "K2.csv", "2d059ca62595ff3d42a1c23a277344c685576b3da4d8e752ec944bf5b870dc39", f"{_URL}/aggregated_eval/K2.csv"),
    UpstreamFile(
        "colpret",
        "redPajama_2.4B.csv",
        "04b3c24889a84751905cfee87d32f84a2829b554a2a0444cf1b1738bc4f7109f",
        f"{_URL}/raw_data/redPajama/2.4B.csv",
    ),
    UpstreamFile(
        "colpret",
        "redPajama_6.7B.csv",
        "018e2524de1f4c3d1d30797708c96e918890adc42f8009df133af1ef8dacc292",
        f"{_URL}/raw_data/redPajama/6.7B.csv",
    ),
)

_POINTS = 60
_OLMO = {  # parameters, tokens per step (sequences times 2,048), prefix of the validation sets
    "OLMo-1B": (1e9, 2048 * 2048, "v2-small-"),
    "OLMo-7B": (7e9, 2160 * 2048, ""),
    "OLMo-7B-Twin-2T": (7e9, 2048 * 2048, ""),
}
_OLMO_SETS = ("4chan", "gab", "m2d2_wiki", "manosphere", "mc4_en", "wikitext_103")
"""Validation sets that all three runs have at every point."""
_T5 = {"base": 247_586_304.0, "large": 783_173_632.0, "xl": 2_849_804_288.0, "xxl": 11_135_426_560.0}
_T5_TOKENS_PER_STEP = 2048 * 512
_REDPAJAMA = {"2.4B": 2.4e9, "6.7B": 6.7e9}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most sixty points of each curve, evenly spaced in the logarithm of tokens; the last is always kept."""
    pajamas = [_redpajama(paths[f"redPajama_{size}.csv"], size) for size in _REDPAJAMA]
    table = pd.concat([_olmo(paths["olmo.csv"]), _t5(paths["t5_pile.csv"]), _k2(paths["K2.csv"]), *pajamas], ignore_index=True)
    return log_spaced(table[table["tokens"] > 0], ["run", "metric"], "tokens", _POINTS)


def _olmo(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path)
    name = raw["model_name"].str.strip()
    parts = []
    for model, (params, tokens_per_step, prefix) in _OLMO.items():
        rows = raw[name == model]
        tokens = rows["Step"] * float(tokens_per_step)
        point = {"curve": model, "run": model, "params": params, "steps": rows["Step"].astype(float), "tokens": tokens}
        for validation in _OLMO_SETS:
            losses = rows[f"{prefix}{validation}-validation/CrossEntropyLoss"]
            parts.append(pd.DataFrame({**point, "metric": f"loss_{validation}", "value": losses}))
    return pd.concat(parts, ignore_index=True)


def _t5(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path)
    steps = raw["steps"].astype(float)
    run = "pile-t5-" + raw["model_name"]
    points = {"curve": "pile-t5", "run": run, "params": raw["model_name"].map(_T5), "steps": steps, "tokens": steps * _T5_TOKENS_PER_STEP}
    return pd.DataFrame({**points, "metric": "loss_span", "value": natural_log(raw["val_perplexity"])})


def _k2(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path, usecols=["tokens_seen", "k2 training - lm loss"])
    values = {"metric": "loss_train", "value": raw["k2 training - lm loss"], "tokens": raw["tokens_seen"].astype(float)}
    return pd.DataFrame({"curve": "K2-65B", "run": "K2-65B", "params": 6.5e10, **values})


def _redpajama(path: Path, size: str) -> pd.DataFrame:
    raw = pd.read_csv(path, names=["tokens", "loss"])
    run = f"RedPajama-{size}"
    points = {"curve": run, "run": run, "params": _REDPAJAMA[size], "tokens": raw["tokens"] * 1e9}
    return pd.DataFrame({**points, "metric": "loss_train", "value": raw["loss"]})
