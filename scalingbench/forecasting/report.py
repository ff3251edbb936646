"""A forecast, a split or a plan as one self-contained page: data, warnings, laws, answer, evidence, the command to repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing
from scalingbench.forecasting.numbers import as_range, as_size
from scalingbench.forecasting.pictures import plot_forecast, plot_split, svg_of

if TYPE_CHECKING:
    from scalingbench.forecasting.allocate import Split
    from scalingbench.forecasting.cautions import Caution
    from scalingbench.forecasting.forecast import Forecast

__all__ = ["fragment", "write_report"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; margin: .5rem 0 } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.note { color: #555 } .warning { color: #9a5b00 } .refusal { color: #b00020; font-weight: 600 }
svg { max-width: 100%; height: auto }
pre { background: #f3f3f3; padding: .6rem; overflow-x: auto }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>{{ style }}</style></head><body>
<h1>{{ title }}</h1>
{% for section in sections %}<h2>{{ section.title }}</h2>
{{ section.body }}
{% endfor %}<p class="note">Made by scalingbench {{ version }}.</p>
</body></html>
"""


@dataclass(frozen=True)
class _Section:
    title: str
    body: str


def write_report(path: str | Path, *, forecast: Forecast, split: Split | None = None, command: str = "") -> None:
    """Write a page that needs no other file and no network.

    Raises
    ------
    InputError
        If the name does not end in .html, or jinja2 is not installed.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--report {path}: expected a name that ends in .html")
    require("--report", "site", "jinja2", "matplotlib")
    from jinja2 import Environment
    from markupsafe import Markup

    title = _title(forecast, split)
    sections = [_Section(s.title, Markup(s.body)) for s in _sections(forecast, split, command)]
    page = Environment(autoescape=True).from_string(_PAGE)
    text = page.render(title=title, style=Markup(_STYLE), sections=sections, version=_version())
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def fragment(forecast: Forecast, split: Split | None = None) -> str:
    """Return what a notebook shows of a forecast or a split."""
    if split is not None:
        return _split_table(split) + _cautions(split.cautions) + _evidence(forecast)
    return _forecast_table(forecast) + _cautions(forecast.cautions) + _evidence(forecast)


def _title(forecast: Forecast, split: Split | None) -> str:
    if split is not None:
        return f"How to split {split.budget.flops:.3g} FLOPs"
    return f"{forecast.metric} at " + ", ".join(f"{k} {v:.3g}" for k, v in forecast.target.items())


def _sections(forecast: Forecast, split: Split | None, command: str) -> Iterable[_Section]:
    if split is not None:
        yield _Section("The split", _split_table(split) + svg_of(plot_split(split)))
    title = "The forecast" if split is None else "The run at that split"
    yield _Section(title, _forecast_table(forecast) + svg_of(plot_forecast(forecast)))
    yield _Section("What speaks against it", _cautions(split.cautions if split is not None else forecast.cautions))
    yield _Section("What the benchmark says of forecasts like it", _evidence(forecast))
    yield _Section("Laws", _laws_table(forecast))
    yield _Section("Data", _data(forecast))
    if command:
        yield _Section("To repeat it", f"<pre>{escape(command)}</pre>")


def _version() -> str:
    try:
        return version("scalingbench")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return ""


def _rows(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    top = "<tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr>" if head else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table>{top}{body}</table>"


def _forecast_table(found: Forecast) -> str:
    interval = f"{found.low:.5g} to {found.high:.5g}" if found.low is not None else f"none: {found.why_no_interval}"
    rows = [("target", ", ".join(f"{k} = {v:.4g}" for k, v in found.target.items())), (found.metric, f"{found.value:.5g}")]
    rows += [("80 % interval", interval), ("by", f"{found.predictor} on {found.rows} runs")]
    rows.append(("reach", f"{found.reach:.3g} times the compute of the dearest run"))
    return _rows(rows)


def _split_table(split: Split) -> str:
    rows = [
        ("params", f"{as_size(split.params)}, 80 %: {as_range(split.params_interval)}"),
        ("tokens", f"{as_size(split.tokens)}, 80 %: {as_range(split.tokens_interval)}"),
        (split.metric, f"{split.value:.5g}" + (f", 80 %: {split.low:.4g} to {split.high:.4g}" if split.low is not None else "")),
        (f"within {100 * split.within:g} % of the best", f"{as_range(split.flat_params)} params"),
        ("training, inference", f"{split.training_flops:.3g}, {split.inference_flops:.3g} FLOPs"),
    ]
    rows += [("decided by", split.bound)] if split.bound else []
    rows += [(s.name, f"{s.value:.3g}, 80 %: {s.low:.3g} to {s.high:.3g}, from {s.groups} sweeps") for s in split.settings]
    rows += [("params by law", ", ".join(f"{n} {as_size(v)}" for n, v in split.by_law.items()))] if len(split.by_law) > 1 else []
    return _rows(rows)


def _cautions(cautions: Sequence[Caution]) -> str:
    if not cautions:
        return "<p>Nothing was found.</p>"
    return "<ul>" + "".join(f'<li class="{c.level}">{escape(c.level)}: {escape(c.message)}</li>' for c in cautions) + "</ul>"


def _evidence(found: Forecast) -> str:
    return f"<p>{escape(str(found.evidence))[:1].upper()}{escape(str(found.evidence))[1:]}.</p>" if found.evidence else "<p>Nothing.</p>"


def _laws_table(found: Forecast) -> str:
    def percent(error: float) -> str:
        return "-" if error != error else f"{100 * error:.2g} %" if found.problem.log else f"{error:.2g}"

    rows = [(o.name, f"{o.weight:.2f}", f"{o.value:.5g}", percent(o.backtest), ", ".join(o.unidentified)) for o in found.opinions.laws]
    table = _rows(rows, ("law", "weight in autolaw", found.metric, "error in back-tests", "constants not identified"))
    left = _rows([(b, f"{v:.5g}") for b, v in found.left_out.items()], ("without the runs of cost", found.metric)) if found.left_out else ""
    return table + left


def _data(found: Forecast) -> str:
    runs = found.data
    rows = [(c.name, c.header, f"{c.unit:g}", f"{c.low:.4g}", f"{c.high:.4g}", c.distinct) for c in runs.columns]
    text = f"<p>{escape(str(runs).splitlines()[0])}</p>" + _rows(rows, ("column", "read from", "unit", "least", "most", "values"))
    extra = [f"Not used: {', '.join(runs.ignored)}"] if runs.ignored else []
    return text + "".join(f"<p>{escape(line)}</p>" for line in (*extra, *runs.notes))
