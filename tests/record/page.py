"""What a page of HTML holds, read by the parser of the standard library, and what is wrong with it."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "line", "rect"}
"""Elements of the page that have no content and no end tag; `rect` and `line` end themselves."""
_ELEMENTS = (
    "html head title style body header main footer section article div p h1 h2 h3 dl dt dd ul ol li table thead tbody "
    "tr th td span strong code bdi a svg text"
)
_ATTRIBUTES = (
    "lang charset http-equiv content name class id role aria-label aria-labelledby aria-hidden scope colspan href "
    "width height x y x1 x2 y1 y2 text-anchor"
)
ALLOWED = VOID | set(_ELEMENTS.split())
ATTRIBUTES = set(_ATTRIBUTES.split())


class Page(HTMLParser):
    """Reads a page: elements in order, attributes, texts with the elements they stand in, and faults."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        """(the element it stands in, the text)."""
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.faults += [f"<{tag}>: {name} twice" for name, n in Counter(names).items() if n > 1]
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data))

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data}")

    @property
    def said(self) -> str:
        """Everything that a reader sees or hears, spaces made single."""
        heard = [attributes["aria-label"] for _, attributes in self.elements if "aria-label" in attributes]
        return " ".join(" ".join([*(text for tag, text in self.texts if tag != "style"), *heard]).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


def faults(html: str) -> list[str]:
    """What keeps a page from being well formed, from standing alone, or from being read aloud; empty: nothing."""
    page = Page(html)
    return [*page.faults, *_from_outside(page), *_references(page), *_for_everybody(page)]


def _from_outside(page: Page) -> list[str]:
    wrong = [f"<{tag}> has no place here" for tag, _ in page.elements if tag not in ALLOWED]
    for tag, attributes in page.elements:
        wrong += [f"<{tag} {name}> has no place here" for name in attributes if name not in ATTRIBUTES]
        wrong += [f"<{tag}> leads to {attributes['href']}" for _ in "x" if attributes.get("href", "#")[:1] != "#"]
    styles = [text for tag, text in page.texts if tag == "style"]
    for style in styles:
        wrong += [f"style: {found}" for found in re.findall(r"url\(|@import|@font-face|//|expression|src:", style)]
    policy = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256("".join(styles).encode()).digest()).decode()
    expected = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    if policy != [expected] or len(styles) != 1:
        wrong.append(f"content security policy: {policy}")
    order = [tag for tag, attributes in page.elements if tag == "style" or attributes.get("http-equiv")]
    return wrong + (["the policy comes after the style"] if order != ["meta", "style"] else [])


def _references(page: Page) -> list[str]:
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    wrong = [f"id {name} {n} times" for name, n in ids.items() if n > 1]
    for tag, attributes in page.elements:
        targets = attributes.get("aria-labelledby", "").split() + [t for t in [attributes.get("href", "")[1:]] if t]
        wrong += [f"<{tag}> points at {target}, which is not there" for target in targets if target not in ids]
    return wrong


def _for_everybody(page: Page) -> list[str]:
    wrong = []
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    if levels[:1] != [1] or levels.count(1) != 1:
        wrong.append(f"headings: {levels}")
    wrong += [f"heading {b} comes after heading {a}" for a, b in pairwise(levels) if b > a + 1]
    hidden = 0
    for tag, attributes in page.elements:
        if attributes.get("aria-hidden") == "true":
            hidden += 1
        if tag in ("section", "article") and "aria-labelledby" not in attributes:
            wrong.append(f"<{tag}> without a name")
        if tag == "th" and "scope" not in attributes:
            wrong.append("<th> without scope")
        if tag == "svg" and attributes.get("role") == "img" and not attributes.get("aria-label"):
            wrong.append("a picture without words")
    silent = sum(tag == "svg" and attributes.get("role") != "img" for tag, attributes in page.elements)
    if silent and not hidden:
        wrong.append("pictures that are neither said nor hidden")
    odd = {c for _, text in page.texts for c in text if unicodedata.category(c) in ("Cf", "Cc") and c not in "\n\u00ad"}
    return wrong + [f"character {ord(c):#x}" for c in odd]
