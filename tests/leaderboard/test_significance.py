import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from score_worlds import TASKS, entry, world

from leaderboard.ranking import by_collection
from leaderboard.significance import compare, draw
from scalingbench.common.errors import LeaderboardError

MANY = pd.DataFrame([(f"c{i}/t{j}", f"c{i}", "curve") for i in range(20) for j in range(2)], columns=["task", "collection", "track"])


def many(seed=0):
    rng = np.random.default_rng(seed)
    means = {"ref": 0.0, "close": 0.0, "good": -0.6, "better": -1.5}
    return pd.concat([entry(n, np.exp(rng.normal(m, 0.3, len(MANY))), tasks=MANY) for n, m in means.items()], ignore_index=True)


def test_adjusted_p_values_are_those_of_a_well_kept_library():
    scores, names = many(), ["better", "good", "ref", "close"]
    ours = compare(scores, MANY, names)
    values, _ = by_collection(scores, MANY)
    long = values.T.melt(var_name="predictor", value_name="value", ignore_index=False)
    theirs = scikit_posthocs.posthoc_wilcoxon(long, val_col="value", group_col="predictor", p_adjust="holm")
    np.testing.assert_allclose(ours.p.loc[names, names], theirs.loc[names, names], atol=1e-12)


def test_cliques_join_what_cannot_be_told_apart():
    ours = compare(many(), MANY, ["ref", "close", "good", "better"])
    assert list(ours.skill.index)[:2] == ["better", "good"]
    assert [set(c) for c in ours.cliques] == [{"ref", "close"}]


def test_a_clone_cannot_be_told_from_its_original():
    scores = pd.concat([many(), many().query("predictor == 'good'").assign(predictor="clone")], ignore_index=True)
    ours = compare(scores, MANY, ["good", "clone"])
    assert ours.p.loc["good", "clone"] == 1.0 and ours.cliques == (("clone", "good"),)


def test_unknown_names_and_endings_are_refused(tmp_path):
    with pytest.raises(LeaderboardError, match="no scores of 'nobody'"):
        compare(world(), TASKS, ["ref", "nobody"])
    with pytest.raises(LeaderboardError, match=r"cd.bmp: expected a name that ends in .svg"):
        draw(compare(world(), TASKS, ["ref", "law"]), tmp_path / "cd.bmp")


def test_the_picture_names_everyone(tmp_path):
    draw(compare(many(), MANY, ["ref", "close", "good", "better"]), tmp_path / "cd.svg")
    assert (tmp_path / "cd.svg").read_text(encoding="utf-8").count("<svg") == 1
