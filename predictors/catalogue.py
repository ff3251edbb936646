"""The catalogue of predictors: one line each. A new law needs its class and a line here."""

from __future__ import annotations

import csv
import importlib
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from scalingbench.common.references import Reference
from scalingbench.predictors.candidacy import Candidacy, Candidate, NotCandidate

__all__ = ["BUILT_IN", "Entry", "papers_of"]

_HOME = "scalingbench.predictors."


@dataclass(frozen=True)
class Entry:
    """A registered predictor.

    Attributes
    ----------
    name : str
        Name on the board.
    target : str
        ``module:Class``.
    family : str
        Entries of one family are recipes of one form.
    tracks : tuple of str
        Tracks; empty means all. The variables decide which tasks it enters.
    paper : str
        Source of the form.
    arguments : mapping
        Constructor arguments.
    """

    name: str
    target: str
    family: str
    tracks: tuple[str, ...] = ()
    paper: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    """Collections that its constants were fitted on; it is not ranked on them."""
    candidate: Candidacy | None = None
    """Where AutoLaw may use it, if other than its class declares."""
    superseded: bool = False
    """Whether another entry replaces it: its results stay, and it runs only if named."""
    own_form: bool = False
    """Whether the form is this project's own, although it is for the data or setting of a paper."""
    component: bool = False
    """Whether it is a candidate of ensembles alone: it can be named, and is on no list and no board."""

    @property
    def published(self) -> bool:
        """Whether it is a law form of a paper: no generic predictor, no ensemble, no form of this project's own."""
        return bool(self.paper) and not self.own_form and self.target.startswith((f"{_HOME}laws.", f"{_HOME}published:"))

    @property
    def constants_only(self) -> bool:
        """Whether its constants are published ones, which are not fitted."""
        return self.target == f"{_HOME}published:PublishedLaw"

    def make(self) -> Any:
        """Return an unfitted estimator."""
        return self._load()(**self.arguments)

    def candidacy(self) -> Candidacy:
        """Return where AutoLaw may use it, as declared by the entry, else by its class; without a declaration, nowhere."""
        found = self.candidate or getattr(self._load(), "candidate", None)
        return found if isinstance(found, Candidate | NotCandidate) else NotCandidate("it does not declare that it is a candidate")

    def _load(self) -> Any:
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


def _entry(
    name: str,
    target: str,
    tracks: str = "",
    paper: str = "",
    *,
    family: str | None = None,
    candidate: Candidacy | None = None,
    superseded: bool = False,
    own_form: bool = False,
    **arguments: Any,
) -> Entry:
    own_family = family or name.split("[")[0]
    home, place = f"{_HOME}{target}", tuple(tracks.split())
    return Entry(name, home, own_family, place, paper, arguments, candidate=candidate, superseded=superseded, own_form=own_form)


def _published(law: str, source: str, tracks: str, paper: str, *trained_on: str) -> Entry:
    name, note = f"{law.split('[')[0]}[{source}]", f"{paper}; constants as published"
    entry = _entry(name, "published:PublishedLaw", tracks, note, law=law, source=source)
    return replace(entry, trained_on=trained_on)


