"""Find collections that share runs, and compare them with the cards.

``python -m perf.regenerate.clusters`` prints every pair, the rule that finds it, and the statements of the cards, and ends with status 1 if
they disagree. Fetch-only collections need their upstream files. ``python -m perf.regenerate clusters`` writes
``benchmark/data/clusters.json`` from the cards.

Three rules find a pair:

name
    The same model, by its normalised name. One is enough where both collections name public models (`PUBLIC`): a name such
    as ``pythia-1.4b`` is one trained model wherever it stands. Elsewhere three are required, and a name must contain a word that
    isn't a setting (``run-001`` and ``cosine`` name no model).
figures
    The same value to five digits where every scale that both rows state is the same on a grid of 1 %. Values of fewer than five digits
    don't count, and for shares, which are ratios of small numbers, the metric must have the same name and two scales must agree.
    At least three values are required, and three times the chance level: the largest number of matches when one side's values are
    shifted (ten shifts of up to 2 %).
statement
    The source states it (`STATED`).
"""

from __future__ import annotations

import itertools
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.clusters import clusters_from_cards
from scalingbench.benchmark.data.collection import list_collections, load_collection
from scalingbench.benchmark.data.variables import metric_kind

SCALES = ("params", "tokens", "steps", "samples", "characters", "streams", "experts", "batch_size", "learning_rate")
SHIFTS = (-0.0193, -0.0147, -0.0113, -0.0071, -0.0037, 0.0041, 0.0079, 0.0117, 0.0151, 0.0189)
AT_LEAST, OVER_CHANCE = 3, 3
DIGITS = 5
RATIOS = ("accuracy", "error_rate", "share", "score")
"""Kinds of metrics with values that are ratios of small numbers, which agree by chance."""

STATED: dict[tuple[str, str], str] = {
    ("datablations", "datablations_curves"): "ends and curves of the same training runs (Muennighoff et al. 2023)",
    ("datablations", "hitchhiker"): "its GPT2-* curves are runs of Muennighoff et al. 2023",
    ("gpt3_curves", "inverse_scaling"): "its ada to davinci are taken for models of Brown et al. 2020, as its sizes are",
    **{
        (min(other, "sldbench"), max(other, "sldbench")): f"SLDBench's task {task} re-packages it (Lin et al. 2025)"
        for other, task in {
            "parscale": "parallel",
            "vocab_scaling": "vocab",
            "rectified_sft": "sft",
            "data_mixing_laws": "domain_mixture",
            "routed_lm_moe": "moe",
            "datablations": "data_constrained",
            "steplaw": "lr_bsz",
            "emergence_ushape": "easy_question",
        }.items()
    },
}
"""Pairs, in alphabetical order, that a source names."""

_SETTINGS = frozenset(
    (
        *("all", "base", "batch", "best", "budget", "constant", "cosine", "depth", "epoch", "epochs", "large", "layers", "medium", "model"),
        *("pairs", "point", "run", "sample", "samples", "seed", "setting", "small", "step", "steps", "test", "train", "trial", "val"),
        *("vote", "width", "wsd"),
    )
)


@dataclass(frozen=True)
class Pair:
    """Two collections that share runs: the number found by name and by figures, and the statement of a source."""

    one: str
    other: str
    names: int
    figures: int
    stated: str

    @property
    def recorded(self) -> bool:
        """Whether both cards name the other."""
        return self.other in load_card(self.one).scalingbench.overlaps and self.one in load_card(self.other).scalingbench.overlaps


# ---------------------------------------------------------------------------------------------------------------- names


def _normalised(text: str) -> str:
    """Return a model's name without publisher, capitals, spaces and the suffixes of one storage format."""
    name = text.strip().rsplit("/", 1)[-1].lower()
    name = re.sub(r"[\s_]+", "-", name)
    name = re.sub(r"#\d+$|-hf$|-fp8$", "", name)
    return re.sub(r"^meta-(?=llama)", "", name)


def _cerebras(text: str) -> str:
    name = _normalised(text)
    name = re.sub(r"^cerebras-mup-(.*)", r"cerebras-gpt-\1-mup", name)
    name = re.sub(r"^cerebras-(?=\d)", "cerebras-gpt-", name)
    name = re.sub(r"^pythia-deduped-(.*)", r"pythia-\1-deduped", name)
    return name.replace("neox-20b", "gpt-neox-20b")


def _dated(text: str) -> str:
    """Return the model of a dated version and reasoning effort."""
    return re.sub(r"(-20\d\d-?\d\d-?\d\d.*|_(low|medium|high|\d+k))$", "", _normalised(text).replace("-medium", "").replace("-high", ""))


