"""Forward-mode differentiation of a formula: exact derivatives from the formula alone.

A `Dual` carries a value and, per parameter that it depends on, a tangent. Both have shape (S, n)
or (S, 1), so a term with one constant costs one tangent. Formulas are written with operators
and NumPy functions; a function that is not known here raises `Unsupported`, and the caller then
differentiates by differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Dual", "Unsupported", "derivatives"]


class Unsupported(TypeError):
    """A NumPy function without a derivative rule here."""


class Dual(np.lib.mixins.NDArrayOperatorsMixin):
    """A value with tangents by parameter index."""

    __slots__ = ("tangents", "value")
    __array_priority__ = 100.0

    def __init__(self, value: np.ndarray, tangents: dict[int, np.ndarray]):
        self.value = value
        self.tangents = tangents

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.value.shape

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise Unsupported(f"{ufunc.__name__}.{method}")
        values = [x.value if isinstance(x, Dual) else x for x in inputs]
        result = _fast_power(*values) if ufunc is np.power else ufunc(*values)
        if ufunc in _COMPARISONS:
            return result
        if ufunc not in _PARTIALS:
            raise Unsupported(ufunc.__name__)
        tangents: dict[int, np.ndarray] = {}
        for i, x in enumerate(inputs):
            if isinstance(x, Dual) and x.tangents:
                partial = _PARTIALS[ufunc][i](result, *values)
                for p, t in x.tangents.items():
                    term = t if partial is _ONE else t * partial
                    tangents[p] = tangents[p] + term if p in tangents else term
        return Dual(result, tangents)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where and len(args) == 3:
            return _where(*args)
        raise Unsupported(func.__name__)


def _where(condition: Any, a: Any, b: Any) -> Dual:
    value_a, value_b = (x.value if isinstance(x, Dual) else x for x in (a, b))
    tangents: dict[int, np.ndarray] = {}
    for x, chosen in ((a, True), (b, False)):
        if isinstance(x, Dual):
            for p, t in x.tangents.items():
                term = np.where(condition, t, 0.0) if chosen else np.where(condition, 0.0, t)
                tangents[p] = tangents[p] + term if p in tangents else term
    return Dual(np.where(condition, value_a, value_b), tangents)


def _fast_power(base: Any, exponent: Any) -> Any:
    """Return base**exponent; for rows of data raised to columns of constants by exp and log, which costs a quarter of pow."""
    data = isinstance(base, np.ndarray) and isinstance(exponent, np.ndarray) and base.size < np.size(exponent) * base.shape[-1]
    if data and base.ndim == 1 and (base > 0).all():
        return np.exp(exponent * np.log(base))
    return np.power(base, exponent)


def _power_exponent(result: Any, base: Any, exponent: Any) -> Any:
    if isinstance(base, np.ndarray) and base.ndim == 1 and (base > 0).all():
        return result * np.log(base)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(base)
    return np.where(result == 0.0, 0.0, result * np.where(np.isfinite(log), log, 0.0))


_ONE = 1.0  # the derivative of a sum: no product is taken with it
_COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isfinite, np.isnan}
_PARTIALS: dict[np.ufunc, tuple[Callable[..., Any], ...]] = {
    np.add: (lambda r, a, b: _ONE, lambda r, a, b: _ONE),
    np.subtract: (lambda r, a, b: _ONE, lambda r, a, b: -1.0),
    np.multiply: (lambda r, a, b: b, lambda r, a, b: a),
    np.true_divide: (lambda r, a, b: 1.0 / b, lambda r, a, b: -r / b),
    np.power: (lambda r, a, b: b * np.power(a, b - 1.0), _power_exponent),
    np.negative: (lambda r, a: -1.0,),
    np.positive: (lambda r, a: 1.0,),
    np.exp: (lambda r, a: r,),
    np.expm1: (lambda r, a: r + 1.0,),
    np.log: (lambda r, a: 1.0 / a,),
    np.log1p: (lambda r, a: 1.0 / (1.0 + a),),
    np.sqrt: (lambda r, a: 0.5 / r,),
    np.square: (lambda r, a: 2.0 * a,),
    np.reciprocal: (lambda r, a: -r * r,),
    np.tanh: (lambda r, a: 1.0 - r * r,),
    np.absolute: (lambda r, a: np.sign(a),),
    np.logaddexp: (lambda r, a, b: np.exp(a - r), lambda r, a, b: np.exp(b - r)),
    np.minimum: (lambda r, a, b: (a <= b) * 1.0, lambda r, a, b: (a > b) * 1.0),
    np.maximum: (lambda r, a, b: (a >= b) * 1.0, lambda r, a, b: (a < b) * 1.0),
}


def derivatives(
    formula: Callable[..., Any], inputs: tuple[np.ndarray, ...], params: np.ndarray, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate a formula and its derivatives.

    Parameters
    ----------
    formula : callable
        ``formula(*inputs, *params)``.
    inputs : tuple of ndarray
        Shapes (n,) or (S, n).
    params : ndarray, shape (S, P)
        Sets of parameters.
    seeds : ndarray, shape (S, P)
        Derivative of each parameter with respect to its search coordinate (1 if they are equal).

    Returns
    -------
    value : ndarray, shape (S, n)
    jacobian : ndarray, shape (S, P, n)
    """
    duals = [Dual(params[:, [p]], {p: seeds[:, [p]]}) for p in range(params.shape[1])]
    try:
        result = formula(*inputs, *duals)
        if not isinstance(result, Dual):
            raise Unsupported(getattr(formula, "__name__", "formula"))
        value, tangents = result.value, result.tangents
    except TypeError:  # Unsupported, or a function that takes arrays only
        return _differences(formula, inputs, params, seeds)
    shape = np.broadcast_shapes(value.shape, (len(params), inputs[0].shape[-1]))
    jacobian = np.zeros((shape[0], params.shape[1], shape[1]))
    for p, tangent in tangents.items():
        jacobian[:, p, :] = tangent
    return np.broadcast_to(value, shape), jacobian


def _differences(
    formula: Callable[..., Any], inputs: tuple[np.ndarray, ...], params: np.ndarray, seeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return value and central differences; the fallback for formulas that duals can't follow."""
    n_params = params.shape[1]
    step = 6e-6 * np.maximum(np.abs(params), 1e-3)

    def value(theta: np.ndarray) -> np.ndarray:
        return np.asarray(formula(*inputs, *(theta[:, [p]] for p in range(n_params))), float)

    columns = []
    for p in range(n_params):
        shift = np.zeros_like(params)
        shift[:, p] = step[:, p]
        columns.append((value(params + shift) - value(params - shift)) / (2.0 * step[:, [p]]) * seeds[:, [p]])
    here = value(params)
    return here, np.stack([np.broadcast_to(c, here.shape) for c in columns], axis=1)
