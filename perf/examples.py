"""Write the example tables of ``scalingbench example``.

    python -m perf.examples

Every value follows one law, the refit of Chinchilla's law by Besiroglu et al. 2024 (arXiv 2404.10102), with normal noise of 0.3 % and
a fixed seed; no row is of a real run. ``accuracy`` and ``mixture`` state their own laws below.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[1] / "scalingbench" / "examples"
E, A, ALPHA, B, BETA = 1.8172, 482.01, 0.3478, 2085.43, 0.3658
NOISE = 0.003
SIZES = (5e7, 1e8, 2e8, 4e8, 8e8)
RATIOS = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Tokens per parameter."""


def law(params: Any, tokens: Any) -> Any:
    """Return the loss without noise."""
    return E + A * params**-ALPHA + B * tokens**-BETA


def grid(sizes: tuple[float, ...] = SIZES, ratios: tuple[float, ...] = RATIOS) -> tuple[np.ndarray, np.ndarray]:
    """Return params and tokens of every size at every ratio, shape (n,) each."""
    params = np.repeat(sizes, len(ratios))
    return params, params * np.tile(ratios, len(sizes))


def noisy(values: np.ndarray, seed: int) -> np.ndarray:
    """Return values with noise, of four digits."""
    return np.round(values * np.exp(NOISE * np.random.default_rng(seed).standard_normal(len(values))), 4)


def plain(x: np.ndarray) -> list[str]:
    """Return numbers as people write them in a CSV."""
    return [f"{v:.0f}" if v < 1e15 else f"{v:.6g}" for v in x]


def base() -> str:
    params, tokens = grid()
    return _csv({"N": plain(params), "D": plain(tokens), "C": plain(6 * params * tokens), "loss": noisy(law(params, tokens), 1)})


def moe() -> str:
    active, tokens = grid()
    total = {"total_params": plain(8 * active), "active_params": plain(active), "tokens": plain(tokens)}
    return _csv({**total, "flops": plain(6 * active * tokens), "loss": noisy(law(active, tokens), 2)})


def checkpoints() -> str:
    rows = []
    for i, (size, ratio) in enumerate(zip(*(np.repeat(SIZES[:4], 2), np.tile((10.0, 40.0), 4)), strict=True)):
        for step in (1000, 2000, 3000, 4000):
            seen = size * ratio * step / 4000
            loss = law(size, seen) + 0.1 * (1.0 - step / 4000)  # the learning rate has not decayed yet
            rows.append({"run": f"run-{i}", "step": step, "params": f"{size:.0f}", "tokens": f"{seen:.0f}", "val_loss": f"{loss:.4f}"})
    rows[-1]["val_loss"] = "NaN"
    return _csv(pd.DataFrame(rows))


def wandb() -> str:
    params, tokens = grid(SIZES[:4], RATIOS[1:4])
    loss = noisy(law(params, tokens), 3)
    columns = {
        "Name": [f"sweep-{i}" for i in range(len(params))],
        "State": ["finished"] * (len(params) - 1) + ["crashed"],
        "ID": [f"r{i:03d}" for i in range(len(params))],
        "Runtime": [str(600 * (i + 1)) for i in range(len(params))],
        "n_params": plain(params),
        "train_tokens": plain(tokens),
        "lr": ["0.0003"] * len(params),
        "train/loss": np.round(loss - 0.05, 4),
        "val/loss": loss,
    }
    return _csv(columns, quoting=1)


def mlflow() -> str:
    params, tokens = grid(SIZES[:4], RATIOS[1:4])
    columns = {
        "run_id": [f"{i:032x}" for i in range(1, len(params) + 1)],
        "status": ["FINISHED"] * (len(params) - 1) + ["FAILED"],
        "params.n_params": plain(params),
        "params.train_tokens": plain(tokens),
        "metrics.train_loss": np.round(law(params, tokens) - 0.05, 4),
        "metrics.val_loss": noisy(law(params, tokens), 4),
    }
    return _csv(columns)


