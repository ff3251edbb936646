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
