"""Folders whose checksums fit but whose files are not what they should be."""

import shutil

import pytest
from hub_folders import changed, first_value, repacked

from scalingbench.benchmark.hub import CHECKSUMS, pull, push, validate_folder
from scalingbench.common import extras
from scalingbench.common.errors import InputError
from scalingbench.common.files import sha256_of

REPO = "org/scaling"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (first_value(3.0), r"table\.parquet: is not the package's own table"),
        (first_value(-3.0), r"table\.parquet: row 1, column 'value'"),
        (lambda path: path.write_bytes(b"PAR1 junk"), r"table\.parquet: cannot be read as a table"),
    ],
)
def test_a_table_that_is_not_the_packages_is_refused(change, message, folder, tmp_path):
    copy = repacked(folder, tmp_path / "copy", change)
    with pytest.raises(InputError, match=message):
        validate_folder(copy, load=False)


@pytest.mark.parametrize("name", ["steplaw", "nothing"])
def test_a_table_that_may_not_be_published_is_refused(name, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    shutil.copytree(folder / "data" / "porian", tmp_path / "copy" / "data" / name)
    lines = [
        f"{sha256_of(p)}  {p.relative_to(tmp_path / 'copy')}\n"
        for p in (tmp_path / "copy").rglob("*")
        if p.is_file() and p.name != CHECKSUMS
    ]
    (tmp_path / "copy" / CHECKSUMS).write_text("".join(lines))
    with pytest.raises(InputError, match=f"'{name}' is no collection that may be published"):
        validate_folder(tmp_path / "copy", load=False)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("", "front matter"),
        ("---\nconfigs: 3\n---\n", "README.md: configs: "),
        ("---\npretty_name: x\n---\n", "README.md: configs: "),
        ("---\nconfigs: [{config_name: x}]\n---\n", "README.md: configs: 0.data_files: Field required"),
        ("---\nconfigs: [{config_name: x, data_files: []}]\n---\n", "README.md: configs: 0.data_files: "),
        ("---\nconfigs: [{config_name: x, data_files: [{split: train, path: /etc/hostname}]}]\n---\n", "/etc/hostname is not there"),
        ("---\nconfigs: [{config_name: x, data_files: [{split: train, path: ../README.md}]}]\n---\n", "README.md is not there"),
        ("---\nconfigs: {{{\n---\n", "front matter cannot be read"),
        ("---\na: 2020-13-45\n---\n", "front matter cannot be read"),
    ],
)
def test_a_card_that_names_no_files_of_the_folder_is_refused(front, message, folder, tmp_path):
    copy = changed(folder, tmp_path / "copy", "README.md", lambda path: path.write_text(f"{front}# x\n"))
    with pytest.raises(InputError) as caught:
        validate_folder(copy, load=False)
    assert message in str(caught.value) or (not front and "configs" in str(caught.value))
    assert str(caught.value).startswith(str(copy / "README.md")) and str(caught.value).isprintable()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        b"[]",
        b"{}",
        b'{"@type": "sc:Dataset"}',
        b"\xff",
        b"[" * 9999,
        b'{"@context": "http://127.0.0.1:9/x"}',
        b'{"@context": {"@import": "http://127.0.0.1:9/x"}}',
        b'{"@context": {}, "x": [{"@context": ["http://127.0.0.1:9/x"]}]}',
    ],
)
def test_metadata_that_is_no_croissant_is_refused(content, folder, tmp_path):
    copy = changed(folder, tmp_path / "copy", "croissant.json", lambda path: path.write_bytes(content))
    with pytest.raises(InputError) as caught:
        validate_folder(copy, load=False)
    assert str(caught.value).startswith(str(copy / "croissant.json")) and str(caught.value).isprintable()


@pytest.mark.parametrize(("library", "load"), [("mlcroissant", False), ("datasets", True)])
def test_a_missing_library_is_named_with_its_extra_before_any_check(library, load, folder, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == library else object())
    said = []
    with pytest.raises(InputError, match=rf"checking it needs {library}: pip install 'scalingbench\[hub\]'"):
        validate_folder(folder, load=load, say=said.append)
    assert not said


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/evil", "data/../../evil", "a//b", "./x", ".cache/x", "CHECKSUMS", "a\x1bb", "data/porian/table.parquet"],
)
def test_a_list_of_files_that_leaves_the_folder_is_refused_before_any_is_fetched(name, folder, hub, tmp_path):
    push(folder, REPO)
    files = dict(hub.files(REPO))
    files[CHECKSUMS] += f"{'0' * 64}  {name}\n".encode()
    hub.commit(REPO, files)
    with pytest.raises(InputError, match=r"CHECKSUMS: line \d+: .*(is no path of a file within the folder|is listed twice)"):
        pull(REPO, "main", tmp_path / "a" / "b" / "out")
    assert not [p for p in tmp_path.rglob("*") if "evil" in p.name or p.name == "out"]


def test_a_list_of_files_that_is_not_text_is_refused(folder, tmp_path):
    for content in (b"\xff\xfe", b"\x00" * 99, b"0" * 64 + b" x\n", b"G" * 64 + b"  x\n", b"0" * 63 + b"  x\n", b"0" * 64 + b"  \n"):
        (tmp_path / CHECKSUMS).write_bytes(content)
        with pytest.raises(InputError, match=r"CHECKSUMS: (line 1|byte 1)") as caught:
            validate_folder(tmp_path, load=False)
        assert str(caught.value).isprintable()
