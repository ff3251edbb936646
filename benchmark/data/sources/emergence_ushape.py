"""U-shaped scaling behind emergence (Wu & Lo 2025): Brier scores of public models by difficulty of the question."""

import re
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "emergence_ushape",
        "data/abstract_narrative_understanding/abstract_narrative_understanding_instance_brier_-1000_199.52623149688787_10_redist.csv",
        "f209f7f0c338bc942415da78ff4927ffb3c5861e25268c9ebc1c52a9a2a13669",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/abstract_narrative_understanding/abstract_narrative_understanding_instance_brier_-1000_199.52623149688787_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/analogical_similarity/analogical_similarity_instance_brier_-1000_100_10_redist.csv",
        "9c1c9d9cf6c13eeae1cc4fcf3868ccdf00d7e23dc8349c872e340d0bf7307552",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/analogical_similarity/analogical_similarity_instance_brier_-1000_100_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/arc/arc_instance_brier_-1000_199.52623149688787_10_redist.csv",
        "95017cb49464a9a36410142de6b1599d7ec0e341ef48f81c773669025695184f",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/arc/arc_instance_brier_-1000_199.52623149688787_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/arithmetic/arithmetic_instance_brier_-1000_63.09573444801933_10_redist.csv",
        "a7e71aefafd9cb69e94e2524981acb68e18228947c19516e2ba1a22c851ce89b",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/arithmetic/arithmetic_instance_brier_-1000_63.09573444801933_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/conceptual_combinations/conceptual_combinations_instance_brier_-1000_31.622776601683793_10_redist.csv",
        "0d9652889964c5f224ed383cc06f6f4cb412ebc0c87699bf9b269418ce280cc8",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/conceptual_combinations/conceptual_combinations_instance_brier_-1000_31.622776601683793_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/hellaswag/hellaswag_instance_brier_-1000_199.52623149688787_10_redist.csv",
        "fc8bfe8dfee343a3cb89fc98ee47623586963ed442ec0e881b42e8918f403136",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/hellaswag/hellaswag_instance_brier_-1000_199.52623149688787_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/hindu_knowledge/hindu_knowledge_instance_brier_-1000_10_10_redist.csv",
        "49a7766ebc39836790bb9d2066356131d729c0a88b9488b982cf6be29d96f409",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/hindu_knowledge/hindu_knowledge_instance_brier_-1000_10_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/mmlu/mmlu_instance_brier_-1000_31.622776601683793_10_redist.csv",
        "6a1875b8f439f282b6234c6c60795617aa16dfa09128a540de61f7d6cdbeabd8",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/mmlu/mmlu_instance_brier_-1000_31.622776601683793_10_redist.csv",
    ),
    UpstreamFile(
        "emergence_ushape",
        "data/parsinlu_qa_mc/parsinlu_qa_mc_instance_brier_-1000_199.52623149688787_10_redist.csv",
        "659c91e09a628eeec4743a3fd8d68b7478a55d2a32b6e72183995933fbccf463",
        "https://raw.githubusercontent.com/tony10101105/ExpEmergence/288b731d68fbc0328de28d394af108da71a09d36/data/parsinlu_qa_mc/parsinlu_qa_mc_instance_brier_-1000_199.52623149688787_10_redist.csv",
    ),
)

_DROPPED = ("phi-1_5", "phi-2", "Qwen1.5-0.5B", "Qwen1.5-1.8B", "Qwen1.5-4B", "stablelm-2-1_6b")
"""Models that the authors leave out of their fits."""
_GROUP = re.compile(r"(\d+)_(\d+)_brier")


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and difficulty group, and the accuracy of each model on each task."""
    return pd.concat([_task(file.name, paths[file.name]) for file in FILES], ignore_index=True)


def _task(name: str, path: Path) -> pd.DataFrame:
    """Read one task; the file's name holds the compute, in 1e21 FLOPs, above which the paper holds models out."""
    raw = pd.read_csv(path)
    raw = raw[raw["FLOPs (1E21)"].notna()]
    task, threshold = Path(name).parent.name, float(Path(name).name.split("_")[-3])
    models = pd.DataFrame(
        {
            "run": raw["Model"],
            "params": raw["Model Size (B)"] * 1e9,
            "tokens": raw["Pretraining Data Size (T)"] * 1e12,
            "flops": raw["FLOPs (1E21)"] * 1e21,
            "flag": ["outlier" if m.split("/")[-1] in _DROPPED else "" for m in raw["Model"]],
            "split": ["train" if c <= threshold else "test" for c in raw["FLOPs (1E21)"]],
        }
    )
    groups = sorted((c for c in map(str, raw) if _GROUP.fullmatch(c)), key=lambda c: int(c.split("_")[0]))
    parts = [models.assign(curve=f"{task}/group{i:02d}", metric="mse_brier", value=raw[column]) for i, column in enumerate(groups, start=1)]
    parts.append(models.assign(curve=f"{task}/all", metric="accuracy", value=raw["acc"]))
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["value"].notna() & ((rows["metric"] != "mse_brier") | (rows["value"] > 0))]
