"""Eighteen tables that practitioners have, and what must become of each: read as meant, or refused with the remedy."""

from __future__ import annotations

import json

import numpy as np

N = np.repeat([1.4e7, 3.1e7, 7.0e7, 1.6e8], 3)
D = np.tile([1e9, 3e9, 1e10], 4)
LOSS = np.round(1.69 + 406.4 / N**0.34 + 410.7 / D**0.28, 4)
"""The runs that every table below holds, in one form or another."""


def _csv(header: str, *columns, sep: str = ",") -> str:
    return "\n".join([header, *(sep.join(str(c[i]) for c in columns) for i in range(len(columns[0])))]) + "\n"


def _si(x: float) -> str:
    for limit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if x >= limit:
            return f"{x / limit:g}{letter}"
    return f"{x:g}"


SI_N, SI_D = [_si(x) for x in N], [_si(x) for x in D]
FLOPS = 6.0 * N * D
ARCH = ["llama", "mamba", "llama"] * 4

ACCEPTED = {
    "the schema's own names": ("a.csv", _csv("params,tokens,value", N, D, LOSS)),
    "the letters of the papers": ("b.csv", _csv("N,D,L", N, D, LOSS)),
    "sizes as they are said": ("c.csv", _csv("model_size,train_tokens,val_loss", SI_N, SI_D, LOSS)),
    "units in the headers": ("d.csv", _csv("Params (M),Tokens (B),Loss", N / 1e6, D / 1e9, LOSS)),
    "units in the names": ("e.csv", _csv("n_params_millions,tokens_b,eval_loss", N / 1e6, D / 1e9, LOSS)),
    "semicolons and decimal commas": (
        "f.csv",
        _csv("N;D;loss", [f"{x:.0f}" for x in N], [f"{x:.0f}" for x in D], [str(y).replace(".", ",") for y in LOSS], sep=";"),
    ),
    "tabs": ("g.tsv", _csv("n_params\ttokens\tfinal_loss", N, D, LOSS, sep="\t")),
    "JSON lines": (
        "h.jsonl",
        "\n".join(json.dumps({"N": n, "D": d, "val/loss": y, "git": "abc"}) for n, d, y in zip(N, D, LOSS, strict=True)),
    ),
    "compute in place of tokens": ("i.csv", _csv("N,C,loss", N, FLOPS, LOSS)),
    "a W&B export of the table of runs": (
        "j.csv",
        _csv(
            '"Name","State","Created","Runtime","n_params","tokens","lr","train/loss","val/loss"',
            [f'"run-{i}"' for i in range(13)],
            ['"finished"'] * 12 + ['"crashed"'],
            ['"2026-01-01T00:00:00.000Z"'] * 13,
            ['"1200"'] * 13,
            [f'"{n:.0f}"' for n in [*N, 1e7]],
            [f'"{d:.0f}"' for d in [*D, 1e9]],
            ['"0.0003"'] * 13,
            [f'"{y - 0.05:.4f}"' for y in [*LOSS, 9.0]],
            [f'"{y}"' for y in [*LOSS, 9.0]],
        ),
    ),
    "runs that diverged or have not ended": ("k.csv", _csv("N,D,loss", [*N, 1e7, 1e7], [*D, 1e9, 2e9], [*LOSS, "NaN", ""])),
    "an index column, a comment and thousands separators": (
        "l.csv",
        "# sweep of May\n"
        + _csv(",N,D,loss,notes", range(12), [f'"{n:,.0f}"' for n in N], [f'"{d:,.0f}"' for d in D], LOSS, ["", "rerun"] * 6),
    ),
    "checkpoints of each run": (
        "m.csv",
        _csv(
            "run,step,N,tokens,loss",
            np.repeat([f"r{i}" for i in range(12)], 2),
            [500, 1000] * 12,
            np.repeat(N, 2),
            np.ravel([D / 2, D], order="F"),
            np.ravel([LOSS + 0.2, LOSS], order="F"),
        ),
    ),
    "two architectures, one chosen": (
        "n.csv",
        _csv("arch,N,D,loss", [*ARCH, *["llama"] * 12], [*(N * 1.01), *N], [*D, *D], [*(LOSS + 0.3), *LOSS]),
    ),
}
"""Read as the runs above (all twelve of them, but for the last, whose rows are chosen)."""

REFUSED = {
    "no column of values": ("o.csv", _csv("N,D,score_a", N, D, LOSS), "name it with --map score_a=value"),
    "a typing error in a number": (
        "p.csv",
        _csv("N,D,loss", [SI_N[0], "14Mx", *SI_N[2:]], D, LOSS),
        "row 2, column 'N': '14Mx' is not a number",
    ),
    "accuracies in percent": ("q.csv", _csv("N,D,accuracy", N, D, 100 / LOSS), "if it is in percent, say --unit value=0.01"),
    "the export of a W&B chart": (
        "r.csv",
        _csv('Step,"run-1 - val/loss","run-1 - val/loss__MIN","run-1 - val/loss__MAX"', range(4), LOSS[:4], LOSS[:4], LOSS[:4]),
        "without the params, tokens or other settings of the runs; export the table of runs instead",
    ),
}
