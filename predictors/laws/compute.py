"""Laws of model size and data: (N, D) -> loss, and relatives with other couplings of size, data and steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, TOO_NEW, Candidate, NotCandidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, level, positive, real

__all__ = [
    "Chinchilla",
    "ChinchillaGamma",
    "ComputeOnly",
    "ComputePower",
    "Farseer",
    "InformationCapacity",
    "Interaction",
    "Kaplan",
    "KaplanSteps",
    "OverTraining",
]


class Kaplan(ParametricLaw):
    r"""One power of the sum of a size term and a data term; no irreducible loss.

    .. math:: L(N, D) = \left[(N_c / N)^{\alpha_N / \alpha_D} + D_c / D\right]^{\alpha_D}

    Kaplan et al. 2020, eq. 1.5 (arXiv 2001.08361).
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    parameters = (
        # the bracket is y^(1/alpha_D): each constant absorbs the unit of the loss through its own exponent
        positive("N_c", start=(1e-3, 1e3), N=1.0, y=lambda p: 1.0 / p["alpha_N"]),
        exponent("alpha_N"),
        positive("D_c", start=(1e-3, 1e3), D=1.0, y=lambda p: 1.0 / p["alpha_D"]),
        exponent("alpha_D"),
    )

    published_constants = {"kaplan2020": {"N_c": 8.8e13, "alpha_N": 0.076, "D_c": 5.4e13, "alpha_D": 0.095}}

    @staticmethod
    def formula(N: Any, D: Any, N_c: Any, alpha_N: Any, D_c: Any, alpha_D: Any) -> Any:
        """Return the loss."""
        # in logarithms: N_c and the inner powers overflow otherwise
        size = alpha_N / alpha_D * (np.log(N_c) - np.log(N))
        return np.exp(alpha_D * np.logaddexp(size, np.log(D_c) - np.log(D)))


class Chinchilla(ParametricLaw):
    r"""An irreducible loss, a size term and a data term.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    Hoffmann et al. 2022, eq. 10 (arXiv 2203.15556), approach 3; re-fitted by Besiroglu et al. 2024
    (arXiv 2404.10102).
    """

    variables = ("params", "tokens")
    candidate = Candidate(order=80)
    parameters = (irreducible("E"), amplitude("A", N="alpha"), exponent("alpha"), amplitude("B", D="beta"), exponent("beta"))

    published_constants = {
        "hoffmann2022": {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28},
        "besiroglu2024": {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658},
    }

    @staticmethod
    def formula(N: Any, D: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any) -> Any:
        """Return the loss."""
        return E + A * N**-alpha + B * D**-beta


class ComputeOnly(ParametricLaw):
    r"""Training compute alone decides.

    .. math:: L(N, D) = E + a C^{-b}, \quad C = 6 N D

    Guo 2024 (arXiv 2404.19484).
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    parameters = (irreducible("E"), amplitude("a", N="b", D="b"), exponent("b"))

    @staticmethod
    def formula(N: Any, D: Any, E: Any, a: Any, b: Any) -> Any:
        """Return the loss."""
        return E + a * (6.0 * N * D) ** -b


class OverTraining(ParametricLaw):
    r"""Compute and the token multiplier M = D / N.

    .. math:: L(C, M) = E + (a M^{\eta} + b M^{-\eta}) C^{-\eta}, \quad C = 6 N D

    Gadre et al. 2024, eq. 4 (arXiv 2403.08540); the same as Chinchilla with equal exponents 2 eta.
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    # a M^eta C^-eta goes as N^(-2 eta), b M^-eta C^-eta as D^(-2 eta)
    parameters = (
        irreducible("E"),
        amplitude("a", N=lambda p: 2.0 * p["eta"]),
        amplitude("b", D=lambda p: 2.0 * p["eta"]),
        exponent("eta", start=(0.02, 0.75)),
    )

    published_constants = {
        "gadre2024-c4": {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121},
        "gadre2024-redpajama": {"E": 1.84, "a": 212.0, "b": 367.0, "eta": 0.136},
        "gadre2024-refinedweb": {"E": 1.73, "a": 157.0, "b": 246.0, "eta": 0.127},
    }

    @staticmethod
    def formula(N: Any, D: Any, E: Any, a: Any, b: Any, eta: Any) -> Any:
        """Return the loss."""
        M, C = D / N, 6.0 * N * D
        return E + (a * M**eta + b * M**-eta) * C**-eta


