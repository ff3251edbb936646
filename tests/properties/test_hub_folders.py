"""Hub folders: whatever one holds, it is the package's own data or one line names the file; nothing is written beside its place."""

import json
import shutil
import tempfile
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hostile import TEXT, damaged, edited, everything_in, loads_or_is_refused
from hub_folders import first_value
from hypothesis import given
from hypothesis import strategies as st

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.hub import CARD, CHECKSUMS, CROISSANT, build, client, validate_folder
from scalingbench.benchmark.hub.client import cache_place, checked_repo, checked_revision
from scalingbench.benchmark.hub.load import _loaded
from scalingbench.benchmark.hub.load import load_collection as load_from_hub
from scalingbench.common.errors import DataWarning, InputError
from scalingbench.common.files import sha256_of

NAME = "sae_scaling"
TABLE = f"data/{NAME}/table.parquet"
OTHER_NAMES = ["x", "data/x/table.parquet", "data/steplaw/table.parquet", ".x", "data/é", CHECKSUMS]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the files of a sound folder."""
    place = tmp_path_factory.mktemp("hub") / "built"
    build(place, collections=(NAME,))
    return everything_in(place)


@pytest.fixture(scope="module")
def shelf():
    """Return a folder on which examples are laid; it is emptied each time."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def laid_out(files, shelf, *, sums=True):
    shutil.rmtree(shelf / "folder", ignore_errors=True)
    folder = shelf / "folder"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if sums:
        lines = [
            f"{sha256_of(p)}  {p.relative_to(folder).as_posix()}\n"
            for p in sorted(folder.rglob("*"))
            if p.is_file() and p.name != CHECKSUMS
        ]
        (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    return folder


def check(folder):
    said = []
    before = everything_in(folder)
    loads_or_is_refused(lambda: validate_folder(folder, load=False, say=said.append), folder)
    assert everything_in(folder) == before
    if len(said) == 4 and (folder / TABLE).is_file():
        assert pd.read_parquet(folder / TABLE).equals(load_collection(NAME).table)


@given(data=st.data(), sums=st.booleans())
def test_a_folder_with_other_files(data, sums, whole, shelf):
    files = dict(whole)
    for _ in range(data.draw(st.integers(0, 2))):
        name = data.draw(st.sampled_from(sorted(files)))
        what = data.draw(st.sampled_from(["edit", "edit", "drop", "copy", "empty"]))
        if what == "edit":
            files[name] = data.draw(edited(files[name]))
        elif what == "drop":
            del files[name]
        elif what == "copy":
            files[data.draw(st.sampled_from(["x", "data/x/table.parquet", "data/steplaw/table.parquet", ".x", "data/é", CHECKSUMS]))] = (
                files[name]
            )
        else:
            files[name] = b""
        if not files:
            break
    check(laid_out(files, shelf, sums=sums))


@given(data=st.data())
def test_a_folder_with_other_metadata(data, whole, shelf):
    files = dict(whole)
    if data.draw(st.booleans()):
        document = data.draw(damaged(json.loads(files[CROISSANT])))
        files[CROISSANT] = json.dumps(document, default=str).encode()
    else:
        _, front, body = files[CARD].decode().split("---\n", 2)
        document = data.draw(damaged(yaml.safe_load(front)))
        files[CARD] = f"---\n{yaml.safe_dump(document)}---\n{body}".encode()
    check(laid_out(files, shelf))


LINE = st.tuples(
    st.one_of(st.just("0" * 64), st.text(max_size=66)),
    st.sampled_from(["  ", "  ", " ", "\t", ""]),
    st.one_of(st.sampled_from(["../x", "/x", "a/../../x", "x/", "./x", CARD, CHECKSUMS, TABLE, ".git/config", "a\\b"]), TEXT),
).map("".join)


@given(lines=st.lists(LINE, max_size=3), kept=st.booleans(), main=st.booleans(), table=st.sampled_from(["own", "other", "broken", "junk"]))
def test_what_the_hub_gives(lines, kept, main, table, whole, shelf):
    """A hostile list of files, and a table that is or is not the package's own, through the cache."""
    files = dict(whole)
    if table != "own":
        path = shelf / "table.parquet"
        path.write_bytes(files[TABLE])
        first_value({"other": 0.5, "broken": -1.0, "junk": 1.0}[table])(path)
        files[TABLE] = b"PAR1" if table == "junk" else path.read_bytes()
    folder = laid_out(files, shelf)
    own = (folder / CHECKSUMS).read_text() if kept else ""
    (folder / CHECKSUMS).write_text(own + "\n".join(lines), encoding="utf-8", errors="replace")
    cache = shelf / "cache"
    shutil.rmtree(cache, ignore_errors=True)

    def download(repo, revision, names, place):
        for name in names:
            target = place / name
            assert place in target.resolve().parents, f"{name} would be written to {target}"
            if (folder / name).is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / name, target)

    outside = everything_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_download", download)
        patch.setenv("SCALINGBENCH_CACHE", str(cache))
        _loaded.cache_clear()
        loaded = _load(main)
    assert everything_in(folder) == outside and {p.name for p in shelf.iterdir()} <= {"folder", "cache", "table.parquet"}
    if loaded is not None:
        assert table == "own" or (table == "other" and not main)


def _load(main):
    """Return the collection, or None where it was refused; one that is not the package's own must be announced."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            loaded = load_from_hub(NAME, source="hub", repo="org/name", revision="main" if main else "v1")
        except InputError as error:
            assert str(error).isprintable() and not said
            return None
    assert [w.category for w in said] == ([] if loaded.digest == load_collection(NAME).digest else [DataWarning])
    return loaded


@given(repo=st.one_of(TEXT, st.tuples(TEXT, TEXT).map("/".join)), revision=st.one_of(TEXT, st.tuples(TEXT, TEXT).map("/".join)))
def test_a_place_in_the_cache_is_within_the_cache(repo, revision):
    root = Path("/nowhere/cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCALINGBENCH_CACHE", str(root))
        place = loads_or_is_refused(lambda: cache_place(NAME, repo, revision))
    if place is not None:
        assert place.parts[: len(root.parts)] == root.parts and len(place.parts) == len(root.parts) + 4 and ".." not in place.parts
        assert checked_repo(repo) == repo and checked_revision(revision) == revision
