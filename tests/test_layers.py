"""The shape of the package: imports go down only, no module grows too large, and the library keeps quiet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "avg_video"
MODULES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 450

LEVELS = (
    ("cli",),
    ("review", "batch", "bench", "verification"),
    ("pipeline",),
    ("photos",),
    ("job",),
    ("papers",),
    ("record", "register", "redact", "policy"),
    ("track",),
    ("detect",),
    ("media",),
    ("errors",),
    ("language",),
)
"""From the top down. A room may import its own modules and those of lower levels; rooms of one level stay apart."""
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
ROOT_MODULES = {"__init__": {"papers", "pipeline", "policy", "record", "redact", "errors"}, "__main__": {"cli"}}
"""The package's own front may reach what it offers (lazily, as tests/test_public.py holds)."""


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(path: Path) -> list[tuple[str, int]]:
    """Every room of this package that the module imports, wherever in the file, with the line."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found += [
            (name.split(".")[1], node.lineno) for name in names if name.split(".")[0] == "avg_video" and "." in name
        ]
    return found


def upward(room: str, others: list[tuple[str, int]]) -> list[str]:
    """The imports that a module of `room` may not have."""
    wrong = []
    for other, line in others:
        if other in (room, "__version__"):
            continue
        if room in ROOT_MODULES:
            if other not in ROOT_MODULES[room]:
                wrong.append(f"line {line}: {room} imports {other}")
        elif other not in LEVEL or LEVEL[other] <= LEVEL[room]:
            wrong.append(f"line {line}: {room} imports {other}")
    return wrong


def test_there_is_something_to_check() -> None:
    assert {room_of(path) for path in MODULES} >= {"cli", "media", "detect", "track", "policy", "redact", "record"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_its_place(path: Path) -> None:
    room = room_of(path)
    assert room in LEVEL or room in ROOT_MODULES, "a module outside every room"
    assert upward(room, imported(path)) == []


def test_an_upward_import_is_found() -> None:
    assert upward("media", [("track", 3)]) == ["line 3: media imports track"]
    assert upward("policy", [("redact", 1)]) == ["line 1: policy imports redact"]
    assert upward("media", [("errors", 1), ("media", 2)]) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is_and_is_no_longer_than_one_idea(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "no docstring"
    assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?")), "its first line is not a sentence"
    assert len(text.splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_library_neither_prints_nor_exits(path: Path) -> None:
    if room_of(path) in ("cli", "__main__"):
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = {ast.unparse(call.func) for call in calls}
    assert named.isdisjoint({"print", "sys.exit", "exit", "quit", "sys.stdout.write", "sys.stderr.write"})
