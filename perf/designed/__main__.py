"""Train the designed experiment, stage by stage; finished runs are skipped.

    python -m perf.designed measure --world text              # speed of each size
    python -m perf.designed run --world text --stage tuning
    python -m perf.designed tune --world text                 # writes tuned.json
    python -m perf.designed run --world text --below-reach    # all stages, runs of at most 1/30 of the top run's compute
    python -m perf.designed run --world text                  # the rest, but the stage summit
    python -m perf.designed run --stage summit                # hours on a CPU; meant for an accelerator
    python -m perf.designed status
    python -m perf.designed plan                              # writes plan.csv: every group of runs, done or not
    python -m perf.designed table                             # run files -> benchmark/data/raw/designed_<world>.parquet

Runs are kept under ``--out`` (default perf/designed/runs, not in the repository).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import time
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch

from perf.designed.grid import REACH, STAGES, WORLDS, Group, groups, top_flops
from perf.designed.store import Record, Store, code_version, finite
from perf.designed.train import Data, train
from perf.designed.tuning import TUNED, fit_plane, load_plane

RAW = Path(__file__).parents[2] / "benchmark" / "data" / "raw"


def main() -> None:
    arguments = parsed()
    torch.set_num_threads(1)
    store = Store(arguments.out)
    {"run": run, "tune": tune, "measure": measure, "status": status, "plan": plan, "table": table}[arguments.command](arguments, store)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "tune", "measure", "status", "plan", "table"))
    parser.add_argument("--world", choices=tuple(WORLDS), action="append")
    parser.add_argument("--stage", choices=STAGES, action="append")
    parser.add_argument("--max-flops", type=float, help="only runs of at most this compute")
    parser.add_argument("--below-reach", action="store_true", help=f"only runs of at most 1/{REACH} of the top run's compute")
    parser.add_argument("--rungs", type=int, help="only the smallest so many sizes")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "runs")
    return parser.parse_args()


def wanted(arguments: argparse.Namespace, world: str) -> list[Group]:
    limit = top_flops(world) / REACH if arguments.below_reach else float("inf")
    limit = min(limit, arguments.max_flops or limit)
    chosen = [g for stage in arguments.stage or STAGES[:-1] for g in groups(world, stage)]
    return [g for g in chosen if g.flops <= limit and (arguments.rungs is None or g.size < arguments.rungs)]


def run(arguments: argparse.Namespace, store: Store) -> None:
    for world in arguments.world or WORLDS:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = WORLDS[world].networks[0]
        data = Data(network.pool(device), network.evaluation(device))
        todo = wanted(arguments, world)
        work, done, started = sum(cost(g) for g in todo), 0.0, time.perf_counter()
        for i, group in enumerate(todo, 1):
            run_group(group, data, store)
            done += cost(group)
            print(f"{world} {i}/{len(todo)} {group.key} x{len(group.runs)}: {done / work:.1%} of the work, "
                  f"{time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip


def cost(group: Group) -> float:
    """Return an estimate of a group's time in arbitrary units: dispatch plus arithmetic."""
    return group.steps * (0.4 + 2.5e-8 * group.flops / group.steps * len(group.runs))


