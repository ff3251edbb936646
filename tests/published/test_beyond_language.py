"""Numbers of the authors, computed from the curated tables: time series, tuning, vision, materials, galaxies, width."""

import numpy as np
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection

CHRONOS = {  # the authors' files *-agg-rel-scores.csv
    ("t5-large", "in-domain", "wql"): 0.5596857927462495,
    ("t5-large", "in-domain", "mase"): 0.6944869734691035,
    ("t5-large", "zero-shot", "wql"): 0.6504834081319559,
    ("t5-large", "zero-shot", "mase"): 0.8213682201405101,
    ("bolt-base", "in-domain", "wql"): 0.5339263811489279,
    ("bolt-base", "in-domain", "mase"): 0.6800133628315155,
    ("bolt-base", "zero-shot", "wql"): 0.6241424984163773,
    ("bolt-base", "zero-shot", "mase"): 0.7914551113353537,
}


@pytest.mark.parametrize(("model", "kind", "metric"), CHRONOS)
def test_chronos_errors_relative_to_the_naive_forecast_are_the_authors(model, kind, metric, rows):
    table = rows("chronos_sizes", f"loss_{metric}", run=model)
    table = table[table["curve"].str.contains(f"/{kind}/")]
    assert np.exp(np.log(table["value"] / table["x_naive"]).mean()) == pytest.approx(CHRONOS[model, kind, metric], rel=1e-9)


def test_toto_saturates_on_fev_bench_as_the_card_states(rows):
    table = rows("toto2_fev", "loss_sql")
    relative = np.log(table["value"] / table["x_naive"]).groupby(table["params"]).mean()
    assert relative.size == 5 and (table.groupby("params").size() == 100).all()
    assert np.exp(relative).to_numpy() == pytest.approx([0.5929, 0.5709, 0.5577, 0.5557, 0.5558], abs=5e-5)


def test_deberta_v3_is_better_than_deberta_at_every_tuning_budget(rows, mirror):
    """The finding of Lourie et al. 2023; they drew 1,024 runs of each."""
    finals = rows("opda_tuning", "accuracy_final").groupby("curve").size()
    assert finals["deberta-base"] == finals["deberta-v3-base"] == 1024
    best = rows("opda_tuning", "accuracy_best_of_k")
    mean = best.groupby([best["curve"].str.split("/").str[0], "trials"])["value"].mean().unstack(0)
    assert (mean["deberta-v3-base"] > mean["deberta-base"]).all() and mean["deberta-v3-base"].loc[256] == pytest.approx(0.9062, abs=5e-4)


def test_the_expected_best_of_k_is_the_mean_over_all_choices():
    from itertools import combinations

    from scalingbench.benchmark.data.sources.opda_tuning import expected_best

    values = [0.3, 0.1, 0.7, 0.2, 0.7]
    for k in range(1, 6):
        assert expected_best(values, k) == pytest.approx(np.mean([max(c) for c in combinations(values, k)]), abs=1e-15)


# top-1 at 224 pixels as the papers print it: Liu et al. 2022 (ConvNeXt), Liu et al. 2021 (Swin), Touvron et al. 2021 (DeiT)
PRINTED = {
    "convnext_tiny.fb_in1k": 82.1,
    "convnext_small.fb_in1k": 83.1,
    "convnext_base.fb_in1k": 83.8,
    "convnext_large.fb_in1k": 84.3,
    "swin_tiny_patch4_window7_224.ms_in1k": 81.3,
    "swin_small_patch4_window7_224.ms_in1k": 83.0,
    "swin_base_patch4_window7_224.ms_in1k": 83.5,
    "deit_tiny_patch16_224.fb_in1k": 72.2,
    "deit_small_patch16_224.fb_in1k": 79.8,
    "deit_base_patch16_224.fb_in1k": 81.8,
}


def test_imagenet_accuracies_are_those_of_the_models_papers(rows):
    table = rows("timm_results", "accuracy_imagenet", x_image_size=224.0).set_index("run")["value"]
    assert {name: 100 * table[name] for name in PRINTED} == pytest.approx(PRINTED, abs=0.25)
    assert len(rows("timm_results", "accuracy_imagenet")) == 1_556


