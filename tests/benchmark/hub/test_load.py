"""Tables from the Hub: the one that the package records, or one that keeps the schema, and that is said."""

import warnings

import pandas as pd
import pytest
from hub_folders import first_value, repacked, with_table

from scalingbench.benchmark.hub import push
from scalingbench.benchmark.hub.load import _loaded, load_collection
from scalingbench.common.errors import DataWarning, InputError

REPO = "org/scaling"


def from_hub(revision):
    _loaded.cache_clear()
    return load_collection("porian", source="hub", repo=REPO, revision=revision)


def test_of_main_only_the_table_that_the_package_records_is_taken(folder, hub, tmp_path):
    push(repacked(folder, tmp_path / "other", first_value(3.0)), REPO)
    with pytest.raises(InputError, match=r"^collection porian of org/scaling@main: is not the table that this version .*name a revision"):
        from_hub("main")
    push(folder, REPO)  # mended there: what was refused is pulled anew
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert from_hub("main").digest == load_collection("porian").digest
        hub.close()
        assert from_hub("main").digest == load_collection("porian").digest


def test_of_a_pinned_revision_another_table_is_taken_if_it_keeps_the_schema_and_that_is_said(folder, hub, tmp_path):
    push(repacked(folder, tmp_path / "other", first_value(3.25)), REPO, revision="v0.9")
    with pytest.warns(DataWarning, match=r"porian of org/scaling@v0.9: is not the table .* keeps the schema and is used") as said:
        table = from_hub("v0.9").table
    assert 3.25 in table["value"].to_numpy() and len(table) == 940 and said[0].filename == __file__


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (first_value(-1.0), r"porian of org/scaling@v0\.9: row 1, column 'value': -1\.0 lies outside"),
        (with_table(lambda t: t.rename(columns={"params": "parms"})), "column 'parms': not a column of the schema"),
        (with_table(lambda t: t.assign(metric="loss_c4")), "metric 'loss_c4' is not in the card of the collection"),
        (with_table(lambda t: t.assign(collection="gemstones")), "holds rows of another collection"),
        (with_table(lambda t: pd.concat([t, t.tail(1)])), "row 941: repeats row 940"),
        (lambda path: path.write_bytes(b"PAR1 junk"), r"table\.parquet: cannot be read as a table"),
    ],
)
def test_of_a_pinned_revision_a_table_that_breaks_the_schema_is_refused(change, message, folder, hub, tmp_path):
    push(repacked(folder, tmp_path / "other", change), REPO, revision="v0.9")
    with pytest.raises(InputError, match=message) as caught:
        from_hub("v0.9")
    assert str(caught.value).isprintable()
