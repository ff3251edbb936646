"""Pictures and pages show what was found, need nothing else, and are not half-written."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from command import scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.allocate import allocate
from scalingbench.forecasting.explanation import _reason
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.pictures import plot
from scalingbench.forecasting.plan import plan
from scalingbench.forecasting.report import report
from scalingbench.predictors.laws.compute import Chinchilla


@pytest.fixture(scope="module")
def table():
    N, D = (g.ravel() for g in np.meshgrid(np.geomspace(2e7, 1e9, 5), np.geomspace(1e9, 2e10, 4)))
    y = Chinchilla.formula(N, D, 1.69, 406.4, 0.34, 410.7, 0.28) * np.exp(np.random.default_rng(0).normal(0, 0.003, 20))
    return pd.DataFrame({"params": N, "tokens": D, "value": y, "note <b>": ["<script>alert(1)</script>", "b"] * 10})


@pytest.fixture(scope="module")
def found(table):
    return forecast(table, {"params": 4e9, "tokens": 8e10})


@pytest.fixture(scope="module")
def split(table):
    return allocate(table, 1e21)


def lines(axis):
    return [line.get_label() for line in axis.get_lines()]


def test_a_forecast_is_drawn_with_runs_laws_interval_and_target(found, tmp_path):
    figure = plot(found, tmp_path / "a.png")
    axis = figure.axes[0]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG") and [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert {"laws of the ensemble", "autolaw", "20 runs", "target"} <= set(lines(axis)) and len(axis.collections) >= 1
    runs = next(line for line in axis.get_lines() if line.get_label() == "20 runs")
    assert np.allclose(np.sort(runs.get_ydata()), np.sort(found.query.y))
    law = next(line for line in axis.get_lines() if line.get_label() == "autolaw")
    assert law.get_ydata()[-1] == pytest.approx(found.value, rel=0.01)


def test_a_split_is_drawn_with_its_minimum(split):
    axis = plot(split).axes[0]
    own = next(line for line in axis.get_lines() if line.get_label().startswith("1e+21 FLOPs"))
    assert own.get_xdata()[own.get_ydata().argmin()] == pytest.approx(split.params, rel=0.05)
    assert sum(line.get_marker() == "v" for line in axis.get_lines()) >= 2, "minima of lower budgets"


def test_a_plan_is_drawn(tmp_path):
    plot(plan(budget=1e20, target="params=7e9,tokens=1e11"), tmp_path / "p.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_a_picture_of_an_unknown_form_is_refused(found, tmp_path):
    with pytest.raises(InputError, match=r"x\.jpg: expected a name that ends in \.png, \.svg or \.pdf"):
        plot(found, tmp_path / "x.jpg")
    with pytest.raises(InputError, match=r"expected a name that ends in \.html or \.md"):
        report(found, tmp_path / "x.pdf")
    assert not list(tmp_path.iterdir())


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.found += [v for k, v in attributes if k in ("src", "href") and v and not v.startswith("#")]


def test_a_report_is_one_page_that_needs_nothing_else(split, tmp_path):
    report(split, tmp_path / "r.html", command="scalingbench allocate 'runs.csv' --flops 1e21")
    text = (tmp_path / "r.html").read_text()
    page = Links()
    page.feed(text)
    assert page.found == [] and page.tags.count("svg") == 2 and "script" not in page.tags
    for heading in (
        "Allocation",
        "Forecast at the allocation",
        "Cautions",
        "Why these weights",
        "Similar forecasts on the board",
        "Laws",
        "Data",
        "Command",
    ):
        assert f"<h2>{heading}" in text
    assert "scalingbench allocate &#x27;runs.csv&#x27; --flops 1e21" in text and "note &lt;b&gt;" in text
    assert "80 % interval" in text and re.search(r"within 0.5 % of the best</td><td>[\d.]+[MB]-[\d.]+[MB] params", text)


def test_a_report_in_markdown_has_the_answer_the_cautions_why_and_what_was_understood(found, tmp_path, monkeypatch):
    monkeypatch.setattr("scalingbench.common.extras.find_spec", lambda name: None)
    report(found, tmp_path / "r.md", command="scalingbench forecast runs.csv")
    text = (tmp_path / "r.md").read_text()
    assert f"| loss | {found.value:.5g} |" in text and f"| 80 % interval | {found.low:.5g} to {found.high:.5g} |" in text
    assert all(f"- **{c.level}**: {c.message}".replace("<", "&lt;") in text for c in found.cautions) and " ".join(found.explanation) in text
    assert "the table: 20 of 20 rows kept" in text and "```bash\nscalingbench forecast runs.csv" in text
    rows = [line.count("|") for line in text.splitlines() if line.startswith("| ")]
    assert set(rows) == {3, 6} and "<b>" not in text.split("```text")[0]


def test_the_weights_are_explained_in_at_most_five_sentences(found):
    first = found.ensemble.laws[0]
    assert 1 < len(found.explanation) <= 5 and all(s.endswith(".") and ". " not in s for s in found.explanation)
    assert (
        f"{first.name} has {first.weight:.2f}: its back-test error along {found.ensemble.axis} is {100 * np.expm1(first.backtest):.2g} %"
        in (found.explanation[1])
    )


def test_a_law_with_a_smaller_error_and_less_weight_has_a_reason(found):
    errors = found.ensemble.model.errors_
    one, two = (o.name for o in found.ensemble.laws[:2])
    made = errors.assign(**{"*": np.where(errors.index == two, 1.0, 0.1), "interpolation": 0.1})
    assert _reason(made, one, two, "params") == "because its error along the overall scale is larger"
    assert _reason(made, two, one, "params").endswith("on other collections")


def test_a_notebook_shows_the_answer_and_its_cautions(found, split):
    assert f"{found.value:.5g}" in found._repr_html_() and '<li class="note">' in found._repr_html_()
    assert "params by law" in split._repr_html_() and "<table" in plan(budget=1e20, target="params=7e9,tokens=1e11")._repr_html_()


@pytest.mark.parametrize(
    ("option", "file", "message"),
    [
        ("--plot", "a.gif", "--plot a.gif: expected a name that ends in .png, .svg or .pdf"),
        ("--report", "a.txt", "--report a.txt: expected a name that ends in .html or .md"),
        ("--plot", "none/a.png", "--plot none/a.png: none is no folder"),
        ("--plot", "a.png", "--plot needs matplotlib: pip install 'scalingbench[plot]'"),
        ("--report", "a.html", "--report needs jinja2: pip install 'scalingbench[site]'"),
    ],
)
def test_outputs_that_cannot_be_written_are_refused_before_a_file_is_read(option, file, message, tmp_path, monkeypatch):
    if "needs" in message:
        monkeypatch.setattr("scalingbench.common.extras.find_spec", lambda name: None)
    for command in (("forecast", "--target", "params=1e9"), ("allocate", "--flops", "1e20")):
        done = scalingbench(command[0], "no-such-table.csv", *command[1:], option, file, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.strip() == f"error: {message}"
