"""What every collection must satisfy."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.card import cards_folder, load_card, parse_card
from scalingbench.benchmark.data.collection import bundled_path, facts_of, list_collections, load_collection, read_facts, table_digest
from scalingbench.benchmark.data.schema import validate
from scalingbench.benchmark.data.sources import build_table, load_source
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import FetchError, InputError, SchemaError

BUNDLED = [name for name in list_collections() if load_card(name).bundled]
FETCH_ONLY = [name for name in list_collections() if not load_card(name).bundled]


@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_table_is_what_its_source_gives_bit_for_bit(name, mirror):
    rebuilt, bundled = build_table(name), load_collection(name).table
    pd.testing.assert_frame_equal(rebuilt, bundled, check_exact=True)
    assert table_digest(rebuilt) == table_digest(bundled) == read_facts()[name]["digest"]


def test_an_altered_bundled_table_is_refused(monkeypatch, tmp_path):
    path = tmp_path / "porian.parquet"
    table = load_collection("porian").table.copy()
    table.loc[0, "value"] *= 1.0000001
    table.to_parquet(path)
    monkeypatch.setattr("scalingbench.benchmark.data.collection.bundled_path", lambda name: path)
    load_collection.cache_clear()
    with pytest.raises(FetchError, match=r"porian\.parquet: is not the table that was validated"):
        load_collection("porian")
    path.write_bytes(b"junk")
    with pytest.raises(FetchError, match=r"porian\.parquet: cannot be read"):
        load_collection("porian")


@pytest.mark.parametrize("name", FETCH_ONLY)
def test_a_fetch_only_table_is_built_from_the_mirror_and_not_in_the_package(name, mirror):
    collection = load_collection(name)
    assert facts_of(collection) == read_facts()[name] and not bundled_path(name).exists()


@pytest.mark.parametrize("name", BUNDLED)
def test_the_bundled_table_breaks_no_rule(name):
    validate(load_collection(name).table, load_card(name).scalingbench.own_variables)


@pytest.mark.parametrize("name", list_collections())
def test_card_and_table_agree(name, request):
    if name in FETCH_ONLY:
        request.getfixturevalue("mirror")
    collection = load_collection(name)
    facts = collection.card.scalingbench
    assert set(collection.metrics) == set(facts.metrics)
    assert set(facts.variables) <= set(collection.table.columns)
    assert all(metric_kind(m) for m in collection.metrics)
    assert collection.card.body and facts.license_note
    if "params" in collection.variables:
        assert facts.params_kind


@pytest.mark.parametrize("name", list_collections())
def test_every_verbatim_file_has_an_address_at_a_pinned_commit(name):
    commits = {u.commit for u in load_card(name).scalingbench.upstream}
    assert all(len(commit) == 40 for commit in commits)
    for file in load_source(name).FILES:
        assert len(file.sha256) == 64
        assert file.url is None or any(commit in file.url for commit in commits), file.url


@pytest.mark.parametrize("name", FETCH_ONLY)
def test_a_fetch_only_collection_has_addresses_or_says_that_it_was_transcribed(name):
    verbatim = {file.name for file in load_source(name).FILES if file.url}
    kinds = {u.kind for u in load_card(name).scalingbench.upstream}
    assert len(verbatim) == len(load_source(name).FILES) or "transcription" in kinds


def test_digest_sees_every_cell():
    table = load_collection("porian").table
    changed = table.copy()
    changed.loc[7, "flag"] = "outlier"
    assert table_digest(table) == table_digest(table.copy()) != table_digest(changed)


def test_unknown_names_get_a_hint():
    with pytest.raises(InputError, match="unknown collection 'chinchila'; did you mean 'chinchilla'"):
        load_collection("chinchila")


def test_a_missing_bundled_table_says_how_to_rebuild_it(monkeypatch, tmp_path):
    monkeypatch.setattr("scalingbench.benchmark.data.collection.bundled_path", lambda name: tmp_path / f"{name}.parquet")
    load_collection.cache_clear()
    with pytest.raises(FetchError, match=r"python -m scalingbench\.benchmark\.data\.sources porian"):
        load_collection("porian")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tier: bundled", "tier: maybe", "scalingbench.tier"),
        ("license: mit\n", "", "license: Field required"),
        ("---\n", "", "must begin with YAML front matter"),
        ("  domain: language", "  domian: language", "scalingbench.dom"),
    ],
)
def test_a_broken_card_is_refused_with_the_field(old, new, message):
    text = (cards_folder() / "porian.md").read_text(encoding="utf-8")
    parse_card("porian", text)
    with pytest.raises(SchemaError, match=message):
        parse_card("porian", text.replace(old, new))


def test_chinchilla_is_epochs_digitisation(mirror):
    """The MIT copy holds the points of the digitisation itself, to 1e-9."""
    epoch = pd.read_csv(mirror / "chinchilla_epoch" / "raw" / "svg_extracted_data.csv")
    table = load_collection("chinchilla").table
    assert len(table) == len(epoch) == 245
    ours, theirs = (
        f.sort_values(f.columns[-1], ignore_index=True) for f in (table[["params", "flops"]], epoch[["Model Size", "Training FLOP"]])
    )
    assert ((ours.to_numpy() / theirs.to_numpy() - 1.0).__abs__() < 1e-6).all()
    assert abs(table["value"].sum() / epoch["loss"].sum() - 1.0) < 1e-12
    assert (table["flag"] == "outlier").sum() == 5 and table.loc[table["flag"] != "", "value"].min() > 3.4
