"""The board of the literature, and names of families."""

import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.leaderboard.results import Results
from scalingbench.predictors.registry import families, get, list_predictors, published_families


@pytest.fixture(scope="module")
def committed():
    return Results.load()


def test_only_forms_of_papers_are_published():
    published = {entry.name for entry in list_predictors() if entry.published}
    assert {"kaplan", "chinchilla[prior]", "chinchilla[hoffmann2022]", "bnsl-2"} <= published
    assert not published & {"autolaw", "gaussian-process", "median-of-laws", "additive-power", "moe-power", "repeated-subset"}
    assert all(entry.paper for entry in list_predictors() if entry.published)


def test_a_board_of_the_literature_has_a_row_per_family_with_the_numbers_of_its_head(committed):
    track = committed.select(track="compute")
    whole, board = track.board(), track.select(kind="published").board()
    heads = whole.heads[whole.heads["family"].isin(published_families())]
    assert board.rows["predictor"].tolist() == heads["family"].tolist() and board.rows["skill"].tolist() == heads["skill"].tolist()
    assert board.rows["rank"].iloc[0] == 1 and board.rows["rank"].is_monotonic_increasing
    assert f"chinchilla is {get('chinchilla').name}" in board.caption and board.version == whole.version


def test_the_whole_board_of_the_literature_lists_tracks_and_the_best_track_of_each_form(committed):
    board = committed.select(kind="published").board()
    assert not len(board.rows) and set(board.specialists["predictor"]) <= published_families()
    assert all(set(track.rows["predictor"]) <= published_families() for track in board.tracks.values())
    assert f"that of {committed.board().rows['predictor'].iloc[0]} on the same tasks" in board.render()


def test_slices_and_comparisons_are_of_published_forms_alone(committed):
    chosen = committed.select(track="compute", kind="published")
    assert set(chosen.by("reach").rows.index) <= published_families()
    family = families()
    assert {family[name] for name in chosen.compare(top=5).skill.index} <= published_families()


def test_an_unknown_kind_and_a_suite_of_another_benchmark_are_refused(committed):
    with pytest.raises(InputError, match="kind 'old': expected 'published'"):
        committed.select(kind="old")
    done = scalingbench("leaderboard", "--suite", "sldbench", "--kind", "published")
    assert done.returncode == 2 and "no kinds of predictors" in done.stderr


def test_the_name_of_a_family_stands_for_the_head_that_the_board_ranks(committed):
    family = families()
    for name in {f for f in family.values() if f not in family} & set(committed.scores["family"]):
        assert get(name).name == committed.entry(name)
        assert family[get(name).name] == name


def test_the_name_of_an_entry_is_never_that_of_another(committed):
    assert get("log-quadratic").name == committed.entry("log-quadratic") == "log-quadratic"


@pytest.mark.parametrize("command", ["compare", pytest.param("run", marks=pytest.mark.full)])
def test_commands_take_the_names_of_families(command, tmp_path):
    more = ("--collections", "distillation_apple", "--out", tmp_path) if command == "run" else ()
    done = scalingbench(command, "--predictors", "chinchilla,kaplan", "--json", *more)
    assert done.returncode == 0, done.stderr
    facts = data_of(done, command)
    named = facts["skill"] if command == "compare" else {row["predictor"] for row in facts["rows"]}
    assert {get("chinchilla").name, "kaplan"} <= set(named)
