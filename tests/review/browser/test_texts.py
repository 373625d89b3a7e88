"""The page's words and files, read as they are: nothing said that no language knows, nothing asked for elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import avg_video
from avg_video.review.server.texts import TEXTS

PAGE = Path(avg_video.__file__).parent / "review" / "page"
SCRIPTS = sorted(PAGE.rglob("*.js"))
SAID = re.compile(
    r"""\bt\(\s*"([\w.]+)"|\bt\([^()"`]*\?\s*"([\w.]+)"\s*:\s*(?:[^"]*\?\s*"([\w.]+)"\s*:\s*)?"([\w.]+)\""""
)
COUNTED = re.compile(r'\btn\(\s*"([\w.]+)"')
BUILT = re.compile(r"\bt\(`([\w.]+)\$\{[^}]+\}(\w*)`")
LISTED = re.compile(r'"((?:keys|time|place)\.[\w.]+)"')


def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)


def test_all_that_is_said_has_words() -> None:
    text = source()
    said = {name for names in SAID.findall(text) for name in names if name}
    counted = {f"{name}.{n}" for name in COUNTED.findall(text) for n in ("one", "many")}
    assert len(said) > 80
    assert said | counted <= set(TEXTS), sorted((said | counted) - set(TEXTS))
    for before, after in BUILT.findall(text):
        assert any(name.startswith(before) and name.endswith(after) for name in TEXTS), before


def test_there_are_no_words_that_nobody_says() -> None:
    text = source()
    said = {name for names in SAID.findall(text) for name in names if name} | set(LISTED.findall(text))
    said |= {f"{name}.{n}" for name in COUNTED.findall(text) for n in ("one", "many")}
    built = tuple(before for before, _ in BUILT.findall(text))
    parts = {name for name in TEXTS if name not in said and not name.startswith(built)}
    passed_on = {name for name in parts if f'"{name}"' in text}
    assert parts - passed_on == set()


def test_nothing_is_built_from_text_and_nothing_comes_from_elsewhere() -> None:
    text = source() + (PAGE / "index.html").read_text() + (PAGE / "style.css").read_text()
    for never in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "document.write", " style="):
        assert never not in text, never
    addresses = set(re.findall(r"https?://[^\s\"'`]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text


def test_modules_say_what_they_are_for_and_stay_small() -> None:
    assert len(SCRIPTS) > 15
    for path in SCRIPTS:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("// "), path.name
        assert len(lines) <= 350, path.name
        assert max(map(len, lines)) <= 400, path.name
