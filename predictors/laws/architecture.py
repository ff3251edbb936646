"""Laws of architecture, number format and teacher."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, level, positive, real

__all__ = ["CompressedRepresentation", "Distillation", "Parallel", "Precision", "SparseWeights", "Vocabulary", "WidthDepth"]


class Parallel(ParametricLaw):
    r"""Parallel streams count as parameters, logarithmically.

    .. math:: L(N, P) = E + \left(\frac{A}{N (k \ln P + 1)}\right)^{\alpha}

    Chen et al. 2025, eq. 5 (arXiv 2505.10475). Streams are counted, hence not normalised.
    """

    variables = ("params", "streams")
    candidate = Candidate()
    fixed_scale = ("P",)
    parameters = (
        irreducible("E"),
        positive("A", start=(1e-4, 1e2), N=1.0, y=lambda p: 1.0 / p["alpha"]),
        exponent("alpha"),
        positive("k", 1e-4, 1e2, start=(0.05, 2.0)),
    )

    @staticmethod
    def formula(N: Any, P: Any, E: Any, A: Any, alpha: Any, k: Any) -> Any:
        """Return the loss."""
        return E + np.exp(np.minimum(alpha * (np.log(A) - np.log(N) - np.log(k * np.log(P) + 1.0)), 50.0))


class SparseWeights(ParametricLaw):
    r"""Pruned weights: sparsity scales the size term.

    .. math:: L(S, N, D) = \left(a_S (1 - S)^{b_S} + c_S\right) N^{-b_N} + \left(\frac{a_D}{D}\right)^{b_D} + c

    Frantar et al. 2023, eq. 1 (arXiv 2309.08520); N counts non-zero weights. S is a share, hence not normalised.
    """

    variables = ("params", "tokens", "sparsity")
    candidate = NOT_CHOSEN
    fixed_scale = ("S",)
    parameters = (
        irreducible("c"),
        amplitude("a_S", N="b_N"),
        positive("b_S", 1e-3, 20.0, start=(0.1, 3.0)),
        amplitude("c_S", N="b_N"),
        exponent("b_N"),
        positive("a_D", start=(1e-4, 1e2), D=1.0, y=lambda p: 1.0 / p["b_D"]),
        exponent("b_D"),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, D: Any, S: Any, c: Any, a_S: Any, b_S: Any, c_S: Any, b_N: Any, a_D: Any, b_D: Any) -> Any:
        """Return the loss."""
        dense = np.exp(b_S * np.log(np.maximum(1.0 - S, 1e-9)))
        return c + (a_S * dense + c_S) * N**-b_N + np.exp(np.minimum(b_D * (np.log(a_D) - np.log(D)), 50.0))


class Precision(ParametricLaw):
    r"""Fewer bits count as fewer parameters, exponentially.

    .. math:: L(N, D, P) = A \left[N (1 - e^{-P / \gamma})\right]^{-\alpha} + B D^{-\beta} + E

    Kumar et al. 2024, eq. 3, weights only (arXiv 2411.04330). Bits are counted, hence not normalised.
    """

    variables = ("params", "tokens", "bits")
    candidate = Candidate()
    fixed_scale = ("P",)
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        amplitude("B", D="beta"),
        exponent("beta"),
        positive("gamma", 1e-2, 100.0, start=(0.3, 10.0)),
    )

    @staticmethod
    def formula(N: Any, D: Any, P: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, gamma: Any) -> Any:
        """Return the loss."""
        return E + A * (N * -np.expm1(-P / gamma)) ** -alpha + B * D**-beta


class CompressedRepresentation(ParametricLaw):
    r"""A number format has a capacity, which multiplies the parameters.

    .. math:: L(N, D, b) = A \left(N \rho(b)\right)^{-\alpha} + B D^{-\beta} + E, \quad \rho(b) = \tanh(F b^{K})

    Panferov et al. 2025 (arXiv 2506.01863), who state the capacity as a tanh of a power of the logarithm of the
    format's mean squared error on Gaussian data. For b-bit formats that logarithm, to base 1/4, is b up to a
    constant, which F absorbs. Bits are counted, hence not normalised.
    """

    variables = ("params", "tokens", "bits")
    candidate = Candidate()
    fixed_scale = ("b",)
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        amplitude("B", D="beta"),
        exponent("beta"),
        positive("F", 1e-4, 1e2, start=(0.01, 1.0)),
        positive("K", 0.1, 10.0, start=(0.3, 3.0)),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, D: Any, b: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, F: Any, K: Any) -> Any:
        """Return the loss."""
        return E + A * (N * np.tanh(F * b**K)) ** -alpha + B * D**-beta


class Vocabulary(ParametricLaw):
    r"""Parameters of the vocabulary count apart from the others.

    .. math:: L_u(N_{nv}, N_v, D) = -E + \frac{A_1}{N_{nv}^{\alpha_1}} + \frac{A_2}{N_v^{\alpha_2}} + \frac{B}{D^{\beta}}

    Tao et al. 2024, eq. 6 (arXiv 2407.13623), for the unigram-normalised loss, which is negative: it is fitted in
    linear space. :math:`N_v = V d` with the vocabulary V and the embedding width d.
    """

    variables = ("params_nonembedding", "vocab_size", "width", "tokens")
    candidate = Candidate()
    parameters = (
        level("E"),
        amplitude("A_1", N="alpha_1"),
        exponent("alpha_1"),
        amplitude("A_2", V="alpha_2"),
        exponent("alpha_2"),
        amplitude("B", D="beta"),
        exponent("beta"),
    )
    default_starts = 128

    def inputs(self, X: pd.DataFrame) -> tuple[np.ndarray, ...]:
        """Return non-vocabulary parameters, vocabulary parameters and data, each of shape (n,)."""
        params, vocabulary, width, data = select(X, self.columns_)
        return params, vocabulary * width, data

    @staticmethod
    def formula(N: Any, V: Any, D: Any, E: Any, A_1: Any, alpha_1: Any, A_2: Any, alpha_2: Any, B: Any, beta: Any) -> Any:
        """Return the loss."""
        return -E + A_1 * N**-alpha_1 + A_2 * V**-alpha_2 + B * D**-beta


class WidthDepth(ParametricLaw):
    r"""Width, depth and data as separate terms.

    .. math:: L(w, l, D) = E + A w^{-\alpha} + B l^{-\beta} + C D^{-\gamma}

    The form that McLeish et al. 2025 fit on the Gemstones (arXiv 2502.06857).
    """

    variables = ("width", "depth", "tokens")
    candidate = Candidate()
    parameters = (
        irreducible("E"),
        amplitude("A", w="alpha"),
        exponent("alpha"),
        amplitude("B", l="beta"),
        exponent("beta"),
        amplitude("C", D="gamma"),
        exponent("gamma"),
    )
    default_starts = 128

    @staticmethod
    def formula(w: Any, l: Any, D: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, C: Any, gamma: Any) -> Any:  # noqa: E741
        """Return the loss."""
        return E + A * w**-alpha + B * l**-beta + C * D**-gamma


_SUPERVISED = (1.220, 3355.0, 0.408, 18186.0, 0.431, 0.452)


def _supervised_loss(N: Any, D: Any) -> Any:
    """Return the student's loss without a teacher, by the supervised law of Busbridge et al."""
    E, A, alpha, B, beta, gamma = _SUPERVISED
    return E + (A * N**-alpha + B * D**-beta) ** gamma


