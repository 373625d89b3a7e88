"""No text for people is written past the catalogue: errors, warnings, output and help go through tr, trn or mark."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from avg_video import errors
from tests.messages.extract import KEYWORDS, PACKAGE

MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
ERRORS = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.AvgError)}
NOT_WORDS = re.compile(r"avg-blur: |--[a-z-]+")
"""Names, which are the same in every language."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
OPTIONS = ("help", "short_help", "epilog")


def is_plain(node: ast.expr) -> bool:
    """Whether a literal with words in it is shown as it is, without the catalogue."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and any(c.isalpha() for c in NOT_WORDS.sub("", node.value))
    if isinstance(node, ast.JoinedStr):
        return any(is_plain(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return isinstance(node.value, ast.IfExp) and is_plain(node.value)
    if isinstance(node, ast.IfExp):
        return is_plain(node.body) or is_plain(node.orelse)
    if isinstance(node, ast.BinOp):
        return is_plain(node.left) or is_plain(node.right)
    return False


def is_marked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "mark"


def shown(call: ast.Call, *, policy: bool) -> list[ast.expr]:
    """The arguments of a call that people get to read; in the policy room `fault` takes texts, too."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in ERRORS:
        return [*call.args[:1], *(named[key] for key in ("what", "remedy") if key in named)]
    if name == "fault" and policy:
        return [*call.args, *named.values()]
    if name in ("warn", "echo", "confirm", "say_above"):
        return call.args[:1]
    if name in ("option", "command", "group", "version_option", "argument"):
        return [named[key] for key in OPTIONS if key in named]
    return []


def assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each plain name is given, anywhere below."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:  # type: ignore[attr-defined]
                found.setdefault(target.id, []).append(node.value)  # type: ignore[attr-defined]
    return found


def untranslated(code: str) -> Iterator[str]:
    tree = ast.parse(code)
    policy = "avg_video.policy.faults" in code
    module = assigned(ast.Module([node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)], []))
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    local = {id(call): assigned(function) for function in functions for call in ast.walk(function)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        for text in shown(call, policy=policy):
            given = [text]
            if isinstance(text, ast.Name):
                given = local.get(id(call), {}).get(text.id) or []
                if not given and any(is_marked(value) for value in module.get(text.id, [])):
                    yield f"line {text.lineno}: {text.id} is marked, and shown without tr"
                given = given or module.get(text.id, [])
            for value in given:
                if is_plain(value):
                    yield f"line {value.lineno}: {ast.unparse(value)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_text_goes_through_the_catalogue(path: Path) -> None:
    assert list(untranslated(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError("not there", remedy=tr("look"))',
        'raise UsageError(tr("not there"), remedy=f"look at {place}")',
        'def f():\n    what = "gone" if x else tr("here")\n    raise InputError(what, remedy=tr("look"))',
        'REMEDY = mark("look")\ndef f():\n    raise InputError(tr("gone"), remedy=REMEDY)',
        'click.echo("done")',
        'job.warn(f"{n} things")',
        'click.option("-x", help="What it does.")',
        'from avg_video.policy.faults import fault\nraise fault(tr("gone"), "look")',
    ],
)
def test_a_text_past_the_catalogue_is_found(code: str) -> None:
    assert len(list(untranslated(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'raise UsageError(tr("not there"), remedy=tr("look"), file="name")',
        'REMEDY = mark("look")\ndef f():\n    raise InputError(tr("gone"), remedy=tr(REMEDY))',
        'click.echo(f"avg-blur: {line}", err=True)',
        'click.option("-x", help=mark("What it does."))',
    ],
)
def test_a_text_in_the_catalogue_is_not_found(code: str) -> None:
    assert list(untranslated(code)) == []


def too_early(code: str) -> Iterator[str]:
    """Translations that are made when the module is loaded, before the language is known."""
    tree = ast.parse(code)
    late = {
        id(call)
        for function in ast.walk(tree)
        if isinstance(function, (*FUNCTIONS, ast.Lambda))
        for part in (function.body if isinstance(function, FUNCTIONS) else [function.body])
        for call in ast.walk(part)
    }
    for call in ast.walk(tree):
        translates = isinstance(call, ast.Call) and ast.unparse(call.func) in ("tr", "trn")
        if translates and id(call) not in late:
            yield f"line {getattr(call, 'lineno', 0)}: {ast.unparse(call)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_translated_before_the_language_is_known(path: Path) -> None:
    assert list(too_early(path.read_text(encoding="utf-8"))) == []


def test_a_translation_too_early_is_found() -> None:
    assert len(list(too_early('X = tr("a")'))) == 1
    assert len(list(too_early('@option(help=tr("a"))\ndef f(x=tr("b")):\n    return tr("c")'))) == 2
    assert list(too_early('X = lambda: tr("a")\ndef f():\n    return tr("c")')) == []


def test_the_tree_of_errors_is_known() -> None:
    assert {"AvgError", "UsageError", "PolicyError", "CheckFailed"} <= ERRORS
    assert set(KEYWORDS) == {"tr", "trn", "mark", "mark_plural"}