def _hitchhiker(text: str) -> str:
    name = _normalised(text)
    if found := re.fullmatch(r"gpt2-([\d.]+?)0?b-(c4|oscar)-(\d+)\.0", name):
        return f"{found[1]}b-{found[2]}-{found[3]}ep"
    if found := re.fullmatch(r"(pile|slimpajama)(?:-(\w+)-mix)?", name):
        return f"{found[1]}-{found[2] or 'baseline'}"
    name = {"opt-0.12b": "opt-125m", "opt-0.17t": "opt-175b", "pythia-bf16-1b": "pythia-1b-bf16"}.get(name, name)
    name = re.sub(r"^opt-(\d+)\.0+b$", r"opt-\1b", re.sub(r"^(opt-\d+\.[1-9])0b$", r"\1b", name))
    name = re.sub(r"^redpajama(\d\.\d)$", r"redpajama-\1b", name)
    return re.sub(r"^gpt-3-", "gpt3-", name)


def _without_tokens(text: str) -> str:
    """Return the model of a checkpoint named by its tokens, such as ``Pythia_1.4B_200B``."""
    return re.sub(r"^(pythia-[\d.]+[mb])-\d+[mb]$", r"\1", _normalised(text))


PUBLIC: dict[str, tuple[str, Callable[[str], str]]] = {
    "bimix": ("run", _normalised),
    "cerebras_pythia_pile": ("run", _cerebras),
    "colpret": ("run", _normalised),
    "datablations_curves": ("run", _normalised),
    "emergence_ushape": ("run", _normalised),
    "epoch_benchmarks": ("run", _dated),
    "gadre_overtraining": ("run", _normalised),
    "gpt3_curves": ("run", _normalised),
    "hitchhiker": ("run", _hitchhiker),
    "inverse_scaling": ("run", _normalised),
    "llm_line": ("run", _normalised),
    "monkeys": ("run", _without_tokens),
    "o1_inference": ("curve", lambda text: text.split("/")[0].lower()),
    "obs_scaling": ("run", _normalised),
    "opt_trajectories": ("run", _normalised),
    "pythia_evals": ("run", _normalised),
    "sloth": ("run", _normalised),
}
"""Collections of models that others measured too: the column with the name, and how to read it.

The fine-tuned models of rectified_sft and of rl_qwen3_gsm8k are trainings of their own: their bases are curves, not runs, and don't count.
"""


def model_names(name: str, table: pd.DataFrame) -> frozenset[str]:
    """Return the normalised names of a collection's models."""
    column, read = PUBLIC.get(name, ("run", _normalised))
    found = {read(str(text)) for text in table[column].unique()}
    return frozenset(found if name in PUBLIC else {n for n in found if _names_a_model(n)})


def _names_a_model(name: str) -> bool:
    words = re.findall(r"[a-z]{3,}", name)
    return any(word not in _SETTINGS for word in words) and any(c.isdigit() for c in name)


def shared_names(one: str, other: str, names: dict[str, frozenset[str]]) -> int:
    """Return the number of models that two collections both name; 0 below the rule's threshold."""
    count = len(names[one] & names[other])
    return count if count >= (1 if {one, other} <= PUBLIC.keys() else AT_LEAST) else 0


# -------------------------------------------------------------------------------------------------------------- figures


@dataclass(frozen=True)
class Figures:
    """A collection's values for comparison: rows grouped by the set of scales that they state."""

    groups: dict[tuple[str, ...], pd.DataFrame]
    values: frozenset[float]


def figures_of(table: pd.DataFrame) -> Figures:
    """Return the values of a table that have enough digits to be recognised, with their scales on a grid of 1 %."""
    rows = table[table["value"].notna() & (table["value"] != 0)]
    rows = rows[[_digits(value) >= DIGITS for value in rows["value"].tolist()]]
    scales = [s for s in SCALES if s in rows and rows[s].notna().any()]
    grid = pd.DataFrame({s: _on_grid(rows[s]) for s in scales}, index=rows.index)
    grid["ratio"] = rows["metric"].map(_ratio).astype("int64")
    grid["log"] = np.log(rows["value"].abs())
    grid["value"] = grid["log"].mul(10.0**DIGITS).round()
    grid["run"] = rows.groupby(["curve", "run"]).ngroup()
    pattern = rows[scales].notna().to_numpy() @ (1 << np.arange(len(scales)))
    groups = {tuple(s for i, s in enumerate(scales) if mask >> i & 1): part for mask, part in grid.groupby(pattern)}
    return Figures({stated: part for stated, part in groups.items() if stated}, frozenset(grid["value"]))


def _digits(value: float) -> int:
    return len(repr(value).split("e")[0].replace("-", "").replace(".", "").strip("0"))


