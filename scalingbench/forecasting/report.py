"""Reports: a forecast or an allocation as one self-contained page, or as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scalingbench.common.files import replacing
from scalingbench.forecasting.formats import as_percent, as_target, as_value
from scalingbench.forecasting.outputs import check_outputs
from scalingbench.forecasting.pictures import plot, plot_forecast, svg_of
from scalingbench.forecasting.records import ComputeAllocation, Forecast, cautions_html, html_table

__all__ = ["report"]

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


def report(found: Forecast, path: str | Path, command: str = "") -> None:
    """Write a page that needs no other file and no network, or Markdown: values, cautions, explanation, what was understood.

    Parameters
    ----------
    found : Forecast or ComputeAllocation
        What the page reports.
    path : str or Path
        File to write: .html or .md.
    command : str
        The command that repeats it, shown at the end.

    Raises
    ------
    InputError
        If the name ends in neither, or .html is asked for and jinja2 or matplotlib is not installed.

    Examples
    --------
    >>> import scalingbench as sb
    >>> found = sb.forecast("runs.csv", "params=7B,tokens=140B", predictor="chinchilla")
    >>> sb.report(found, "forecast.html")
    """
    check_outputs(None, Path(path))
    text = _markdown(found, command) if Path(path).suffix.lower() == ".md" else _page(found, command)
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _page(found: Forecast, command: str) -> str:
    from jinja2 import Environment
    from markupsafe import Markup

    sections = [_Section(s.title, Markup(s.body)) for s in _sections(found, command)]
    page = Environment(autoescape=True).from_string(_PAGE)
    return str(page.render(title=_title(found), style=Markup(_STYLE), sections=sections, version=_version()))


def _markdown(found: Forecast, command: str) -> str:
    facts = found.facts() if not isinstance(found, ComputeAllocation) else [*found.facts(), *Forecast.facts(found)]
    cautions = [f"- **{c.level}**: {c.message}" for c in found.cautions] or ["No cautions."]
    parts = [
        f"## {_title(found)}",
        _rows((("", ""), ("---", "---"), *facts)),
        "### Cautions\n\n" + "\n".join(map(_escaped, cautions)),
        "### Why these weights\n\n" + _escaped(" ".join(found.explanation)),
        _rows((_LAWS, ("---",) * len(_LAWS), *_law_rows(found))),
        f"### What was understood\n\n```text\n{found.data.understood()}\n```",
        *([f"```bash\n{command}\n```"] if command else []),
        f"Made by scalingbench {_version()}.",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as lines of a Markdown table."""
    return "\n".join("| " + " | ".join(_escaped(str(cell)).replace("|", "\\|") for cell in row) + " |" for row in rows)


def _escaped(text: str) -> str:
    """Return text without characters that Markdown would take for HTML."""
    return text.replace("<", "&lt;").replace("\n", " ")


def _title(found: Forecast) -> str:
    if isinstance(found, ComputeAllocation):
        return f"Allocation of {found.budget.flops:.3g} FLOPs"
    return f"{found.metric} at " + as_target(found.target)


def _sections(found: Forecast, command: str) -> Iterable[_Section]:
    title = "Forecast"
    if isinstance(found, ComputeAllocation):
        yield _Section("Allocation", html_table(found.facts()) + svg_of(plot(found)))
        title = "Forecast at the allocation"
    yield _Section(title, html_table(Forecast.facts(found)) + svg_of(plot_forecast(found)))
    yield _Section("Cautions", cautions_html(found.cautions))
    yield _Section("Similar forecasts on the board", found.evidence_html())
    yield _Section("Why these weights", "".join(f"<p>{escape(sentence)}</p>" for sentence in found.explanation))
    yield _Section("Laws", _laws_table(found))
    yield _Section("Data", _data(found))
    if command:
        yield _Section("Command", f"<pre>{escape(command)}</pre>")


def _version() -> str:
    try:
        return version("scalingbench")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return ""


_LAWS = ("law", "weight in the ensemble", "value", "back-test error", "constants not identified")


def _law_rows(found: Forecast) -> list[tuple[str, ...]]:
    def percent(error: float) -> str:
        return "-" if error != error else as_percent(error) if found.query.log else f"{error:.2g}"

    return [(o.name, f"{o.weight:.2f}", f"{o.value:.5g}", percent(o.backtest), ", ".join(o.unidentified)) for o in found.ensemble.laws]


def _laws_table(found: Forecast) -> str:
    table = html_table(_law_rows(found), _LAWS)
    left = (
        html_table([(b, f"{v:.5g}") for b, v in found.left_out.items()], ("cost of the omitted runs", found.metric))
        if found.left_out
        else ""
    )
    return table + left


def _data(found: Forecast) -> str:
    runs = found.data
    rows = [(c.name, c.header, f"{c.unit:g}", as_value(c.name, c.low), as_value(c.name, c.high), c.distinct) for c in runs.columns]
    text = f"<p>{escape(str(runs).splitlines()[0])}</p>" + html_table(rows, ("column", "header", "unit", "smallest", "largest", "values"))
    extra = [f"Not used: {', '.join(runs.ignored)}"] if runs.ignored else []
    return text + "".join(f"<p>{escape(line)}</p>" for line in (*extra, *runs.notes))
