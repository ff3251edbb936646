"""Laws of translation: sizes of encoder and decoder, and mixtures of languages."""

from __future__ import annotations

from typing import Any

from scalingbench.predictors.candidacy import NOT_CHOSEN
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive

__all__ = ["EncoderDecoder", "MultilingualTranslation"]


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
