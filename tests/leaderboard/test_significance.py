import numpy as np
import pandas as pd
import pytest
from made import entry, matrix
from scipy.stats import wilcoxon

from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard import significance
from scalingbench.leaderboard.ratios import ErrorRatio
from scalingbench.leaderboard.significance import LEVEL, Comparison, _cliques, draw

MANY = pd.DataFrame([(f"c{i}/t{j}", f"c{i}", "curve") for i in range(20) for j in range(2)], columns=["task", "collection", "track"])


def compare(scores, tasks, predictors):
    return significance.compare(matrix(scores, tasks), predictors)


def many(seed=0):
    rng = np.random.default_rng(seed)
    means = {"ref": 0.0, "close": 0.0, "good": -0.6, "better": -1.5}
    return pd.concat([entry(n, np.exp(rng.normal(m, 0.3, len(MANY))), tasks=MANY) for n, m in means.items()], ignore_index=True)


def test_adjusted_p_values_are_those_of_a_well_kept_library():
    scikit_posthocs = pytest.importorskip("scikit_posthocs")
    scores, names = many(), ["better", "good", "ref", "close"]
    ours = compare(scores, MANY, names)
    values = matrix(scores, MANY).cluster_means()
    long = values.T.melt(var_name="predictor", value_name="value", ignore_index=False)
    theirs = scikit_posthocs.posthoc_wilcoxon(long, val_col="value", group_col="predictor", p_adjust="holm")
    np.testing.assert_allclose(ours.p.loc[names, names], theirs.loc[names, names], atol=1e-12)


def test_cliques_join_what_cannot_be_told_apart():
    ours = compare(many(), MANY, ["ref", "close", "good", "better"])
    assert list(ours.skill.index)[:2] == ["better", "good"]
    assert [set(c) for c in ours.cliques] == [{"ref", "close"}]


def by_hand(scores, one, other):
    """Return the p-value of one pair, over the mean log ratios of the collections."""
    means = scores.assign(log=np.log(scores["ratio"])).groupby(["predictor", "collection"])["log"].mean()
    return wilcoxon(means[one].to_numpy(), means[other].to_numpy()).pvalue


def test_p_values_are_multiplied_by_the_tests_that_are_left_and_never_fall():
    """Holm: of three sorted p-values the least counts three times, the next twice, the last once."""
    rng = np.random.default_rng(1)
    means = {"a": 0.0, "b": -0.12, "c": -0.2}
    scores = pd.concat([entry(n, np.exp(rng.normal(m, 0.3, len(MANY))), tasks=MANY) for n, m in means.items()], ignore_index=True)
    found = compare(scores, MANY, ["a", "b", "c"])
    raw = sorted((by_hand(scores, *pair), pair) for pair in (("a", "b"), ("a", "c"), ("b", "c")))
    adjusted = np.minimum(1.0, np.maximum.accumulate([3 * raw[0][0], 2 * raw[1][0], raw[2][0]]))
    assert 0 < adjusted[0] < adjusted[1] <= adjusted[2] < 1
    for value, (_, (one, other)) in zip(adjusted, raw, strict=True):
        assert found.p.loc[one, other] == found.p.loc[other, one] == pytest.approx(value)
    assert (np.diag(found.p) == 1.0).all()
    assert compare(scores, MANY, ["a", "c"]).p.loc["a", "c"] == pytest.approx(by_hand(scores, "a", "c"))  # one pair: nothing to correct


def test_adjusted_p_values_are_at_most_one():
    same = pd.concat([entry(n, np.exp(np.random.default_rng(i).normal(0, 0.3, len(MANY))), tasks=MANY) for i, n in enumerate("abcd")])
    assert compare(same, MANY, list("abcd")).p.to_numpy().max() == 1.0


def test_there_is_one_value_per_collection_and_the_best_stands_first():
    found = compare(many(), MANY, ["ref", "good"])
    assert found.n_clusters == 20 and list(found.skill.index) == ["good", "ref"]
    assert found.skill["ref"] == 0.0 or found.skill["ref"] < found.skill["good"]
    ratio = many().query("predictor == 'good'")["ratio"]
    assert found.skill["good"] == pytest.approx(1 - np.exp(np.log(ratio).mean()))


def cliques(names, apart=()):
    """Return the cliques of names in the order of skill where these pairs differ significantly."""
    p = pd.DataFrame(1.0, index=list(names), columns=list(names))
    for one, other in apart:
        p.loc[one, other] = p.loc[other, one] = 0.049
    return ["".join(clique) for clique in _cliques(p)]


def test_a_clique_is_the_longest_run_of_neighbours_of_which_no_pair_is_told_apart():
    assert cliques("abcd") == ["abcd"]
    assert cliques("abcd", apart=["ad"]) == ["abc", "bcd"]
    assert cliques("abcd", apart=["ac", "bd", "ad"]) == ["ab", "bc", "cd"]
    assert cliques("abcd", apart=["ab"]) == ["bcd"]
    assert cliques("abc", apart=["ac", "ab", "bc"]) == []
    assert cliques("abcde", apart=["ad", "ae", "be", "ce"]) == ["abc", "bcd", "de"]
    assert cliques("a") == []


