"""Suite files of few small tasks, of collections that come with the project."""

DISTILLATION = """  - collection: distillation_apple
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: flops, train_max: 1.0e+21}
"""


def suite_file(*tasks: str, pool: str = "nearest-neighbor") -> str:
    """Return the text of a suite of these entries, the distillation runs' first."""
    head = f"\ndescription: a small suite\nreference: nearest-neighbor\npool: [{pool}]\ntasks:\n"
    return head + DISTILLATION + "".join(tasks)
