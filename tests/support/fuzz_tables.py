"""Tables of runs in many notations and containers, each with the runs that it states: what reads one differently is wrong."""

from __future__ import annotations

import io
import json
import pickle
import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

HEADERS = {
    "params": ["N", "params", "n_params", "num_parameters", "model_size", "Params", "#params", "config.n_params", "total_params"],
    "tokens": ["D", "tokens", "n_tokens", "train_tokens", "tokens_seen", "Tokens", "config/tokens", "training tokens"],
    "value": ["loss", "val_loss", "val/loss", "eval_loss", "final loss", "Loss", "L", "test/loss", "validation loss"],
}


VALUE_HEADERS = (*HEADERS["value"], "accuracy", "test acc (%)")


@dataclass(frozen=True)
class Notation:
    """How a table writes its sizes: a function from exact numbers to cells, and what stands in the header or below it."""

    name: str
    write: object
    decimal: str = "."
    header: str = ""
    scale: int = 1
    clear: bool = True
    """Whether it can only be read in one way."""


def digits(x: Decimal) -> str:
    """The number without an exponent or trailing zeros."""
    text = f"{x:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped(mark: str):
    return lambda x: f"{int(x):,}".replace(",", mark)


def power(form: str):
    def write(x: Decimal) -> str:
        exponent = x.adjusted()
        return form.format(digits(x.scaleb(-exponent)), exponent)

    return write


def suffixed(space: str = "", lower: bool = False, words: bool = False, after: str = ""):
    def write(x: Decimal) -> str:
        for limit, short, long in ((12, "T", "trillion"), (9, "B", "billion"), (6, "M", "million"), (3, "K", "thousand")):
            if x >= Decimal(10) ** limit:
                letter = long if words else short.lower() if lower else short
                return f"{digits(x.scaleb(-limit))}{space}{letter}{after}"
        return digits(x)

    return write


def comma(write):
    return lambda x: write(x).replace(".", ",")


def raised(x: Decimal) -> str:
    return power("{}×10")(x) + str(x.adjusted()).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def mixed(x: Decimal) -> str:
    return digits(x) if int(x) % 3 else suffixed()(x)


NOTATIONS = (
    Notation("digits", digits),
    Notation("point zero", lambda x: digits(x) + ".0"),
    Notation("scientific", power("{}e{}")),
    Notation("Scientific", power("{}E+{:02d}")),
    Notation("scientific comma", comma(power("{}e{}")), ","),
    Notation("letters", suffixed()),
    Notation("small letters", suffixed(lower=True)),
    Notation("spaced letters", suffixed(" ")),
    Notation("letters comma", comma(suffixed()), ","),
    Notation("words", suffixed(" ", words=True)),
    Notation("letters and unit", suffixed(after=" tokens")),
    Notation("about", lambda x: "~" + suffixed()(x)),
    Notation("commas", grouped(","), clear=False),
    Notation("dots", grouped("."), ",", clear=False),
    Notation("spaces", grouped(" ")),
    Notation("thin spaces", grouped("\u202f")),
    Notation("hard spaces", grouped("\u00a0")),
    Notation("underscores", grouped("_")),
    Notation("apostrophes", grouped("'")),
    Notation("curly apostrophes", grouped("’")),
    Notation("times ten", power("{} x 10^{}")),
    Notation("times stars", power("{}*10**{}")),
    Notation("raised", raised),
    Notation("LaTeX", power(r"${} \times 10^{{{}}}$"), clear=False),
    Notation("in millions", digits, header=" (M)", scale=10**6),
    Notation("in billions", digits, header="_b", scale=10**9),
    Notation("in billions comma", comma(digits), ",", header=" [B]", scale=10**9, clear=False),
    Notation("in 1e6", digits, header=" [1e6]", scale=10**6),
    Notation("plus", lambda x: "+" + digits(x)),
    Notation("mixed", mixed),
    Notation("lakhs", lambda x: _lakhs(int(x)), clear=False),
    Notation("formula", lambda x: f'="{digits(x)}"', clear=False),
    Notation("brackets", lambda x: f"({digits(x)})", clear=False),
    Notation("wide digits", lambda x: digits(x).translate(str.maketrans("0123456789", "０１２３４５６７８９")), clear=False),
    Notation("letters under a unit", suffixed(), header=" (M)"),
    Notation("grouped millions", lambda x: f"{x:,f}", header=" (M)", scale=10**6, clear=False),
    Notation("starred", lambda x: digits(x) + "*", clear=False),
)

