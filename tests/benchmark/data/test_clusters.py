"""Clusters: collections that hold some of the same runs count as one piece of evidence."""

import time
from types import SimpleNamespace

import pytest

from scalingbench.benchmark.data import clusters
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.clusters import cluster_of, clusters_from_cards, members, read_clusters, relatives
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.benchmark.tasks.suite import list_suites, load_suite


@pytest.fixture
def cards(monkeypatch):
    """Stand cards in that hold nothing but links: 'a: b c' for overlaps, 'a*: b' for a compilation."""

    def stand_in(*lines):
        links = {line.split(":")[0]: tuple(line.split(":")[1].split()) for line in lines}
        facts = {
            name.rstrip("*"): SimpleNamespace(scalingbench=SimpleNamespace(overlaps=of, repackages=name.endswith("*")))
            for name, of in links.items()
        }
        monkeypatch.setattr(clusters, "source_names", lambda: tuple(sorted(facts)))
        monkeypatch.setattr(clusters, "load_card", facts.__getitem__)
        return clusters_from_cards()

    return stand_in


def test_what_is_linked_through_others_is_one_cluster_named_after_its_first_member(cards):
    assert cards("d: c", "c: d b", "b: c", "a:", "e:").cluster == {"a": "a", "b": "b", "c": "b", "d": "b", "e": "e"}


def test_a_link_that_one_card_alone_states_counts(cards):
    assert cards("a: b", "b:").cluster == cards("a:", "b: a").cluster == {"a": "a", "b": "a"}


def test_a_compilation_links_nobody(cards):
    found = cards("a: z", "b: z", "z*: a b")
    assert found.cluster == {"a": "a", "b": "b", "z": "z"} and found.compilations == {"z": ("a", "b")}


def test_relatives_are_the_cluster_and_every_compilation_of_its_runs(cards, monkeypatch):
    found = cards("a: b", "b: a z", "c: z", "d:", "z*: b c")
    monkeypatch.setattr(clusters, "read_clusters", lambda: found)
    assert relatives("a") == {"a", "b", "z"}, "a's own runs aren't in z, those of its cluster are"
    assert relatives("c") == {"c", "z"} and relatives("d") == {"d"}
    assert relatives("z") == {"a", "b", "c", "z"}


def test_the_recorded_clusters_are_those_of_the_cards():
    assert read_clusters() == clusters_from_cards(), "python -m perf.regenerate clusters"
    assert set(read_clusters().cluster) == set(list_collections())


def test_a_card_names_back_who_names_it():
    overlaps = {name: set(load_card(name).scalingbench.overlaps) for name in list_collections()}
    one_sided = [(a, b) for a, named in overlaps.items() for b in named if a not in overlaps[b]]
    assert one_sided == [] and all(name not in named for name, named in overlaps.items())


def test_collections_of_the_same_public_models_are_one_cluster():
    assert len({cluster_of(name) for name in ("sloth", "obs_scaling", "pythia_evals", "emergence_ushape", "monkeys", "llm_line")}) == 1
    assert cluster_of("datablations_curves") == cluster_of("datablations")
    assert cluster_of("dclm_models") == cluster_of("gadre_overtraining")
    assert cluster_of("farseer") == "farseer" != cluster_of("steplaw")
    assert "sloth" in members(cluster_of("obs_scaling")) and members("nothing") == ()


def test_what_is_judged_on_a_part_of_sldbench_is_not_learnt_from_it():
    assert {"steplaw", "sldbench"} <= relatives("steplaw") and "parscale" not in relatives("steplaw")
    assert {"steplaw", "parscale", "sldbench"} <= relatives("sldbench")


def test_a_collection_of_ones_own_is_a_cluster_of_its_own():
    assert cluster_of("mine") == "mine" and relatives("mine") == {"mine"}


def test_the_tasks_that_repeat_runs_agree_with_the_cards():
    for suite in list_suites():
        for spec in load_suite(suite).specs:
            facts = load_card(spec.collection).scalingbench
            assert spec.duplicates is None or (spec.duplicates in facts.overlaps and spec.weight == 0), spec.id


def test_clusters_are_read_without_reading_the_cards():
    read_clusters.cache_clear()
    load_card.cache_clear()
    start = time.process_time()
    assert {cluster_of(name) for name in list_collections()}
    assert time.process_time() - start < 0.1 and load_card.cache_info().currsize == 0