# Recipes are the papers' own where they state one: squared log error for the learning-curve forms and for routing,
# squared error for Gadre et al. (their code) and for shares and scores, a Huber loss of log error, delta 1e-3, for
# the others.
_L2_LOG: dict[str, Any] = {"loss": "l2"}
_L2: dict[str, Any] = {"loss": "l2", "space": "linear"}
_ANOTHER_RECIPE = NotCandidate("another recipe of the form is a candidate")
_HESTNESS = "Hestness et al. 2017, arXiv 1712.00409"
_ALABDULMOHSIN = "Alabdulmohsin et al. 2022, arXiv 2209.06640"
_CABALLERO = "Caballero et al. 2023, arXiv 2210.14891"
_LCDB = "Mohr et al. 2022 (LCDB 1.0); Viering & Loog 2021, arXiv 2103.10948"
_KAPLAN = "Kaplan et al. 2020, arXiv 2001.08361"
_HOFFMANN = "Hoffmann et al. 2022, arXiv 2203.15556"
_BESIROGLU = "Besiroglu et al. 2024, arXiv 2404.10102"
_GADRE = "Gadre et al. 2024, arXiv 2403.08540"
_MUENNIGHOFF = "Muennighoff et al. 2023, arXiv 2305.16264"
_CLARK = "Clark et al. 2022, arXiv 2202.01169"
_LUO_MPL = "Luo et al. 2025, arXiv 2503.12811"
_LUO_SPARSE = "Luo et al. 2024, arXiv 2411.02335"
_SHUKOR = "Shukor et al. 2025, arXiv 2507.09404"
_REGMIX = "Liu et al. 2024 (RegMix), arXiv 2407.01492"
_BHAGIA = "Bhagia et al. 2024, arXiv 2412.04403"
_SCHAEFFER = "Schaeffer et al. 2025, arXiv 2502.17578"
_GENERIC = (
    _entry("mean", "generic.nearest:MeanPredictor"),
    _entry("nearest-observation", "generic.nearest:NearestObservation"),
    _entry("nearest-neighbor", "generic.nearest:NearestNeighbor"),
    _entry("nearest-neighbors", "generic.regressors:NearestNeighbors"),
    _entry("log-linear", "generic.regressors:LogLinear"),
    _entry("log-linear[floor]", "generic.surfaces:LinkedLinear"),
    _entry("logit-linear", "generic.surfaces:LinkedLinear", candidate=Candidate(values="shares", order=15), link="logit"),
    _entry("additive-power", "generic.surfaces:AdditivePower", **_L2_LOG),
    _entry("law-gp", "generic.law_process:LawProcess"),
    _entry("mean-of-laws", "autolaw.mean_of_laws:MeanOfLaws"),
    _entry("median-of-laws", "autolaw.mean_of_laws:MeanOfLaws", statistic="median"),
    _entry("log-quadratic", "generic.regressors:LogQuadratic", candidate=_ANOTHER_RECIPE, floor=False),
    _entry("log-quadratic[floor]", "generic.regressors:LogQuadratic"),
    _entry("polynomial-ridge", "generic.regressors:PolynomialRidge"),
    _entry("gaussian-process", "generic.regressors:GaussianProcess"),
    _entry("gradient-boosting", "generic.regressors:GradientBoosting"),
    _entry("autolaw", "autolaw.autolaw:AutoLaw"),
    _entry("autolaw[2026-11]", "autolaw.autolaw_2026_11:AutoLaw202611", superseded=True),
)
_CURVE = (
    _entry("power-law", "laws.power_laws:PowerLaw", "curve", _HESTNESS, **_L2_LOG),
    _entry("shifted-power-law", "laws.power_laws:ShiftedPowerLaw", "curve transfer", _HESTNESS, **_L2_LOG),
    _entry("shifted-power-law[prior]", "laws.priors:ShiftedPowerLawWithPrior", "curve transfer", _HESTNESS, **_L2_LOG),
    _entry("offset-power-law", "laws.power_laws:OffsetPowerLaw", "curve", _ALABDULMOHSIN, **_L2_LOG),
    _entry("m3", "laws.power_laws:M3", "curve", _ALABDULMOHSIN, **_L2_LOG),
    _entry("m4", "laws.power_laws:M4", "curve", _ALABDULMOHSIN, **_L2_LOG),
    _entry("bnsl-1", "laws.power_laws:BNSL", "curve", _CABALLERO, family="bnsl", n_breaks=1, **_L2_LOG),
    _entry("shifted-power-law[pooled]", "laws.priors:PooledShiftedPowerLaw", "curve", _HESTNESS, **_L2_LOG),
    _entry("m4[pooled]", "laws.priors:PooledM4", "curve", _ALABDULMOHSIN, **_L2_LOG),
    _entry("bnsl-1[pooled]", "laws.priors:PooledBNSL", "curve", _CABALLERO, family="bnsl", n_breaks=1, **_L2_LOG),
    _entry("bnsl-2", "laws.power_laws:BNSL", "curve", _CABALLERO, family="bnsl", candidate=_ANOTHER_RECIPE, n_breaks=2, **_L2_LOG),
    _entry("exp2", "laws.learning_curves:ExponentialTwo", "curve", _LCDB, **_L2),
    _entry("exp3", "laws.learning_curves:ExponentialThree", "curve", _LCDB, **_L2),
    _entry("exp4", "laws.learning_curves:ExponentialFour", "curve", _LCDB, **_L2),
    _entry("ilog2", "laws.learning_curves:InverseLog", "curve", _LCDB, **_L2),
    _entry("logpower3", "laws.learning_curves:LogPower", "curve", _LCDB, **_L2),
    _entry("pow3", "laws.learning_curves:PowerThree", "curve", _LCDB, **_L2),
    _entry("pow4", "laws.learning_curves:PowerFour", "curve", _LCDB, **_L2),
    _entry("mmf4", "laws.learning_curves:MorganMercerFlodin", "curve", _LCDB, **_L2),
    _entry("wbl4", "laws.learning_curves:Weibull", "curve", _LCDB, **_L2),
    _entry("vap3", "laws.learning_curves:VaporPressure", "curve", _LCDB, **_L2),
    _entry("expp3", "laws.learning_curves:ExppThree", "curve", _LCDB, **_L2),
    _entry("hill3", "laws.learning_curves:Hill", "curve", _LCDB, **_L2),
    _entry("lin2", "laws.one_variable:Line", "curve", _LCDB, **_L2),
    _entry("log-line", "laws.one_variable:LogLine", "curve", "Antonello et al. 2023, arXiv 2305.11863; log2 of LCDB", **_L2),
    _entry("sigmoid-log", "laws.one_variable:SigmoidLog", "curve downstream", "Khatri et al. 2025, arXiv 2510.13786", **_L2),
    _entry("quadratic-log", "laws.one_variable:QuadraticLog", "curve downstream", "McKenzie et al. 2023, arXiv 2306.09479", **_L2),
    _entry(
        "cubic-log",
        "laws.one_variable:CubicLog",
        "curve downstream",
        "McKenzie et al. 2023, arXiv 2306.09479",
        family="quadratic-log",
        **_L2,
    ),
    _entry("proportional", "laws.one_variable:Proportional", "curve", "Fort 2023, arXiv 2312.02780", **_L2),
    _entry("inverse-width", "laws.one_variable:InverseWidth", "curve architecture", "Liu et al. 2025, arXiv 2505.10465", **_L2),
)
_COMPUTE = (
    _entry("kaplan", "laws.compute:Kaplan", "compute", _KAPLAN),
    _entry("kaplan-steps", "laws.compute:KaplanSteps", "compute hyperparameters", _KAPLAN),
    _entry("chinchilla[huber-log]", "laws.compute:Chinchilla", "compute", _HOFFMANN),
    _entry("chinchilla[l2-log]", "laws.compute:Chinchilla", "compute", _HOFFMANN, loss="l2"),
    _entry("chinchilla[l2]", "laws.compute:Chinchilla", "compute", _HOFFMANN, candidate=_ANOTHER_RECIPE, **_L2),
    _entry("chinchilla[prior]", "laws.priors:ChinchillaWithPrior", "compute", _HOFFMANN, **_L2_LOG),
    _entry("chinchilla[posterior]", "laws.posterior:ChinchillaPosterior", "compute", _HOFFMANN, **_L2_LOG),
    _entry("chinchilla[pooled]", "laws.priors:PooledChinchilla", "compute", _HOFFMANN, **_L2_LOG),
    _entry("chinchilla-gamma", "laws.compute:ChinchillaGamma", "compute", "Busbridge et al. 2025, arXiv 2502.08606"),
    _entry("interaction", "laws.compute:Interaction", "compute", "Bordelon et al. 2024, arXiv 2402.01092"),
    _entry("isoflop", "laws.isoflop:IsoFLOP", "compute", f"{_HOFFMANN}, approach 2"),
    _entry("compute-only", "laws.compute:ComputeOnly", "compute", "Guo 2024, arXiv 2404.19484"),
    _entry("compute-power", "laws.compute:ComputePower", "compute", "Henighan et al. 2020, arXiv 2010.14701"),
    _entry("over-training", "laws.compute:OverTraining", "compute", _GADRE, **_L2),
    _entry("farseer", "laws.compute:Farseer", "compute", "Li et al. 2025, arXiv 2506.10972"),
    _entry("data-constrained", "laws.data_constrained:DataConstrained", "data-constrained", _MUENNIGHOFF),
    _entry(
        "repeated-subset",
        "laws.data_constrained:RepeatedSubset",
        "data-constrained",
        "setting of Hernandez et al. 2022, arXiv 2205.10487",
        own_form=True,
    ),
    _entry("encoder-decoder", "laws.translation:EncoderDecoder", "compute", "Ghorbani et al. 2021, arXiv 2109.07740"),
    _entry("multilingual", "laws.translation:MultilingualTranslation", "mixture", "Fernandes et al. 2023, arXiv 2302.09650"),
    _published("kaplan", "kaplan2020", "compute", _KAPLAN),
    _published("chinchilla[huber-log]", "hoffmann2022", "compute", _HOFFMANN, "chinchilla"),
    _published("chinchilla[huber-log]", "besiroglu2024", "compute", _BESIROGLU, "chinchilla"),
    _published("data-constrained", "muennighoff2023", "data-constrained", _MUENNIGHOFF, "datablations", "sldbench"),
)
_ARCHITECTURE = (
    _entry("routed", "laws.experts:Routed", "architecture", _CLARK, **_L2_LOG),
    _entry(
        "moe-power",
        "laws.experts:MoEPower",
        "architecture",
        "our own form, for the data of Clark et al. 2022, arXiv 2202.01169",
        own_form=True,
    ),
    _entry("moe-sparsity", "laws.experts:MoESparsity", "architecture", "Abnar et al. 2025, arXiv 2501.12370"),
    _entry("efficiency-leverage", "laws.experts:EfficiencyLeverage", "architecture", "Tian et al. 2025, arXiv 2507.17702", **_L2_LOG),
    _entry("saturated-leverage", "laws.experts:SaturatedLeverage", "architecture", "Tian et al. 2025, arXiv 2507.17702", **_L2_LOG),
    _entry("parallel", "laws.architecture:Parallel", "architecture", "Chen et al. 2025, arXiv 2505.10475"),
    _entry("sparse-weights", "laws.architecture:SparseWeights", "architecture", "Frantar et al. 2023, arXiv 2309.08520"),
    _entry("precision", "laws.architecture:Precision", "architecture", "Kumar et al. 2024, arXiv 2411.04330"),
    _entry(
        "compressed-representation", "laws.architecture:CompressedRepresentation", "architecture", "Panferov et al. 2025, arXiv 2506.01863"
    ),
    _entry("vocabulary", "laws.architecture:Vocabulary", "architecture", "Tao et al. 2024, arXiv 2407.13623", **_L2),
    _entry("width-depth", "laws.architecture:WidthDepth", "architecture", "McLeish et al. 2025, arXiv 2502.06857"),
    _entry("distillation", "laws.architecture:Distillation", "architecture", "Busbridge et al. 2025, arXiv 2502.08606"),
    _entry("activation-sparsity[relu]", "laws.learning_curves:ExponentialFour", "architecture", _LUO_SPARSE, **_L2),
    _entry("activation-sparsity[silu]", "laws.learning_curves:PowerThree", "architecture", _LUO_SPARSE, **_L2),
)
_OPTIMISATION = (
    _entry("lr-annealing", "laws.schedules:LRAnnealing", "training-curve", "Tissue et al. 2024, arXiv 2408.11029"),
    _entry("multi-power", "laws.schedules:MultiPower", "training-curve", _LUO_MPL),
    _entry("step-law", "laws.hyperparameters:StepLaw", "hyperparameters", "Li et al. 2025, arXiv 2503.04715"),
    _entry("critical-batch", "laws.hyperparameters:CriticalBatch", "hyperparameters", "McCandlish et al. 2018, arXiv 1812.06162"),
    _entry("critical-batch-scaling", "laws.hyperparameters:CriticalBatchScaling", "hyperparameters", "Zhang et al. 2024, arXiv 2410.21676"),
    _entry("tuning-curve", "laws.hyperparameters:TuningCurve", "hyperparameters", "Lourie et al. 2025, arXiv 2510.02721", **_L2),
)
_MIXTURE = (
    _entry("data-mixing", "laws.mixture:DataMixing", "mixture", "Ye et al. 2024, arXiv 2403.16952"),
    _entry("optimal-mixture[additive]", "laws.mixture:OptimalMixture", "mixture", _SHUKOR),
    _entry("optimal-mixture[joint]", "laws.mixture:OptimalMixtureJoint", "mixture", _SHUKOR),
    _entry("log-mixture", "laws.mixture:LogMixture", "mixture", "Lin et al. 2025 (SLDBench), arXiv 2507.21184"),
    _entry("regmix[linear]", "laws.mixture:MixtureRegression", "mixture", _REGMIX),
    _entry("regmix[boosting]", "laws.mixture:MixtureBoosting", "mixture", _REGMIX),
    _entry("knowledge-infusion", "laws.mixture:KnowledgeInfusion", "mixture", "Scaling laws for knowledge infusion 2025, arXiv 2509.19371"),
)
_DOWNSTREAM = (
    _entry("rectified", "laws.transfer:Rectified", "transfer", "Lin et al. 2024, arXiv 2402.02314"),
    _entry("post-training-power", "laws.transfer:PostTrainingPower", "transfer", "Raghavendra et al. 2024, arXiv 2411.03350", **_L2),
    _entry("synthetic-transfer", "laws.transfer:SyntheticTransfer", "transfer", "Mikami et al. 2021, arXiv 2108.11018", **_L2),
    _entry("log-law", "laws.transfer:LogLaw", "transfer", "Isik et al. 2024, arXiv 2402.04177", **_L2),
    _entry("loss-to-loss", "laws.transfer:LossToLoss", "transfer", "Brandfonbrener et al. 2024, arXiv 2411.12925"),
    _entry("loss-to-error", "laws.downstream:LossToError", "downstream", _GADRE, **_L2),
    _entry("loss-to-accuracy", "laws.downstream:LossToAccuracy", "downstream", _BHAGIA, **_L2),
    _entry("two-stage[sigmoid]", "laws.downstream:TwoStage", "downstream", _BHAGIA),
    _entry("two-stage[exponential]", "laws.downstream:TwoStage", "downstream", _GADRE, candidate=_ANOTHER_RECIPE, second="exponential"),
    _entry("two-stage[bounded]", "generic.surfaces:BoundedTwoStage", "downstream", "link and limits after " + _BHAGIA),
    _entry("token-power", "laws.downstream:TokenPower", "downstream", "Schaeffer et al. 2023, arXiv 2304.15004", **_L2),
    _entry("direct-accuracy", "laws.downstream:DirectAccuracy", "downstream", "Krajewski et al. 2025, arXiv 2512.08894", **_L2),
    _entry("pass-until", "laws.downstream:PassUntil", "downstream", "Hu et al. 2023, arXiv 2310.03262", **_L2),
    _entry("densing", "laws.downstream:Densing", "downstream", "Xiao et al. 2024, arXiv 2412.04315", **_L2_LOG),
    _entry("capability-gap", "laws.downstream:CapabilityGap", "downstream", "Panfilov et al. 2025, arXiv 2505.20162", **_L2),
    _entry("observational", "laws.observational:Observational", "downstream", "Ruan et al. 2024, arXiv 2405.10938"),
    _entry("sloth", "laws.observational:Sloth", "downstream", "Maia Polo et al. 2024, arXiv 2412.06540"),
    _entry("coverage", "laws.repeated_sampling:Coverage", "inference", "Brown et al. 2024, arXiv 2407.21787", **_L2),
    _entry("beta-binomial", "laws.repeated_sampling:BetaBinomialCoverage", "inference", _SCHAEFFER, **_L2),
    _entry("imperfect-verifier", "laws.repeated_sampling:ImperfectVerifier", "inference", "Stroebl et al. 2024, arXiv 2411.17501", **_L2),
)
_COMPONENTS = tuple(
    replace(entry, component=True)
    for entry in (
        _entry("mixture-times-scale", "laws.scaled_mixture:MixtureTimesScale", "mixture", **_L2_LOG),
        _entry("mixture-plus-scale", "laws.scaled_mixture:MixturePlusScale", "mixture", **_L2_LOG),
    )
)
BUILT_IN = (*_GENERIC, *_CURVE, *_COMPUTE, *_ARCHITECTURE, *_OPTIMISATION, *_MIXTURE, *_DOWNSTREAM, *_COMPONENTS)
"""Every predictor that comes with the project."""


@lru_cache(maxsize=1)
def _known() -> dict[str, Reference]:
    text = (importlib.resources.files("scalingbench.predictors") / "bibliography.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["arxiv"]: Reference(row["title"], row["authors"], int(row["year"]), arxiv=row["arxiv"]) for row in rows}


def papers_of(text: str) -> tuple[Reference, ...]:
    """Return the papers whose arXiv numbers a catalogue entry's `paper` names.

    Raises
    ------
    KeyError
        If the bibliography lacks one.
    """
    return tuple(_known()[number] for number in re.findall(r"\b\d{4}\.\d{5}\b", text))