def test_f1_of_crystal_models_is_that_of_the_papers_table(rows):
    """Riebesell et al. 2025, table 1: unique prototypes."""
    printed = {"eqV2 S DeNS": 0.815, "ORB v2 MPtrj": 0.765, "SevenNet-0": 0.724, "MACE-MP-0": 0.669, "CHGNet": 0.613, "M3GNet": 0.569}
    printed |= {"ALIGNN": 0.567, "MEGNet": 0.510, "CGCNN": 0.507, "CGCNN+P": 0.500, "Wrenformer": 0.466, "Voronoi RF": 0.333}
    found = rows("matbench_discovery", "score_f1_unique").set_index("run")["value"]
    assert found[list(printed)].to_dict() == pytest.approx(printed, abs=5e-4)


def test_exponents_of_rank_by_width_are_the_published_ones(rows):
    """Their table fits log rank on log width over all eight widths; Muon's with the run that is flagged here."""
    published = {("adamw/tail", "soft"): 0.617563, ("adamw/head", "hard"): 0.262575, ("normuon/tail", "soft"): 1.041913}
    for (curve, kind), beta in published.items():
        table = rows("spectral_rank", f"share_{kind}", curve=f"160m/{curve}")
        slope = np.polyfit(np.log(table["width"]), np.log(table["value"] * table["width"]), 1)[0]
        assert slope == pytest.approx(beta, abs=1e-6)


def test_a_run_of_muon_is_a_copy_of_one_of_normuon():
    table = load_collection("spectral_rank").table
    copied = table[table["flag"] == "copy-error"]
    assert len(copied) == 8 and set(copied["run"]) == {"160m_muon_8x"}
    source = table[table["run"] == "160m_normuon_6x"]
    ranks = [sorted((of["value"] * of["width"]).round(6)) for of in (copied, source)]
    assert ranks[0] == ranks[1]


def test_larger_models_of_galaxies_have_the_lower_loss_within_the_limits_of_the_authors_plot(rows, mirror):
    """Their axis of log10 of ten smoothed losses ends at -2.9 and -3; at 5e9 tokens all four runs are within."""
    table = rows("astropt_galaxy", "loss_huber")
    late = table[table["tokens"] > 4e9].groupby("params")["value"].mean()
    assert np.log10(late).between(-3.05, -2.9).all()
    assert table.groupby("params")["value"].min().round(6).tolist() == [9.93e-4, 9.65e-4, 9.18e-4, 9.13e-4]


SNIMU = {
    (4, 384): (3.6591, 0.044),
    (8, 256): (3.5663, 0.054),
    (8, 384): (3.4068, 0.025),
    (8, 512): (3.3363, 0.030),
    (16, 384): (3.3132, 0.050),
}


def _last(table):
    return table[table["tokens"] == table.groupby(["curve", "run"])["tokens"].transform("max")]


@pytest.mark.parametrize(("depth", "width"), SNIMU)
def test_mean_and_deviation_of_five_seeds_are_those_of_the_source(depth, width, rows):
    last = _last(rows("snimu_attention", curve="2_epochs/softmax-x-learned", depth=depth, width=width))["value"]
    assert len(last) == 5
    assert (last.mean(), last.std()) == pytest.approx(SNIMU[depth, width], abs=6e-4)


def test_the_noise_of_softmax_attention_is_that_between_seeds(rows):
    last = _last(rows("snimu_attention"))
    last = last[last["curve"].str.contains("softmax")]
    spread = np.log(last["value"]).groupby([last["curve"], last["params"], last["depth"]]).agg(["var", "size"]).query("size > 1")
    pooled = np.sqrt((spread["var"] * (spread["size"] - 1)).sum() / (spread["size"] - 1).sum())
    assert load_card("snimu_attention").scalingbench.metrics["loss"].noise == pytest.approx(pooled, abs=5e-5)
