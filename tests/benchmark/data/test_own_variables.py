"""A variable that only one collection has: declared in its card, and then known wherever a registered one is."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.card import cards_folder, load_card, parse_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise, read_table, validate
from scalingbench.benchmark.evaluation import contract_check
from scalingbench.benchmark.hub import card as hub_card
from scalingbench.benchmark.tasks import description
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import SchemaError

DECLARED = """  variables:
    x_temperature: {unit: kelvin, meaning: temperature of the bath}
    x_offset: {unit: '1', meaning: an offset, sign: true}
"""


def text_of(declared):
    text = (cards_folder() / "chinchilla.md").read_text()
    head, _, rest = text.partition("  metrics:\n")
    before, _, notes = head.partition("  variables:\n")
    return before + declared + (notes if declared else "") + "  metrics:\n" + rest


def table(**columns):
    base = {"run": ["a", "b", "c"], "value": [3.0, 2.0, 1.0], "params": [1.0, 2.0, 9.0], "x_temperature": [1.0, 2.0, 300.0]}
    return pd.DataFrame({**base, **columns})


@pytest.fixture(scope="module")
def card():
    return parse_card("chinchilla", text_of(DECLARED))


def test_a_declared_variable_is_a_column_like_any_other(card):
    own = card.scalingbench.own_variables
    assert own["x_temperature"].unit == "kelvin" and own["x_temperature"].meaning == "temperature of the bath"
    validate(table(x_offset=[-1.0, 0.0, 1.0]), own)
    assert normalise(table())["x_temperature"].dtype == float
    with pytest.raises(SchemaError, match=r"row 2, column 'x_temperature': -2\.0 must be positive"):
        validate(table(x_temperature=[1.0, -2.0, 3.0]), own)


def test_a_variable_that_no_card_declares_is_refused_in_one_line(card, tmp_path):
    message = "column 'x_pressure': the card of the collection does not declare it; state its unit and meaning there"
    with pytest.raises(SchemaError, match=message):
        validate(table(x_pressure=1.0), card.scalingbench.own_variables)
    path = tmp_path / "runs.csv"
    table().to_csv(path, index=False)
    with pytest.raises(SchemaError, match=f"{path}: column 'x_temperature': the card of the collection does not declare it"):
        read_table(path)
    assert len(read_table(path, card.scalingbench.own_variables)) == 3


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("  variables:\n    x_temperature: a note\n", "'x_temperature' is the collection's own, so it needs 'unit' and 'meaning'"),
        ("  variables:\n    x_temperature: {unit: kelvin}\n", "variables.x_temperature.own.meaning: Field required"),
        ("  variables:\n    params: {unit: '1', meaning: size}\n", "'params' is a variable of the registry"),
        ("  variables:\n    temperature: {unit: '1', meaning: size}\n", "'temperature' is no x_<name>"),
        ("  variables:\n    x_Temp: {unit: '1', meaning: size}\n", "'x_Temp' is no x_<name>"),
    ],
)
def test_a_declaration_that_is_wrong_is_refused_with_the_name(declared, message):
    with pytest.raises(SchemaError, match=message) as caught:
        parse_card("chinchilla", text_of(declared))
    assert "\n" not in str(caught.value)


def test_tasks_extrapolate_along_a_variable_of_ones_own(card):
    entry = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["x_temperature"], "min_train": 1}
    split = {"kind": "frontier", "variable": "x_temperature", "train_max": 5}
    (task,) = build_tasks(TaskSpec.model_validate({**entry, "split": split}), Collection("chinchilla", normalise(table()), card))
    assert task.id == "chinchilla/loss/frontier-x_temperature-5" and task.extrapolation == pytest.approx(150)
    assert task.reach.axes["x_temperature"].median_over_max == pytest.approx(150)
    told = Collection("chinchilla", normalise(table(split=["train", "train", "test"])), card)
    (published,) = build_tasks(TaskSpec.model_validate({**entry, "split": {"kind": "published"}}), told)
    assert published.scale == "x_temperature"
    with pytest.raises(ValueError, match="the collection has no variable 'x_temperature'"):
        build_tasks(TaskSpec.model_validate({**entry, "collection": "sae_scaling", "metric": "mse_normalized", "split": split}))


def test_the_description_and_the_hub_say_what_it_is(card, monkeypatch):
    monkeypatch.setattr(description, "load_collection", lambda name: Collection(name, normalise(table()), card))
    told = description.describe_collection("chinchilla", load_suite("sldbench"))
    assert {"name": "x_temperature", "unit": "kelvin", "low": 1.0, "high": 300.0, "note": "temperature of the bath"} in told["variables"]
    monkeypatch.setattr(hub_card, "load_card", lambda name: card if name == "chinchilla" else load_card(name))
    assert "| x_temperature (of chinchilla) | kelvin | temperature of the bath |" in hub_card.render_card(
        ["chinchilla"], {"chinchilla": ()}
    )


def test_a_predictor_may_ask_for_it():
    class Warm:
        variables = ("x_temperature",)

        def fit(self, X, y):
            self.mean = float(y.mean())
            return self

        def predict(self, X):
            return X["x_temperature"].to_numpy() * 0 + self.mean

    assert contract_check.check(Warm) == []
