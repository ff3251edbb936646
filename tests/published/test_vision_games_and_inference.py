"""Numbers that the authors of these collections published, from the curated rows: vision, games, instructions and inference."""

import numpy as np
import pytest

from scalingbench.predictors.registry import make

pytestmark = pytest.mark.filterwarnings("ignore::scalingbench.common.errors.FitWarning")


def test_humanlike_vits_are_as_accurate_as_the_readme_says(rows):
    """The README gives 44 % and 71 % as the accuracies of the two largest models on the whole video."""
    for metric, stated in (("accuracy_imagenet", 0.44), ("accuracy_imagenet_top5", 0.71)):
        table = rows("humanlike_vits", metric, unique_tokens=5_000.0)
        largest = table[table["curve"].isin(["vith14@448", "vith14@476"])]
        assert len(largest) == 2 and np.floor(largest["value"].min() * 100 + 0.5) >= stated * 100
        assert table["value"].max() == largest["value"].max()


def test_humanlike_vits_hold_three_draws_of_each_part_of_the_video(rows):
    runs = rows("humanlike_vits", "accuracy_imagenet").groupby(["curve", "unique_tokens"]).size().unstack()
    assert runs.shape == (6, 5)
    assert (runs.drop(columns=5_000.0) == 3).all(axis=None) and (runs[5_000.0] == 1).all()


def test_games_hold_the_agents_that_the_authors_trained_to_test_their_forecast(rows, mirror):
    """Budgets of the grid end at 1e19; the forecast agents, of 137M parameters and 40 or 55 billion frames, lie beyond."""
    loss, score = (rows("il_scaling_games", metric, curve="NetHack") for metric in ("loss", "score_return"))
    forecast = loss[loss["split"] == "test"].iloc[0]
    grid = loss[loss["split"] == "train"]
    assert (forecast["params"], round(forecast["value"], 4)) == (137_185_401, 0.1267)
    assert forecast["value"] < grid["value"].min() and forecast["flops"] > 3 * grid["flops"].max()
    assert sorted(score.loc[score["split"] == "test", "value"].round()) == [5359, 6324, 7014, 7784]
    assert len(grid) == 205 and grid["params"].nunique() == 10


def test_transfer_curves_follow_the_law_that_the_authors_fit(rows, mirror):
    """Their notebook fits C + .48 n^-alpha, with alpha from .1 to 1.5, to twelve curves of Figure 1."""
    worst = 0.0
    for metric, share in (("error_rate_imagenet", 12_812), ("error_rate_coco_boxes", 1_183), ("error_rate_ade20k", 202)):
        table = rows("cg_transfer", metric, samples=share)
        for task in ("mulclass", "objdet", "semseg", "normal"):
            curve = table[(table["curve"] == f"bop-64k/{task}/r50") & table["unique_tokens"].notna()]
            n, y = curve["unique_tokens"].to_numpy(), curve["value"].to_numpy()
            assert len(n) == 7
            worst = max(worst, min(_residual(n, y, alpha) for alpha in np.linspace(0.1, 1.5, 141)))
    assert 0.005 < worst < 0.009


def _residual(n: np.ndarray, y: np.ndarray, alpha: float) -> float:
    """Return the largest residual of C + .48 n^-alpha with the C of least squares."""
    rest = y - 0.48 * n**-alpha
    return float(np.abs(rest - rest.mean()).max())


def test_synthetic_transfer_is_the_simplified_law_where_fine_tuning_is_fixed(rows, mirror):
    table = rows("cg_transfer", "error_rate_imagenet", curve="bop-64k/objdet/r50", samples=12_812.0)
    whole, simple = make("synthetic-transfer").fit(table, table["value"]), make("shifted-power-law")
    simple.fit(table[["unique_tokens"]], table["value"])
    assert whole.predict(table) == pytest.approx(simple.predict(table[["unique_tokens"]]), rel=2e-3)


