"""Relatives of the laws in `compute`: other couplings of size, data and steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate, NotCandidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive, real

__all__ = [
    "ChinchillaGamma",
    "ComputePower",
    "EncoderDecoder",
    "Interaction",
    "KaplanSteps",
    "MultilingualTranslation",
    "RepeatedSubset",
]


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

    Kaplan et al. 2020, eqs. 1.4, 1.6 and 5.4 (arXiv 2001.08361); Su et al. 2024 (arXiv 2403.06563). The loss stands
    on both sides; it is found by damped iteration from the loss at an infinite batch.
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


class EncoderDecoder(ParametricLaw):
    r"""Encoder and decoder count separately.

    .. math:: L(N_e, N_d) = \alpha N_e^{-p_e} N_d^{-p_d} + E

    Ghorbani et al. 2021, eq. 1 (arXiv 2109.07740), where the sizes are divided by reference sizes that
    alpha absorbs.
    """

    variables = ("params_encoder", "params_decoder")
    candidate = NOT_CHOSEN
    parameters = (irreducible("E"), amplitude("alpha", N_e="p_e", N_d="p_d"), exponent("p_e"), exponent("p_d"))

    @staticmethod
    def formula(N_e: Any, N_d: Any, E: Any, alpha: Any, p_e: Any, p_d: Any) -> Any:
        """Return the loss."""
        return E + alpha * N_e**-p_e * N_d**-p_d


class MultilingualTranslation(ParametricLaw):
    r"""A language pair gets a share of the model that follows from its share of the training data.

    .. math:: L(N, p) = \beta \left(f(p) N\right)^{-\alpha} + E, \quad f(p) = p + c_1 p^{c_2} (1 - p)^{c_3}

    Fernandes et al. 2023, eqs. 4 and 6 (arXiv 2302.09650).
    """

    variables = ("params", "mix_pair")
    candidate = NOT_CHOSEN
    fixed_scale = ("p",)
    parameters = (
        irreducible("E"),
        amplitude("beta", N="alpha"),
        exponent("alpha"),
        positive("c_1", 1e-6, 100.0, start=(0.01, 1.0)),
        positive("c_2", 1e-2, 10.0, start=(0.1, 2.0)),
        positive("c_3", 1e-2, 10.0, start=(0.1, 3.0)),
    )

    @staticmethod
    def formula(N: Any, p: Any, E: Any, beta: Any, alpha: Any, c_1: Any, c_2: Any, c_3: Any) -> Any:
        """Return the loss."""
        share = p + c_1 * p**c_2 * (1.0 - p) ** c_3
        return E + beta * (share * N) ** -alpha


class RepeatedSubset(ParametricLaw):
    r"""A power of size, with a model that counts as smaller while a repeated part of the data is being memorised.

    .. math::

        L(N, R) = E + A (m N)^{-\alpha}, \quad \log m = -h \exp\left(-\frac{(\ln R - \rho)^2}{2 w^2}\right)

    The setting of Hernandez et al. 2022 (arXiv 2205.10487): a small part of the data is repeated R times, and the
    damage peaks at an intermediate R (double descent), stated as a loss of effective model size. The paper gives
    no formula; the bump in log R is the plainest one with its shape.
    """

    variables = ("params", "epochs")
    candidate = NOT_CHOSEN
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        positive("h", 1e-4, 20.0, start=(0.1, 3.0)),
        real("rho", start=(-2.0, 2.0), shift={"R": 1.0}),
        positive("w", 0.05, 10.0, start=(0.3, 2.0)),
    )

    @staticmethod
    def formula(N: Any, R: Any, E: Any, A: Any, alpha: Any, h: Any, rho: Any, w: Any) -> Any:
        """Return the loss."""
        away = (np.log(R) - rho) / w
        return E + A * N**-alpha * np.exp(alpha * h * np.exp(-0.5 * away * away))
