"""Deep double descent (Nakkiran et al. 2020): error against width or samples, with peaks."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "double_descent",
        "dd_curves.csv",
        "f3ac554f6fb72d6a6bc97997e0c74eaa3c7f3fbca247e41c2e5f13710a21a8d3",
    ),
)

_VARIABLE = {"Model Size": "width", "Embedding Dimension": "width", "Sample Size": "tokens"}
_METRIC = {"Test Error": "error_rate", "Test Loss": "loss"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per trained model."""
    raw = pd.read_csv(paths["dd_curves.csv"])
    again = raw.groupby(["curve", "x"]).cumcount()
    variable = raw["x_name"].map(_VARIABLE)
    return pd.DataFrame(
        {
            "curve": raw["curve"],
            "run": raw["x"].astype(str) + again.map(lambda i: f"-{i + 1}" if i else ""),
            "metric": raw["y_name"].map(_METRIC),
            "value": raw["y"],
            "width": raw["x"].where(variable == "width"),
            "tokens": raw["x"].where(variable == "tokens"),
        }
    )
