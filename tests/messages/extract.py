"""Finds every text for people in the package, for babel: in Python by the syntax tree, in templates by jinja2.

Babel's own reader of Python goes by tokens. It does not see calls inside f-strings before Python 3.12, nor a choice
between two texts, nor the docstrings that click shows as help; this one does.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "avg_video"

KEYWORDS: dict[str, Any] = {"tr": None, "mark": None, "trn": (1, 2), "mark_plural": (1, 2)}
"""What takes a text, and which arguments are the one and the many; as babel has it."""

Found = tuple[int, str, str | tuple[str, ...], list[str]]
Text = str | tuple[str, str]


class NotALiteral(ValueError):
    """A text that no catalogue can hold, because it is put together while the program runs."""


def from_python(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """Babel's interface: (line, function, text or texts, comments) of each message in a Python file."""
    tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            yield from _call(node, node.func.id)
        elif isinstance(node, ast.FunctionDef) and _is_command(node):
            text = ast.get_docstring(node)
            if text:
                yield node.lineno, "tr", inspect.cleandoc(text), []


def _call(node: ast.Call, name: str) -> Iterator[Found]:
    assert isinstance(node.func, ast.Name)
    if KEYWORDS[name] is None:
        for text in _texts(node.args[0]):
            yield node.lineno, name, text, []
        return
    one, many = (_texts(argument) for argument in node.args[:2])
    if one and many:
        yield node.lineno, name, (one[0], many[0]), []


def _texts(node: ast.expr) -> list[str]:
    """The literal, or both of a choice between two; none for a text that comes from elsewhere, where it is marked."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        raise NotALiteral(f"line {node.lineno}: {ast.unparse(node)}")
    return []


def _is_command(node: ast.FunctionDef) -> bool:
    """Whether click shows the docstring as help: it is decorated with `command` or `group` of something."""
    functions = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(f, ast.Attribute) and f.attr in ("command", "group") for f in functions)


def template() -> Catalog:
    """Every text of the package, with the files it is in."""
    method_map = [("**.py", "tests.messages.extract:from_python"), ("**.j2", "jinja2")]
    catalog = Catalog()
    for path, _, text, _, _ in extract_from_dir(PACKAGE, method_map=method_map, keywords=KEYWORDS):
        # Without line numbers: they would change the catalogue with every edit of the code.
        catalog.add(text, locations=[(f"avg_video/{Path(path).as_posix()}", 0)])
    return catalog
