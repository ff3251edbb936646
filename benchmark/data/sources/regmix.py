"""RegMix (Liu et al. 2024): mixtures of 17 Pile domains, losses on 13, at three sizes."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "regmix",
        "train_mixture_1m.csv",
        "04a32ef4ab594376bf90e11404c033668f887c351d6a03ad3744824c7296a2d8",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/train_mixture_1m.csv",
    ),
    UpstreamFile(
        "regmix",
        "train_pile_loss_1m.csv",
        "49a959aa07ce5c20831d5abe3a7896ff0cd90a398bd407c8913fd5588be0465a",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/train_pile_loss_1m.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_mixture_1m.csv",
        "197267b7d6f15367e2f46c881e564c35b0d34e51b1754bb09d07e650cf8e1ce8",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_mixture_1m.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_pile_loss_1m.csv",
        "e027b1674f60140a65a87b5e4a59ab5f09dc33e8fd02c080682678074b160f53",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_pile_loss_1m.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_mixture_60m.csv",
        "197267b7d6f15367e2f46c881e564c35b0d34e51b1754bb09d07e650cf8e1ce8",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_mixture_60m.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_pile_loss_60m.csv",
        "8fe69d59ab7dd4fae4736459f4265ec93c7ed1ad1eca407346052560edc72b5b",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_pile_loss_60m.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_mixture_1B.csv",
        "dd38052949c0a5f84165bdcb3ae3a331c7f07efd9bb83848bd579dfc4ce75a2c",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_mixture_1B.csv",
    ),
    UpstreamFile(
        "regmix",
        "test_pile_loss_1B.csv",
        "b2451e2b7fa15400688edc39e4d32f21ccbe0fb356e07d62a0e9ccddf247114f",
        "https://raw.githubusercontent.com/sail-sg/regmix/b004d3a3f39846dcec6b3740da22bcd1ba95a5d0/data/test_pile_loss_1B.csv",
    ),
)

_SIZES = {"1m": 1e6, "60m": 6e7, "1B": 1e9}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run and domain loss; the split is the paper's: the first 512 mixtures at 1M are fitted."""
    return pd.concat([_part(paths, s, size) for s, size in (("train", "1m"), *(("test", size) for size in _SIZES))], ignore_index=True)


def _part(paths: dict[str, Path], split: str, size: str) -> pd.DataFrame:
    shares = pd.read_csv(paths[f"{split}_mixture_{size}.csv"]).set_index("index")
    shares.columns = ["mix_" + c.removeprefix("train_the_pile_") for c in map(str, shares)]
    losses = pd.read_csv(paths[f"{split}_pile_loss_{size}.csv"]).set_index("index")
    losses.columns = ["loss_" + c.removeprefix("metric/the_pile_").removesuffix("_val_loss") for c in map(str, losses)]
    rows = losses.melt(ignore_index=False, var_name="metric").join(shares).reset_index()
    run = split + "-" + size.lower() + "-" + rows.pop("index").astype(str).str.zfill(3)
    return rows.assign(curve="pile", run=run, params=_SIZES[size], split=split)
