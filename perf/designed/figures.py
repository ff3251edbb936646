"""The figures of docs/designed.md, as small SVG files: ``python -m perf.designed.figures``."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from perf.designed.noise import RAW, WORLDS, main_runs, noise_by_cell
from perf.designed.power import RIVALS, TABLE
from scalingbench.leaderboard.forecasts.book import load_book
from scalingbench.leaderboard.forecasts.scores import score_targets

OUT = Path(__file__).parents[2] / "docs" / "designed"
TITLES = {"mlp": "World A: MLPs on a teacher", "text": "World B: transformers on text"}
METRICS = {"mlp": "mse", "text": "loss"}
UNITS = {"mlp": "mean squared error", "text": "loss, nats per character"}
SHOWN = 14
"""Forecasters in the figure of the top cell: the best by their error over all cells."""


def main() -> None:
    plt.rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "designed", "font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
    )
    OUT.mkdir(exist_ok=True)
    for name, draw in {"scaling": scaling, "noise": noise, "forecasts": forecasts, "repeats": repeats, "power": power}.items():
        figure = draw()
        path = OUT / f"{name}.svg"
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)
        print(f"{path}: {path.stat().st_size:,} bytes")


def two(height: float = 3.0) -> tuple[plt.Figure, np.ndarray]:
    return plt.subplots(1, 2, figsize=(8.4, height), layout="constrained")


def shades(n: int) -> np.ndarray:
    return plt.get_cmap("viridis")(np.linspace(0.0, 0.9, n))


TICKS = np.array([m * 10.0**e for e in range(-3, 3) for m in (1, 1.5, 2, 2.5, 3, 4, 5, 7)])


def label_axis(axis: Axes) -> None:
    """Label a logarithmic axis with a few decimal numbers."""
    low, high = axis.get_ylim()
    inside = TICKS[(low <= TICKS) & (high >= TICKS)]
    axis.set_yticks(inside[:: max(1, len(inside) // 6)])
    axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
    axis.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def scaling() -> plt.Figure:
    """Loss against compute, a line per size; the runs beyond the dashed line were forecast."""
    figure, axes = two()
    for axis, world in zip(axes, WORLDS, strict=True):
        cells = noise_by_cell(main_runs(world))
        sizes = sorted(cells["params"].unique())
        for colour, params in zip(shades(len(sizes)), sizes, strict=True):
            part = cells[cells["params"] == params].sort_values("flops")
            axis.plot(part["flops"], np.exp(part["mean"]), ".-", color=colour, lw=0.9, ms=3, label=f"{params:,}")
        axis.axvline(cells["flops"].max() / 30, color="0.5", ls="--", lw=0.8)
        axis.set(xscale="log", yscale="log", xlabel="training compute, FLOPs", ylabel=UNITS[world], title=TITLES[world])
        axis.legend(title="parameters", frameon=False, fontsize=6, title_fontsize=6)
        label_axis(axis)
    return figure


def noise() -> plt.Figure:
    """Standard deviation of log loss between seeds."""
    figure, axes = two(2.6)
    for axis, world in zip(axes, WORLDS, strict=True):
        cells = noise_by_cell(main_runs(world))
        sizes = sorted(cells["params"].unique())
        for colour, params in zip(shades(len(sizes)), sizes, strict=True):
            part = cells[cells["params"] == params].sort_values("tokens")
            axis.plot(part["tokens"], 100 * part["sd"], ".-", color=colour, lw=0.9, ms=3, label=f"{params:,}")
        axis.set(xscale="log", yscale="log", xlabel="samples" if world == "mlp" else "characters", title=TITLES[world])
        axis.set_ylabel("sd between seeds, % of loss")
        label_axis(axis)
    return figure


def forecasts() -> plt.Figure:
    """Forecasts of the most expensive cell, and its outcome."""
    figure, axes = two(3.6)
    book = load_book()
    for axis, world in zip(axes, WORLDS, strict=True):
        question = f"designed_{world}/{METRICS[world]}/main"
        scores = score_targets(book, [question])
        order = scores.groupby("forecaster")["error"].apply(lambda e: np.sqrt(np.mean(e**2))).sort_values().index[:SHOWN]
        entries = {e.forecaster: e for e in book.of(question)}
        cell = main_runs(world).sort_values("flops").iloc[-1]
        top = f"params={cell['params']} tokens={cell['tokens']}"
        outcome = book.outcomes[question, top]
        axis.axvspan(min(outcome.values), max(outcome.values), color="C1", alpha=0.3, lw=0)
        for i, name in enumerate(order):
            target = next(t for t in entries[name].targets if t.name == top)
            if target.quantiles:
                axis.plot([target.quantiles["0.1"], target.quantiles["0.9"]], [i, i], color="0.6", lw=1.5)
            axis.plot(target.point, i, "o", ms=3.5, color="C3" if name == "autolaw" else "C0")
        axis.set(yticks=range(len(order)), xlabel=UNITS[world], title=f"{TITLES[world]}: most expensive cell")
        axis.set_yticklabels(order, fontsize=6)
        axis.invert_yaxis()
    return figure


def repeats() -> plt.Figure:
    """Loss against epochs at a fixed number of training tokens."""
    figure, axes = two(2.6)
    for axis, world in zip(axes, WORLDS, strict=True):
        runs = pd.read_parquet(RAW / f"designed_{world}.parquet")
        rows = runs[runs["stage"] == "repeats"].groupby(["params", "tokens", "epochs"])["loss"].mean().reset_index()
        sizes = sorted(rows["params"].unique())
        for colour, params in zip(shades(len(sizes)), sizes, strict=True):
            for style, (tokens, part) in zip(("--", "-"), rows[rows["params"] == params].groupby("tokens"), strict=False):
                axis.plot(part["epochs"], part["loss"], style, color=colour, marker=".", lw=0.9, ms=3, label=f"{params:,}, {tokens:,}")
        axis.set(xscale="log", yscale="log", xlabel="epochs", ylabel=UNITS[world], title=TITLES[world], xticks=[1, 2, 4, 8, 16, 32, 64])
        axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        axis.legend(
            title="parameters, tokens seen", frameon=False, fontsize=5.5, title_fontsize=5.5, loc="upper left", bbox_to_anchor=(0, 1.02)
        )
        axis.set_ylim(top=axis.get_ylim()[1] * (1.9 if world == "mlp" else 1.08))
        label_axis(axis)
    return figure


def power() -> plt.Figure:
    """Share of synthetic studies that prefer a true rival to Chinchilla's form: by AIC solid, by held-out cells dashed."""
    table = pd.read_csv(TABLE)
    table = table[table["data"] == "synthetic"]
    figure, axes = plt.subplots(2, len(RIVALS), figsize=(8.4, 4.2), layout="constrained", sharex=True, sharey=True)
    for row, world in zip(axes, WORLDS, strict=True):
        for axis, rival in zip(row, RIVALS, strict=True):
            part = table[(table["world"] == world) & (table["rival"] == rival)]
            rungs = sorted(part["rung"].unique(), reverse=True)
            for colour, rung in zip(shades(len(rungs)), rungs, strict=True):
                for criterion, style in (("aic", ".-"), ("holdout", ".--")):
                    line = part[(part["rung"] == rung) & (part["criterion"] == criterion)].sort_values("seeds")
                    label = f"{int(line['cells'].iloc[0])} cells" if criterion == "aic" else None
                    axis.plot(line["seeds"], line["power"], style, color=colour, lw=0.9, label=label)
            axis.set(xscale="log", ylim=(-0.03, 1.03), title=f"{rival}, {world}", xticks=[1, 2, 5, 16])
            axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
            axis.legend(frameon=False, fontsize=5.5)
    for axis in axes[1]:
        axis.set_xlabel("seeds per cell")
    for axis in axes[:, 0]:
        axis.set_ylabel("power")
    return figure


if __name__ == "__main__":
    main()
