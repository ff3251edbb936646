"""The fitting engine shared by all parametric laws; see docs/fitting.md."""

from scalingbench.predictors.fitting.engine import DEFAULT_STARTS, FitResult, Status, fit, fit_from, fit_many, refit
from scalingbench.predictors.fitting.losses import LOSSES, Loss, Space
from scalingbench.predictors.fitting.prior import with_prior
from scalingbench.predictors.fitting.problem import Problem, make_problem
from scalingbench.predictors.fitting.starts import draw_starts

__all__ = [
    "DEFAULT_STARTS",
    "LOSSES",
    "FitResult",
    "Loss",
    "Problem",
    "Space",
    "Status",
    "draw_starts",
    "fit",
    "fit_from",
    "fit_many",
    "make_problem",
    "refit",
    "with_prior",
]
