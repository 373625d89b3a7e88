"""docs/threat-model.md keeps its word: every promise names tests that exist and run, and every figure was measured."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
TEXT = PAGE.read_text(encoding="utf-8")

ROW = re.compile(r"^\| *(?P<id>[PNA]\d+) *\|(?P<rest>.*)\|$", re.MULTILINE)
"""A row of a table that starts with a number: P for a promise, N for what is not promised, A for an attacker."""
ROWS = {kind: {m["id"]: m["rest"] for m in ROW.finditer(TEXT) if m["id"][0] == kind} for kind in "PNA"}
CITED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
RULES = 6

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def module(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> dict[str, Function]:
    """The tests that pytest would collect by name: functions of the module, and methods of its classes."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    bodies = [tree.body, *(node.body for node in classes)]
    return {node.name: node for body in bodies for node in body if isinstance(node, Function)}


def never_runs(mark: ast.expr, names: dict[str, ast.expr]) -> bool:
    """Whether that mark keeps a test from running or from failing, whatever the computer."""
    if isinstance(mark, ast.List | ast.Tuple):
        return any(never_runs(each, names) for each in mark.elts)
    if isinstance(mark, ast.Name) and mark.id in names:
        return never_runs(names[mark.id], names)
    called = mark.func if isinstance(mark, ast.Call) else mark
    name = ast.unparse(called)
    if name.endswith((".skip", ".xfail")):
        return True
    if name.endswith(".skipif") and isinstance(mark, ast.Call):
        return not mark.args or isinstance(mark.args[0], ast.Constant)
    return False


def skips(statement: ast.stmt) -> bool:
    """Whether it is `pytest.skip(...)` or the like, standing alone."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    return ast.unparse(statement.value.func) in ("pytest.skip", "pytest.xfail")


def fault(tree: ast.Module, name: str) -> str | None:
    """Why the test called `name` in that module holds nothing; None when it does."""
    test = functions(tree).get(name)
    if test is None:
        return "does not exist"
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    names = {t.id: node.value for node in assigned for t in node.targets if isinstance(t, ast.Name)}
    marks = [*test.decorator_list, *([names["pytestmark"]] if "pytestmark" in names else [])]
    owner = next((node for node in tree.body if isinstance(node, ast.ClassDef) and test in node.body), None)
    marks += owner.decorator_list if owner else []
    if any(never_runs(mark, names) for mark in marks) or any(map(skips, [*tree.body, *test.body])):
        return "is skipped everywhere"
    return None


def test_every_promise_cites_a_test() -> None:
    assert len(ROWS["P"]) >= 30
    assert [number for number, rest in ROWS["P"].items() if not CITED.search(rest)] == []


def test_no_number_is_given_twice() -> None:
    numbers = [match["id"] for match in ROW.finditer(TEXT)]
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize(("path", "name"), sorted(set(CITED.findall(TEXT))))
def test_what_is_cited_exists_and_runs(path: str, name: str) -> None:
    assert (ROOT / path).is_file(), "no such file"
    assert fault(module(path), name) is None


def test_nothing_that_looks_like_a_test_escapes_the_check() -> None:
    links = re.compile(r"\[[^]]*\]\([^)]*\)")
    assert re.findall(r"tests/\S+|\btest_\w+", links.sub("", CITED.sub("", TEXT))) == []
    assert len(CITED.findall(TEXT)) == TEXT.count("::")


def test_every_rule_has_promises_in_its_own_section() -> None:
    sections = re.split(r"^### Rule (\d)\b", TEXT, flags=re.MULTILINE)
    assert sections[1::2] == [str(n) for n in range(1, RULES + 1)]
    for section in sections[2::2]:
        assert re.search(r"^\| *P\d+ *\|", section, re.MULTILINE)


def test_every_attacker_meets_promises_and_hears_what_is_left_open() -> None:
    assert len(ROWS["A"]) >= 8
    for number, rest in ROWS["A"].items():
        assert {kind for kind, _ in re.findall(r"\b([PN])(\d+)\b", rest)} == {"P", "N"}, number


def test_every_number_that_is_referred_to_is_there() -> None:
    known = {number for rows in ROWS.values() for number in rows}
    assert {f"{kind}{digits}" for kind, digits in re.findall(r"\b([PNA])(\d+)\b", TEXT)} == known


def test_what_is_not_promised_is_somebodys_chance() -> None:
    met = set(re.findall(r"\bN\d+\b", " ".join(ROWS["A"].values())))
    assert met == set(ROWS["N"])


def test_figures_are_those_that_were_measured() -> None:
    measured = set(re.findall(r"\d+(?:\.\d+)? %", (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")))
    quoted = set(re.findall(r"\d+(?:\.\d+)? %", TEXT))
    assert quoted, "the page says no figure"
    assert quoted <= measured, "benchmarks/RESULTS.md has other figures by now: write them into docs/threat-model.md"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("https://") or (PAGE.parent / target).is_file(), target


HOLDS = "import pytest\n\ndef test_it():\n    assert True\n"
EMPTY = {
    "gone": HOLDS.replace("test_it", "test_other"),
    "helper": HOLDS.replace("def test_it", "def helper():\n  def test_it"),
    "skip": HOLDS.replace("def", "@pytest.mark.skip(reason='later')\ndef"),
    "skip without a reason": HOLDS.replace("def", "@pytest.mark.skip\ndef"),
    "skipif that always holds": HOLDS.replace("def", "@pytest.mark.skipif(True, reason='later')\ndef"),
    "may fail": HOLDS.replace("def", "@pytest.mark.xfail\ndef"),
    "by another name": HOLDS.replace("def", "later = pytest.mark.skip(reason='later')\n@later\ndef"),
    "whole module": HOLDS.replace("def", "pytestmark = [pytest.mark.slow, pytest.mark.skip]\ndef"),
    "whole module at once": HOLDS.replace("def", "pytest.skip('later', allow_module_level=True)\ndef"),
    "inside": HOLDS.replace("    assert", "    pytest.skip('later')\n    assert"),
    "class": "import pytest\n\n@pytest.mark.skip\nclass TestAll:\n    def test_it(self):\n        assert True\n",
}
FULL = {
    "plain": HOLDS,
    "slow": HOLDS.replace("def", "@pytest.mark.slow\ndef"),
    "on some computers": HOLDS.replace("def", "@pytest.mark.skipif(os.name != 'posix', reason='modes')\ndef"),
    "when something is missing": HOLDS.replace("    assert", "    if missing:\n        pytest.skip('x')\n    assert"),
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_a_test_that_holds_nothing_is_noticed(text: str) -> None:
    assert fault(ast.parse(text), "test_it") is not None


@pytest.mark.parametrize("text", FULL.values(), ids=FULL)
def test_a_test_that_holds_something_is_taken(text: str) -> None:
    assert fault(ast.parse(text), "test_it") is None
