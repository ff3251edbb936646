"""Suites: whatever a file holds, its tasks are built or one line names the file and the entry."""

import numpy as np
import pandas as pd
import yaml
from hostile import damaged, edited, loads_or_is_refused
from hypothesis import example, given
from hypothesis import strategies as st

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import load_suite

N, K = 24, np.arange(24)
MADE = Collection(
    "chinchilla",
    normalise(
        pd.DataFrame(
            {
                "curve": np.where(K % 3 == 0, "a", np.where(K % 3 == 1, "b", "shared")),
                "run": [f"r{k // 2}" for k in K],
                "metric": np.where(K < 20, "loss", "accuracy"),
                "value": np.where(K < 20, 3.0 - K / 30, 0.5),
                "params": 10.0 ** (6 + K % 5),
                "tokens": np.where(K % 7 == 3, np.nan, 1e9 * (1 + K)),
                "steps": K * 1.0,
                "samples": K % 2 * 1.0,
                "date": K - 10.0,
                "seed": np.where(K % 4 == 0, np.nan, K % 2),
                "flag": np.where(K % 8 == 5, "duplicate", np.where(K % 11 == 6, "outlier|diverged", "")),
                "split": np.where(K < 8, "train", np.where(K < 16, "test", "")),
            }
        )
    ),
    load_card("chinchilla"),
)
"""Rows with everything that a rule asks about: gaps, zeros, negative numbers, flags, checkpoints."""

WHOLE = yaml.safe_load("""
description: small
reference: mean
pool: [mean]
tasks:
  - {collection: chinchilla, metric: loss, track: compute, variables: [params, tokens], split: {kind: budget, share: 0.1}}
  - collection: chinchilla
    metric: loss
    track: curve
    variables: [params, curve]
    split: {kind: frontier, variable: params, train_max: 1.0e+8, test_min: 1.0e+9, relative: false}
    where:
      curves: [a, b]
      between: {tokens/params: [1, null]}
      equals: {seed: null}
      final: steps
      flags: [outlier]
      context: [duplicate]
      value: [0.1, 9]
    shared: [shared]
    scale: params
    min_train: 1
    pooled: true
    weight: 2
  - collection: chinchilla
    metric: loss
    track: curve
    variables: [source_loss]
    inputs: {source_loss: accuracy}
    split: {kind: ladder, variable: steps, first: 1}
  - {collection: chinchilla, metric: loss, track: transfer, variables: [params], split: {kind: leave-group-out, by: run, groups: [r1]}}
""")


def check(path):
    suite = loads_or_is_refused(lambda: load_suite(str(path)), path)
    for spec in suite.specs if suite is not None else ():
        check_tasks(spec)


def check_tasks(spec):
    for task in loads_or_is_refused(lambda: build_tasks(spec, MADE), f"task {spec.id}: ") or ():
        assert task.id.startswith(spec.id) and np.isfinite(task.extrapolation) and task.extrapolation > 0 and 0 <= task.compute_share <= 1
        assert task.n_test >= 1 and len(task.fingerprint) == 16 and np.isfinite(task.weight)
        for fold in task.folds:
            assert len(fold.y_train) >= spec.min_train and fold.n_scored >= 1
            assert list(fold.X_train) == list(fold.X_test) == list(spec.variables)
            assert len(fold.X_test) == len(fold.y_test) == len(fold.scored) == len(fold.cost) and len(fold.X_train) == len(fold.y_train)
            if spec.metric == "loss":  # whose values are all different
                assert not set(fold.y_train) & set(fold.y_test)


