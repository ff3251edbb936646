"""The default configuration of the data set: one long table that datasets, polars and duckdb read at once."""

import pandas as pd
import pytest
from hub_folders import COLLECTIONS, changed, with_table

from scalingbench.benchmark.data.all_runs import ALL_COLUMNS, load_all
from scalingbench.benchmark.data.collection import arrow_of, list_collections, load_collection
from scalingbench.benchmark.hub import validate_folder
from scalingbench.benchmark.hub.card import RUNS
from scalingbench.common.errors import InputError

COUNTS = {name: len(load_collection(name).table) for name in COLLECTIONS}


def test_the_default_configuration_loads_with_datasets(folder, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path))
    assert loaded.column_names == list(ALL_COLUMNS) and pd.Series(loaded["collection"][:]).value_counts().to_dict() == COUNTS


def test_polars_scans_it(folder):
    pl = pytest.importorskip("polars")
    counted = pl.scan_parquet(folder / "*.parquet").group_by("collection").len().collect()
    assert dict(counted.iter_rows()) == COUNTS
    assert pl.scan_parquet(folder / RUNS).select(pl.col("experts").null_count()).collect().item() == sum(COUNTS.values())


def test_duckdb_queries_it(folder):
    duckdb = pytest.importorskip("duckdb")
    assert dict(duckdb.sql(f"select collection, count(*) from '{folder / RUNS}' group by collection").fetchall()) == COUNTS


def test_it_has_the_values_of_the_collections():
    runs = load_all(COLLECTIONS)
    for name in COLLECTIONS:
        own, part = load_collection(name).table, runs[runs["collection"] == name].reset_index(drop=True)
        shared = [c for c in own if c in ALL_COLUMNS]
        pd.testing.assert_frame_equal(part[shared], own[shared], check_dtype=False)
    assert set(runs["license"]) and runs["domain"].notna().all()


def test_all_bundled_collections_are_the_default(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "scalingbench.benchmark.data.all_runs.load_collection", lambda name: asked.append(name) or load_collection("porian")
    )
    load_all()
    assert 30 < len(asked) < len(list_collections()) and "steplaw" not in asked


def test_polars_and_arrow_have_the_rows_of_the_frame(monkeypatch):
    found = load_collection("porian")
    assert found.to_arrow().to_pandas()["value"].tolist() == found.table["value"].tolist()
    pl = pytest.importorskip("polars")
    frame = found.to_polars()
    assert (
        isinstance(frame, pl.DataFrame) and frame.columns == list(found.table) and frame["value"].to_list() == found.table["value"].tolist()
    )
    monkeypatch.setattr("scalingbench.common.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"to_polars needs polars: pip install 'scalingbench\[polars\]'"):
        found.to_polars()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_table(lambda t: t.iloc[1:]), "is not the rows of the folder's 2 collections"),
        (with_table(lambda t: t.assign(value=1.0)), "is not the rows of the folder's 2 collections"),
        (lambda path: path.write_bytes(b"no table"), "cannot be read"),
    ],
)
def test_another_table_is_refused(folder, tmp_path, change, message):
    place = changed(folder, tmp_path / "copy", RUNS, change)
    with pytest.raises(InputError, match=message):
        validate_folder(place, load=False)


def test_its_bytes_depend_on_the_rows_alone():
    runs = load_all(["synthetic_coverage"])
    assert arrow_of(runs).equals(arrow_of(runs.set_index(runs.index + 5))) and arrow_of(runs).schema.metadata is None
