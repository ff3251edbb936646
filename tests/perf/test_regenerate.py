"""The command that makes everything that is generated."""

import sys

import pytest
from scripts import perf_module


@pytest.fixture
def regenerate(tmp_path, monkeypatch):
    """Return the module with one part that is up to date, one that is stale, and one that needs upstream files."""
    module = perf_module("regenerate")
    texts = {"kept": "made", "old": "made before", "far": "made before"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    reads = {name: "upstream" if name == "far" else "repository" for name in texts}
    parts = {name: (module.Part(tmp_path / name, lambda text: "made", reads[name]),) for name in texts}
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(perf_module("regenerate.__main__"), "PARTS", parts)
    monkeypatch.setattr(module, "PARTS", parts)
    return lambda *arguments: _run(perf_module("regenerate.__main__"), monkeypatch, *arguments)


def _run(command, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["regenerate", *arguments])
    return command.main()


def test_a_check_names_what_is_stale_and_writes_nothing(regenerate, tmp_path, capsys):
    assert regenerate("--check") == 1
    printed = capsys.readouterr()
    assert "kept: kept is as made" in printed.out and "stale: python -m perf.regenerate old" in printed.err
    assert (tmp_path / "old").read_text(encoding="utf-8") == "made before"
    assert regenerate("--check", "kept") == 0


def test_what_needs_upstream_files_is_skipped_visibly_and_made_where_named(regenerate, tmp_path, capsys):
    assert regenerate() == 0
    assert "skipped, made where named, from upstream files: far" in capsys.readouterr().out
    assert [(tmp_path / name).read_text(encoding="utf-8") for name in ("old", "far")] == ["made", "made before"]
    assert regenerate("far") == 0 and (tmp_path / "far").read_text(encoding="utf-8") == "made"


def test_a_part_that_does_not_exist_is_named(regenerate, capsys):
    with pytest.raises(SystemExit, match="2"):
        regenerate("boards", "old")
    assert "no part is called boards" in capsys.readouterr().err


def test_every_part_stands_in_the_repository():
    parts = perf_module("regenerate").PARTS
    assert [part.path for of in parts.values() for part in of if not part.path.is_file()] == []


def test_a_block_is_the_output_of_its_command_and_only_of_its_kind():
    block = "<!-- {0}: scalingbench --help -->\nold\n<!-- /{0} -->"
    made = perf_module("regenerate.readme").with_output(block.format("board") + block.format("findings"), "board")
    assert "Usage: " in made and made.count("\nold\n") == 1 and made.endswith("old\n<!-- /findings -->")


def test_output_is_quoted_and_cut():
    block = "<!-- output: scalingbench collections --json | head -1 -->\n<!-- /output -->"
    made = perf_module("regenerate.readme").with_output(block, "output")
    assert made == "<!-- output: scalingbench collections --json | head -1 -->\n```text\n{\n```\n<!-- /output -->"
