"""Results of a suite with rules: boards of stored scores, of predictions, and of predictions beside stored scores."""

import pytest
from result_worlds import REFERENCE
from ruled_worlds import ERRORS, FETCH_ONLY, in_memory, ruled_suite
from stated_worlds import POOL, STATED, scored

import scalingbench.leaderboard.results
from scalingbench.benchmark.evaluation.results import ResultFiles
from scalingbench.benchmark.tasks.rules import Rules
from scalingbench.benchmark.tasks.suite import Suite, task_table
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.cli.submit import _beside_committed
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.scored_suite import ScoredSuite
from scalingbench.leaderboard.suite_board import SuiteBoard

SPLIT = {"kind": "frontier", "variable": "params", "train_max": 1}


@pytest.fixture
def stored(tmp_path) -> Results:
    """Results whose files do not even exist: nothing may be read from them."""
    specs = tuple(
        TaskSpec(collection=row["collection"], metric="loss", track=row["track"], variables=("params",), split=SPLIT)
        for row in STATED.to_dict("records")
    )
    suite = Suite("made", "eleven tasks", "ref", POOL, specs, rules=Rules())
    found = scored()
    return Results(ResultFiles({name: tmp_path / name for name in found.predictors}), suite, exclusions={}, stored=found)


def tasks_of(results):
    return sorted(results.board().fingerprints)


def test_the_board_is_made_from_stored_scores_alone(stored):
    board = stored.board()
    assert isinstance(board, SuiteBoard) and list(board.tracks) == ["curve", "compute", "mixture", "transfer", "interpolation"]
    assert board.heads["predictor"].tolist() == ["form[b]", "ref", "plain"]
    assert (board.version, tasks_of(stored)) == (stored.version, ["a/1", "a/2", "b/1", "c/1", "d/1"])


@pytest.mark.parametrize(
    ("choice", "tasks"),
    [
        ({"track": "compute"}, ["a/1", "a/2", "b/1"]),
        ({"track": "synthetic"}, ["s/1"]),
        ({"bundled": True}, ["a/1", "a/2", "c/1"]),
        ({"published_after": "2021-06"}, ["c/1", "d/1"]),
        ({"collections": "b"}, ["b/1"]),
        ({"track": "compute", "bundled": True, "published_after": "2019-12"}, ["a/1", "a/2"]),
    ],
)
def test_a_choice_is_ranked_on_its_tasks(stored, choice, tasks):
    assert tasks_of(stored.select(**choice)) == tasks
    assert tasks_of(stored.board() and stored.select(**choice)) == tasks  # after all was scored too


def test_choices_add_up(stored):
    assert tasks_of(stored.select(bundled=True).select(track="compute").select(published_after="2019-12")) == ["a/1", "a/2"]
    assert tasks_of(stored.select(collections=["a", "b"]).select(collections=["b", "c"])) == ["b/1"]
    few = stored.select(predictors="law").board()
    assert isinstance(few, SuiteBoard) and set(few.tracks["compute"].rows["predictor"]) == {"law", "ref", "plain"}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"track": "compte"}, "did you mean 'compute'"),
        ({"collections": ["aa"]}, "unknown collection of suite made 'aa'"),
        ({"predictors": "lam"}, "did you mean 'law'"),
        ({"published_after": "June"}, "expected a month as YYYY-MM"),
    ],
)
def test_an_unknown_choice_is_named(stored, choice, message):
    with pytest.raises(InputError, match=message):
        stored.select(**choice).board()


def test_slices_are_of_the_stored_scores(stored):
    assert stored.by("reach").counts.tolist() == [1, 1, 2, 1]
    assert stored.skill_by("reach", 2).rows.index.tolist() == ["form[b]", "ref"]
    assert stored.select(bundled=True).by("tier").counts.to_dict() == {"bundled": 3}
    assert stored.by("reach", what="coverage").rows.empty


def test_comparisons_are_over_clusters(stored):
    found = stored.compare(["form[a]", "plain"])
    assert (found.n_clusters, found.unit) == (3, "clusters")
    assert stored.select(bundled=True).compare(["form[a]", "plain"]).n_clusters == 2