def test_five_percent_itself_tells_nothing_apart():
    p = pd.DataFrame([[1.0, LEVEL], [LEVEL, 1.0]], index=list("ab"), columns=list("ab"))
    assert LEVEL == 0.05 and _cliques(p) == (("a", "b"),)
    assert _cliques(p - 1e-9) == ()


def test_a_comparison_prints_skill_ratios_and_p_values_and_names_its_cliques():
    names = ["a", "b", "c"]
    p = pd.DataFrame([[1.0, 0.0504, 0.0123], [0.0504, 1.0, 0.2], [0.0123, 0.2, 1.0]], index=names, columns=names)
    ratios = {
        "a": ErrorRatio(1.0, 1.0, 1.0, 1.0, 9, 7),
        "b": ErrorRatio(1.5, 0.9, 2.0, 0.1, 9, 7),
        "c": ErrorRatio(2.0, 1.5, 3.0, 0.01, 9, 7),
    }
    found = Comparison(pd.Series([0.5, 0.25, 0.0], index=names), p, (("a", "b"), ("b", "c")), 7, 9, ratios)
    header, *lines = found.table().rows[0], *found.table().rows[1:]
    assert found.table().header == ["predictor", "skill", "error ratio", "95 % interval", "p (1)", "p (2)", "p (3)"]
    assert header == ["1. a", "0.500", "-", "-", "1.000", "0.050", "0.012"]
    assert lines == [
        ["2. b", "0.250", "1.50", "[0.90, 2.00]", "0.050", "1.000", "0.200"],
        ["3. c", "0.000", "2.00", "[1.50, 3.00]", "0.012", "0.200", "1.000"],
    ]
    for text in (str(found), found.render()):
        assert "error over that of a, on 9 tasks" in text and "against row i over 7 clusters, adjusted by Holm." in text
        assert "at 5 %: a, b." in text and "at 5 %: b, c." in text
    assert found.rows.columns.tolist() == ["skill", "ratio", "ratio_low", "ratio_high", "a", "b", "c"]
    assert found.rows.loc["b"].tolist() == [0.25, 1.5, 0.9, 2.0, 0.0504, 1.0, 0.2]


def test_predictors_are_compared_on_common_tasks_if_wanted():
    """few entered the first half of the tasks alone, on which good is better than elsewhere."""
    good = entry("good", [0.1] * 20 + [1.0] * 20, tasks=MANY)
    few = entry("few", [0.2] * 20, tasks=MANY.head(20))
    everywhere = compare(pd.concat([good, few]), MANY, ["good", "few"])
    common = significance.compare(matrix(pd.concat([good, few]), MANY), ["good", "few"], common=True)
    assert (everywhere.n_tasks, everywhere.n_clusters, common.n_tasks, common.n_clusters) == (40, 20, 20, 10)
    assert common.skill["good"] == pytest.approx(0.9) and everywhere.skill["good"] == pytest.approx(1 - 0.1**0.5)
    assert common.ratios["few"].value == pytest.approx(2.0)
    with pytest.raises(LeaderboardError, match="good, late entered no task in common"):
        late = entry("late", [0.2] * 20, tasks=MANY.tail(20))
        significance.compare(matrix(pd.concat([few.assign(predictor="good"), late]), MANY), ["good", "late"], common=True)


def test_predictors_of_equal_skill_stand_in_the_order_of_their_names():
    names = [f"p{i:02}" for i in range(20)]
    few = MANY.head(4)
    scores = pd.concat([entry(n, [0.5, 2.0, 1.0, 1.0], tasks=few) for n in names[::-1]], ignore_index=True)
    assert list(compare(scores, few, names).skill.index) == names


def test_a_pair_that_differs_in_some_collections_is_tested_and_one_that_never_does_is_not():
    same = many().query("predictor == 'good'")
    partly = same.assign(predictor="partly", ratio=np.where(same["collection"] < "c2", same["ratio"], same["ratio"] * 1.3))
    clone = same.assign(predictor="clone")
    scores = pd.concat([many(), partly, clone], ignore_index=True)
    found = compare(scores, MANY, ["good", "clone", "partly"])
    assert found.p.loc["good", "clone"] == 1.0 and found.p.loc["good", "partly"] < 0.05


def test_a_clone_cannot_be_told_from_its_original():
    scores = pd.concat([many(), many().query("predictor == 'good'").assign(predictor="clone")], ignore_index=True)
    ours = compare(scores, MANY, ["good", "clone"])
    assert ours.p.loc["good", "clone"] == 1.0 and ours.cliques == (("clone", "good"),)


def test_unknown_names_and_endings_are_refused(tmp_path):
    with pytest.raises(LeaderboardError, match="no scores of 'nobody'"):
        compare(many(), MANY, ["ref", "nobody"])
    with pytest.raises(LeaderboardError, match=r"cd.bmp: expected a name that ends in .svg"):
        draw(compare(many(), MANY, ["ref", "good"]), tmp_path / "cd.bmp")


def test_the_picture_names_everyone(tmp_path):
    draw(compare(many(), MANY, ["ref", "close", "good", "better"]), tmp_path / "cd.svg")
    assert (tmp_path / "cd.svg").read_text(encoding="utf-8").count("<svg") == 1