def european() -> str:
    params, tokens = grid()
    frame = {"N (M)": [f"{p / 1e6:.0f}" for p in params], "D (B)": [f"{t / 1e9:g}".replace(".", ",") for t in tokens]}
    return _csv({**frame, "loss": [f"{y:.4f}".replace(".", ",") for y in noisy(law(params, tokens), 5)]}, sep=";")


def sizes() -> str:
    params, tokens = grid()
    said = {"model": [_said(p) for p in params], "params": [_said(p) for p in params], "tokens": [_said(t) for t in tokens]}
    lines = pd.DataFrame({**said, "eval loss": noisy(law(params, tokens), 6)}).astype(str)
    rows = ["| " + " | ".join(cells) + " |" for cells in [list(lines), ["---"] * 4, *lines.to_numpy().tolist()]]
    return "\n".join(rows) + "\n"


def repeats() -> str:
    """Four budgets of distinct tokens; repeated tokens are worth less, as in Muennighoff et al. 2023 with R* = 15.4."""
    unique = np.tile(np.repeat([1e9, 4e9], 4), 3)
    epochs = np.tile([1.0, 2.0, 4.0, 8.0], 6)
    params = np.repeat(SIZES[:3], 8)
    worth = unique * (1.0 + 15.4 * (1.0 - np.exp(-(epochs - 1.0) / 15.4)))
    columns = {"params": plain(params), "tokens": plain(unique * epochs), "unique_tokens": plain(unique)}
    return _csv({**columns, "loss": noisy(law(params, worth), 7)})


def learning_rates() -> str:
    """The best rate is 0.02 (params / 1e8)**-0.3; the loss rises by 0.02 per squared factor of e off it."""
    params, tokens = (np.repeat(x, 5) for x in grid(SIZES[:4], (10.0, 40.0)))
    best = 0.02 * (params / 1e8) ** -0.3
    rate = np.array([float(f"{r:.3g}") for r in best * np.tile([0.25, 0.5, 1.0, 2.0, 4.0], 8)])
    loss = noisy(law(params, tokens) + 0.02 * np.log(rate / best) ** 2, 8)
    return _csv({"n_params": plain(params), "n_tokens": plain(tokens), "lr": rate, "val_loss": loss})


def mixture() -> str:
    """The law's loss times (1 + 0.4 (0.7 - mix_code)**2 + 0.2 mix_web**2)."""
    rng = np.random.default_rng(9)
    shares = rng.dirichlet([2.0, 2.0, 2.0], 40).round(3)
    shares[:, 2] = np.round(1.0 - shares[:, 0] - shares[:, 1], 3)
    params, tokens = rng.choice(SIZES[:4], 40), rng.choice([2e9, 4e9, 8e9], 40)
    loss = law(params, tokens) * (1.0 + 0.4 * (0.7 - shares[:, 1]) ** 2 + 0.2 * shares[:, 0] ** 2)
    names = dict(zip(("mix_web", "mix_code", "mix_books"), shares.T, strict=True))
    return _csv({"params": plain(params), "tokens": plain(tokens), **names, "loss": noisy(loss, 9)})


def accuracy() -> str:
    """Accuracy is .25 + .7 / (1 + exp(2 (loss - 3)))."""
    params, tokens = grid()
    share = 0.25 + 0.7 / (1.0 + np.exp(2.0 * (law(params, tokens) - 3.0)))
    return _csv({"n_params": plain(params), "n_tokens": plain(tokens), "accuracy": noisy(share, 10)})


def downstream() -> str:
    """Losses, and accuracies of .25 + .65 / (1 + exp(4 (loss - 2.6))) with a noise of .005."""
    params, tokens = grid()
    loss = noisy(law(params, tokens), 15)
    share = 0.25 + 0.65 / (1.0 + np.exp(4.0 * (law(params, tokens) - 2.6)))
    accuracy = np.round(share + 0.005 * np.random.default_rng(16).standard_normal(len(share)), 4)
    return _csv({"N": plain(params), "D": plain(tokens), "loss": loss, "accuracy_hellaswag": accuracy})


