"""Power laws of one scale variable: pure, shifted, offset, between two limits, broken."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate, NotCandidate
from scalingbench.predictors.contract import ANY
from scalingbench.predictors.fitting import Loss, Space
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import Parameter, amplitude, exponent, irreducible, location, positive, real

__all__ = ["BNSL", "M3", "M4", "OffsetPowerLaw", "PowerLaw", "ShiftedPowerLaw"]


class PowerLaw(ParametricLaw):
    r"""A pure power law.

    .. math:: L(x) = a x^{-b}

    Hestness et al. 2017 (arXiv 1712.00409); M1 of Alabdulmohsin et al. 2022 (arXiv 2209.06640).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", plain=True, order=20)
    parameters = (amplitude("a", x="b"), real("b", -10.0, 10.0, start=(-0.2, 1.5)))

    @staticmethod
    def formula(x: Any, a: Any, b: Any) -> Any:
        """Return the loss."""
        return a * x**-b


class ShiftedPowerLaw(ParametricLaw):
    r"""A power law above an irreducible loss.

    .. math:: L(x) = E + a x^{-b}

    Hestness et al. 2017 (arXiv 1712.00409); Henighan et al. 2020, eq. 1.1 (arXiv 2010.14701); M2 of
    Alabdulmohsin et al. 2022 (arXiv 2209.06640).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", plain=True, order=20)
    parameters = (irreducible("E"), amplitude("a", x="b"), exponent("b"))

    @staticmethod
    def formula(x: Any, E: Any, a: Any, b: Any) -> Any:
        """Return the loss."""
        return E + a * x**-b


class OffsetPowerLaw(ParametricLaw):
    r"""A power law above an irreducible loss, with an offset in x.

    .. math:: L(x) = E + a (x + \gamma)^{-b}

    Generalises the offset form M3 of Alabdulmohsin et al. 2022 (arXiv 2209.06640), which has no E
    and puts the offset on 1/x: :math:`b (1/x + \gamma)^c`.
    """

    variables = (ANY,)
    candidate = NotCandidate("pow4 is the same curve, with constants of any sign")
    parameters = (irreducible("E"), amplitude("a", x="b"), positive("gamma", start=(1e-3, 3.0), x=1.0), exponent("b"))

    @staticmethod
    def formula(x: Any, E: Any, a: Any, gamma: Any, b: Any) -> Any:
        """Return the loss."""
        return E + a * (x + gamma) ** -b


class M3(ParametricLaw):
    r"""A power law of the inverse, with an offset that bends it towards a limit.

    .. math:: L(x) = \beta \left(x^{-1} + \gamma\right)^{c}

    M3 of Alabdulmohsin et al. 2022 (arXiv 2209.06640).
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    parameters = (amplitude("beta", x="c"), positive("gamma", start=(1e-3, 3.0), x=-1.0), exponent("c"))

    @staticmethod
    def formula(x: Any, beta: Any, gamma: Any, c: Any) -> Any:
        """Return the loss."""
        return beta * (1.0 / x + gamma) ** c


