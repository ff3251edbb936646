"""The data-set card of the Hub repository, and its Croissant metadata (MLCommons, version 1.1), from the collections' own cards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.all_runs import load_all
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, load_collection, read_facts
from scalingbench.benchmark.data.variables import METRIC_KINDS
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.files import sha256_of
from scalingbench.common.project import DATASET, REPOSITORY
from scalingbench.common.variables import VARIABLES

__all__ = ["RUNS", "configurations", "render_card", "render_croissant", "short_name"]

RUNS = "runs.parquet"
"""The rows of all collections in one table, the default configuration ``runs``."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def short_name(task_id: str) -> str:
    """Return a task's identifier without its collection, as a file and configuration name."""
    return ".".join(task_id.split("/")[1:])


def configurations(names: Sequence[str], tasks: Mapping[str, Sequence[Task]]) -> list[dict[str, Any]]:
    """Return the Hub's default configuration of all rows, one per collection, and one per task with its training and held-out rows."""
    found: list[dict[str, Any]] = [{"config_name": "runs", "default": True, "data_files": [{"split": "train", "path": RUNS}]}]
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
        _INTRO.format(dataset=DATASET, example=names[0] if names else "chinchilla"),
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
curated into one schema. The default configuration `runs` has the rows of all collections in one table, with the columns that they share;
each collection, with all its columns, is a configuration; `<collection>.<metric>.<split>` are the extrapolation tasks
of suite v2, with their training and held-out rows. Licences differ by collection and stand in the column `license` and in the table below.

```python
from datasets import load_dataset

runs = load_dataset("{dataset}", split="train")  # all collections
one = load_dataset("{dataset}", "{example}", split="train")  # one, with all its columns
```

```python
import polars as pl

pl.scan_parquet("hf://datasets/{dataset}/runs.parquet").filter(pl.col("collection") == "{example}").collect()
```

```sql
select collection, count(*) from 'hf://datasets/{dataset}/runs.parquet' group by all;  -- duckdb
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
        "domain, license": "of the collection; in `runs` alone",
        "curve": "rows that share a law's constants",
        "run": "one trained model",
        "metric": f"what was measured: <kind> or <kind>_<what>; kinds: {', '.join(METRIC_KINDS)}",
        "value": "the measured value, in the metric's unit",
        "flag": "empty, or the problem of the row",
        "split": "the paper's own split, if it has one",
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


_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_RAI = {
    "rai:dataLimitations": (
        "Results of published studies, not a sample of all runs: failed and unpublished runs are missing, most are "
        "language models, and losses of different collections are not comparable because tokenizers and data differ. "
        "Some were read off figures."
    ),
    "rai:dataBiases": (
        "English text and public, well-resourced groups dominate; extreme settings and negative results are under-reported."
    ),
    "rai:personalSensitiveInformation": "None: aggregate measurements of models.",
    "rai:dataUseCases": (
        "Fitting, comparing and validating scaling laws; planning training runs. Not for rating individual models or authors."
    ),
    "rai:dataSocialImpact": (
        "Better forecasts can save compute and energy; they can also speed up the training of larger models, "
        "with effects that this data does not describe."
    ),
    "rai:dataCollection": (
        "Curated from pinned public files; units, kinds of parameters and flags are defined in one module per collection."
    ),
}


def render_croissant(folder: Path, names: Sequence[str]) -> str:
    """Return the JSON-LD of a built folder: a file and a record set per collection."""
    files, records = [], []
    for name in names:
        path = f"data/{name}/table.parquet"
        files.append(_file_object(folder, path, name))
        collection = load_collection(name)
        records.append(_record_set(name, path, collection.table, f"{collection.card.pretty_name}. Licence: {collection.card.license}."))
    files.append(_file_object(folder, RUNS, "runs"))
    records.append(_record_set("runs", RUNS, load_all(names), "The rows of all collections. Licences: column license."))
    licenses = sorted({load_card(name).license for name in names})
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "scalingbench",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "description": "Runs of public scaling studies, curated into one schema, with extrapolation tasks.",
        "url": REPOSITORY,
        "version": "1.0.0",
        "datePublished": "2026-11-21",
        "license": [f"https://spdx.org/licenses/{name}" for name in licenses],
        "creator": {"@type": "Organization", "name": "The ScalingBench authors"},
        "citeAs": "The ScalingBench authors (2026). ScalingBench. Cite the papers of the collections used as well.",
        "isLiveDataset": False,
        **_RAI,
        "distribution": files,
        "recordSet": records,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _file_object(folder: Path, path: str, name: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": f"{name}.parquet",
        "contentUrl": path,
        "encodingFormat": "application/x-parquet",
        "sha256": sha256_of(folder / path),
    }


def _record_set(name: str, path: str, table: pd.DataFrame, description: str) -> dict[str, Any]:
    numbers = set(table.select_dtypes("number"))
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "dataType": "sc:Float" if column in numbers else "sc:Text",
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column in map(str, table.columns)
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}