def seeds() -> str:
    """Three seeds of nine configurations with a noise of 1 % between runs, and standard errors of .3 % of an evaluation."""
    params, tokens = (np.repeat(x, 3) for x in grid(SIZES[:3], RATIOS[1:4]))
    loss = law(params, tokens) * np.exp(np.hypot(0.01, 0.003) * np.random.default_rng(17).standard_normal(len(params)))
    columns = {"N": plain(params), "D": plain(tokens), "seed": np.tile([1, 2, 3], 9), "loss": loss.round(4)}
    return _csv({**columns, "loss_se": (0.003 * loss).round(4)})


def recipes() -> str:
    """One law for three optimisers: muon has the loss of adamw with 1.4 times its compute, lion that with 1.05 times."""
    params, tokens = grid(SIZES[:4], RATIOS[1:])
    shared = noisy(np.ones(len(params)), 11)  # what a configuration does to all of them
    frames = []
    for seed, (name, gain) in enumerate({"adamw": 1.0, "lion": 1.05, "muon": 1.4}.items(), start=12):
        loss = law(params * gain**0.5, tokens * gain**0.5) * shared
        own = loss * np.exp(0.001 * np.random.default_rng(seed).standard_normal(len(params)))
        columns = {"optimizer": name, "N": plain(params), "D": plain(tokens), "C": plain(6 * params * tokens)}
        frames.append(pd.DataFrame({**columns, "loss": own.round(4)}))
    return _csv(pd.concat(frames))


def training_curve() -> str:
    """Evaluations of a run until half of a cosine schedule; its law is that of `curve_law`, with noise of 0.1 %."""
    step = np.arange(200, 4001, 200)
    loss = curve_law(step / 8000) * np.exp(0.001 * np.random.default_rng(14).standard_normal(len(step)))
    return _csv({"step": step, "learning_rate": (3e-4 * cosine(step / 8000)).round(8), "eval_loss": loss.round(4)})


def cosine(share: Any) -> Any:
    """Return the learning rate over its peak."""
    return 0.5 * (1.0 + np.cos(np.pi * np.asarray(share)))


def curve_law(share: Any) -> Any:
    """Return the loss at a share of training under a cosine schedule: a power of the summed rate, and a gain from its fall."""
    u = np.asarray(share, float)
    summed = u + np.sin(np.pi * u) / np.pi
    return 2.2 + 0.6 * summed**-0.4 - 0.1 * (1.0 - cosine(u))


def trainer_state() -> str:
    """One run in the form of the Hugging Face trainer's ``trainer_state.json``."""
    size, batch = 1e8, 262_144
    log: list[dict[str, float]] = []
    for step in range(500, 8001, 500):
        log.append({"epoch": round(step / 8000, 4), "learning_rate": 3e-4, "loss": round(law(size, step * batch) - 0.03, 4), "step": step})
        log.append({"epoch": round(step / 8000, 4), "eval_loss": round(law(size, step * batch), 4), "step": step})
    state = {
        "epoch": 1.0,
        "global_step": 8000,
        "log_history": log,
        "num_input_tokens_seen": 8000 * batch,
        "total_flos": 6 * size * 8000 * batch,
    }
    return json.dumps(state, indent=1) + "\n"


def _said(x: float) -> str:
    return f"{x / 1e9:g}B" if x >= 1e9 else f"{x / 1e6:g}M"


def _csv(columns: Any, **options: Any) -> str:
    text = io.StringIO()
    pd.DataFrame(columns).to_csv(text, index=False, lineterminator="\n", **options)
    return text.getvalue()


FILES = {
    "base.csv": base,
    "moe.csv": moe,
    "checkpoints.csv": checkpoints,
    "wandb.csv": wandb,
    "mlflow.csv": mlflow,
    "european.csv": european,
    "sizes.md": sizes,
    "repeats.csv": repeats,
    "learning-rates.csv": learning_rates,
    "mixture.csv": mixture,
    "accuracy.csv": accuracy,
    "downstream.csv": downstream,
    "seeds.csv": seeds,
    "recipes.csv": recipes,
    "training-curve.csv": training_curve,
    "trainer-state.json": trainer_state,
}
"""The text of each file."""


if __name__ == "__main__":
    for file, text in FILES.items():
        (FOLDER / file).write_text(text(), encoding="utf-8")
        print(FOLDER / file)