class Distillation(ParametricLaw):
    r"""A student's loss from its size, its tokens and its teacher's loss.

    .. math::

        L_S = L_T + \frac{1}{L_T^{c_0}} \left(1 + \left(\frac{L_T}{\tilde{L}_S d_1}\right)^{1 / f_1}\right)^{-c_1 f_1}
            \left(\frac{A}{N_S^{\alpha}} + \frac{B}{D_S^{\beta}}\right)^{\gamma}

    Busbridge et al. 2025, eq. 8 (arXiv 2502.08606), with their supervised law :math:`\tilde{L}_S(N_S, D_S)`, with its
    published constants. Losses are in nats, sizes and tokens in ones; nothing is normalised.
    """

    variables = ("params", "tokens", "teacher_loss")
    candidate = Candidate(most_rows=1_000)
    fixed_scale = ("N", "D", "T", "y")
    parameters = (
        real("c_0", -20.0, 20.0, start=(0.0, 4.0)),
        positive("d_1", 0.1, 10.0, start=(0.7, 2.0)),
        positive("f_1", 1e-2, 2.0, start=(0.03, 0.5)),
        real("c_1", -100.0, 500.0, start=(0.0, 50.0)),
        positive("A", start=(100.0, 1e5)),
        exponent("alpha", start=(0.2, 0.7)),
        positive("B", start=(100.0, 1e6)),
        exponent("beta", start=(0.2, 0.7)),
        exponent("gamma", start=(0.2, 2.0)),
    )
    default_starts = 256
    hard = True

    @staticmethod
    def formula(N: Any, D: Any, T: Any, c_0: Any, d_1: Any, f_1: Any, c_1: Any, A: Any, alpha: Any, B: Any, beta: Any, gamma: Any) -> Any:
        """Return the student's loss."""
        log_T = np.log(T)
        bend = np.logaddexp(0.0, (log_T - np.log(_supervised_loss(N, D)) - np.log(d_1)) / f_1)
        capacity = gamma * np.log(A * N**-alpha + B * D**-beta)
        return T + np.exp(np.minimum(capacity - c_0 * log_T - c_1 * f_1 * bend, 50.0))
