"""Constants from which every law's test data are made, and the inputs they are made on."""

import numpy as np
import pandas as pd

from scalingbench.predictors.generic.surfaces import AdditivePower
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.architecture import (
    CompressedRepresentation,
    Distillation,
    Parallel,
    Precision,
    SparseWeights,
    Vocabulary,
    WidthDepth,
)
from scalingbench.predictors.laws.compute import (
    Chinchilla,
    ChinchillaGamma,
    ComputeOnly,
    ComputePower,
    Farseer,
    InformationCapacity,
    Interaction,
    Kaplan,
    KaplanSteps,
    OverTraining,
)
from scalingbench.predictors.laws.data_constrained import DataConstrained, RepeatedSubset
from scalingbench.predictors.laws.downstream import (
    CapabilityGap,
    Densing,
    DirectAccuracy,
    LineTimesSigmoid,
    LossToAccuracy,
    LossToError,
    PassUntil,
    TokenPower,
)
from scalingbench.predictors.laws.experts import EfficiencyLeverage, MoEPower, MoESparsity, Routed, SaturatedLeverage
from scalingbench.predictors.laws.hyperparameters import CriticalBatch, CriticalBatchScaling, StepLaw, TuningCurve
from scalingbench.predictors.laws.learning_curves import (
    ExponentialFour,
    ExponentialThree,
    ExponentialTwo,
    ExppThree,
    Hill,
    InverseLog,
    LogPower,
    MorganMercerFlodin,
    PowerFour,
    PowerThree,
    VaporPressure,
    Weibull,
)
from scalingbench.predictors.laws.mixture import DataMixing, KnowledgeInfusion, OptimalMixture, OptimalMixtureJoint
from scalingbench.predictors.laws.one_variable import (
    CubicLog,
    InverseWidth,
    Line,
    LogLine,
    MassiveActivation,
    Proportional,
    QuadraticLog,
    SigmoidLog,
)
from scalingbench.predictors.laws.power_laws import BNSL, M3, M4, OffsetPowerLaw, PowerLaw, ShiftedPowerLaw
from scalingbench.predictors.laws.repeated_sampling import BetaBinomialCoverage, Coverage, ImperfectVerifier
from scalingbench.predictors.laws.schedules import LRAnnealing, MultiPower
from scalingbench.predictors.laws.transfer import LogLaw, LossToLoss, PostTrainingPower, Rectified, SyntheticTransfer
from scalingbench.predictors.laws.translation import EncoderDecoder, MultilingualTranslation

_RNG = np.random.default_rng(11)
_RNG2 = np.random.default_rng(12)
_N, _D = (10 ** _RNG.uniform(7.5, 10, 90) for _ in range(2))
_D = _D * 30
_SHARES = _RNG.dirichlet([1.0, 1.0, 1.0], 90)
COMPUTE = pd.DataFrame({"params": _N, "tokens": _D})
CURVE = pd.DataFrame({"samples": np.logspace(5, 9, 60)})
SHORT = pd.DataFrame({"samples": np.logspace(1.3, 4, 60)})
MOE = pd.DataFrame({"params": np.repeat(np.logspace(7.2, 9.1, 8), 8), "experts": np.tile(2.0 ** np.arange(8), 8)})
REPEATED = pd.DataFrame({"params": _N, "tokens": _D, "unique_tokens": _D / _RNG.choice([1, 1, 2, 5, 20, 60], 90)})
SPARSE = COMPUTE.assign(sparsity=_RNG.choice([0.0, 0.25, 0.5, 0.75, 0.9, 0.97], 90))
BITS = COMPUTE.assign(bits=_RNG.choice([1.0, 2.0, 3.0, 4.0, 8.0, 16.0], 90))
TUNED = COMPUTE.assign(learning_rate=10 ** _RNG.uniform(-4, -2, 90), batch_size=10 ** _RNG.uniform(5, 7, 90))
BATCHED = pd.DataFrame({"params": _N, "batch_size": 2.0 ** _RNG.integers(6, 15, 90)})
STEPPED = pd.DataFrame({"params": _N, "steps": 10 ** _RNG.uniform(3, 6, 90), "batch_size": 10 ** _RNG.uniform(5, 7, 90)})
TRANSFER = pd.DataFrame({"unique_tokens": np.repeat(1e3 * 2.0 ** np.arange(9), 8), "samples": np.tile(1e4 * 2.0 ** np.arange(8), 9)})
LOSSES = pd.DataFrame({"source_loss": np.linspace(2.0, 4.5, 60)})
TRIALS = pd.DataFrame({"trials": np.unique(np.round(np.logspace(0, 2.5, 40)))})
SAMPLES = pd.DataFrame({"samples": np.unique(np.round(np.logspace(0, 4, 60)))})
MIXED = pd.DataFrame({f"mix_{name}": _SHARES[:, i] for i, name in enumerate(("code", "prose", "web"))})


