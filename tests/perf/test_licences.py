"""What may be bundled, by what the cards say of licences."""

import pytest
from scripts import perf_module

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import bundled_path, list_collections


@pytest.fixture(scope="module")
def licences():
    return perf_module("regenerate.licences")


def test_only_what_the_source_itself_licenses_is_bundled(licences):
    relicensed = [
        n for n in list_collections() if load_card(n).bundled and load_card(n).scalingbench.license_from not in licences.REDISTRIBUTABLE
    ]
    assert relicensed == []
    lying = [n for n in list_collections() if load_card(n).bundled != bundled_path(n).is_file()]
    assert lying == [], "a table lies in the package just where its card says so"
