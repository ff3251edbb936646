"""How stable predictions are: under a change of the last bits of the training rows, and under another BLAS kernel.

    python -m perf.stability [--suite lite] [--predictors NAME ...] [--kernels Haswell Nehalem]

Prints, for each parametric law of the registry, the number of folds with an unstable prediction, the largest change and the known
reason. Then, for two OpenBLAS kernels in separate processes, it compares stable folds. The exit status is 1 if a prediction is unstable
without a reason, or a stable fold differs by more than 1e-6.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from scalingbench.benchmark.evaluation.predictor import usable
from scalingbench.benchmark.evaluation.results import UNSTABLE, TaskResult, read_results, write_results
from scalingbench.benchmark.evaluation.run import evaluate
from scalingbench.benchmark.evaluation.stability import moves
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import Task
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import list_predictors, make

SUITE = "lite"
KERNELS = ("Haswell", "Nehalem")
_SCORE = "dclm_models/score_core rises with scale: a form that falls ends at its bounds, where several directions are flat"
_VALLEY = "few rows for 4 or 5 constants: the optimum lies at the end of a curved valley, or several are as good"
_SIZES = "toto2_fev/loss_wql has two sizes to train on, and the form three constants"
_ACCURACY = "obs_scaling/accuracy_hellaswag rises with scale: a form that falls ends at its bounds, where several directions are flat"
REASONS = {
    **dict.fromkeys(("chinchilla[huber-log]", "chinchilla[l2-log]", "chinchilla[l2]", "chinchilla[pooled]", "interaction"), _SCORE),
    **dict.fromkeys(("compute-only", "over-training", "additive-power", "knowledge-infusion"), _SCORE),
    **dict.fromkeys(
        ("m4", "m4[pooled]", "exp4", "activation-sparsity[relu]", "logpower3", "hill3", "sigmoid-log", "mmf4", "expp3"), _VALLEY
    ),
    **dict.fromkeys(("shifted-power-law", "pow3"), _SIZES),
    **dict.fromkeys(("rectified", "compute-power"), _ACCURACY),
    "pow4": "8 records of benchmarks for 4 constants: the optimum lies at the end of a curved valley",
    "bnsl-1": "rows of one power law leave the place of the break open",
    "bnsl-1[pooled]": "as bnsl-1",
    "bnsl-2": "9 constants: more local optima than the search can try",
    "chinchilla[posterior]": "a sampler: its chains part after a change in the last bit",
    "farseer": "9 constants: rows of one token count or few sizes leave most of them open",
    "pass-until": "shares that saturate leave the place of the rise open",
}
"""Laws with possibly unstable predictions, and the reason; all others must be stable."""


def laws(names: Sequence[str] | None) -> list[str]:
    """Return the parametric laws of the registry, or those named."""
    return list(names) if names else [e.name for e in list_predictors() if isinstance(e.make(), ParametricLaw)]


def run(names: Sequence[str], tasks: Sequence[Task], *, stability: bool) -> list[TaskResult]:
    """Evaluate predictors on the tasks that they can enter."""
    return [evaluate(p, t, name=n, stability=stability) for n in names for p in [make(n)] for t in tasks if usable(p, t)]


def table(results: Sequence[TaskResult]) -> tuple[list[str], list[str]]:
    """Return the instability table, and the predictors that are unstable without a reason."""
    lines, unexplained = [f"{'predictor':26} {'folds':>6} {'unstable':>8} {'worst':>8}  reason"], []
    for name in dict.fromkeys(r.predictor for r in results):
        found = np.array([f.instability for r in results if r.predictor == name for f in r.folds if f.status == "ok"])
        unstable = int((found > UNSTABLE).sum())
        lines.append(f"{name:26} {len(found):6} {unstable:8} {found.max(initial=0.0):8.1e}  {REASONS.get(name, '') if unstable else ''}")
        unexplained += [name] if unstable and name not in REASONS else []
    return lines, unexplained


def under(kernel: str, arguments: argparse.Namespace, folder: Path) -> tuple[str, tuple[TaskResult, ...]]:
    """Return the kernel that a process with a requested kernel used, and its results."""
    out = folder / f"{kernel}.parquet"
    command = [sys.executable, __file__, "--suite", arguments.suite, "--out", str(out), "--predictors", *laws(arguments.predictors)]
    done = subprocess.run(command, env={**os.environ, "OPENBLAS_CORETYPE": kernel}, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout), read_results(out)


def apart(one: Sequence[TaskResult], other: Sequence[TaskResult], measured: Sequence[TaskResult], tasks: Sequence[Task]) -> list[str]:
    """Return the stable folds on which two kernels differ by more than 1e-6."""
    folds = {t.id: t.folds for t in tasks}
    found = []
    for a, b, c in zip(one, other, measured, strict=True):
        for f, g, m, fold in zip(a.folds, b.folds, c.folds, folds[a.task], strict=True):
            if f.status == g.status == "ok" and not m.instability > UNSTABLE:
                move = moves(f.predictions, g.predictions, fold.y_test).max()
                found += [f"{a.predictor} on {a.task}, {f.fold}: {move:.1e}"] if move > UNSTABLE else []
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--suite", default=SUITE)
    parser.add_argument("--predictors", nargs="+")
    parser.add_argument("--kernels", nargs=2, default=KERNELS)
    parser.add_argument("--out", type=Path, help="only fit under the present kernel, and write the results here")
    arguments = parser.parse_args()
    names, tasks = laws(arguments.predictors), load_suite(arguments.suite).tasks
    if arguments.out is not None:
        write_results(arguments.out, run(names, tasks, stability=False))
        print(json.dumps("/".join(sorted({i["architecture"] for i in threadpool_info() if "architecture" in i}))))
        return 0
    measured = run(names, tasks, stability=True)
    lines, unexplained = table(measured)
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (kernel, one), (another, other) = (under(k, arguments, Path(folder)) for k in arguments.kernels)
    different = apart(one, other, measured, tasks)
    print(f"\nkernels {kernel} and {another}: {len(different)} stable folds differ by more than {UNSTABLE:g}", *different, sep="\n")
    return 1 if unexplained or different else 0


if __name__ == "__main__":
    sys.exit(main())