VALUES = {
    "plain": (lambda x: digits(x), True),
    "four digits": (lambda x: f"{x:.4f}", True),
    "three digits": (lambda x: f"{x:.3f}", False),
    "spread": (lambda x: f"{x:.4f} ± 0.01", True),
    "spread in brackets": (lambda x: f"{x:.4f} (0.012)", False),
    "digits in brackets": (lambda x: f"{x:.4f}(12)", False),
    "bold": (lambda x: f"**{x:.4f}**", False),
    "unit": (lambda x: f"{x:.4f} nats", False),
    "scientific": (lambda x: f"{x:.6e}", True),
    "percent": (lambda x: f"{digits(100 * x)}%", True, "accuracy"),
    "percent under a unit": (lambda x: f"{digits(100 * x)} %", True, "test acc (%)"),
}


def _lakhs(x: int) -> str:
    text = str(x)
    head, tail = text[:-3], text[-3:]
    parts = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*parts, tail])


@dataclass(frozen=True)
class Made:
    """A table with its true reading.

    Attributes
    ----------
    name : str
        Of the file.
    content : bytes
        Of the file.
    truth : list of (params, tokens, value)
        Sorted.
    clear : bool
        Whether it can only be read in one way, so that a refusal is a fault.
    how : str
        Notation, container and what else was done.
    """

    name: str
    content: bytes
    truth: list[tuple[float, float, float]]
    clear: bool
    how: str


def made(seed: int) -> Made:
    """Return the table of a seed."""
    rng = np.random.default_rng(seed)
    notation = NOTATIONS[seed % len(NOTATIONS)]
    container = list(CONTAINERS)[seed % len(CONTAINERS)]  # the two numbers have no common factor: every pair comes
    value_form = str(rng.choice(list(VALUES), p=[0.35, 0.15, 0.1, *[0.05] * 8]))
    n = int(rng.integers(4, 11))
    sizes = {name: [_exact(rng, low, high) for _ in range(n)] for name, low, high in (("params", 6.5, 10), ("tokens", 8.5, 12))}
    values = [Decimal(int(rng.integers(15000, 60000))) / 10000 for _ in range(n)]
    if value_form == "three digits":
        values = [v.quantize(Decimal("0.001")) for v in values]
    write, value_clear, *other = VALUES[value_form]
    if other:
        values = [v / 10 for v in values]
    columns = {name: (_header(rng, name) + notation.header, [notation.write(x / notation.scale) for x in sizes[name]]) for name in sizes}
    cells = [write(v).replace(".", ",") if notation.decimal == "," else write(v) for v in values]
    columns["value"] = (other[0] if other else _header(rng, "value"), cells)
    table = {header: cells for header, cells in (columns[name] for name in rng.permutation(list(columns)))}
    truth = sorted(zip(map(float, sizes["params"]), map(float, sizes["tokens"]), map(float, values), strict=True))
    done, clear, rows = [], notation.clear and value_clear, pd.DataFrame(table)
    for change in CHANGES:
        if rng.random() < 0.15:
            rows, truth, still = change(rng, rows, truth)
            clear, done = clear and still, [*done, change.__name__]
    name, content, still = CONTAINERS[container](rng, rows, notation.decimal)
    return Made(name, content, truth, clear and still, " / ".join([notation.name, container, value_form, *done]))


def _exact(rng: np.random.Generator, low: float, high: float) -> Decimal:
    return Decimal(f"{10 ** rng.uniform(low, high):.{int(rng.integers(0, 4))}e}")


