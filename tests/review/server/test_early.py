"""Who objected can be said before it is known who is who, and nothing of that is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.media.picture import Picture
from avg_video.policy.plan import Plan
from avg_video.review.places import shelf_path
from avg_video.review.server.early import Early
from avg_video.review.server.session import Session
from tests.review.server.browser import Browser, held_at_faces, reviewing


def middle(box: list[float]) -> float:
    return (box[0] + box[2]) / 2


def object_to(browser: Browser, face: int, *, objected: bool = True) -> dict[int, bool]:
    told = browser.post("/api/early/objected", {"face": face, "objected": objected})
    return {each["id"]: each["objected"] for each in told["faces"]}


@pytest.fixture
def new(own: Path, plan: Plan) -> Path:
    """Nobody has looked at it yet."""
    shelf_path(plan.source_sha256, ".avgplan").unlink()
    return own


def test_who_is_clicked_while_it_is_looked_at_has_objected(new: Path, plan: Plan) -> None:
    with held_at_faces(2) as hold, reviewing(new) as (_, browser):
        browser.until(lambda state: (state["looking"] or {}).get("faces") == 2)
        before = browser.get("/api/state")["early_revision"]
        assert object_to(browser, 1) == {1: True, 2: False}
        assert object_to(browser, 2)[2]
        assert not object_to(browser, 2, objected=False)[2]
        assert browser.get("/api/state")["early_revision"] > before, "other windows hear of it"
        faces = browser.get("/api/early")["faces"]
        where = next(middle(face["box"]) for face in faces if face["id"] == 1)
        for wrong in ({"face": 1}, {"face": 1, "objected": 1}, {"face": "1", "objected": True}, {}):
            browser.post("/api/early/objected", wrong, 400)
        browser.post("/api/early/objected", {"face": 3, "objected": True}, 404)
        hold.go_on.set()
        choices = browser.ready().get("/api/choices")
        (line,) = choices["policy"]["objected"]
        track = next(t for t in plan.tracks if t.id == line["number"])
        assert middle(track.boxes_xyxy[0].tolist()) / 480 == pytest.approx(where, abs=0.03)
        assert {p["number"] for p in choices["people"] if p["state"] == "objected"} == {line["number"]}
        assert choices["can_undo"]
        assert not choices["saved"]
        browser.post("/api/early/objected", {"face": 1, "objected": True}, 409)
        draft = shelf_path(plan.source_sha256, ".draft.json")
        browser.until(lambda state: draft.exists())


def test_that_it_is_lost_is_told_where_the_review_ends_before(new: Path) -> None:
    with held_at_faces(2) as hold, reviewing(new) as (review, browser):
        browser.until(lambda state: (state["looking"] or {}).get("faces") == 2)
        session: Session = review.session
        kept = [session.kept]
        object_to(browser, 1)
        session.end("asked")
        assert [*kept, session.kept] == [True, False]
        hold.go_on.set()
        assert review.ended() == "asked"


def test_a_face_that_nobody_has_a_number_for_objects_by_its_place() -> None:
    early = Early(0.5)
    picture = Picture(7, 7, np.full((150, 100), 128, np.uint8))
    boxes = Boxes(np.array([(10, 20, 30, 40), (60, 10, 80, 30)], np.float32), np.full(2, 0.9, np.float32))
    early.met(picture, 0.28, boxes)
    assert early.edits([]) == []
    early.object(1, objected=True)
    assert early.edits([]) == [{"do": "add", "table": "objected", "line": {"at": {"t": 0.28, "x": 0.2, "y": 0.3}}}]
    with pytest.raises(IndexError):
        early.object(3, objected=True)