def test_a_suite_without_rules_refuses_what_it_does_not_state():
    results = Results.load("v0")
    for ask, message in (
        (lambda: results.select(published_after="2021-06"), "does not state when its collections were published"),
        (lambda: results.by("track", what="coverage"), "coverage by track: only of a suite with rules"),
        (lambda: results.scored, "has no rules that its tasks state themselves by"),
    ):
        with pytest.raises(InputError, match=message):
            ask()


@pytest.fixture
def at_hand(monkeypatch):
    """Give the set of collections whose data are not at hand."""
    absent: set[str] = set()
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_at_hand", lambda name: name not in absent)
    return absent


def test_predictions_are_scored_on_the_tasks_that_are_at_hand(at_hand):
    board = in_memory().board()
    assert (board.n_tasks, board.rows.set_index("predictor").loc["law", "skill"]) == (3, pytest.approx(1 - 0.5 ** (1 / 3), rel=1e-5))
    at_hand.add(FETCH_ONLY)
    board = in_memory().board()
    assert (board.n_tasks, board.rows.set_index("predictor").loc["law", "skill"]) == (2, pytest.approx(0.5, rel=1e-5))


def test_bundled_predictions_are_scored_without_a_look_at_the_other_collections(at_hand, monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_at_hand", lambda name: looked.append(name) or True)
    board = in_memory().select(bundled=True).board()
    assert board.n_tasks == 2 and "bundled collections only" in board.caption and FETCH_ONLY not in looked


@pytest.fixture
def beside(at_hand, monkeypatch):
    """Give a function that puts results beside committed ones, of which only scores and the reference's predictions are there."""
    suite = ruled_suite()
    others = in_memory(ERRORS, suite).scored
    kept = ScoredSuite("made-up", REFERENCE, suite.pool, others.scores, task_table(suite.made))
    monkeypatch.setattr(scalingbench.leaderboard.results, "load_scored", lambda name: kept)
    monkeypatch.setattr(scalingbench.leaderboard.results, "committed_file_of", lambda name, names: {})
    reference = {REFERENCE: ERRORS[REFERENCE]}
    return lambda **own: in_memory({**reference, **own}, suite).beside_committed()


def names(board: Board) -> list[str]:
    return board.rows["predictor"].tolist()


def test_results_stand_beside_the_stored_scores_of_others(beside):
    found = beside(mine=(0.05, 0.05, 0.05))
    assert names(found.board()) == ["mine", "law", REFERENCE, "mean"] and found.predictors == (REFERENCE, "mine", "law", "mean")
    assert names(beside(law=(0.3, 0.3, 0.3)).board()) == [REFERENCE, "law", "mean"]  # its own, not the stored ones


def test_an_entry_is_general_purpose_among_the_tasks_of_the_board_at_hand(beside):
    """Of three tasks it entered the two bundled ones: two thirds of the weight, and all of it on the bundled board."""
    found = beside(mine=(0.05, 0.05, None))
    assert "mine" not in names(found.board()) and "mine" in names(found.select(bundled=True).board())
    assert found.scored.share_entered("mine") == pytest.approx(2 / 3) and found.select(bundled=True).scored.share_entered("mine") == 1.0


def test_a_standing_says_why_the_whole_board_does_not_rank_an_entry(beside):
    found = beside(mine=(0.05, 0.05, None))
    text = str(found.standing("mine"))
    assert "mine enters 67% of the weight: a specialised law, ranked on tracks" in text and "compute (1 tasks): mine" in text
    text = str(found.select(bundled=True).standing("mine"))
    assert "specialised" not in text and "| mine " in text and "bundled collections only" in text


def test_a_run_on_bundled_collections_is_shown_on_their_boards(at_hand, monkeypatch, capsys):
    suite = ruled_suite()
    monkeypatch.setattr(scalingbench.leaderboard.results, "load_scored", lambda name: None)
    monkeypatch.setattr(scalingbench.leaderboard.results, "committed_files", lambda name: ())
    few = {name: (*errors[:2], None) for name, errors in ERRORS.items()}
    shown = _beside_committed(in_memory(few, suite), ("law",))
    assert shown.choice == {"bundled": True} and capsys.readouterr().err == (
        "ranked on bundled collections only, because no other was run (--all: also those at hand)\n"
    )
    shown = _beside_committed(in_memory(ERRORS, suite), ("law",))
    assert shown.choice == {} and capsys.readouterr().err == ""