def _schedules(n: int = 150, peak: float = 3e-4) -> pd.DataFrame:
    steps, t = np.arange(2000.0, 2000.0 + 100 * n, 100), np.linspace(0, 1, n)
    shapes = {"constant": np.ones(n), "cosine": 0.55 + 0.45 * np.cos(np.pi * t), "decay": np.where(t < 0.7, 1.0, 0.1)}
    return pd.concat([pd.DataFrame({"run": k, "steps": steps, "learning_rate": peak * v}) for k, v in shapes.items()], ignore_index=True)


SCHEDULES = _schedules()
MIX_JOINT = {
    **{"E": 1.2, "alpha": 0.3, "beta": 0.35, "gamma_A": 0.8, "gamma_B": 0.9},
    **{"C_code": 3.0, "C_prose": 5.0, "C_web": 4.0, "gamma_code": 0.3, "gamma_prose": 0.5, "gamma_web": 0.4},
    **{"CA_code": 900.0, "CA_prose": 500.0, "CA_web": 700.0, "CB_code": 5000.0, "CB_prose": 3000.0, "CB_web": 4000.0},
}
TRUTH: dict[str, tuple[ParametricLaw, pd.DataFrame, dict[str, float]]] = {
    type(law).__name__: (law, X, truth)
    for law, X, truth in (
        (Chinchilla(), COMPUTE, {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}),
        (
            AdditivePower(),
            COMPUTE.assign(width=10 ** _RNG.uniform(1.5, 3.5, 90)),
            {"E": 1.7, "A_params": 400.0, "b_params": 0.34, "A_tokens": 1500.0, "b_tokens": 0.37, "A_width": 2.0, "b_width": 0.6},
        ),
        (Kaplan(), COMPUTE, {"N_c": 8.8e13, "alpha_N": 0.076, "D_c": 5.4e13, "alpha_D": 0.095}),
        (ComputeOnly(), COMPUTE, {"E": 1.6, "a": 900.0, "b": 0.15}),
        (ComputePower(), COMPUTE.assign(flops=6 * _N * _D)[["flops"]], {"E": 1.6, "a": 900.0, "b": 0.15}),
        (OverTraining(), COMPUTE, {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121}),
        (
            DataConstrained(),
            REPEATED,
            {"E": 1.87, "A": 521.0, "alpha": 0.353, "B": 1488.0, "beta": 0.36, "R_D": 15.4, "R_N": 5.3},
        ),
        (
            Farseer(),
            COMPUTE,
            dict(
                zip(
                    ("a3", "gamma", "b3", "a2", "beta", "b2", "a1", "alpha", "b1"),
                    (-0.021, 0.169, 0.091, 88.0, -0.1, -6.29, -0.124, 0.123, 0.424),
                    strict=True,
                )
            ),
        ),
        (ChinchillaGamma(), COMPUTE, {"E": 1.22, "A": 3355.0, "alpha": 0.408, "B": 18186.0, "beta": 0.431, "gamma": 0.452}),
        (InformationCapacity(), COMPUTE.assign(tokens=_D * 10), {"H": 9.5, "eta": 4.0}),
        (Interaction(), COMPUTE, {"E": 1.7, "A": 300.0, "alpha": 0.34, "B": 900.0, "beta": 0.37, "G": 1e6}),
        (KaplanSteps(), STEPPED, {"N_c": 6.5e13, "alpha_N": 0.077, "S_c": 2.1e3, "alpha_S": 0.76, "B_star": 2.1e8, "alpha_B": 0.21}),
        (
            EncoderDecoder(),
            COMPUTE.rename(columns={"params": "params_encoder", "tokens": "params_decoder"}),
            {"E": 1.1, "alpha": 80.0, "p_e": 0.14, "p_d": 0.2},
        ),
        (
            MultilingualTranslation(),
            COMPUTE.assign(mix_pair=_SHARES[:, 0])[["params", "mix_pair"]],
            {"E": 1.2, "beta": 90.0, "alpha": 0.3, "c_1": 0.12, "c_2": 0.6, "c_3": 1.4},
        ),
        (
            RepeatedSubset(),
            COMPUTE.assign(epochs=10 ** _RNG.uniform(0, 4, 90))[["params", "epochs"]],
            {"E": 1.2, "A": 90.0, "alpha": 0.3, "h": 1.1, "rho": 4.2, "w": 1.3},
        ),
        (PowerLaw(), CURVE, {"a": 30.0, "b": 0.21}),
        (ShiftedPowerLaw(), CURVE, {"E": 0.4, "a": 30.0, "b": 0.31}),
        (OffsetPowerLaw(), CURVE, {"E": 0.4, "a": 300.0, "gamma": 2e6, "b": 0.41}),
        (M3(), CURVE, {"beta": 20.0, "gamma": 3e-8, "c": 0.3}),
        (M4(), CURVE, {"eps_inf": 0.1, "gap": 0.9, "alpha": 0.7, "beta": 400.0, "c": 0.45}),
        (BNSL(), CURVE, {"a": 0.1, "b": 2.0, "c0": 0.05, "c1": 0.3, "d1": 1e7, "f1": 0.4}),
        (PowerThree(), CURVE, {"c": 0.9, "a": -20.0, "b": 0.31}),
        (PowerFour(), CURVE, {"c": 0.9, "a": -200.0, "d": 2e6, "b": 0.41}),
        (ExponentialTwo(), SHORT, {"a": 0.9, "b": 3e-4}),
        (ExponentialThree(), SHORT, {"c": 0.2, "a": 0.7, "b": 2e-3}),
        (ExponentialFour(), SHORT, {"c": 0.2, "a": 0.05, "b": -0.3, "d": 0.5}),
        (Weibull(), SHORT, {"c": 0.9, "b": 0.6, "a": 0.05, "d": 0.5}),
        (InverseLog(), SHORT, {"b": 0.9, "a": 1.1}),
        (LogPower(), SHORT, {"a": 0.8, "b": 5.0, "c": 0.7}),
        (MorganMercerFlodin(), SHORT, {"a": 0.9, "b": 40.0, "c": 0.15, "d": 0.8}),
        (VaporPressure(), SHORT, {"a": 0.2, "b": -3.0, "c": -0.2}),
        (ExppThree(), SHORT, {"c": -0.8, "b": -2.0, "a": -0.5}),
        (Hill(), SHORT, {"a": 0.9, "b": 0.8, "c": 300.0}),
        (Line(), SHORT, {"a": 0.2, "b": 3e-5}),
        (LogLine(), SHORT, {"a": 0.2, "b": 0.05}),
        (SigmoidLog(), SHORT, {"A": 0.1, "B": 0.8, "x_0": 500.0, "s": 1.2}),
        (QuadraticLog(), SHORT, {"a": 2.0, "b": -0.5, "c": 0.05}),
        (CubicLog(), SHORT, {"a": 2.0, "b": -0.5, "c": 0.05, "d": -0.001}),
        (Proportional(), SHORT, {"kappa": 0.3}),
        (InverseWidth(), SHORT, {"E": 0.4, "a": 30.0}),
        (
            MassiveActivation(),
            pd.DataFrame({"steps": np.linspace(500.0, 143_000.0, 80)}),
            {"A": 900.0, "lam": 0.25, "gamma": 9e-5, "t_0": 1.2, "K": 60.0},
        ),
        (Routed(), MOE, {"a": -0.08, "b": -0.1, "c": 0.004, "d": 2.2, "E_start": 1.8, "E_max": 300.0}),
        (MoEPower(), MOE, {"L_inf": 1.3, "B": 30.0, "alpha": 0.2, "beta": 0.1}),
        (
            MoESparsity(),
            SPARSE,
            dict(
                zip(
                    ("e", "a", "alpha", "b", "beta", "c", "lam", "d", "delta", "gamma"),
                    (0.9, 160.0, 0.29, 1500.0, 0.36, 0.4, -0.3, 900.0, 0.4, 0.45),
                    strict=True,
                )
            ),
        ),
        (
            EfficiencyLeverage(),
            SPARSE.assign(granularity=_RNG.choice([1.0, 2.0, 4.0, 8.0, 16.0], 90), flops=6 * _N * _D).query("sparsity > 0"),
            {"alpha_0": 0.2, "alpha_1": -0.018, "beta": -0.08, "gamma": 0.02},
        ),
        (
            SaturatedLeverage(),
            SPARSE.assign(granularity=_RNG2.choice([1.0, 2.0, 4.0, 8.0, 16.0], 90), flops=6 * _N * _D).assign(
                sparsity=1.0 - 10 ** _RNG2.uniform(-3, -0.05, 90)
            ),
            {"alpha_0": 0.2, "alpha_1": -0.018, "beta": -0.08, "gamma": 0.02, "A_start": 0.02, "A_max": 1.8},
        ),
        (Parallel(), COMPUTE.assign(streams=_RNG.choice([1.0, 2.0, 4.0, 8.0], 90)), {"E": 1.28, "A": 2e8, "alpha": 0.194, "k": 0.34}),
        (
            SparseWeights(),
            SPARSE,
            {"c": 0.6, "a_S": 16.8, "b_S": 0.72, "c_S": 45.0, "b_N": 0.24, "a_D": 6.9e8, "b_D": 0.2},
        ),
        (Precision(), BITS, {"E": 1.9, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37, "gamma": 2.7}),
        (
            CompressedRepresentation(),
            BITS,
            {"E": 1.9, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37, "F": 0.2, "K": 1.2},
        ),
        (
            Vocabulary(space="linear"),
            pd.DataFrame(
                {
                    "params_nonembedding": _N,
                    "vocab_size": 2.0 ** _RNG.integers(12, 18, 90),
                    "width": _RNG.choice([512.0, 1024.0, 2048.0], 90),
                    "tokens": _D,
                }
            ),
            {"E": 5.5, "A_1": 40.0, "alpha_1": 0.2, "A_2": 20.0, "alpha_2": 0.3, "B": 500.0, "beta": 0.3},
        ),
        (
            WidthDepth(),
            COMPUTE.assign(width=2.0 ** _RNG.integers(7, 13, 90), depth=_RNG.integers(3, 81, 90) * 1.0),
            {"E": 1.5, "A": 40.0, "alpha": 0.8, "B": 2.0, "beta": 0.6, "C": 900.0, "gamma": 0.35},
        ),
        (
            Distillation(),
            COMPUTE.assign(teacher_loss=_RNG.uniform(1.9, 2.75, 90)),
            {
                **{"c_0": 2.549, "d_1": 1.315, "f_1": 0.09, "c_1": 22.56},
                **{"A": 2243.0, "alpha": 0.321, "B": 24181.0, "beta": 0.637, "gamma": 0.764},
            },
        ),
        (LRAnnealing(), SCHEDULES, {"L_0": 2.4, "A": 0.5, "alpha": 0.45, "C": 0.6}),
        (MultiPower(), SCHEDULES, {"L_0": 3.04, "A": 0.525, "alpha": 0.508, "B": 363.8, "C": 2.066, "beta": 0.583, "gamma": 0.641}),
        (
            StepLaw(),
            TUNED,
            dict(
                zip(
                    ("E", "A", "alpha", "B", "beta", "k_lr", "h", "p", "q", "k_b", "g", "r"),
                    (1.7, 400.0, 0.34, 1500.0, 0.37, 0.02, 1.4, -0.713, 0.307, 0.01, -1.3, 0.571),
                    strict=True,
                )
            ),
        ),
        (TuningCurve(), TRIALS, {"best": 0.62, "gap": 0.5, "gamma": 3.4}),
        (CriticalBatch(), BATCHED[["batch_size"]], {"S_min": 2000.0, "B_crit": 900.0}),
        (CriticalBatchScaling(), BATCHED, {"S_0": 3.0, "p": 0.35, "B_0": 0.05, "q": 0.47}),
        (DataMixing(), MIXED, {"c": 1.8, "t_code": 0.4, "t_prose": -1.0, "t_web": -2.0}),
        (
            OptimalMixture(),
            COMPUTE.join(MIXED),
            {
                **{"E": 1.2, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37},
                **{"C_code": 3.0, "C_prose": 5.0, "C_web": 4.0, "gamma_code": 0.3, "gamma_prose": 0.5, "gamma_web": 0.4},
            },
        ),
        (OptimalMixtureJoint(), COMPUTE.join(MIXED), MIX_JOINT),
        (KnowledgeInfusion(), COMPUTE[["params"]], {"c": 0.02, "a": 30.0, "b": 0.3}),
        (Rectified(), CURVE, {"E": 0.7, "B": 500.0, "D_l": 300.0, "beta": 0.45}),
        (PostTrainingPower(), SHORT, {"P_inf": 0.8, "a": 0.7, "b": 0.3}),
        (SyntheticTransfer(), TRANSFER, {"delta": 8.0, "gamma": 0.6, "alpha": 0.25, "beta": 0.3}),
        (LogLaw(), CURVE, {"log_A": 1.5, "alpha": 0.2, "beta": 1.7}),
        (LossToLoss(), LOSSES, {"E_1": 0.8, "K": 1.1, "E_0": 1.2, "kappa": 1.3}),
        (LossToError(), LOSSES, {"epsilon": 0.85, "k": 2.1, "gamma": 0.7}),
        (LossToAccuracy(), LOSSES, {"b": 0.25, "a": 0.6, "k": 3.0, "L_0": 3.1}),
        (TokenPower(), LOSSES, {"a": 1.0, "m": 1.7}),
        (DirectAccuracy(), COMPUTE.assign(flops=6 * _N * _D)[["flops"]], {"A": 400.0, "alpha": 0.14}),
        (LineTimesSigmoid(), COMPUTE[["params"]], {"a": -0.2, "b": 0.04, "N_0": 9e8, "k": 2.5}),
        (PassUntil(), COMPUTE[["params"]], {"c": 900.0, "alpha": 0.3}),
        (Densing(), pd.DataFrame({"date": np.linspace(2022.0, 2025.0, 40) - 2023.0}), {"A": 2.1, "B": 0.3}),
        (
            CapabilityGap(),
            pd.DataFrame({"obs_attacker": _RNG.uniform(0.2, 0.9, 60), "obs_target": _RNG.uniform(0.2, 0.9, 60)}),
            {"k": 1.4, "b": -0.3},
        ),
        (Coverage(), SAMPLES, {"a": 2.5, "b": 0.35}),
        (BetaBinomialCoverage(), SAMPLES, {"alpha": 0.3, "beta": 12.0}),
        (ImperfectVerifier(), SAMPLES, {"pi": 0.7, "alpha": 0.5, "beta": 9.0}),
    )
}