def _header(rng: np.random.Generator, name: str) -> str:
    return str(rng.choice(HEADERS[name]))


# ---- changes: from rows and their reading to others


def noted(rng, rows, truth):
    notes = ["", "rerun, see log", 'said "ok"', "# of nodes: 3", "// slow", "a;b", "lr 3e-4", "x|y"]
    return rows.assign(notes=rng.choice(notes, len(rows))), truth, True


def numbered(rng, rows, truth):
    rows = rows.copy()
    rows.insert(0, "", [str(i) for i in range(len(rows))])
    return rows, truth, True


def named(rng, rows, truth):
    return rows.assign(name=[f"run-{i}" for i in range(len(rows))]), truth, True


def sized_names(rng, rows, truth):
    return rows.assign(model=rng.choice(["small", "large"], len(rows))), truth, True


def dated(rng, rows, truth):
    return rows.assign(created=[f"2026-0{1 + i % 9}-01" for i in range(len(rows))]), truth, True


def unfinished(rng, rows, truth):
    """A last row without a value is no run."""
    more = rows.iloc[[0]].copy()
    value = next(h for h in rows if h in VALUE_HEADERS)
    more[value] = rng.choice(["", "NaN", "nan", "N/A", "-", "—", "diverged", "null", "inf"])
    return pd.concat([rows, more], ignore_index=True), truth, True


def trained(rng, rows, truth):
    """A training loss beside held-out values; beside an unstated loss nobody can say."""
    value = next(h for h in rows if h in VALUE_HEADERS)
    stated = any(word in value.lower() for word in ("val", "eval", "test"))
    return rows.assign(**{"train/loss": rows[value].to_numpy()[::-1]}), truth, stated


def seeded(rng, rows, truth):
    return rows.assign(seed=[str(i) for i in range(len(rows))]), truth, True


def constant(rng, rows, truth):
    return rows.assign(lr="3e-4", bs="256"), truth, True


def again(rng, rows, truth):
    """A row that is repeated is one run."""
    return pd.concat([rows, rows.iloc[[1]]], ignore_index=True), truth, True


def costly(rng, rows, truth):
    """The flops of each row, whose params and tokens cannot be read here: any number may stand there."""
    return rows.assign(C=[f"{c:.3e}" for c in rng.uniform(1e18, 1e21, len(rows))]), truth, True


def checkpointed(rng, rows, truth):
    """Each run twice more, at earlier steps and with other values."""
    column = next(h for h in rows if h in VALUE_HEADERS)
    runs = [f"r{i}" for i in range(len(rows))]
    early = [rows.assign(**{column: rows[column].to_numpy()[::-1]}, run=runs, step=str(step)) for step in (100, 200)]
    return pd.concat([*early, rows.assign(run=runs, step="300")], ignore_index=True), truth, True


CHANGES = (noted, numbered, named, sized_names, dated, unfinished, trained, seeded, constant, costly, checkpointed, again)


# ---- containers: from rows to a file


def _csv(rows: pd.DataFrame, sep: str, **options) -> str:
    text = io.StringIO()
    rows.to_csv(text, index=False, sep=sep, lineterminator=options.pop("end", "\n"), **options)
    return text.getvalue()


def csv_file(rng, rows, decimal):
    return "t.csv", _csv(rows, ",").encode(), True


def quoted(rng, rows, decimal):
    return "t.csv", b"\xef\xbb\xbf" + _csv(rows, ",", quoting=1, end="\r\n").encode(), True


def semicolons(rng, rows, decimal):
    return "t.csv", _csv(rows, ";").encode(), True


def tabs(rng, rows, decimal):
    return "t.tsv", _csv(rows, "\t").encode(), True


def old_mac(rng, rows, decimal):
    return "t.csv", _csv(rows, ",", end="\r").encode(), True