@given(document=damaged(WHOLE))
def test_a_suite_with_damaged_entries(document, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    check(path)


@example(content=yaml.safe_dump(WHOLE).encode().replace(b"metric: loss", b"metric: \xed\x9f\xbcloss", 1))
@given(content=edited(yaml.safe_dump(WHOLE).encode()))
def test_an_edited_suite(content, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    check(path)


AXIS = st.sampled_from(["params", "params", "params", "steps", "date", "samples", "tokens", "flops"])
NUMBER = st.sampled_from(["params", "steps", "tokens", "samples", "date", "seed", "value", "curve", "mix_a"])
INPUT = st.sampled_from(["params", "steps", "samples", "date", "tokens", "run", "curve", "seed", "flops"])
LIMIT = st.one_of(st.none(), st.floats(0, 1e11), st.sampled_from([0, 1, 1e8, 1e9, -3]))
LIMITS = st.tuples(LIMIT, LIMIT).map(list)
BY = st.sampled_from(["curve", "run", "seed", "params", "flag", "value", "nope"])
GROUPS = st.lists(st.sampled_from(["a", "b", "r1", "nope"]), max_size=2)
FRONTIER = {"kind": st.just("frontier"), "variable": AXIS, "train_max": st.sampled_from([1, 0.5, 8, 1e7, 1e8, 1e9, 5e9])}
STEPS = {"first": st.integers(0, 4), "last": st.integers(0, 9), "horizon": st.integers(0, 3), "tolerance": st.floats(0, 2)}
SPLIT = st.one_of(
    st.just({"kind": "published"}),
    st.fixed_dictionaries(FRONTIER),
    st.fixed_dictionaries({**FRONTIER, "test_min": LIMIT}),
    st.fixed_dictionaries({**FRONTIER, "relative": st.booleans(), "downwards": st.booleans()}),
    st.fixed_dictionaries({"kind": st.just("ladder"), "variable": AXIS}, optional=STEPS),
    st.fixed_dictionaries({"kind": st.just("budget"), "share": st.floats(0, 1)}),
    st.fixed_dictionaries({"kind": st.just("leave-group-out")}, optional={"by": BY, "groups": GROUPS}),
)
RATIO = st.one_of(NUMBER, st.tuples(NUMBER, NUMBER).map("/".join), st.sampled_from(["params/", "/", "params/steps/date"]))
WHERE = {
    "curves": st.lists(st.sampled_from(["a", "*", "[", "s*", "nope"]), max_size=2),
    "runs": st.lists(st.sampled_from(["r*", "r1?", "[!r]", "nope"]), max_size=2),
    "between": st.dictionaries(RATIO, LIMITS, min_size=1, max_size=2),
    "equals": st.dictionaries(NUMBER, LIMIT, min_size=1, max_size=1),
    "value": LIMITS,
    "final": st.one_of(AXIS, NUMBER),
    "flags": st.lists(st.sampled_from(["outlier", "diverged", "duplicate", "odd"]), max_size=2),
    "context": st.lists(st.sampled_from(["outlier", "duplicate"]), max_size=2),
}
FIELDS = {
    "metric": st.sampled_from(["accuracy", "mse"]),
    "variables": st.lists(INPUT, min_size=1, max_size=3),
    "split": SPLIT,
    "min_train": st.integers(0, 4),
    "where": st.sampled_from(sorted(WHERE)).flatmap(lambda name: st.fixed_dictionaries({name: WHERE[name]})),
    "scale": st.one_of(AXIS, NUMBER),
    "shared": st.lists(st.sampled_from(["shared", "*", "a", "nope"]), max_size=2),
    "pooled": st.booleans(),
    "inputs": st.dictionaries(st.sampled_from(["source_loss", "params", "run"]), st.sampled_from(["accuracy", "loss", "nope"]), min_size=1),
    "inputs_at_test": st.booleans(),
    "weight": st.one_of(st.floats(), st.just(0)),
    "duplicates": st.sampled_from(["porian", "nope"]),
}
PLAIN = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "min_train": 1}


@given(changed=st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True), split=SPLIT, data=st.data())
def test_an_entry_of_plausible_fields(changed, split, data, tmp_path):
    entry = {**PLAIN, "split": split, **{name: data.draw(FIELDS[name], label=name) for name in changed}}
    entry["variables"] = list(dict.fromkeys([*entry["variables"], *entry.get("inputs", ())]))
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**WHOLE, "tasks": [entry]}), encoding="utf-8")
    check(path)
