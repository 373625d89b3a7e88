"""Who can't see well, or has a small or a large screen, or thirty pupils: axe-core's rules, sizes, and time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avg_video.media.reader import VideoReader
from avg_video.policy.plan import Plan
from avg_video.record.hashes import sha256_file
from avg_video.review import shelf
from avg_video.track.types import CameraMotion, Evidence, Track
from tests.review.browser.conftest import Watched, offered
from tests.support.clips import noise, write_clip

Open = Callable[..., Any]
VIEWS = ("people", "room", "hand", "check", "rules", "make")
PEOPLE = 30
HOUR_S = 3600


def serious(page: Any) -> list[tuple[str, str, str]]:
    """What axe-core calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    found = axe.Axe().run(page, options={"resultTypes": ["violations", "passes"]}).response
    assert len(found["passes"]) > 10, "the rules were tried"
    return [
        (rule["id"], node["html"][:120], node["failureSummary"])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_view(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.mouse.click(*_middle(page, ".person .line >> nth=0"))
    page.click(".popover .mark-objected")
    page.wait_for_selector(".card[data-state=objected]")
    assert serious(page) == []
    page.click(".card[data-state=covered] >> nth=0 >> .mark-shown")
    page.click(".card[data-state=shown] >> summary")
    for view in VIEWS:
        page.click(f"[role=tab][data-view={view}]")
        if view in ("room", "hand"):
            page.click(f"#panel-{view} >> text=Put one in the middle")
            page.wait_for_selector(f"#panel-{view} .line")
        if view == "rules":
            page.locator("#panel-rules select").select_option("rug")
            page.wait_for_selector(".checks input")
        assert serious(page) == [], view
    page.click("text=Keys")
    assert serious(page) == []


def test_a_wrong_colour_would_be_found(open_page: Open) -> None:
    page = open_page()
    page.evaluate("document.querySelector('.lead').style.color = '#dddddd'")
    assert [rule for rule, *_ in serious(page)] == ["color-contrast"]


def _middle(page: Any, what: str) -> tuple[float, float]:
    box = page.locator(what).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    ("width", "height"), [(1366, 650), (1024, 768), (683, 325), (390, 800), (1920, 950)], ids=lambda side: str(side)
)
def test_it_fits_windows_of_every_size(open_page: Open, width: int, height: int) -> None:
    page = open_page(viewport={"width": width, "height": height})
    for view in VIEWS:
        page.click(f"[role=tab][data-view={view}]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        wide = page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, p, li')]
                .filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1)
                .map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert wide == [], view
    if width >= 1024:
        page.click("[role=tab][data-view=people]")
        film = page.locator(".frame").bounding_box()
        assert film["width"] > 0.55 * width
        assert film["y"] + film["height"] < height
        foot = page.locator(".foot").bounding_box()
        assert foot["y"] + foot["height"] <= height, "the way on is always on screen"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An hour with thirty people, who were found beforehand."""
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    picture = noise((160, 90), seed=3)
    path = write_clip(tmp_path / "uur.mp4", (picture for _ in range(HOUR_S)), fps=1)
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader) == HOUR_S
        line = reader.timeline()
    frames = np.arange(HOUR_S, dtype=np.int32)
    tracks = []
    for k in range(PEOPLE):
        x, y = 4 + 15 * (k % 10), 8 + 28 * (k // 10)
        boxes = np.tile(np.float32([x, y, x + 9, y + 12]), (HOUR_S, 1))
        tracks.append(Track(k + 1, frames, boxes, np.full(HOUR_S, Evidence.DETECTED, np.uint8), confirmed=True))
    still = CameraMotion(np.tile(np.eye(2, 3, dtype=np.float32), (HOUR_S, 1, 1)), np.ones(HOUR_S, np.bool_))
    shelf.keep_plan(Plan(sha256_file(path), line, still, tuple(tracks), (), {"detector": "centerface"}))
    return path


@pytest.mark.slow
def test_a_choice_shows_at_once_with_thirty_people_and_an_hour(chromium: Any, lesson: Path) -> None:
    with offered(lesson) as review:
        watched = Watched(chromium)
        page = watched.open(review.server.address)
        assert page.locator(".card").count() == PEOPLE
        took = [
            page.evaluate(
                """async (number) => {
                    const card = document.querySelector(`.card[data-number="${number}"]`);
                    const began = performance.now();
                    card.querySelector('.mark-objected').click();
                    while (card.dataset.state !== 'objected') await new Promise(requestAnimationFrame);
                    return performance.now() - began;
                }""",
                number,
            )
            for number in range(1, 8)
        ]
        assert min(took) < 2000, took
        page.locator(".scrub").fill("1800")
        page.wait_for_selector(".frame[data-picture='1800']")
        watched.close()
