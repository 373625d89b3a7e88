"""From a recording to a copy as a teacher goes, in a real browser; then the copy itself is measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avg_video.policy.document import load_policy
from avg_video.record.store import read_record
from benchmarks.measure import leaked, lumas
from tests.review.browser.asking import choices
from tests.review.browser.conftest import Watched
from tests.support.clips import write_clip
from tests.support.waiting import PATIENCE_S

SAMPLE = Path(__file__).parents[3] / "sample_media"
CUT = range(26, 56)
"""Pictures of the sample in which the teacher comes in and walks to the middle."""
REGION = (0.02, 0.3, 0.36, 0.98)
AGREED = ("back-left", "third-left", "second-left")
OBJECTOR = "front-left"
OTHERS = ("back-middle", "back-right", "third-middle", "second-middle", "turns-away", "front-right")
BOARD = (0.335, 0.135, 0.62, 0.37)

Box = tuple[float, float, float, float]


class Lesson:
    """The clip and where everybody truly is in it, px."""

    def __init__(self, path: Path) -> None:
        self.path = path
        truth = json.loads((SAMPLE / "klas.json").read_text())
        self.size_wh: tuple[int, int] = tuple(truth["size"])
        self.people: dict[str, list[Box | None]] = {
            who: boxes[CUT.start : CUT.stop] for who, boxes in truth["people"].items()
        }

    def middle(self, who: str, index: int) -> tuple[float, float]:
        """Where that face is, in fractions of the picture."""
        box = self.people[who][index]
        assert box is not None
        return (box[0] + box[2]) / 2 / self.size_wh[0], (box[1] + box[3]) / 2 / self.size_wh[1]


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    with av.open(str(SAMPLE / "klas.mp4")) as box:
        pictures = [f.to_ndarray(format="rgb24") for i, f in enumerate(box.decode(video=0)) if i in CUT]
    return Lesson(write_clip(tmp_path / "les.mp4", pictures, tone_s=len(CUT) / 25))


@pytest.fixture
def command(lesson: Lesson, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`avg-blur review`, and the address that it prints."""
    environment = {
        **os.environ,
        "AVG_BLUR_DATA": str(tmp_path / "data"),
        "AVG_BLUR_LANG": "en",
        "PYTHONUNBUFFERED": "1",
    }
    line = [sys.executable, "-m", "avg_video", "review", "--no-open", "--preset", "ultrafast", str(lesson.path)]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(m[0] for said in process.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+/start\S+", said)))
        yield process, address
        process.terminate()


class Hand:
    """Somebody with a mouse who counts what they do."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.clicks = 0

    def press(self, what: str) -> None:
        self.clicks += 1
        self.page.click(what)

    def at(self, x: float, y: float) -> tuple[float, float]:
        frame = self.page.locator(".frame").bounding_box()
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    def touch(self, x: float, y: float) -> None:
        self.clicks += 1
        self.page.mouse.click(*self.at(x, y))

    def drag(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.clicks += 1
        self.page.mouse.move(*self.at(x1, y1))
        self.page.mouse.down()
        self.page.mouse.move(*self.at((x1 + x2) / 2, (y1 + y2) / 2))
        self.page.mouse.move(*self.at(x2, y2))
        self.page.mouse.up()

    def seek(self, index: int) -> None:
        self.clicks += 1
        self.page.locator(".scrub").fill(str(index))
        self.page.wait_for_selector(f".frame[data-picture='{index}']")


@pytest.mark.slow
def test_the_way_of_a_teacher(chromium: Any, lesson: Lesson, command: tuple[subprocess.Popen[str], str]) -> None:
    process, address = command
    watched = Watched(chromium)
    page = watched.open(address)
    hand = Hand(page)

    # Somebody in front objected.
    hand.touch(*lesson.middle(OBJECTOR, 0))
    hand.press(".popover .mark-objected")
    card = page.wait_for_selector(".card.selected[data-state='objected']")
    assert choices(page)["policy"]["objected"] == [{"number": int(card.get_attribute("data-number"))}]

    # On the left everybody agreed.
    hand.press("[role=tab][data-view=room]")
    hand.press("text=Draw a part of the room")
    hand.drag(*REGION)
    page.wait_for_selector("#panel-room .line")

    # The page is loaded again while a second part is half drawn; nothing is lost.
    page.click("text=Draw a part of the room")
    for corner in ((0.5, 0.7), (0.6, 0.7)):
        page.mouse.click(*hand.at(*corner))
    before = choices(page)
    page.reload()
    watched.stands()
    page.wait_for_selector(".layer-tool .dot >> nth=1", state="attached")
    assert choices(page)["policy"] == before["policy"]
    page.keyboard.press("Escape")
    page.wait_for_selector(".layer-tool .dot", state="detached")

    # The teacher is to be seen; it may take more than one number.
    hand.press("[role=tab][data-view=people]")
    for index in (14, 29):
        hand.seek(index)
        hand.touch(*lesson.middle("teacher", index))
        if page.get_attribute(".popover .mark-shown", "aria-pressed") == "false":
            hand.press(".popover .mark-shown")
            page.wait_for_selector(".popover .mark-shown[aria-pressed=true]")
        page.keyboard.press("Escape")

    # The board is covered.
    hand.press("[role=tab][data-view=hand]")
    hand.press("text=Draw a box")
    hand.drag(*BOARD)
    page.wait_for_selector("#panel-hand .line")
    page.locator("#panel-hand .line select >> nth=0").select_option("board")

    # The copy; the page is loaded again while it is made.
    hand.press("text=Make the copy")
    hand.press("#panel-make .big")
    page.wait_for_selector("#panel-make progress, .made")
    page.reload()
    watched.stands()
    page.wait_for_selector(".made")
    assert "les.avg.mp4" in page.inner_text(".made")
    decided = choices(page)
    page.click(".made >> text=Finish")
    page.wait_for_selector(".over")
    watched.close()
    assert process.wait(PATIENCE_S) == 0
    assert hand.clicks <= 20, hand.clicks

    _measure(lesson, decided)


def _measure(lesson: Lesson, decided: dict[str, Any]) -> None:
    """What the copy itself shows, by the true boxes."""
    copy = lesson.path.with_name("les.avg.mp4")
    pairs = list(zip(lumas(lesson.path), lumas(copy), strict=True))
    assert len(pairs) == len(CUT)

    def seen(who: str) -> list[bool]:
        boxes = zip(pairs, lesson.people[who], strict=True)
        found = [leaked(a, b, box) for (a, b), box in boxes if box is not None]
        return [leak for leak in found if leak is not None]

    assert len(seen(OBJECTOR)) == len(CUT)
    assert not any(seen(OBJECTOR)), "covered from the first picture to the last"
    for who in OTHERS:
        assert not any(seen(who)), f"{who} sits outside the part where everybody agreed"
    for who in AGREED:
        assert np.mean(seen(who)) > 0.9, f"{who} sits inside it"
    assert np.mean(seen("teacher")) > 0.8, "but for where another face is too near"

    w, h = lesson.size_wh
    x1, y1, x2, y2 = (round(v * side) for v, side in zip(BOARD, (w, h, w, h), strict=True))
    for a, b in pairs:
        inside = a[y1 + 6 : y2 - 60, x1 + 6 : x2 - 6].astype(float), b[y1 + 6 : y2 - 60, x1 + 6 : x2 - 6].astype(float)
        assert inside[1].std() < 0.35 * inside[0].std(), "nothing can be read on the board"

    record = read_record(copy.with_suffix(".json"))
    assert (record.covered, record.shown) == (decided["summary"]["covered"], decided["summary"]["shown"])
    policy = load_policy(lesson.path.with_name("les.avg.toml"))
    assert [cover.what for cover in policy.cover] == ["board"]
    assert {show.who for show in policy.show} == {"teacher"}
    assert len(policy.consent_region) == 1
    assert len(policy.objected) == 1