def _ratio(metric: str) -> int:
    """Return a number for the name of a ratio metric; 0 for other metrics, which are compared regardless of name."""
    return zlib.crc32(metric.encode()) if metric_kind(metric).name in RATIOS else 0


def _on_grid(values: pd.Series) -> np.ndarray:
    numbers = values.to_numpy(dtype=float)
    return np.round(np.log(np.where(numbers > 0, numbers, 1e-12)) / 0.01)


def shared_figures(one: Figures, other: Figures) -> int:
    """Return the number of runs with the same values at the same scales in both; 0 if chance can explain it."""
    if len(one.values & other.values) < AT_LEAST:
        return 0
    values, runs = _matches(one, other, 0.0)
    if values < AT_LEAST or values < AT_LEAST + OVER_CHANCE * max(_matches(one, other, shift)[0] for shift in SHIFTS):
        return 0
    return runs


def _matches(one: Figures, other: Figures, shift: float) -> tuple[int, int]:
    """Return the number of values that agree, and the number of runs of the first collection that they belong to."""
    found = list(_matched_groups(one, other, shift))
    hits = pd.concat(found).drop_duplicates() if found else pd.DataFrame(columns=["run", "value"])
    return len(hits), hits["run"].nunique()


def _matched_groups(one: Figures, other: Figures, shift: float) -> Iterator[pd.DataFrame]:
    for (ours, left), (theirs, right) in itertools.product(one.groups.items(), other.groups.items()):
        common = [s for s in ours if s in theirs]
        if not common:
            continue
        values = ((right["log"] + shift) * 10.0**DIGITS).round() if shift else right["value"]
        near = left[np.isin(left["value"].to_numpy(), values.to_numpy())]
        if len(near) == 0:
            continue
        if len(common) < 2:  # shares at one scale agree too easily
            near = near[near["ratio"] == 0]
        also = np.isin(values.to_numpy(), near["value"].to_numpy())
        scales = [*common, "ratio"]  # few rows are left: tuples of them take a fifth of the time of a merge
        theirs_too = {*zip(*(right[s].to_numpy()[also].tolist() for s in scales), values.to_numpy()[also].tolist(), strict=True)}
        ours_too = zip(*(near[s].to_numpy().tolist() for s in (*scales, "value")), strict=True)
        hits = near.loc[[row in theirs_too for row in ours_too], ["run", "value"]]
        if len(hits):
            yield hits


# ---------------------------------------------------------------------------------------------------------------- pairs


def found_pairs() -> list[Pair]:
    """Return all pairs that a rule finds; load every collection."""
    collections = list_collections()
    tables = {name: load_collection(name).table for name in collections}
    names = {name: model_names(name, table) for name, table in tables.items()}
    figures = {name: figures_of(table) for name, table in tables.items()}
    pairs = []
    for one, other in itertools.combinations(collections, 2):
        pair = Pair(one, other, shared_names(one, other, names), shared_figures(figures[one], figures[other]), STATED.get((one, other), ""))
        if pair.names or pair.figures or pair.stated:
            pairs.append(pair)
    return pairs


def found_elsewhere(compilation: str) -> float:
    """Return the share of a compilation's models that another collection names as well."""
    own = model_names(compilation, load_collection(compilation).table)
    others = (model_names(n, load_collection(n).table) for n in list_collections() if n != compilation)
    return len(own & frozenset().union(*others)) / len(own)


def unfounded(pairs: list[Pair]) -> list[tuple[str, str]]:
    """Return the overlaps that cards state and no rule finds."""
    known = {(p.one, p.other) for p in pairs}
    stated = {(min(n, o), max(n, o)) for n in list_collections() for o in load_card(n).scalingbench.overlaps}
    return sorted(stated - known)


def main() -> int:
    """Print the pairs and the clusters."""
    clusters = clusters_from_cards()
    pairs = found_pairs()
    print("| collection | other | shared names | runs with shared figures | stated | in both cards |\n|---|---|---:|---:|---|---|")
    for p in pairs:
        print(f"| {p.one} | {p.other} | {p.names or '-'} | {p.figures or '-'} | {p.stated or '-'} | {'yes' if p.recorded else 'NO'} |")
    for one, other in unfounded(pairs):
        print(f"in the cards, found by no rule: {one}, {other}")
    groups = pd.Series(clusters.cluster)
    print(f"\n{groups.nunique()} clusters of {len(groups)} collections; those of more than one:")
    for name, part in groups.groupby(groups):
        if len(part) > 1:
            print(f"- {name}: {', '.join(part.index)}")
    for name, repeated in clusters.compilations.items():
        print(f"- compilation {name}, of {', '.join(repeated)}")
    return 0 if all(p.recorded for p in pairs) and not unfounded(pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