def run_group(group: Group, data: Data, store: Store) -> None:
    """Train the missing groups; a group is trained as a whole, so that a run does not depend on earlier ones."""
    rates = [load_plane(group.world).rate(group.network.params, group.tokens) if rate is None else rate for _, rate in group.runs]
    names = [f"{group.key}-lr{rate:.4g}-s{number}" for (number, _), rate in zip(group.runs, rates, strict=True)]
    if all(store.holds(group.world, name) for name in names):
        return
    seeds = [group.seed(number) for number, _ in group.runs]
    outcomes = train(
        group.network, data, steps=group.steps, batch=group.batch, schedule=group.schedule, epochs=group.epochs,
        runs=list(zip(seeds, rates, strict=True)),
    )  # fmt: skip
    network, count = group.network, len(outcomes)
    for (number, _), rate, outcome in zip(group.runs, rates, outcomes, strict=True):
        store.write(
            Record(
                world=group.world, stage=group.stage, size=group.size, width=network.width, depth=getattr(network, "depth", 2),
                params=network.params, params_nonembedding=network.params_nonembedding, tokens=group.tokens,
                unique_tokens=group.tokens // group.epochs, epochs=group.epochs, steps=group.steps, batch=group.batch * network.unit,
                learning_rate=rate, schedule=group.schedule, seed=number, flops=group.flops,
                loss=finite(outcome.loss), loss_se=finite(outcome.loss_se),
                checkpoint_steps=tuple(at for at, _ in outcome.checkpoints),
                checkpoint_losses=tuple(finite(value) for _, value in outcome.checkpoints),
                group_size=count, seconds=outcome.group_seconds / count, cpu_seconds=outcome.group_cpu_seconds / count,
                code=code_version(), torch=torch.__version__, hardware=hardware(),
            ),
            name=f"{group.key}-lr{rate:.4g}-s{number}",
        )  # fmt: skip


def hardware() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{cpu}, 1 thread, {torch.backends.cpu.get_cpu_capability()}"


def tune(arguments: argparse.Namespace, store: Store) -> None:
    planes = json.loads(TUNED.read_text()) if TUNED.exists() else {}
    for world in arguments.world or WORLDS:
        planes[world] = asdict(fit_plane(store.table(world)))
    TUNED.write_text(json.dumps(planes, indent=2) + "\n")
    print(TUNED.read_text(), end="")


def measure(arguments: argparse.Namespace, store: Store) -> None:
    """Print speed by size, for groups of the main stage."""
    for world in arguments.world or WORLDS:
        w = WORLDS[world]
        data = Data(w.networks[0].pool(torch.device("cpu")), tuple(t[:64] for t in w.networks[0].evaluation(torch.device("cpu"))))
        for network in w.networks:
            runs = [(seed, 1e-3) for seed in range(w.seeds)]
            seconds = train(network, data, steps=60, batch=w.batch, schedule="cosine", epochs=1, runs=runs)[0].group_cpu_seconds
            tokens = 60 * w.batch * network.unit * w.seeds
            speed = tokens / seconds
            print(f"{world} N {network.params}: {speed:,.0f} tokens/s, {speed * network.flops_per_token / 1e9:.2f} GFLOP/s")


def status(arguments: argparse.Namespace, store: Store) -> None:
    for world in arguments.world or WORLDS:
        table = store.table(world)
        for stage in STAGES:
            planned = sum(len(g.runs) for g in groups(world, stage))
            rows = table[table["stage"] == stage]
            diverged, seconds = rows["loss"].isna().sum(), rows["cpu_seconds"].sum()
            print(f"{world} {stage}: {len(rows)} of {planned} runs, {diverged} diverged, {seconds:.0f} CPU s")


def plan(arguments: argparse.Namespace, store: Store) -> None:
    """Write every group of runs of the design, so that open groups can be listed without torch."""
    rows = [
        {
            "world": g.world, "stage": g.stage, "size": g.size, "params": g.network.params, "tokens": g.tokens,
            "unique_tokens": g.tokens // g.epochs, "batch": g.batch * g.network.unit, "schedule": g.schedule, "epochs": g.epochs,
            "runs": len(g.runs), "learning_rates": " ".join(sorted({"tuned" if r is None else f"{r:g}" for _, r in g.runs})),
            "flops": g.flops, "below_reach": g.flops <= top_flops(world) / REACH,
        }
        for world in WORLDS for stage in STAGES for g in groups(world, stage)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(Path(__file__).parent / "plan.csv", index=False)


def table(arguments: argparse.Namespace, store: Store) -> None:
    """Write the raw table of each world's runs."""
    for world in arguments.world or WORLDS:
        path = RAW / f"designed_{world}.parquet"
        path.parent.mkdir(exist_ok=True)
        store.table(world).to_parquet(path, index=False, compression="zstd")
        print(
            f"{path}: {len(store.table(world))} runs, {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
        )


if __name__ == "__main__":
    main()
