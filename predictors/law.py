"""The base class of a law form: a formula and its constants, fitted by the shared engine."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import FitWarning, PredictorError
from scalingbench.common.rounding import REFITS, jittered
from scalingbench.predictors import fitting
from scalingbench.predictors.allocation import Allocation, optimum
from scalingbench.predictors.columns import check_weights, select
from scalingbench.predictors.estimator import Findings, ScalingLaw
from scalingbench.predictors.fitting import Loss, Problem, Space, intervals
from scalingbench.predictors.parameters import Parameter

__all__ = ["ParametricLaw"]

_UNSTABLE = 1e-6


class ParametricLaw(ScalingLaw):
    """A law form: a formula and its constants, fitted by the shared engine.

    A subclass needs only `variables`, `parameters` and `formula`.

    Parameters
    ----------
    loss : {"huber", "soft-l1", "l1", "l2"}
        Loss of a residual.
    space : {"log", "linear"}
        Residuals are differences of logarithms, or of values divided by their geometric mean.
    delta : float
        Residual at which the robust losses turn from quadratic to linear.
    n_starts : int, optional
        Starting points; by default the law's own `default_starts`.
    random_state : int
        Seed of the starts and of bootstraps.

    Attributes
    ----------
    params_ : dict of str to float
        Fitted constants in the units of the data.
    objective_ : float
        Sum over rows of the loss.
    converged_, status_ : bool, str
        How the fit ended; see `scalingbench.predictors.fitting.FitResult` for this and the following.
    covariance_ : ndarray, shape (P, P)
        Of the constants, in the order of `parameters`.
    at_bound_, unidentified_ : tuple of str
        Constants at a bound, and constants that the data do not identify.
    condition_, gradient_norm_ : float
        Of the curvature and of the gradient at the optimum.
    n_starts_, agreement_ : int, float
        Number of starts, and the share of the finalists that reached this optimum.

    Examples
    --------
    >>> import numpy as np
    >>> import scalingbench as sb
    >>> class Power(sb.ParametricLaw):
    ...     variables = ("params",)
    ...     parameters = (sb.irreducible("E"), sb.amplitude("A", N="alpha"), sb.exponent("alpha"))
    ...
    ...     @staticmethod
    ...     def formula(N, E, A, alpha):
    ...         return E + A * N**-alpha
    >>> sizes = np.array([1e7, 1e8, 1e9, 1e10])
    >>> law = Power().fit(sizes[:, None], 2.0 + 100.0 * sizes**-0.3)
    >>> {name: round(value, 2) for name, value in law.params_.items()}
    {'E': 2.0, 'A': 100.0, 'alpha': 0.3}
    """

    parameters: ClassVar[Sequence[Parameter]] = ()
    shared_scale: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Inputs, by argument name, that share a unit and are normalised together."""
    fixed_scale: ClassVar[tuple[str, ...]] = ()
    """Inputs with a fixed unit; they are not normalised."""
    default_starts: ClassVar[int] = fitting.DEFAULT_STARTS
    hard: ClassVar[bool] = False
    """Whether the form has local optima on which starts may agree; then the thorough pass is always made."""
    jacobian: ClassVar[Callable[..., np.ndarray] | None] = None
    """Optional: derivatives of the formula by each constant, shape (S, P, n); by default automatic differentiation."""
    formula: ClassVar[Callable[..., Any]]
    working: ClassVar[Sequence[Parameter]] = ()
    """Optional: parameters that are searched instead of nearly degenerate `parameters`; with `constants_from`."""
    constants_from: ClassVar[Callable[..., Sequence[Any]] | None] = None
    """Returns the constants from `working`, in the order of `parameters`."""
    published_constants: ClassVar[Mapping[str, Mapping[str, float]]] = {}
    """Published constants by source, in the order of `parameters`."""

    def __init__(
        self,
        loss: Loss = "huber",
        space: Space = "log",
        delta: float = 1e-3,
        n_starts: int | None = None,
        random_state: int = 0,
    ):
        self.loss = loss
        self.space = space
        self.delta = delta
        self.n_starts = n_starts
        self.random_state = random_state

    def inputs(self, X: pd.DataFrame) -> tuple[np.ndarray, ...]:
        """Return the formula's inputs, each of shape (n,); by default the columns of `variables`."""
        return tuple(select(X, self.columns_))

    def fit(self, X: pd.DataFrame, y: Any, sample_weight: Any = None) -> ParametricLaw:
        """Fit the constants.

        Parameters
        ----------
        X : DataFrame, shape (n, n_variables)
            Scale variables, one column each.
        y : array-like, shape (n,)
            Measured values; positive where `space` is log.
        sample_weight : array-like, shape (n,), optional
            Weights of the rows, at least 0.

        Raises
        ------
        PredictorError
            If an argument, a column or a value is invalid; names it.
        """
        self._prepare(X, y, sample_weight)
        self._store(self._solve([self])[0])
        return self

    def fit_many(self, frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[ParametricLaw]:
        """Fit clones on many data sets in one descent, which costs little more than the largest of them.

        Parameters
        ----------
        frames, responses : sequences
            X and y of each data set, as in `fit`.

        Returns
        -------
        list of ParametricLaw
            A fitted clone for each.
        """
        laws = [clone(self) for _ in frames]
        for law, X, y in zip(laws, frames, responses, strict=True):
            law._prepare(X, y, None)
        for law, result in zip(laws, self._solve(laws), strict=True):
            law._store(result)
        return laws

    def _prepare(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._check_arguments()
        X, y = self._read_training(X, y, positive=self._needs_positive(), finite=True)
        self._weights = np.ones(len(y)) if sample_weight is None else check_weights(sample_weight, len(y))[self._order]
        self._problem = self._make_problem(X, y)

    def _solve(self, laws: Sequence[ParametricLaw]) -> list[fitting.FitResult]:
        starts = self.n_starts if self.n_starts is not None else self.default_starts
        problems, weights = [law._problem for law in laws], [law._weights for law in laws]
        return fitting.fit_many(problems, weights=weights, n_starts=starts, random_state=self.random_state, hard=self.hard)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values.

        Parameters
        ----------
        X : DataFrame
            The columns of `variables`, in any order.

        Returns
        -------
        ndarray, shape (n,)
        """
        check_is_fitted(self, "params_")
        X = self._read(X)
        values: np.ndarray = self._evaluate(self.inputs(X), self.result_.u[None, :])[0]
        return values

    def predict_quantiles(
        self,
        X: pd.DataFrame,
        levels: Sequence[float],
        *,
        method: Literal["bootstrap", "delta"] = "bootstrap",
        n_resamples: int = 200,
    ) -> np.ndarray:
        """Predict quantiles of a new measurement, from the uncertainty of the constants and the noise of the rows.

        Parameters
        ----------
        X : DataFrame
            The columns of `variables`.
        levels : sequence of float
            Quantile levels in (0, 1).
        method : {"bootstrap", "delta"}
            Refitted resamples of the training rows with resampled residuals, or a normal
            approximation from the covariance of the constants: faster, and symmetric.
        n_resamples : int
            Resamples, for the bootstrap.

        Returns
        -------
        ndarray, shape (n, len(levels))
        """
        check_is_fitted(self, "params_")
        inputs, u = self.inputs(self._read(X)), self.result_.u
        residuals, wanted = intervals.enlarged_residuals(self._problem, u), np.asarray(levels, float)

        def curve(u: np.ndarray) -> np.ndarray:
            values = self._evaluate(inputs, u)
            return np.log(np.maximum(values, 1e-300)) if self.space == "log" else values

        if method == "delta":
            found = intervals.delta_quantiles(curve, u, self.result_.spread, residuals, wanted)
        elif method == "bootstrap":
            found = intervals.bootstrap_quantiles(curve, self._resample(n_resamples), residuals, wanted, self.random_state)
        else:
            raise PredictorError(f"method: expected 'bootstrap' or 'delta', got {method!r}")
        return np.exp(found) if self.space == "log" else found

    def at(self, X: pd.DataFrame, params: Mapping[str, float]) -> np.ndarray:
        """Evaluate the formula at given constants, shape (n,), without a fit.

        Parameters
        ----------
        X : DataFrame
            The columns of `variables`.
        params : mapping
            Every constant, in the units of the data.
        """
        law = clone(self)
        law.columns_ = law._wanted(X)
        with np.errstate(all="ignore"):
            return np.asarray(law.formula(*law.inputs(X), *(params[p.name] for p in law.parameters)), float)

    def allocate(
        self, flops: float, *, level: float | None = None, n_resamples: int = 200, flops_per_token: float = 6.0, **others: float
    ) -> Allocation:
        """Split a training budget between parameters and tokens for the least predicted loss.

        Parameters
        ----------
        flops : float
            The budget C = `flops_per_token` x params x tokens.
        level : float, optional
            Share of bootstrap resamples within the intervals; by default there are none.
        n_resamples : int
            Resamples for the intervals.
        flops_per_token : float
            FLOPs per parameter and token.
        others : float
            Values of the law's other variables, such as ``unique_tokens=1e11``.

        Raises
        ------
        PredictorError
            If the law does not take params and tokens, a variable is missing, or there is no optimum.
        """
        check_is_fitted(self, "params_")
        missing = {"params", "tokens"} - set(self.columns_) or set(self.columns_) - {"params", "tokens", *others}
        if missing:
            raise PredictorError(f"allocate: {type(self).__name__} needs a value of {', '.join(sorted(missing))}")

        def losses(u: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
            return lambda N, D: self._evaluate(self.inputs(pd.DataFrame({"params": N, "tokens": D, **others})), u)

        params, loss = optimum(losses(self.result_.u[None, :]), flops, flops_per_token)
        if np.isnan(params[0]):
            raise PredictorError(f"allocate: {type(self).__name__} as fitted has no optimum at {flops:g} FLOPs")
        best = Allocation(flops, float(params[0]), flops / flops_per_token / float(params[0]), float(loss[0]))
        if level is None:
            return best
        tails = [50.0 * (1.0 - level), 50.0 * (1.0 + level)]
        params, loss = optimum(losses(self._resample(n_resamples)), flops, flops_per_token)
        low, high = map(float, np.nanpercentile(params, tails))
        tokens = (flops / flops_per_token / high, flops / flops_per_token / low)
        lowest, highest = map(float, np.nanpercentile(loss, tails))
        return replace(best, params_interval=(low, high), tokens_interval=tokens, loss_interval=(lowest, highest), level=level)

    def bootstrap(self, n_resamples: int = 200, weights: np.ndarray | None = None) -> pd.DataFrame:
        """Refit resamples of the training rows.

        Parameters
        ----------
        n_resamples : int
            Resamples of the training rows, with replacement; seeded by `random_state`.
        weights : ndarray, shape (n_resamples, n), optional
            How much each row counts in each resample, in place of drawn counts: fits that are compared are refitted to the
            same resamples.

        Returns
        -------
        DataFrame, shape (n_resamples, P)
            The constants of each refit, in the units of the data.
        """
        check_is_fitted(self, "params_")
        if weights is None:
            drawn = self._resample(n_resamples)
        else:
            drawn = fitting.refit(self._problem, self.result_.u[None, :], weights[:, self._order] * self._weights)
        return pd.DataFrame(self._problem.raw(drawn), columns=list(self.params_))

    def _resample(self, n_resamples: int) -> np.ndarray:
        return intervals.resample(self._problem, self.result_.u, self._weights, n_resamples, self.random_state)

    def instability(self, X: pd.DataFrame) -> float:
        """Return the largest relative change of a prediction over five refits to training rows with changed last bits.

        Above 1e-6 the data do not determine the prediction. `summary` reports the value.

        Parameters
        ----------
        X : DataFrame
            Prediction points: the columns of `variables`.
        """
        check_is_fitted(self, "params_")
        X, problem = self._read(X), self._problem
        laws = [clone(self) for _ in range(REFITS)]
        for law, rng in zip(laws, map(np.random.default_rng, range(REFITS)), strict=True):
            inputs, y = tuple(jittered(x, rng) for x in problem.inputs), jittered(problem.y, rng)
            law._weights, law._problem = self._weights, replace(problem, inputs=inputs, y=y)
        here, inputs = self.predict(X), self.inputs(X)
        others = [self._evaluate(inputs, result.u[None])[0] for result in self._solve(laws)]
        self.instability_ = float(max(np.abs(other / here - 1.0).max() for other in others))
        return self.instability_

    def summary(self) -> pd.DataFrame:
        """Return the constants with standard errors: one row each, columns estimate, se, at_bound, identified.

        ``attrs["instability"]`` is the last result of `instability`, NaN before the first call.
        """
        check_is_fitted(self, "params_")
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.covariance_))
        table = pd.DataFrame(
            {
                "estimate": list(self.params_.values()),
                "se": se,
                "at_bound": [name in self.at_bound_ for name in self.params_],
                "identified": [name not in self.unidentified_ for name in self.params_],
            },
            index=pd.Index(list(self.params_), name="constant"),
        )
        table.attrs["instability"] = getattr(self, "instability_", float("nan"))
        return table

    def _findings(self) -> Findings | None:
        if not hasattr(self, "params_"):
            return None
        table = self.summary()
        notes = np.where(table["at_bound"], "at its bound", np.where(table["identified"], "", "left open by the data"))
        lines: tuple[str, ...] = (f"{len(self._problem.y)} rows, {self.status_}; {self.loss} loss of residuals in {self.space} space",)
        if (move := table.attrs["instability"]) > _UNSTABLE:
            lines = (*lines, f"unstable: rounding moves a prediction by {100 * move:.2g} %")
        return Findings(lines, table[["estimate", "se"]].assign(note=notes), self.latex())

    def __getstate__(self) -> dict[str, Any]:
        # pickles carry the data and not the formula, so that a law may use lambdas
        state: dict[str, Any] = super().__getstate__()
        if "_problem" in state:
            state = {**state, "_problem": replace(state["_problem"], parameters=(), constants=(), formula=None, jacobian=None, turn=None)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "_problem"):
            self._problem = replace(
                self._problem,
                parameters=self.working or self.parameters,
                constants=self.parameters,
                formula=self.formula,
                jacobian=self.jacobian,
                turn=self.constants_from,
            )

    def _make_problem(self, X: pd.DataFrame, y: np.ndarray) -> Problem:
        return fitting.make_problem(
            self.working or self.parameters,
            self.formula,
            dict(zip(self._input_names(), self.inputs(X), strict=True)),
            y,
            jacobian=self.jacobian,
            turn=self.constants_from,
            constants=self.parameters,
            shared=self.shared_scale,
            fixed=self.fixed_scale,
            loss=self.loss,
            space=self.space,
            delta=self.delta,
        )

    def _input_names(self) -> list[str]:
        """Return the names of the formula's first arguments, those before the constants."""
        constants = {p.name for p in self.parameters}
        arguments = inspect.signature(self.formula).parameters.values()
        return [a.name for a in arguments if a.kind is not a.VAR_POSITIONAL and a.name not in constants]

    def _evaluate(self, inputs: tuple[np.ndarray, ...], u: np.ndarray) -> np.ndarray:
        """Evaluate the fitted law on raw inputs, shape (len(u), n)."""
        problem = self._problem
        names = [n for n in problem.scales if n != "y"]
        normalised = tuple(x / problem.scales[name] for name, x in zip(names, inputs, strict=True))
        return problem.evaluate(normalised, problem.theta(u)) * problem.scales["y"]

    def _store(self, result: fitting.FitResult) -> None:
        names = [p.name for p in self.parameters]
        searched = [p.name for p in self.working or self.parameters]
        self.result_ = result
        self.__dict__.pop("instability_", None)  # of an earlier fit
        self.params_ = dict(zip(names, map(float, result.params), strict=True))
        self.objective_ = result.objective
        self.status_: Literal["converged", "at-bound", "max-iterations", "degenerate"] = result.status
        self.converged_ = result.status in ("converged", "at-bound")
        self.at_bound_ = tuple(n for n, flag in zip(searched, result.at_bound, strict=True) if flag)
        self.unidentified_ = tuple(n for n, flag in zip(searched, result.unidentified, strict=True) if flag)
        self.covariance_ = result.covariance
        self.condition_ = result.condition
        self.gradient_norm_ = result.gradient_norm
        self.n_starts_ = result.n_starts
        self.agreement_ = result.n_agree / result.n_final
        self._warn()

    def _warn(self) -> None:
        name = type(self).__name__
        if not self.converged_:
            warnings.warn(f"{name}: the fit ended as {self.status_!r}", FitWarning, stacklevel=4)
        elif self.unidentified_:
            warnings.warn(f"{name}: the data don't identify {', '.join(self.unidentified_)}", FitWarning, stacklevel=4)

    def _needs_positive(self) -> bool:
        return self.space == "log"

    def _check_arguments(self) -> None:
        if self.loss not in fitting.LOSSES:
            raise PredictorError(f"loss: expected one of {', '.join(fitting.LOSSES)}, got {self.loss!r}")
        if self.space not in ("log", "linear"):
            raise PredictorError(f"space: expected 'log' or 'linear', got {self.space!r}")
        if not self.delta > 0:
            raise PredictorError(f"delta: expected a positive number, got {self.delta!r}")
        if self.n_starts is not None and self.n_starts < 1:
            raise PredictorError(f"n_starts: expected at least 1, got {self.n_starts!r}")