class M4(ParametricLaw):
    r"""A curve between two limits: random guessing above, an irreducible loss below.

    .. math:: \frac{L - \varepsilon_\infty}{(\varepsilon_0 - L)^{\alpha}} = \beta x^{-c}

    Alabdulmohsin et al. 2022, eq. 5 (arXiv 2209.06640). L is given implicitly and solved for; its
    derivatives follow from the implicit function theorem. Written here with
    :math:`\varepsilon_0 = \varepsilon_\infty + g`, so that a bound keeps the two limits in order.
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=40)
    parameters = (
        irreducible("eps_inf"),
        amplitude("gap", start=(0.3, 10.0), linear=False),
        real("alpha", 0.0, 10.0, start=(0.0, 2.0)),
        # both sides have the unit y^(1 - alpha)
        positive("beta", start=(1e-2, 1e2), x="c", y=lambda p: 1.0 - p["alpha"]),
        exponent("c", start=(0.05, 2.0)),
    )

    @staticmethod
    def formula(x: Any, eps_inf: Any, gap: Any, alpha: Any, beta: Any, c: Any) -> Any:
        """Return the loss."""
        return eps_inf + gap * _share(np.log(beta) - c * np.log(x) - (1.0 - alpha) * np.log(gap), alpha)

    @staticmethod
    def jacobian(x: Any, eps_inf: Any, gap: Any, alpha: Any, beta: Any, c: Any) -> np.ndarray:
        """Return the derivatives of the loss by the constants, shape (S, 5, n)."""
        log_x, log_gap = np.log(x), np.log(gap)
        s = _share(np.log(beta) - c * log_x - (1.0 - alpha) * log_gap, alpha)
        # log s - alpha log(1 - s) = h  =>  ds/dh = 1 / (1/s + alpha / (1 - s))
        slope = s * (1.0 - s) / (1.0 - s + alpha * s)
        log_rest = np.log(np.maximum(1.0 - s, 1e-300))
        columns = (
            np.ones_like(s),
            s - slope * (1.0 - alpha),
            gap * slope * (log_rest + log_gap),
            gap * slope / beta,
            -gap * slope * log_x,
        )
        return np.stack([np.broadcast_to(column, s.shape) for column in columns], axis=1)


def _share(h: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Solve log s - alpha log(1 - s) = h for s in (0, 1), by Newton's method on t = logit s.

    In t the left side is t - log(1 + e^t) + alpha log(1 + e^t): increasing and, where alpha < 1,
    concave, else convex, so that Newton's steps converge from either side.
    """
    h, alpha = np.broadcast_arrays(h, alpha)
    t = np.where(h > 0, h / np.maximum(alpha, 1e-9), h)
    t = np.clip(t, -700.0, 700.0)
    for _ in range(60):
        value = t + (alpha - 1.0) * np.logaddexp(0.0, t) - h
        slope = 1.0 + (alpha - 1.0) / (1.0 + np.exp(-t))
        better = np.clip(t - np.clip(value / np.maximum(slope, 1e-12), -20.0, 20.0), -700.0, 700.0)
        moved, t = np.abs(better - t), better
        if (moved <= 1e-7 * (1.0 + np.abs(t))).all():  # the remaining error is the square of the step
            break
    return 1.0 / (1.0 + np.exp(-t))


class BNSL(ParametricLaw):
    r"""A power law that bends smoothly at each of its breaks.

    .. math:: L(x) = a + b x^{-c_0} \prod_{i=1}^{n} \left(1 + (x / d_i)^{1 / f_i}\right)^{-c_i f_i}

    Caballero et al. 2023, eq. 1 (arXiv 2210.14891).

    Parameters
    ----------
    n_breaks : int
        Number of breaks, at least 1.
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=30)
    default_starts = 512
    hard = True

    def __init__(
        self,
        n_breaks: int = 1,
        loss: Loss = "huber",
        space: Space = "log",
        delta: float = 1e-3,
        n_starts: int | None = None,
        random_state: int = 0,
    ):
        super().__init__(loss, space, delta, n_starts, random_state)
        self.n_breaks = n_breaks

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """Three constants, and three for each break."""
        breaks = [
            p
            for i in range(1, self.n_breaks + 1)
            for p in (
                real(f"c{i}", -10.0, 10.0, start=(-1.0, 1.0)),
                location(f"d{i}", x=1.0),
                positive(f"f{i}", 1e-2, 10.0, start=(0.03, 2.0)),
            )
        ]
        return (irreducible("a"), amplitude("b", x="c0"), real("c0", -10.0, 10.0, start=(-0.3, 1.5)), *breaks)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if self.n_breaks < 1:
            raise PredictorError(f"n_breaks: expected at least 1, got {self.n_breaks!r}")

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c0: Any, *breaks: Any) -> Any:
        """Return the loss."""
        log_x = np.log(x)
        exponent_of_e = -c0 * log_x
        for c, d, f in zip(breaks[::3], breaks[1::3], breaks[2::3], strict=True):
            # log(1 + (x/d)^(1/f)) without overflow
            exponent_of_e = exponent_of_e - c * f * np.logaddexp(0.0, (log_x - np.log(d)) / f)
        return a + b * np.exp(np.minimum(exponent_of_e, 50.0))
