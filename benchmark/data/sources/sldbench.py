"""SLDBench (Lin et al. 2025): the eight tasks with their official split, as published."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "sldbench",
        "parallel_scaling_law.train.parquet",
        "3bf76fabd8f7f5f1b90543b9cb9ef83db888c5674bdc9c4dc23277bd8a92f7b7",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/parallel_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "parallel_scaling_law.test.parquet",
        "16f73df39117534390df840862fba13e4ce032b08c24b31b0406258987d6613c",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/parallel_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "vocab_scaling_law.train.parquet",
        "959415949e790c46d30b445536d2a364d804c7c942398320dd0677ed3ecdf633",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/vocab_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "vocab_scaling_law.test.parquet",
        "e94a7f367168596511ee0024fe52acca6ef1a2fceef9c605b6b5b62e748396cb",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/vocab_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "sft_scaling_law.train.parquet",
        "27108aa497be369d6df2346735983b7580829d7a2cc40ea4564e94b8d721abae",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/sft_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "sft_scaling_law.test.parquet",
        "61a8295f0a531f2559cf6e9890bf289ab7bb0d31fdb6fec765bbd48c45e2c4a3",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/sft_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "domain_mixture_scaling_law.train.parquet",
        "b2ca2e6ed1f78d0a462b425394fb748b4b489b079b1aa320753149e5368e2015",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/domain_mixture_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "domain_mixture_scaling_law.test.parquet",
        "4b6f9e71e38cdd329881f75592d8b847f062c1360daac2e5fbb20f99aee63b26",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/domain_mixture_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "moe_scaling_law.train.parquet",
        "fad8831bc25efb889e0581d5746697b979712ca86f3b4e8002760bde554ec7b6",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/moe_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "moe_scaling_law.test.parquet",
        "7bee730d20bf12888a1ecb2c72977a1049728b98668cad45b4f63e4098c5f1c0",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/moe_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "data_constrained_scaling_law.train.parquet",
        "d0e6f059e657c7476f8f2636110e391d086c78bd826a50c4cc62f06e73c7b020",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/data_constrained_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "data_constrained_scaling_law.test.parquet",
        "acdc55ff3bffb3020b365007d2b18bc0bf0ec3e359b2ceb3e09abe2bbb94cc2e",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/data_constrained_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "lr_bsz_scaling_law.train.parquet",
        "3e8bf513e7c7da2b82e3d324c19643256e3f5cc5770aa4d0dcbc0aa3c38768e5",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/lr_bsz_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "lr_bsz_scaling_law.test.parquet",
        "ed6c33d124562015805d3715f9f01a58e5d27befcd63d30be23a94eedc9caa68",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/lr_bsz_scaling_law/test-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "easy_question_scaling_law.train.parquet",
        "40b81eb072d48abd9f47acd8200851978d37cbcedf5e2c5bb8b0b4f16ba17c07",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/easy_question_scaling_law/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "sldbench",
        "easy_question_scaling_law.test.parquet",
        "946e8f735c0963cf86a56a83c20058a500a73365891ae24c9cb33192f8bcef81",
        "https://raw.githubusercontent.com/PlanarG/active-sl/45f25206a28faa7befb4ffbff44c6533e993e88e/benchmark/dataset/easy_question_scaling_law/test-00000-of-00001.parquet",
    ),
)

_COLUMNS = {
    "parallel": {"num_params": "params", "parallel_size": "streams", "loss": "loss_parallel"},
    "vocab": {
        "non_vocab_parameters": "params_nonembedding",
        "vocab_size": "vocab_size",
        "num_characters": "characters",
        "unigram_normalized_loss": "relative_loss_vocab",
    },
    "sft": {"sft_data_size": "samples", "sft_loss": "loss_sft"},
    "domain_mixture": {
        **{f"proportion_domain_{i}": f"mix_domain_{i}" for i in range(1, 6)},
        **{f"loss_domain_{i}": f"loss_domain_{i}" for i in range(1, 6)},
    },
    "moe": {"num_experts": "experts", "dense_parameter_count": "params", "loss_validation": "loss_moe"},
    "data_constrained": {"unique_tokens": "unique_tokens", "params": "params", "tokens": "tokens", "loss": "loss_data_constrained"},
    "lr_bsz": {
        "lr": "learning_rate",
        "bsz": "batch_size",
        "data_size": "tokens",
        "non_embedding_param_size": "params_nonembedding",
        "lm_loss": "loss_lr_bsz",
    },
    "easy_question": {"flops": "flops", "brier_score": "score_easy_question"},
}
_FLOPS_UNIT = 1e21


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per published row and target, values untouched."""
    return pd.concat([_rows(paths, task, split) for task in _COLUMNS for split in ("train", "test")], ignore_index=True)


def _rows(paths: dict[str, Path], task: str, split: str) -> pd.DataFrame:
    raw = pd.read_parquet(paths[f"{task}_scaling_law.{split}.parquet"])
    rows = raw.rename(columns=_COLUMNS[task])
    rows["curve"] = task + "/" + raw["group"].astype(str)
    rows["run"] = task + "-" + split + "-" + pd.Series(range(1, len(raw) + 1), index=raw.index).map("{:04d}".format)
    rows["split"] = split
    targets = [name for name in _COLUMNS[task].values() if name.startswith(("loss", "relative_loss", "score"))]
    inputs = [name for name in _COLUMNS[task].values() if name not in targets]
    table = rows[["curve", "run", "split", *inputs, *targets]].melt(["curve", "run", "split", *inputs], targets, "metric", "value")
    return table.assign(flops=table["flops"] * _FLOPS_UNIT) if "flops" in table else table
