"""The look page: what is on it, what must not be on it, and where it may be written."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from avg_video.errors import InputError, UsageError
from avg_video.media.reader import VideoReader
from avg_video.media.timing import Timeline
from avg_video.policy.decision import Decision
from avg_video.policy.plan import Plan
from avg_video.review.page import clock, make_page, place_words
from tests.review.samples import FRAMES, clip, plan, track

VOID = {"meta", "img", "image", "rect", "br"}


class Reader(HTMLParser):
    """Every tag with its attributes; fails on one that is closed wrongly."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("needle-in-the-folder")


@pytest.fixture(scope="module")
def recording(folder: Path) -> Path:
    return clip(folder)


@pytest.fixture(scope="module")
def line(recording: Path) -> Timeline:
    with VideoReader(recording) as reader:
        assert sum(1 for _ in reader) == FRAMES
        return reader.timeline()


@pytest.fixture(scope="module")
def html(folder: Path, recording: Path, line: Timeline) -> str:
    page = folder / "page.html"
    make_page(recording, plan(recording, line), page)
    return page.read_text(encoding="utf-8")


def test_it_is_well_formed_and_accessible(html: str) -> None:
    page = Reader(html)
    assert html.startswith("<!doctype html>\n")
    assert page.all("html") == [{"lang": "en"}]
    assert page.text.count("Who is in this recording?") == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert all(attrs.get("alt") for attrs in page.all("img"))
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in page.all("svg"))


def test_every_number_seen_has_its_strip_and_the_others_are_counted(html: str) -> None:
    page = Reader(html)
    assert [attrs["id"] for attrs in page.all("li") if "id" in attrs] == ["n1", "n2"]
    alts = [str(attrs["alt"]) for attrs in page.all("img")]
    assert sum(alt.startswith("Number 1 at 0:0") for alt in alts) == 5
    assert sum(alt.startswith("Number 2 at 0:0") for alt in alts) >= 1
    assert not any(alt.startswith("Number 3") for alt in alts)
    assert "One stretch has a number but no picture here" in page.text
    assert "0:00.0 \N{EN DASH} 0:02.0" in page.text
    assert page.text.index("Perhaps someone") < page.text.index("0:00.4 \N{EN DASH} 0:01.2")


def test_its_pictures_are_pictures(html: str) -> None:
    pages = Reader(html)
    sources = [str(a["src"]) for a in pages.all("img")] + [str(a["href"]) for a in pages.all("image")]
    assert len(sources) >= 7
    for source in sources:
        head, data = source.split(",")
        assert head == "data:image/jpeg;base64"
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.std() > 20


def test_nothing_in_it_tells_where_it_came_from(html: str, recording: Path) -> None:
    assert "needle" not in html
    assert str(recording.parent) not in html
    assert os.sep + "tmp" not in html


def test_nothing_can_be_loaded_or_run(html: str) -> None:
    page = Reader(html)
    rules = next(str(a["content"]) for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert rules == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("a")
    assert not any(name.startswith("on") or name == "style" for _, attrs in page.tags for name in attrs)
    without_data = re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]*", "", html)
    assert not re.search(r"https?:|url\(|@import|//", without_data)


def test_it_says_what_it_is_and_what_to_do(html: str) -> None:
    text = Reader(html).text
    assert "This page shows faces." in text
    assert "delete it when you have chosen" in text
    assert "avg-blur FILE --object 3,7 --show 1" in text


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_only_the_owner_may_read_it(folder: Path, html: str) -> None:
    assert html
    assert (folder / "page.html").stat().st_mode & 0o777 == 0o600


def test_who_is_shown_is_said(tmp_path: Path, recording: Path, line: Timeline) -> None:
    chosen = plan(recording, line)
    decided = replace(chosen, decisions=_decisions(chosen))
    make_page(recording, decided, tmp_path / "p.html")
    assert Reader((tmp_path / "p.html").read_text("utf-8")).text.count("shown by your rules") == 1


def _decisions(chosen: Plan) -> tuple[Decision, ...]:
    from avg_video.policy.decide import decide
    from avg_video.policy.document import Policy

    verdicts = decide(chosen.tracks, chosen.timeline, chosen.motion, Policy(), shown=(1,))
    assert next(d.verdict for d in verdicts.decisions) == "show"
    return verdicts.decisions


def test_a_recording_without_faces_has_a_page_that_says_so(tmp_path: Path, recording: Path, line: Timeline) -> None:
    make_page(recording, replace(plan(recording, line), tracks=()), tmp_path / "p.html")
    page = Reader((tmp_path / "p.html").read_text("utf-8"))
    assert "No faces were found" in page.text
    assert not page.all("img")


def test_an_old_page_is_replaced_and_nothing_else_is(tmp_path: Path, recording: Path, line: Timeline) -> None:
    page = tmp_path / "p.html"
    make_page(recording, plan(recording, line), page)
    make_page(recording, plan(recording, line), page)
    page.write_text("<!doctype html> my homework")
    with pytest.raises(UsageError, match="something else than a look page"):
        make_page(recording, plan(recording, line), page)
    assert page.read_text() == "<!doctype html> my homework"
    with pytest.raises(UsageError, match="something else"):
        make_page(recording, plan(recording, line), tmp_path)


def test_a_changed_recording_is_refused_and_leaves_no_page(tmp_path: Path, recording: Path, line: Timeline) -> None:
    shifted = replace(line, pts=line.pts + 7, end_pts=line.end_pts + 7)
    with pytest.raises(InputError, match=r"needle-in-the-name\.mp4: the recording is not the one"):
        make_page(recording, plan(recording, shifted), tmp_path / "p.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.2"), (3723.4, "1:02:03.4"), (36000, "10:00:00.0")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((10, 10, 30, 30), "left, at the top"),
        ((150, 110, 170, 130), "middle"),
        ((290, 210, 310, 230), "right, at the bottom"),
        ((-40, 110, -20, 130), "left"),
    ],
)
def test_places_in_words(at: tuple[float, float, float, float], words: str) -> None:
    assert place_words(track(1, at, 0, 9, 1), (320, 240)) == words


def test_someone_who_walks_through() -> None:
    walker = track(1, (0, 100, 20, 120), 0, 9, 1)
    boxes = walker.boxes_xyxy + np.linspace(0, 290, 10, dtype=np.float32)[:, None] * np.array([1, 0, 1, 0], np.float32)
    assert place_words(replace(walker, boxes_xyxy=boxes), (320, 240)) == "from left to right"
