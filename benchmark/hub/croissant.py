"""Croissant metadata (MLCommons, version 1.1) of the Hub data set, with the fields for responsible use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.files import sha256_of

__all__ = ["render_croissant"]

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
        "Fitting, comparing and validating scaling laws; planning training runs. Not for judging individual models or authors."
    ),
    "rai:dataSocialImpact": (
        "Better forecasts can save compute and energy; they can also speed up the training of larger models, "
        "whose effects this data does not describe."
    ),
    "rai:dataCollection": (
        "Curated from pinned public files; units, kinds of parameters and flags are settled in one module per collection."
    ),
}
_URL = "https://github.com/scalingbench/scalingbench"


def render_croissant(folder: Path, names: Sequence[str]) -> str:
    """Return the JSON-LD of a built folder: a file and a record set per collection."""
    files, records = [], []
    for name in names:
        path = f"data/{name}/table.parquet"
        files.append(
            {
                "@type": "cr:FileObject",
                "@id": path,
                "name": f"{name}.parquet",
                "contentUrl": path,
                "encodingFormat": "application/x-parquet",
                "sha256": sha256_of(folder / path),
            }
        )
        records.append(_record_set(name, path))
    licenses = sorted({load_card(name).license for name in names})
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "scalingbench",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "description": "Runs of public scaling studies, curated into one schema, with extrapolation tasks.",
        "url": _URL,
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


def _record_set(name: str, path: str) -> dict[str, Any]:
    collection = load_collection(name)
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "dataType": "sc:Float" if column in collection.table.select_dtypes("number") else "sc:Text",
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column in map(str, collection.table.columns)
    ]
    description = f"{collection.card.pretty_name}. Licence: {collection.card.license}."
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}
