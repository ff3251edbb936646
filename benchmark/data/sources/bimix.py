"""BiMix (Ge et al. 2024): domain losses along training under six data mixtures on two corpora.

Upstream holds pickled tables ``ppls.pkl`` and ``ratios.pkl``. What it calls ppl is a loss: the authors' notebooks
plot it as 'Validation Loss', and a perplexity of 1.5 on mathematics after 5e9 tokens would be out of reach.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile("colpret", "bimix_ppl.csv", "a74f0d1fe33cae6243e539e9cb43eff24906073e29ea7b5f83438372b55954e9"),
    UpstreamFile("colpret", "bimix_ratios.csv", "b0333a8df73875a414e1fc1833d0d83bdce88ba2bbb8cacaf947bccb92c620ad"),
)

_TOKENS_PER_STEP = 512 * 1024
_FITTED = frozenset({"SE", "JE", "CE", "VNE"})
"""Mixtures that the authors' notebook ``fit_mixing_law.ipynb`` fits; the other two are left for its test."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run, evaluated step and domain, and one for the mean of the domains."""
    losses = pd.read_csv(paths["bimix_ppl.csv"])
    shares = pd.read_csv(paths["bimix_ratios.csv"])
    shares["column"] = "mix_" + shares["corpus"].str.lower() + "_" + shares["domain"].map(_short)
    mixtures = shares.pivot(index=["corpus", "mixture"], columns="column", values="ratio").reset_index()
    table = losses.merge(mixtures, on=["corpus", "mixture"], validate="many_to_one")
    return table.assign(
        curve=table["corpus"],
        run=table["corpus"] + "-" + table["mixture"],
        metric="loss_" + table["domain"].map(_short).replace("avg", "mean"),
        value=table["ppl"],
        steps=table["global_step"].astype(float),
        tokens=table["global_step"] * float(_TOKENS_PER_STEP),
        split=table["mixture"].isin(_FITTED).map({True: "train", False: "test"}),
    ).drop(columns=["corpus", "mixture", "domain", "ppl", "global_step"])


def _short(domain: str) -> str:
    """Return a domain's name as it may stand in a column: 'Gutenberg (PG-19)' is gutenberg."""
    return domain.split(" (")[0].lower().replace(" ", "_").replace("-", "_")