def ragged(rng, rows, decimal):
    """One row lacks a cell: nobody can say which."""
    lines = [[f'"{c}"' if "," in str(c) else str(c) for c in line] for line in [list(rows), *rows.to_numpy().tolist()]]
    del lines[int(rng.integers(1, len(lines)))][int(rng.integers(0, len(rows.columns)))]
    return "t.csv", "\n".join(map(",".join, lines)).encode(), False


def utf16(rng, rows, decimal):
    return "t.txt", _csv(rows, "\t", end="\r\n").encode("utf-16"), True


def excel_sep(rng, rows, decimal):
    return "t.csv", ("sep=;\n" + _csv(rows, ";")).encode(), True


def commented(rng, rows, decimal):
    lines = _csv(rows, ",").splitlines()
    at = int(rng.integers(1, len(lines)))
    text = "\n".join(["# sweep of May, N and D", "", *lines[:at], "# a note", *lines[at:], ""])
    return "t.csv", text.encode(), not _multi(rows)


def repeated_header(rng, rows, decimal):
    lines = _csv(rows, ",").splitlines()
    at = int(rng.integers(1, len(lines)))
    return "t.csv", "\n".join([*lines[:at], lines[0], *lines[at:]]).encode(), not _multi(rows)


def titled(rng, rows, decimal):
    """A title above the header, as spreadsheets have."""
    return "t.csv", ("Results of the sweep\n\n" + _csv(rows, ",")).encode(), False


def footed(rng, rows, decimal):
    """A row of means below the runs."""
    last = pd.DataFrame([{h: "" for h in rows}])
    last[next(h for h in rows if h in VALUE_HEADERS)] = "mean 3.2"
    return "t.csv", _csv(pd.concat([rows, last]), ",").encode(), False


def trailing(rng, rows, decimal):
    return "t.csv", "\n".join(line + "," for line in _csv(rows, ",").splitlines()).encode(), not _multi(rows)


def unquoted(rng, rows, decimal):
    """Cells with the delimiter that nobody quoted."""
    lines = [",".join(map(str, line)) for line in [list(rows), *rows.to_numpy().tolist()]]
    return "t.csv", "\n".join(lines).encode(), not any("," in str(c) for c in rows.to_numpy().ravel()) and '"' not in "".join(lines)


def markdown(rng, rows, decimal):
    body = [[str(c).replace("|", "/") for c in line] for line in rows.to_numpy().tolist()]
    head = [str(h).replace("|", "/") for h in rows]
    rule = [str(rng.choice(["---", ":--", "--:", ":-:", "-"]))] * len(head)
    return "t.md", "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *body]).encode(), rule[0] != "-"


def psql(rng, rows, decimal):
    cells = [list(map(str, rows)), *[[str(c).replace("|", "/") for c in line] for line in rows.to_numpy().tolist()]]
    wide = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    rule = "+" + "+".join("-" * (w + 2) for w in wide) + "+"
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, wide, strict=True)) + " |" for line in cells]
    return "t.txt", "\n".join([rule, lines[0], rule, *lines[1:], rule]).encode(), False


def spaced(rng, rows, decimal):
    """Columns of a fixed width, as printed."""
    return "t.txt", rows.to_string(index=False).encode(), False


def printed(rng, rows, decimal):
    return "t.txt", rows.to_string().encode(), False


def savetxt(rng, rows, decimal):
    text = _csv(rows, ",")
    return "t.txt", ("# " + text).encode(), '"' not in text.splitlines()[0] and "" not in list(rows)


def latex(rng, rows, decimal):
    body = [" & ".join(map(str, line)) + r" \\" for line in [list(rows), *rows.to_numpy().tolist()]]
    return "t.tex", "\n".join([r"\begin{tabular}{lll}", *body, r"\end{tabular}"]).encode(), False


def html(rng, rows, decimal):
    return "t.html", rows.to_html(index=False).encode(), False