class Farseer(ParametricLaw):
    r"""A data term with an amplitude and an exponent that depend on N.

    .. math:: L(N, D) = e^{a_3 N^{\gamma} + b_3} + e^{a_2 N^{\beta} + b_2} D^{-\exp(a_1 N^{\alpha} + b_1)}

    Li et al. 2025 (arXiv 2506.10972). No constant absorbs the unit of D, so D is in single
    tokens, as in the paper.
    """

    variables = ("params", "tokens")
    candidate = Candidate(most_rows=2_000)
    fixed_scale = ("D",)
    parameters = (
        real("a3", scale={"N": "-gamma"}),
        real("gamma"),
        real("b3", shift={"y": 1.0}),
        real("a2", scale={"N": "-beta"}),
        real("beta"),
        real("b2", shift={"y": 1.0}),
        real("a1", scale={"N": "-alpha"}),
        real("alpha"),
        real("b1"),
    )
    # as g goes to 0, a and b of a N^g + b diverge; c and d of the equal c (N^g - 1)/g + d do not
    working = (
        real("c3", -20.0, 20.0, start=(-0.5, 0.2)),
        real("gamma", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d3", -20.0, 20.0, start=(-2.0, 0.5)),
        real("c2", -20.0, 20.0, start=(-1.0, 1.0)),
        real("beta", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d2", -20.0, 40.0, start=(0.0, 8.0)),
        real("c1", -20.0, 20.0, start=(-0.5, 0.5)),
        real("alpha", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d1", -20.0, 5.0, start=(-2.5, 0.5)),
    )
    default_starts = 256

    @staticmethod
    def constants_from(c3: Any, gamma: Any, d3: Any, c2: Any, beta: Any, d2: Any, c1: Any, alpha: Any, d1: Any) -> tuple[Any, ...]:
        """Return the paper's constants."""
        a3, a2, a1 = c3 / gamma, c2 / beta, c1 / alpha
        return a3, gamma, d3 - a3, a2, beta, d2 - a2, a1, alpha, d1 - a1

    @staticmethod
    def formula(N: Any, D: Any, a3: Any, gamma: Any, b3: Any, a2: Any, beta: Any, b2: Any, a1: Any, alpha: Any, b1: Any) -> Any:
        """Return the loss."""
        rate = np.exp(_capped(a1 * N**alpha + b1))
        return np.exp(_capped(a3 * N**gamma + b3)) + np.exp(_capped(a2 * N**beta + b2 - rate * np.log(D)))


def _capped(x: Any) -> Any:
    """Return x, capped so that exp does not overflow."""
    return np.minimum(x, 50.0)


class ChinchillaGamma(ParametricLaw):
    r"""Chinchilla's two terms under a common power.

    .. math:: L(N, D) = E + \left(A N^{-\alpha} + B D^{-\beta}\right)^{\gamma}

    Busbridge et al. 2025, eq. 7, the supervised law (arXiv 2502.08606); Beck et al. 2025 (xLSTM scaling laws,
    arXiv 2510.02228).
    """

    variables = ("params", "tokens")
    candidate = Candidate(order=80)
    parameters = (
        irreducible("E"),
        positive("A", start=(0.03, 10.0), N="alpha", y=lambda p: 1.0 / p["gamma"]),
        exponent("alpha"),
        positive("B", start=(0.03, 10.0), D="beta", y=lambda p: 1.0 / p["gamma"]),
        exponent("beta"),
        exponent("gamma", 0.05, 5.0, start=(0.2, 2.0)),
    )
    default_starts = 128

    published_constants = {
        "busbridge2025": {"E": 1.220, "A": 3355.0, "alpha": 0.408, "B": 18186.0, "beta": 0.431, "gamma": 0.452},
    }

    @staticmethod
    def formula(N: Any, D: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, gamma: Any) -> Any:
        """Return the loss."""
        return E + (A * N**-alpha + B * D**-beta) ** gamma


class Interaction(ParametricLaw):
    r"""Chinchilla with a term that needs both size and data.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta} + G N^{-\alpha} D^{-\beta}

    The cross term stands for the finite-size corrections of solvable models: Maloney et al. 2022 (arXiv 2210.16859),
    Bordelon et al. 2024 (arXiv 2402.01092), Paquette et al. 2024 (arXiv 2405.15074).
    """

    variables = ("params", "tokens")
    candidate = NOT_CHOSEN
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        amplitude("B", D="beta"),
        exponent("beta"),
        amplitude("G", N="alpha", D="beta"),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, D: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, G: Any) -> Any:
        """Return the loss."""
        size, data = N**-alpha, D**-beta
        return E + A * size + B * data + G * size * data


class ComputePower(ParametricLaw):
    r"""A power of training compute above an irreducible loss.

    .. math:: L(C) = E + a C^{-b}

    Henighan et al. 2020, eq. 1.1 with x = C (arXiv 2010.14701).
    """

    variables = ("flops",)
    candidate = NotCandidate("shifted-power-law, where compute is the one variable")
    parameters = (irreducible("E"), amplitude("a", C="b"), exponent("b"))

    @staticmethod
    def formula(C: Any, E: Any, a: Any, b: Any) -> Any:
        """Return the loss."""
        return E + a * C**-b


class KaplanSteps(ParametricLaw):
    r"""Model size and training steps, corrected for the batch size.

    .. math::

        L(N, S, B) = (N_c / N)^{\alpha_N} + (S_c / S_\mathrm{min})^{\alpha_S}, \quad
        S_\mathrm{min} = \frac{S}{1 + B_\mathrm{crit}(L) / B}, \quad B_\mathrm{crit}(L) = B_* L^{-1 / \alpha_B}

    Kaplan et al. 2020, eqs. 1.4, 1.6 and 5.4 (arXiv 2001.08361); Su et al. 2024 (arXiv 2403.06563). The loss is on
    both sides; damped iteration from the loss at an infinite batch solves for it.
    """

    variables = ("params", "steps", "batch_size")
    candidate = NOT_CHOSEN
    parameters = (
        positive("N_c", start=(1e-3, 1e3), N=1.0, y=lambda p: 1.0 / p["alpha_N"]),
        exponent("alpha_N", start=(0.03, 1.0)),
        positive("S_c", start=(1e-3, 1e3), S=1.0, y=lambda p: 1.0 / p["alpha_S"]),
        exponent("alpha_S", start=(0.1, 1.5)),
        positive("B_star", 1e-6, 1e6, start=(1e-2, 10.0), B=1.0, y=lambda p: 1.0 / p["alpha_B"]),
        exponent("alpha_B", 0.05, 5.0, start=(0.1, 1.0)),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, S: Any, B: Any, N_c: Any, alpha_N: Any, S_c: Any, alpha_S: Any, B_star: Any, alpha_B: Any) -> Any:
        """Return the loss."""
        size = np.exp(np.minimum(alpha_N * (np.log(N_c) - np.log(N)), 50.0))
        log_steps = np.log(S_c) - np.log(S)
        log_loss = np.log(size + np.exp(np.minimum(alpha_S * log_steps, 50.0)))
        for _ in range(12):
            excess = np.logaddexp(0.0, np.log(B_star) - log_loss / alpha_B - np.log(B))  # log(1 + B_crit / B)
            better = np.log(size + np.exp(np.minimum(alpha_S * (log_steps + excess), 50.0)))
            log_loss = 0.5 * (log_loss + better)
        return np.exp(np.minimum(log_loss, 50.0))


class InformationCapacity(ParametricLaw):
    r"""What the data lose in entropy is stored in the parameters, a fixed amount in each.

    .. math:: \eta N = D (H - L)

    An, Song & Li 2024, eqs. 8 and 14 (arXiv 2411.00660), as :math:`L = H - \eta N / D`; they count N in bits and find eta in
    [.115, .268] on the fits of Kaplan et al. Their eta changes through training; here it is one constant, so that the loss rises with D,
    which no run does: a form to test, not to extrapolate with.
    """

    variables = ("params", "tokens")
    candidate = TOO_NEW
    parameters = (level("H"), amplitude("eta", N=-1.0, D=1.0))

    @staticmethod
    def formula(N: Any, D: Any, H: Any, eta: Any) -> Any:
        """Return the loss."""
        return H - eta * N / D
