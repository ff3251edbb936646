"""Mutants: every change of one point of a module's syntax tree that a test should notice.

A comparison or an operation swapped, a term, a bound, a filter, a mask or a statement dropped, a constant or a default nudged,
a flag flipped, a mean made a median.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PICTURES = ("draw", "__repr__", "_repr_html_")
"""Functions that are left alone: what they make is for the eye."""
Key = tuple[str, str, str, str]


@dataclass
class Mutant:
    """One change of a module; equal to another only where the same statement of the same function becomes the same."""

    module: str
    function: str
    line: int
    before: str
    after: str
    apply: Callable[[], None] = field(repr=False)
    tree: ast.Module = field(repr=False)
    outcome: str = ""
    by: str = ""
    """The first test that failed."""
    reason: str = ""
    """Why it is equivalent, where it is listed."""

    @property
    def key(self) -> Key:
        """What a line of the list of equivalents must state exactly."""
        return self.module, self.function, self.before, self.after


_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_SWAPPED = {
    "median": "mean",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "any": "all",
    "all": "any",
    "sum": "mean",
    "first": "last",
    "notna": "isna",
    "isna": "notna",
    "ptp": "max",
    "var": "std",
    "eq": "ne",
    "head": "tail",
    "cumsum": "cumprod",
}
_TO_FIRST_ARGUMENT = ("abs", "sqrt", "log", "exp", "clip", "max", "min", "maximum", "minimum", "sorted", "nan_to_num", "sort", "round")
_TO_OBJECT = (
    "abs",
    "astype",
    "clip",
    "cumsum",
    "drop_duplicates",
    "dropna",
    "fillna",
    "head",
    "mask",
    "max",
    "mean",
    "min",
    "query",
    "rank",
    "reindex",
    "reset_index",
    "sort_values",
    "strip",
    "where",
)
_NO_CHANGE = ("strict", "metadata")
"""Keywords whose value is an assertion, or something that no caller sees."""
_TYPES = ("Annotated", "Literal", "list", "dict", "tuple", "set", "Callable", "type", "Iterable", "Sequence", "Mapping")


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    if isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _nudged(node.value))
    elif isinstance(node, ast.Compare):
        for i, operation in enumerate(node.ops):
            for other in _COMPARE[type(operation)]:
                yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)
    elif isinstance(node, ast.BinOp):
        if type(node.op) in _ARITHMETIC:
            yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.comprehension):
        yield from (ast.comprehension(node.target, node.iter, [t for t in node.ifs if t is not test], node.is_async) for test in node.ifs)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Constant | ast.UnaryOp):
        yield node.value  # a mask or a cut dropped
    elif isinstance(node, ast.stmt):
        yield from _statements(node)


def _nudged(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1) if value > 0 else (value + 1,)
    elif isinstance(value, float):
        yield from (value * 1.1, value / 1.1) if abs(value) > 1e-3 else (value * 1e6 or 1.0,)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _SWAPPED and isinstance(node.func, ast.Attribute):
        yield ast.Call(ast.Attribute(node.func.value, _SWAPPED[name], ast.Load()), node.args, node.keywords)
    elif name == "mean":
        yield _median(node)
    elif name in ("max", "min", "any", "all"):
        yield ast.Call(ast.Name(_SWAPPED[name], ast.Load()), node.args, node.keywords)
    function = isinstance(node.func, ast.Name) or ast.unparse(node.func).startswith("np.")
    if function and name in _TO_FIRST_ARGUMENT and node.args:
        yield node.args[0]
        if name in ("max", "min", "maximum", "minimum") and len(node.args) == 2:
            yield node.args[1]
    elif not function and name in _TO_OBJECT and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if name == "astype" and ast.unparse(node.args[0]) == "int":  # rounded where it was truncated
        rounded = ast.Call(ast.Attribute(node.func.value, "round", ast.Load()), [], [])  # type: ignore[attr-defined]
        yield ast.Call(ast.Attribute(rounded, "astype", ast.Load()), node.args, node.keywords)
    for i, keyword in enumerate(node.keywords):
        if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str) and keyword.arg in ("kind", "side", "how"):
            yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def _median(node: ast.Call) -> ast.Call:
    """Return the median instead of a mean; arrays have no method of that name."""
    assert isinstance(node.func, ast.Attribute)
    owner = ast.unparse(node.func.value)
    if owner == "np" or owner.startswith("by["):
        return ast.Call(ast.Attribute(node.func.value, "median", ast.Load()), node.args, node.keywords)
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "median", ast.Load()), [node.func.value, *node.args], node.keywords)


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if called or isinstance(node, ast.AugAssign | ast.Continue | ast.Break):
        yield ast.Pass()
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
        reads = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if isinstance(target, ast.Subscript) or (isinstance(target, ast.Name) and target.id in reads):
            yield ast.Pass()
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse)
        yield ast.If(ast.Constant(True), node.body, node.orelse)
    elif isinstance(node, ast.Raise):
        yield ast.Pass()


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Return every mutant of a module's source, each once, in the order of its lines."""
    tree = ast.parse(source)
    found: dict[Key, Mutant] = {}
    for owner, name, position, node, statement, function in _places(tree):
        before = headline(statement)
        for other in alternatives(node):
            located = ast.copy_location(other, node if hasattr(node, "lineno") else statement)
            apply, undo = _change(owner, name, position, node, ast.fix_missing_locations(located))
            apply()
            after = headline(other if node is statement else statement)  # type: ignore[arg-type]
            undo()
            mutant = Mutant(module, function, getattr(node, "lineno", statement.lineno), before, after, apply, tree)
            if after != before:
                found.setdefault(mutant.key, mutant)
    return sorted(found.values(), key=lambda m: m.line)


