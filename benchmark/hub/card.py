"""The data-set card at the root of the Hub repository, generated from the collections' own cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, read_facts
from scalingbench.benchmark.data.variables import METRIC_KINDS
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.variables import VARIABLES

__all__ = ["configurations", "render_card", "short_name"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def short_name(task_id: str) -> str:
    """Return a task's identifier without its collection, as a file and configuration name."""
    return ".".join(task_id.split("/")[1:])


def configurations(names: Sequence[str], tasks: Mapping[str, Sequence[Task]]) -> list[dict[str, Any]]:
    """Return one Hub configuration per collection, and one per task with its training and held-out rows."""
    found: list[dict[str, Any]] = []
    for name in names:
        found.append({"config_name": name, "data_files": [{"split": "train", "path": f"data/{name}/table.parquet"}]})
        for task in tasks[name]:
            short = short_name(task.id)
            folder = f"data/{name}/tasks/{short}"
            files = [{"split": side, "path": f"{folder}/{side}.parquet"} for side in ("train", "test")]
            found.append({"config_name": f"{name}.{short}", "data_files": files})
    return found


def render_card(names: Sequence[str], tasks: Mapping[str, Sequence[Task]]) -> str:
    """Return README.md: front matter for the Hub, then how to load, licences, schema and what is not included."""
    import yaml

    cards = {name: load_card(name) for name in names}
    rows = sum(read_facts()[name]["rows"] for name in names)
    licenses = sorted({card.license for card in cards.values()})
    front = {
        "pretty_name": "ScalingBench: standardized scaling-law data",
        "license": licenses[0] if len(licenses) == 1 else "other",
        **({} if len(licenses) == 1 else {"license_name": "per-config", "license_link": "README.md"}),
        "language": ["en"],
        "tags": ["scaling-laws", "tabular", "benchmark"],
        "task_categories": ["tabular-regression"],
        "size_categories": [next(size for limit, size in _SIZES if rows < limit)],
        "configs": configurations(names, tasks),
    }
    parts = [
        "---\n" + yaml.safe_dump(front, sort_keys=False, allow_unicode=True) + "---",
        "# ScalingBench: standardized scaling-law data",
        _INTRO.format(example=names[0] if names else "chinchilla"),
        "## Collections",
        _collection_table(names),
        "## Schema",
        _schema_table(names),
        "## Not included",
        _not_included(names),
        "## Citation",
        "Cite the papers of the collections that you use, and ScalingBench:",
        *(f"- {name}: {'; '.join(_reference(p) for p in cards[name].scalingbench.papers)}" for name in names),
    ]
    return "\n\n".join(parts) + "\n"


_INTRO = """Runs of public scaling studies (parameters, tokens, FLOPs, learning rate, experts, samples ... to loss, accuracy),
curated into one schema. Each configuration is a collection; `<collection>.<metric>.<split>` are the extrapolation tasks
of suite v2, with their training and held-out rows. Licences differ by configuration and stand in the table below.

```python
from datasets import load_dataset

runs = load_dataset("ORG/NAME", "{example}", split="train")
```"""


def _collection_table(names: Sequence[str]) -> str:
    lines = ["| config | what | rows | licence | note |", "|---|---|---:|---|---|"]
    for name in names:
        card = load_card(name)
        lines.append(
            f"| {name} | {card.pretty_name} | {read_facts()[name]['rows']:,} | {card.license} | {card.scalingbench.license_note} |"
        )
    return "\n".join(lines)


def _schema_table(names: Sequence[str]) -> str:
    lines = ["| column | unit | meaning |", "|---|---|---|"]
    text = {
        "collection": "name of the collection",
        "curve": "rows that share a law's constants",
        "run": "one trained model",
        "metric": f"what was measured: <kind> or <kind>_<what>; kinds: {', '.join(METRIC_KINDS)}",
        "value": "the measured value, in the metric's unit",
        "flag": "empty, or why the row is not to be trusted",
        "split": "what the paper held out, where it did",
    }
    lines += [f"| {name} | - | {meaning} |" for name, meaning in text.items()]
    lines += [f"| {v.name} | {v.unit} | {v.meaning} |" for v in VARIABLES.values()]
    own = [(name, v) for name in names for v in load_card(name).scalingbench.own_variables.values()]
    lines += [f"| {v.name} (of {name}) | {v.unit} | {v.meaning} |" for name, v in own]
    return "\n".join(lines)


def _not_included(names: Sequence[str]) -> str:
    others = [n for n in list_collections() if n not in names and not load_card(n).bundled]
    lines = [f"- {name}: {load_card(name).scalingbench.license_note}" for name in others]
    how = "Collections whose source does not allow redistribution are built on your machine: `scalingbench.load_collection(NAME)`."
    return "\n".join([how, "", *lines])


def _reference(paper: Any) -> str:
    return f"{paper.authors.split(' and ')[0]} et al. {paper.year}, {paper.title}" + (f", arXiv {paper.arxiv}" if paper.arxiv else "")
