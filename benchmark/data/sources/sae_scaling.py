"""Sparse-autoencoder scaling (Gao et al. 2024): reconstruction error by dictionary size and active latents."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "active_sl_extras",
        "sae.train.parquet",
        "afc0117f10c19e2fc29b51226d725662a915e77f23702bf6f6e54de72bd723e1",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/sae_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "active_sl_extras",
        "sae.test.parquet",
        "20a67a51a8b8bb098cd601aa22516b33772aaea7b972f7b220e469875e3a7267",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/sae_scaling_law/test-00000-of-00001.parquet",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per autoencoder; the split is the copy's own."""
    parts = [pd.read_parquet(paths[f"sae.{split}.parquet"]).assign(split=split) for split in ("train", "test")]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.rename(columns={"n": "latents", "k": "active_latents", "loss": "value"})
    run = "n" + rows["latents"].astype(str) + "-k" + rows["active_latents"].astype(str)
    return rows.assign(curve="gpt-4", run=run, metric="mse_normalized")
