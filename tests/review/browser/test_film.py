"""The film on the page: the very picture, what is drawn over it, and places that the camera carries along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avg_video.policy.plan import Plan
from avg_video.review import shelf
from avg_video.track.types import CameraMotion
from tests.review.browser.asking import choices, until
from tests.review.browser.conftest import Watched, offered

RIGHT_PX = 2.0
"""How far the room moves to the right with each picture, of 480 px, in the plan of a camera that turns."""


@pytest.fixture
def turning(film: Path, plan: Plan, tmp_path: Path, own_data: None) -> Path:
    """The film, in which the camera is taken to turn to the left."""
    affine = np.tile(np.eye(2, 3, dtype=np.float32), (len(plan.timeline), 1, 1))
    affine[1:, 0, 2] = RIGHT_PX
    moving = CameraMotion(affine, np.ones(len(affine), np.bool_))
    shelf.keep_plan(replace(plan, motion=moving))
    path = tmp_path / film.name
    path.write_bytes(film.read_bytes())
    return path


def left_of(page: Any, what: str) -> float:
    """The left side of what is drawn, in fractions of the picture."""
    found: float = page.evaluate(
        """(what) => {
            const frame = document.querySelector('.frame').getBoundingClientRect();
            return (document.querySelector(what).getBoundingClientRect().left - frame.left) / frame.width;
        }""",
        what,
    )
    return found


def test_a_part_of_the_room_goes_along_with_the_camera(chromium: Any, turning: Path) -> None:
    with offered(turning) as review:
        watched = Watched(chromium)
        page = watched.open(review.server.address)
        page.click("[role=tab][data-view=room]")
        page.click("#panel-room >> text=Put one in the middle")
        page.wait_for_selector(".region.chosen:not(.elsewhere)")
        assert left_of(page, ".region") == pytest.approx(0.25, abs=0.01)

        page.locator(".scrub").fill("30")
        page.wait_for_selector(".frame[data-picture='30']")
        moved = 30 * RIGHT_PX / 480
        assert left_of(page, ".region") == pytest.approx(0.25 + moved, abs=0.01)
        assert left_of(page, ".knob") == pytest.approx(0.25 + moved, abs=0.02)

        # A corner that is moved here is kept where it belongs in the picture that it was drawn on.
        page.focus(".knob >> nth=0")
        page.keyboard.press("Shift+ArrowLeft")
        until(page, "fetch('/api/choices').then((a) => a.json()).then((c) => c.can_undo && c.revision === 3)")
        polygon = choices(page)["policy"]["consent_region"][0]["polygon"]
        assert polygon[0] == pytest.approx([0.25 - 0.04, 0.35], abs=0.002)
        assert polygon[1:] == [[0.75, 0.35], [0.75, 0.85], [0.25, 0.85]]
        watched.close()


def test_a_part_of_the_room_that_holds_no_more_is_drawn_so(
    chromium: Any, film: Path, plan: Plan, own_data: None
) -> None:
    motion = CameraMotion(np.tile(np.eye(2, 3, dtype=np.float32), (40, 1, 1)), np.arange(40) != 20)
    shelf.keep_plan(replace(plan, motion=motion))
    with offered(film) as review:
        watched = Watched(chromium)
        page = watched.open(review.server.address)
        page.click("[role=tab][data-view=room]")
        page.click("#panel-room >> text=Put one in the middle")
        page.wait_for_selector(".region:not(.elsewhere)")
        page.locator(".scrub").fill("20")
        page.wait_for_selector(".frame[data-picture='20']")
        page.wait_for_selector(".region.elsewhere")
        assert "0:00.8" in page.inner_text("#panel-room .note.warn")
        watched.close()


NEAR_FIRST = """() => {
    const real = window.fetch;
    window.held = [];
    window.fetch = (address, options) => {
        const asked = new URL(address, location.href);
        if (asked.pathname !== '/api/pictures/30.jpg') return real(address, options);
        if (asked.searchParams.get('near')) return real('/api/pictures/12.jpg?view=original&width=480', options);
        return new Promise((go) => { window.held.push(() => go(real(address, options))); });
    };
}"""
"""For picture 30 the page gets picture 12 at first, and itself when `held` is let go."""


def test_what_is_drawn_belongs_to_the_picture_on_screen(chromium: Any, film: Path, plan: Plan, own_data: None) -> None:
    """While the very picture is on its way, another one near it is shown, with its own boxes and its own time."""
    walking = [replace(t, boxes_xyxy=t.boxes_xyxy + (2 * t.frames[:, None]).astype(np.float32)) for t in plan.tracks]
    shelf.keep_plan(replace(plan, tracks=tuple(walking)))
    number = next(t.id for t in walking if t.confirmed)
    left = [left_px / 480 for left_px in next(t.boxes_xyxy[:, 0] for t in walking if t.id == number)]
    with offered(film) as review:
        watched = Watched(chromium)
        page = watched.open(review.server.address)
        page.evaluate(NEAR_FIRST)
        page.locator(".scrub").fill("30")
        page.wait_for_selector(".frame[data-picture='12']")
        until(page, "window.held.length === 1")
        assert "0:00.5" in page.get_attribute("canvas.picture", "aria-label")
        assert left_of(page, f".person[data-number='{number}'] .line") == pytest.approx(left[12], abs=0.01)
        page.evaluate("window.held.forEach((go) => go())")
        page.wait_for_selector(".frame[data-picture='30']")
        assert "0:01.2" in page.get_attribute("canvas.picture", "aria-label")
        assert left_of(page, f".person[data-number='{number}'] .line") == pytest.approx(left[30], abs=0.01)
        watched.close()
