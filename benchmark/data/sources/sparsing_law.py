"""Sparsing Law (Luo et al. 2024): share of active neurons against training tokens."""

import json
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "sparsing_law",
        "data/0.1b_relu.txt",
        "5c4b6c3b016f3b6e8896cf8d14c2cad0bc132ca02c8d78bbb3eff1613a3bce88",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.1b_relu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.1b_silu.txt",
        "2a9ddd5cdc855dd4319fc71dcb35577abbf7cc72ee3161a40d10e6c313b23ac8",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.1b_silu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.2b_relu.txt",
        "16bf28f3866b0bde01d866d9795d63c116ad7e01e1ba117744f77c9c7a932155",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.2b_relu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.2b_silu.txt",
        "4cabcac2a369a279f310ef05e105573a8c5bb6cf14e5dd751e638c641640b54c",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.2b_silu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.4b_relu.txt",
        "fa3659e2aa81edf67751c802179b6f3fd5162e399dd8ea49121c75f9c97915eb",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.4b_relu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.4b_silu.txt",
        "3ef56a193533c95396a677c5056b51ee65cbc000770f753d833810c13d7648f8",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.4b_silu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.8b_relu.txt",
        "15752017548e3131b7f3cb26e7eab48a4d678e4c54a1e5bc805a4b4a948540a8",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.8b_relu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/0.8b_silu.txt",
        "4507e8ff6126443f59b9095cc54b8195d93e52af54173232bbd1362791d15be2",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/0.8b_silu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/1.2b_relu.txt",
        "5255980b5a3632492faa5a9f7d3a020fd1c19d0e35975d3534d426fbd982b052",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/1.2b_relu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/1.2b_silu.txt",
        "8108d896e2501a322922ecaa34f75faa4c975d5161db5bc2f69a9787dca66caf",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/1.2b_silu.txt",
    ),
    UpstreamFile(
        "sparsing_law",
        "data/2.4b_relu.txt",
        "24c4ca4728aeb57922fa5622889466de54c80c441e292d5ccc6cba9d8ed05460",
        "https://raw.githubusercontent.com/Raincleared-Song/SparsingLawData/1cab4439cd22e2de9006d5fd4d798790cf89b305/data/2.4b_relu.txt",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per checkpoint; the activation and size of a run are its file's name."""
    return pd.concat([_curve(file.name, paths[file.name]) for file in FILES], ignore_index=True)


def _curve(name: str, path: Path) -> pd.DataFrame:
    size, activation = Path(name).stem.split("b_")
    logged = json.loads(path.read_text(encoding="utf-8"))
    return pd.DataFrame(
        {
            "curve": f"{activation}/{size}B",
            "run": f"{activation}-{size}B",
            "metric": "share_active",
            "value": logged["activation_ratio"],
            "params": float(size) * 1e9,
            "tokens": logged["token_passed"],
        }
    )
