"""Priors learnt across collections, compared with the stated priors of the pooled laws.

    python -m perf.tuning.priors tables.pkl tasks.pkl

The files are those of `perf.tuning.record`. Mean and spread of a law's shared constants are learnt
from at most six cases of every real collection, on training and held-out rows (none counts on a board). The error of the law with either
prior is relative to the nearest neighbour's, as geometric means over collections; the learnt prior is fitted to these cases.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perf.tuning.cases import Case, is_synthetic
from perf.tuning.record import Record, load
from perf.tuning.rules import weights_of
from scalingbench.common.errors import PredictorError
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.priors import PooledLaw, noise_of, precision_of, shared_prior
from scalingbench.predictors.registry import get

LAWS = ("chinchilla[pooled]", "shifted-power-law[pooled]", "bnsl-1[pooled]")
_MOST = 6


def main() -> None:
    """Print priors and errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    records = [r for file in parser.parse_args().files for r in load(file)]
    warnings.simplefilter("ignore")
    for name in LAWS:
        mine = [r for r in records if name in r.values and np.isfinite(r.values[name]).all()]
        law: PooledLaw = get(name).make()
        learnt = learn(law, [r.case for r in mine if not is_synthetic(r.case.collection)])
        for constant, (mean, spread) in learnt.items():
            stated = ", ".join(f"{v:.2f}" for v in law.prior[constant])
            print(f"{name}: {constant}: stated {stated}; learnt {mean:.2f}, {spread:.2f}", flush=True)
        for what, prior in (("stated", law.prior), ("learnt", learnt)):
            print(f"{name}: errors with the prior as {what}: {errors(law, mine, prior)}", flush=True)


def learn(law: PooledLaw, cases: Sequence[Case]) -> dict[str, tuple[float, float]]:
    """Return mean and spread of the shared constants over cases."""
    prepared = []
    for _, own in pd.Series(list(cases)).groupby([case.collection for case in cases]):
        for case in np.random.default_rng(0).permutation(own.to_numpy())[:_MOST]:
            one = type(law)(**law.get_params())
            try:
                one._prepare(pd.concat([case.X_train, case.X], ignore_index=True), np.concatenate([case.y_train, case.y]), None)
            except PredictorError:  # a column that held-out rows lack
                continue
            prepared.append(one)
    found = ParametricLaw._solve(law, prepared)
    mean, spread = law._stated(prepared[0])
    shared = np.flatnonzero(np.isfinite(spread))
    alone = np.stack([result.u[shared] for result in found])
    precisions = [precision_of(one, result, noise_of(one, result), shared) for one, result in zip(prepared, found, strict=True)]
    means, spreads = shared_prior(alone, np.stack(precisions), mean[shared], spread[shared])
    names = [prepared[0]._problem.parameters[i].name for i in shared]
    return dict(zip(names, zip(map(float, means), map(float, spreads), strict=True), strict=True))


def errors(law: PooledLaw, records: Sequence[Record], prior: Mapping[str, tuple[float, float]]) -> str:
    """Return geometric means of the law's errors with a prior, on real collections and on synthetic ones."""
    made = type(law.__class__.__name__, (type(law),), {"prior": prior})(**law.get_params())
    groups = [r.case.group or f"{r.case.collection}/{r.case.name}" for r in records]
    fitted = made.fit_many([r.case.X_train for r in records], [r.case.y_train for r in records], groups)
    logs = [
        np.log(np.clip(_error(r, model.predict(r.case.X)) / _reference(r), 0.01, 10.0)) for r, model in zip(records, fitted, strict=True)
    ]
    by = pd.Series(logs).groupby([r.case.collection for r in records])
    table = pd.DataFrame({"log": by.mean(), "weight": weights_of(by.size())})
    parts = {"real": table[~table.index.map(is_synthetic)], "synthetic": table[table.index.map(is_synthetic)]}
    return ", ".join(f"{what} {np.exp(np.average(t['log'], weights=t['weight'])):.3f}" for what, t in parts.items())


def _error(record: Record, predicted: np.ndarray) -> float:
    y = record.case.y
    residual = np.log(np.maximum(predicted, 1e-12) / y) if record.case.log else predicted - y
    return float(np.sqrt(np.mean(residual**2)))


def _reference(record: Record) -> float:
    nearest = record.values.get("nearest-neighbor", record.values["nearest-observation"])
    return max(_error(record, np.exp(nearest) if record.data.log else nearest), 1e-9)


if __name__ == "__main__":
    main()
