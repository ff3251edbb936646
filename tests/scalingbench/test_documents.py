"""What others wrote, as text, YAML, JSON and in messages."""

import pickle

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from scalingbench.common.documents import parse_json, parse_yaml, read_text
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.messages import first_problem, one_line, printable


def test_text_is_read_as_utf8_or_refused_with_the_place(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("naïve".encode())
    assert read_text(path) == "naïve"
    path.write_bytes(b"ab\xff")
    with pytest.raises(SchemaError, match=r"x\.txt: byte 3 is not UTF-8 text"):
        read_text(path, SchemaError)
    for gone in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=f"{gone.name}: (cannot be read: |a folder, expected)"):
            read_text(gone)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "a: b: c",
        "a: 2020-13-45",
        "!!int ''",
        "!!timestamp x",
        "!!bool maybe",
        "!!python/object:os.system x",
        "*a",
        "[" * 9999,
        "a: \x00",
    ],
)
def test_what_is_not_yaml_is_refused_whatever_the_library_raises(text):
    with pytest.raises(InputError, match=r"^not YAML: ") as caught:
        parse_yaml(text)
    assert str(caught.value).isprintable()


def test_yaml_and_json_give_what_they_hold():
    assert parse_yaml("a: [1, b]") == parse_json('{"a": [1, "b"]}') == {"a": [1, "b"]}


@pytest.mark.parametrize("text", ["", "{", "[" * 99_999, "nan", "1" * 9999])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(InputError, match=r"^not JSON: ") as caught:
        parse_json(text)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 250


def test_a_message_is_one_printable_line_whatever_it_quotes():
    error = SchemaError("file 'a\nb': \x1b[31mred\x1b[0m \ud800 \u202e é µ")
    assert str(error) == r"file 'a\nb': \x1b[31mred\x1b[0m \ud800 \u202e é µ"
    assert str(pickle.loads(pickle.dumps(error))) == str(error) and isinstance(error, InputError)
    assert printable("a b é") == "a b é" and one_line(" a\n\tb \x07") == r"a b \x07"


def test_the_first_problem_of_a_model_is_one_line_whatever_its_keys_are():
    class Model(BaseModel):
        model_config = ConfigDict(extra="forbid")

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"a\nb\x1b": 1})
    assert first_problem(caught.value) == r"a b\x1b: Extra inputs are not permitted"
