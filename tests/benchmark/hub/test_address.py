"""Names of data sets and revisions, and where the cache keeps what was pulled of them."""

import pytest

from scalingbench.benchmark.hub.client import (
    cache_place,
    checked_name,
    checked_repo,
    checked_revision,
    list_changes,
    load_table,
    pull,
    push,
    push_results,
)
from scalingbench.benchmark.hub.load import load_collection
from scalingbench.common.errors import InputError

OUTSIDE = [
    "../../../x",
    "..",
    "a/../../b",
    "/etc/passwd",
    "/x",
    "x/",
    "a//b",
    ".hidden",
    "a/.b",
    "-x",
    "~",
    "a\\b",
    "a b",
    "a\nb",
    "v1\n",
    "",
]
BAD_REPOS = [*OUTSIDE, "name", "a/b/c", "a--b/c", "a/b..c", "a/b/../c", "ü/x", "a/" + "b" * 97]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Point the cache at an empty folder and the Hub at a port that nobody listens on."""
    monkeypatch.setenv("SCALINGBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("scalingbench.benchmark.hub.client._api", lambda: pytest.fail("a request was made"))
    return tmp_path


@pytest.mark.parametrize("revision", [*OUTSIDE, "v1..2", "x" * 97, "a@{b", "a--b"])
def test_a_revision_that_is_no_name_is_refused_before_any_path_is_made(revision, nowhere):
    for use in (
        lambda: load_collection("chinchilla", source="hub", revision=revision),
        lambda: load_table("chinchilla", "org/name", revision),
        lambda: pull("org/name", revision, nowhere / "out"),
        lambda: list_changes(nowhere, "org/name", revision),
    ):
        with pytest.raises(InputError, match=r"^revision ") as caught:
            use()
        assert str(caught.value).isprintable() and len(str(caught.value)) < 400
    assert not list(nowhere.iterdir())


@pytest.mark.parametrize("repo", BAD_REPOS)
def test_a_repository_that_is_no_name_is_refused_before_any_path_is_made(repo, nowhere):
    for use in (
        lambda: load_collection("chinchilla", source="hub", repo=repo or "/", revision="v1"),
        lambda: load_table("chinchilla", repo, "v1"),
        lambda: pull(repo, "v1", nowhere / "out"),
        lambda: push(nowhere, repo),
        lambda: list_changes(nowhere, repo),
        lambda: push_results(nowhere, "v1", repo),
    ):
        with pytest.raises(InputError, match=r"^repository ") as caught:
            use()
        assert str(caught.value).isprintable()
    assert not list(nowhere.iterdir())


def test_a_tag_a_suite_and_a_collection_are_names_too(nowhere):
    with pytest.raises(InputError, match=r"tag '../x': expected letters and digits"):
        push(nowhere, "org/name", revision="../x")
    with pytest.raises(InputError, match=r"suite '../x': expected letters and digits"):
        push_results(nowhere, "../x", "org/name")
    with pytest.raises(InputError, match=r"collection '../x': expected letters and digits"):
        load_table("../x", "org/name", "v1")
    assert not list(nowhere.iterdir())


@pytest.mark.parametrize("name", ["v1", "v1.0-rc.1", "main", "a_b", "7", "d" * 40, "x" * 96])
def test_names_of_tags_branches_and_commits_are_kept(name):
    assert checked_name(name, "tag") == checked_revision(name) == name and checked_repo(f"org/{name}") == f"org/{name}"


def test_a_branch_may_have_parts():
    assert checked_revision("refs/pr/1") == "refs/pr/1"
    with pytest.raises(InputError, match="longer than 96 characters"):
        checked_revision("a/" * 48 + "a")


def test_no_two_data_sets_or_revisions_share_a_place_and_none_lies_in_anothers(monkeypatch, tmp_path):
    monkeypatch.setenv("SCALINGBENCH_CACHE", str(tmp_path))
    asked = [(n, r, v) for n in ("a", "b") for r in ("o/n", "o/a", "o-n/a", "o/n-a") for v in ("v1", "a", "v1/a", "v1-a", "refs/pr/1")]
    places = [cache_place(*each) for each in asked]
    assert len(set(places)) == len(places)
    assert all(p.parent.parent.parent == tmp_path / "hub" for p in places)
    assert cache_place("chinchilla", "org/name", "v1") == tmp_path / "hub" / "org--name" / "v1" / "chinchilla"
