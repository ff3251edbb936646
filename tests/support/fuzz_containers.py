"""Containers of generated tables: functions from rows to the name of a file, its content, and whether it can only be read in one way."""

from __future__ import annotations

import io
import json
import pickle
import re

import pandas as pd
from fuzz_cells import HEADERS, VALUE_HEADERS


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
