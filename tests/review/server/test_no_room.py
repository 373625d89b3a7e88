"""Where nothing can be written the choosing goes on, and nobody is told that something was kept which was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avg_video.errors import OutputError
from avg_video.policy.plan import Plan
from avg_video.review import shelf
from avg_video.review.places import shelf_path
from avg_video.review.server import session
from tests.review.server.browser import reviewing


class Disk:
    """Says that it is full, for as long as it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
        self.full, self._write = True, getattr(shelf, what)
        monkeypatch.setattr(shelf, what, self._written)

    def _written(self, *args: Any) -> None:
        if self.full:
            raise OutputError("there is no room left on the disk", remedy="free some space", file=Path("x"))
        self._write(*args)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices are kept as soon as the session comes to it."""
    monkeypatch.setattr(session, "DRAFT_EVERY_S", 0.0)
    monkeypatch.setattr(session, "DRAFT_AGAIN_S", 0.0)


def test_choices_that_cant_be_kept_are_told_and_kept_once_they_can(
    own: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, "write_draft")
    one = plan.tracks[0].id
    with reviewing(own) as (review, browser):
        browser.ready().edit({"do": "mark", "number": one, "as": "objected"})
        told = browser.until(lambda state: state["unkept"] is not None)
        assert told["phase"] == "ready", "it goes on"
        assert "no room left" in told["unkept"]["text"]
        assert not shelf_path(plan.source_sha256, ".draft.json").exists()
        disk.full = False
        browser.until(lambda state: state["unkept"] is None)
        assert shelf_path(plan.source_sha256, ".draft.json").exists()
        disk.full = True
        browser.edit({"do": "mark", "number": one, "as": "none"})
        browser.until(lambda state: state["unkept"] is not None)
        browser.post("/api/save", {"revision": browser.get("/api/choices")["revision"]})
        assert browser.get("/api/state")["unkept"] is None, "they are beside the recording now"
    assert review.error is None


def test_a_review_that_ends_so_tells_page_and_terminal(own: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    Disk(monkeypatch, "write_draft")
    with reviewing(own) as (review, browser):
        browser.ready().edit({"do": "mark", "number": plan.tracks[0].id, "as": "objected"})
        review.session.end("closed")
        assert not review.session.kept
    assert isinstance(review.error, OutputError)
    assert "what you chose can't be kept" in review.error.what


def test_who_was_found_need_not_be_kept(own: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of minutes is not thrown away for that."""
    shelf_path(plan.source_sha256, ".avgplan").unlink()
    Disk(monkeypatch, "keep_plan")
    with reviewing(own) as (review, browser):
        state = browser.until(lambda state: state["phase"] != "looking")
        assert state["phase"] == "ready"
        assert [person["number"] for person in browser.get("/api/people")["people"]] == [t.id for t in plan.tracks]
    assert review.error is None