def orient(name: str, **options):
    def write(rng, rows, decimal):
        return "t.json", rows.rename(columns={"": "Unnamed: 0"}).to_json(orient=name, **options).encode(), name != "values"

    return write


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with cells that Python reads as numbers as numbers, as programs write them."""

    def cell(text):
        try:
            return float(text) if "_" not in text else text
        except ValueError:
            return text

    return rows.map(cell)


def records(rng, rows, decimal):
    return "t.json", json.dumps(numbers(rows).to_dict("records")).encode(), True


def wrapped(rng, rows, decimal):
    return "t.json", json.dumps({"runs": rows.to_dict("records"), "date": "2026-01-01"}).encode(), True


def nested(rng, rows, decimal):
    value = next(h for h in rows if h in VALUE_HEADERS)
    found = [{"config": {k: v for k, v in row.items() if k != value}, "summary": {value: row[value]}} for row in rows.to_dict("records")]
    return "t.json", json.dumps(found).encode(), True


def json_lines(rng, rows, decimal):
    return "t.jsonl", "\n".join(json.dumps(row) for row in numbers(rows).to_dict("records")).encode(), True


def by_name(rng, rows, decimal):
    return "t.json", json.dumps({f"run-{i}": row for i, row in enumerate(rows.drop_duplicates().to_dict("records"))}).encode(), True


def yaml(rng, rows, decimal):
    return "t.yaml", "\n".join("- " + "\n  ".join(f"{k}: {v}" for k, v in row.items()) for row in rows.to_dict("records")).encode(), False


def in_memory(rng, rows, decimal):
    """A table with its names in the index, to be pickled: read from memory."""
    return "t.pkl", pickle.dumps(numbers(rows)), True


def parquet(rng, rows, decimal):
    held = io.BytesIO()
    rows.to_parquet(held)
    return "t.parquet", held.getvalue(), True


def parquet_numbers(rng, rows, decimal):
    held = io.BytesIO()
    table = pd.DataFrame({h: pd.to_numeric(rows[h], errors="coerce") if _numeric(rows[h]) else rows[h] for h in rows})
    table.set_index(table.columns[0]).to_parquet(held)
    return "t.parquet", held.getvalue(), table.columns[0] != ""


def feather(rng, rows, decimal):
    held = io.BytesIO()
    rows.to_feather(held)
    return "t.feather", held.getvalue(), False


def units_row(rng, rows, decimal):
    """A row of units below the header, which takes them from there."""
    found = {h: "nats" if h in HEADERS["value"] else (re.findall(r"[(\[](M|B)[)\]]$", h) or [""])[0] for h in rows}
    if not any(found.values()):
        return csv_file(rng, rows, decimal)
    rows = rows.rename(columns={h: h[: -len(unit) - 3] for h, unit in found.items() if unit in ("M", "B")})
    units = pd.DataFrame([list(found.values())], columns=rows.columns)
    return "t.csv", _csv(pd.concat([units, rows]), ",").encode(), True


def transposed(rng, rows, decimal):
    """Variables down, runs across."""
    return "t.csv", rows.T.to_csv(header=False).encode(), False


def _numeric(column: pd.Series) -> bool:
    return bool(pd.to_numeric(column, errors="coerce").notna().all())


def _multi(rows: pd.DataFrame) -> bool:
    return any("\n" in str(c) for c in rows.to_numpy().ravel())


CONTAINERS = {
    f.__name__: f
    for f in (
        csv_file,
        quoted,
        semicolons,
        tabs,
        old_mac,
        ragged,
        utf16,
        excel_sep,
        commented,
        repeated_header,
        titled,
        footed,
        trailing,
        unquoted,
    )
}
CONTAINERS |= {f.__name__: f for f in (markdown, psql, spaced, printed, savetxt, latex, html, records, wrapped, nested, json_lines)}
CONTAINERS |= {f"to_json {name}": orient(name) for name in ("columns", "index", "records", "split", "table", "values")}
CONTAINERS |= {f.__name__: f for f in (by_name, yaml, in_memory, parquet, parquet_numbers, feather, units_row, transposed)}
CONTAINERS["to_json lines"] = orient("records", lines=True)
