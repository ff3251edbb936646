"""How generated tables write headers, sizes and values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
