"""SLDBench: the published human scores, recomputed from the stored human constants by the benchmark's protocol."""

import json

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.protocols import sldbench
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.leaderboard.protocol_boards import published_scores, sldbench_board

HUMAN = {  # as published, to the digits recorded
    "vocab": 0.966363362278,
    "sft": 0.957077339411,
    "domain_mixture": 0.671117370970,
    "moe": 0.703207257,
    "data_constrained": 0.910567317114,
    "lr_bsz": -0.075688885319,
    "parallel": 0.999892597013,
    "easy_question": -1.0,
}


def vocab(X, A, alpha, B, beta, C, gamma, E):
    return A / X["params_nonembedding"] ** alpha + B / X["vocab_size"] ** beta + C / X["characters"] ** gamma + E


def sft(X, A, alpha, B, C):
    return A / (X["samples"] ** alpha + B) + C


def moe(X, a, b, c, d, start, end):
    E, start, end = np.maximum(X["experts"], 1.0001), max(start, 1.1), max(end, start + 0.1)
    saturated = 1 / (1 / (E - 1 + 1 / (1 / (start - 1) - 1 / (end - 1))) + 1 / end)
    return np.exp(a * np.log(X["params"]) + b * np.log(saturated) + c * np.log(X["params"]) * np.log(saturated) + d)


def domain_mixture(X, target, *p):
    c, k, t = np.array(p[:5]), np.array(p[5:10]), np.array(p[10:]).reshape(5, 5)
    return c[target] + k[target] * np.exp(X[[f"mix_domain_{i}" for i in range(1, 6)]].to_numpy() @ t[target])


def parallel(X, A, k, alpha, E):
    return (A / (X["params"] * (k * np.log(X["streams"]) + 1))) ** alpha + E


def easy_question(X, *p):
    return np.polyval(p, np.log10(X["flops"] / 1e21))


def lr_bsz(X, A, alpha, B, beta, C, Dl, En, F, gamma, zeta, G, eta):
    N, D = X["params_nonembedding"], X["tokens"]
    lr0, b0 = F * N**gamma * D**zeta, G * D**eta
    b = X["batch_size"]
    return A * D**-alpha + B * N**-beta + C + Dl * (X["learning_rate"] - lr0) ** 2 + En * (np.log(b) + b0 / b)


def data_constrained(X):
    U, N, D = X["unique_tokens"], X["params"], X["tokens"]
    U_N = np.minimum(0.051 * U, N)
    size = U_N + 5.3 * U_N * (1 - np.exp(-(N / U_N - 1) / 5.3))
    data = U + 15.4 * U * (1 - np.exp(-(np.maximum(D / U - 1, 0)) / 15.4))
    return 1.87 + 521 / size**0.353 + 1488 / data**0.353


@pytest.fixture(scope="module")
def human(mirror):
    laws = json.loads((mirror / "sldbench" / "raw" / "human_laws.json").read_text())
    return [_result(task, laws) for task in load_suite("sldbench").build(fetch=True)]


def _result(task, laws):
    name = task.spec.split.label()
    folds = [FoldResult(fold.name, "ok", predictions=np.asarray(_predict(task, name, fold, laws[name]), float)) for fold in task.folds]
    return TaskResult("human", "{}", "sldbench", task.id, task.fingerprint, "{}", tuple(folds))


def _predict(task, name, fold, law):
    if name == "data_constrained":
        return data_constrained(fold.X_test)
    constants = law["params_by_group"][fold.name.removeprefix(f"{name}/")]
    if name == "domain_mixture":
        return domain_mixture(fold.X_test, int(task.spec.metric[-1]) - 1, *constants)
    forms = {"vocab": vocab, "sft": sft, "moe": moe, "parallel": parallel, "easy_question": easy_question, "lr_bsz": lr_bsz}
    return forms[name](fold.X_test, *constants)


@pytest.fixture(scope="module")
def scores(human):
    return sldbench(human, load_suite("sldbench").build(fetch=True))


@pytest.mark.parametrize("task", HUMAN)
def test_the_published_human_score_is_recomputed(task, scores):
    r2 = scores.set_index("task").loc[task, "r2"]
    # moe: .7032072257 here, .7032072577 published; the rule by which it keeps one expert off zero is not recorded exactly
    assert r2 == pytest.approx(HUMAN[task], abs=6e-8 if task == "moe" else 6e-10)


def test_the_board_shows_it_beside_the_published_entries(scores):
    board = sldbench_board(scores).rows
    published = published_scores("sldbench").loc["human"]
    ours = board[board["source"] == "ours"].loc["human"]
    assert ours[published.index].astype(float).to_numpy() == pytest.approx(published.to_numpy(), abs=5.1e-4)
    assert ours["mean"] == pytest.approx(0.517, abs=5e-4)


def test_a_failed_fold_fails_its_task_and_a_task_left_out_counts_as_a_miss(human):
    tasks = load_suite("sldbench").build(fetch=True)
    broken = TaskResult(
        "x", "{}", "sldbench", tasks[0].id, tasks[0].fingerprint, "{}", tuple(FoldResult(f.name, "error") for f in tasks[0].folds)
    )
    scores = sldbench([broken], tasks)
    assert list(scores["r2"]) == [-1.0]
    board = sldbench_board(scores).rows
    assert board.loc["x", "mean"] == -1.0 and pd.isna(board.loc["x", "moe"])