def _change(owner: ast.AST, name: str, position: int | None, old: ast.AST, new: ast.AST) -> tuple[Callable[[], None], Callable[[], None]]:
    def put(node: ast.AST) -> None:
        if position is None:
            setattr(owner, name, node)
        else:
            getattr(owner, name)[position] = node

    return lambda: put(new), lambda: put(old)


_Place = tuple[ast.AST, str, "int | None", ast.AST, ast.stmt, str]


def _places(tree: ast.Module) -> Iterator[_Place]:
    """Yield where each node hangs, the node, the statement it is part of and the function that holds it."""

    def below(owner: ast.AST, statement: ast.stmt | None, function: str) -> Iterator[_Place]:
        for name, value in ast.iter_fields(owner):
            if name in ("annotation", "returns", "decorator_list", "format_spec", "bases") or getattr(owner, "arg", "") in _NO_CHANGE:
                continue
            for position, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(node, ast.AST) or _is_text(node, owner) or getattr(node, "name", None) in PICTURES:
                    continue
                held = node if isinstance(node, ast.stmt) else statement
                inner = f"{function}.{node.name}".lstrip(".") if isinstance(node, ast.FunctionDef | ast.ClassDef) else function
                if held is not None:
                    yield owner, name, position, node, held, function
                yield from below(node, held, inner)

    yield from below(tree, None, "")


def _is_text(node: ast.AST, owner: ast.AST) -> bool:
    """Return whether a node is a docstring, the list of public names, the text of a message or a type."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    if isinstance(owner, ast.JoinedStr) and isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _TYPES


def headline(node: ast.stmt) -> str:
    """Return a statement as one line of source, without the statements inside it."""
    node = copy.copy(node)
    for name in ("body", "orelse", "finalbody", "handlers"):
        if getattr(node, name, None):
            setattr(node, name, [ast.Expr(ast.Constant(...))] if name == "body" else [])
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        node.decorator_list = []
    return "try" if isinstance(node, ast.Try) else ast.unparse(node).removesuffix("\n    ...")
