"""Cards: whatever the text holds, it is a card or one line names it and the field."""

import yaml
from hostile import PLAIN, TEXT, damaged, edited, loads_or_is_refused
from hypothesis import given
from hypothesis import strategies as st

from scalingbench.benchmark.data.card import cards_folder, parse_card

NAME = "chinchilla"
WHOLE = (cards_folder() / f"{NAME}.md").read_text(encoding="utf-8")
_, FRONT, BODY = WHOLE.split("---\n", 2)
FIELDS = yaml.safe_load(FRONT)


def check(text):
    card = loads_or_is_refused(lambda: parse_card(NAME, text), f"data_cards/{NAME}.md: ")
    if card is not None:
        assert card.name == NAME and card.scalingbench.tier in ("bundled", "fetch-only") and card.scalingbench.papers
        assert card.bundled == (card.scalingbench.tier == "bundled")


@given(fields=damaged(FIELDS))
def test_a_card_with_damaged_fields(fields):
    check(f"---\n{yaml.safe_dump(fields, allow_unicode=True)}---\n{BODY}")


@given(fields=PLAIN)
def test_any_front_matter(fields):
    check(f"---\n{yaml.safe_dump(fields, allow_unicode=True)}---\n{BODY}")


@given(content=edited(WHOLE.encode()))
def test_an_edited_card(content):
    check(content.decode("utf-8", "replace"))


TAGS = ["!!int", "!!float", "!!bool", "!!timestamp", "!!binary", "!!set", "!!omap", "!!python/object:os.system", "&a", "*a", "<<: "]
MARKS = ["? ", "- ", "[", "{", "a: ", "\n", " ", "2020-13-45", "0o9", "1:99", '"']
YAML = st.lists(st.one_of(st.sampled_from(TAGS), st.sampled_from(MARKS), TEXT), max_size=8).map("".join)


@given(front=YAML, text=st.text(max_size=30))
def test_any_text(front, text):
    check(f"---\n{front}\n---\n{BODY}")
    check(text)