def test_ladders_have_five_seeds_that_differ_less_than_sizes(rows, mirror):
    """The authors' logs end at these means over seeds, at the smallest and the largest size; compute is 6 params tokens."""
    ends = {"chess/linear": (0.72398, 0.65737), "c5m/linear": (3.18076, 3.15656), "mlp/linear": (0.04303, 0.01514)}
    for curve, stated in ends.items():
        table = rows("supercollapse", "mse" if curve.startswith("mlp") else "loss", curve=curve)
        last = table[table["steps"] == table.groupby("run")["steps"].transform("max")]
        by_size = last.groupby("params")["value"].agg(["size", "mean", "std"])
        assert len(by_size) == 8 and (by_size["size"] == 5).all()
        assert tuple(by_size["mean"].iloc[[0, -1]]) == pytest.approx(stated, abs=6e-6)
        assert (-by_size["mean"].diff() > 3 * by_size["std"].rolling(2).max()).iloc[1:].all()
        assert last["flops"].to_numpy() == pytest.approx((6 * last["params"] * last["tokens"]).to_numpy())


def test_instruction_tuning_runs_are_the_460_that_the_abstract_counts(rows, mirror):
    table = rows("admire_ift", "accuracy_gsm8k")
    assert table.groupby("curve").size().to_dict() == {"Qwen2.5-0.5B": 256, "Qwen2.5-3B": 128, "Qwen2.5-7B": 76}
    assert (table.groupby("run").size() == 3).sum() == 76
    shares = table.filter(like="mix_")
    assert shares.shape == (460, 19) and shares.sum(axis=1).to_numpy() == pytest.approx(1.0, abs=6.1e-4)


def test_in_context_accuracy_rises_up_to_2000_demonstrations(rows):
    """Ten draws of each number; accuracies of the 80k model on Banking77 at 1, 100 and 1,000 demonstrations."""
    table = rows("long_context_icl", "accuracy", curve="banking77/llama-2-7b-80k")
    by_shots = table.groupby("samples")["value"].agg(["size", "mean"])
    assert (by_shots["size"] == 10).all()
    assert by_shots.loc[[1, 100, 1000], "mean"].tolist() == pytest.approx([0.232, 0.586, 0.867], abs=5e-4)
    assert rows("long_context_icl", "accuracy")["samples"].max() == 16_384


def test_fine_tuned_models_are_five_of_each_number_of_examples(rows):
    table = rows("long_context_icl", "accuracy")
    runs = table[table["curve"].str.endswith("/fine-tuned")].groupby(["curve", "samples"]).size()
    assert len(runs) == 50 and runs.drop(("clinic150/fine-tuned", 4096.0)).eq(5).all()


def test_budget_forcing_holds_the_printed_accuracies(rows, mirror):
    table = rows("budget_forcing", "accuracy", curve="Qwen2.5-7B-Instruct/CoT+BF-Wait/MATH500").sort_values("inference_tokens")
    assert (table["value"] * 100).tolist() == pytest.approx([41.2, 55.8, 64.4, 65.6, 64.4, 61.0])
    plain = rows("budget_forcing", "accuracy", curve="Qwen2.5-7B-Instruct/CoT-no budget/MATH500")
    assert plain["value"].item() == pytest.approx(0.68)


def test_attacks_succeed_less_on_larger_imdb_classifiers(rows, mirror):
    """Ten sizes from 7.6M to 11.6B, five seeds, as the paper states; the success of ten steps falls from .994 to .157."""
    table = rows("robust_llm_scaling", "accuracy_under_attack", curve="imdb/pythia/gcg", x_attack_steps=10.0)
    success = 1.0 - table.groupby("params")["value"].mean()
    assert (table.groupby("params").size() == 5).all() and len(success) == 10
    assert (success.iloc[0], success.iloc[-1]) == pytest.approx((0.994, 0.157), abs=5e-4)
    assert success.index.min() == 7_629_056 and success.index.max() == 11_586_560_000


def test_the_best_ensemble_is_nine_points_above_the_best_unregularised_model(rows, mirror):
    """The abstract gives 9 % on these three benchmarks; in points of accuracy the rows give 8.95."""
    table = rows("marin_data_efficiency", "accuracy_mean")
    unregularised = table.loc[table["curve"] == "300m/decay-0.1", "value"].max()
    best = table.loc[table["value"].idxmax()]
    assert (best["params"], best["x_members"]) == (1.4e9, 5)
    assert best["value"] - unregularised == pytest.approx(0.09, abs=1e-3)
