"""What the page is told of itself: the state as it changes, words in its language, guidelines and their checklists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avg_video import language
from avg_video.review.server.presence import CLOSED_S, IDLE_S, UNOPENED_S, Presence
from avg_video.review.server.progress import Cancelled, Meter
from tests.review.server.browser import Browser, listening, reviewing


def test_the_state_is_told_at_once_and_whenever_it_changes(own: Path) -> None:
    with reviewing(own) as (review, browser):
        browser.ready()
        assert browser.cookie is not None
        with listening(review.port, browser.cookie) as line:
            held = b""

            def states() -> list[dict[str, object]]:
                parts = held.split(b"event: state\ndata: ")[1:]
                return [json.loads(part.split(b"\n\n")[0]) for part in parts if b"\n\n" in part]

            while not states():
                held += line.recv(65536)
            assert b"content-type: text/event-stream" in held.lower()
            first = states()[-1]["revision"]
            told = browser.edit({"do": "add", "table": "mute", "line": {"from": 0.1, "to": 0.2}})
            assert told["revision"] != first
            while states()[-1]["revision"] != told["revision"]:
                held += line.recv(65536)
                assert held.count(b": alive") < 3, "told by and by, but not at once"


def test_words_come_in_both_languages(own: Path) -> None:
    with reviewing(own) as (_, browser):
        browser.ready()
        try:
            english = browser.get("/api/texts")
            assert english["language"] == "en"
            assert browser.ask("POST", "/api/language", {"language": "nl"})[0] == 204
            dutch = browser.get("/api/texts")
            assert dutch["language"] == browser.get("/api/state")["language"] == "nl"
            assert dutch["texts"].keys() == english["texts"].keys()
            assert browser.ask("POST", "/api/language", {"language": "de"})[0] == 400
            assert browser.ask("POST", "/api/language", {"language": "../../etc"})[0] == 400
        finally:
            language.use("en")


def test_a_guideline_is_chosen_and_its_checklist_confirmed(own: Path) -> None:
    with reviewing(own) as (_, browser):
        profiles = browser.ready().get("/api/profiles")["profiles"]
        assert {"rug", "iclon"} <= {p["name"] for p in profiles}
        with_list = next(p for p in profiles if p["checklist"] and not p["needs_consent"])
        told = browser.edit({"do": "set", "key": "profile", "value": with_list["name"]})
        assert told["profile"]["name"] == with_list["name"]
        assert [c["confirmed"] for c in told["checklist"]] == [False] * len(with_list["checklist"])
        assert told["needs_look"]
        ids = [c["id"] for c in with_list["checklist"]]
        told = browser.edit({"do": "set", "key": "confirm", "value": ids})
        assert all(c["confirmed"] for c in told["checklist"])
        assert not told["needs_look"]
        back = browser.edit(
            {"do": "set", "key": "confirm", "value": None}, {"do": "set", "key": "profile", "value": None}
        )
        assert (back["profile"], back["checklist"], back["policy"]) == (None, [], {})


def test_who_needs_consent_stays_covered_without_it(own: Path) -> None:
    with reviewing(own) as (_, browser):
        profiles = browser.ready().get("/api/profiles")["profiles"]
        strict = next(p for p in profiles if p["needs_consent"])
        number = next(c["number"] for c in browser.get("/api/people")["people"] if c["confirmed"])
        told = browser.edit(
            {"do": "set", "key": "profile", "value": strict["name"]},
            {"do": "mark", "number": number, "as": "shown", "who": "pupil", "pupil": "L07"},
        )
        person = next(p for p in told["people"] if p["number"] == number)
        assert (person["state"], person["reason"], person["marked"]) == ("covered", "consent-missing", "shown")
        assert told["needs_look"]


@pytest.mark.parametrize(
    ("page", "ready", "after", "why"),
    [
        ("none", False, UNOPENED_S + 1, None),
        ("none", True, UNOPENED_S - 1, None),
        ("none", True, UNOPENED_S + 1, "closed"),
        ("open", True, IDLE_S - 1, None),
        ("open", True, IDLE_S + 1, "idle"),
        ("open", False, IDLE_S + 1, None),
        ("closed", True, CLOSED_S - 1, None),
        ("closed", True, CLOSED_S + 1, "closed"),
        ("closed", False, CLOSED_S + 1, "closed"),
        ("one of two closed", True, CLOSED_S + 1, None),
    ],
)
def test_it_ends_when_nobody_is_there(page: str, ready: bool, after: float, why: str | None) -> None:
    now = [1000.0]
    presence = Presence(lambda: now[0])
    if page != "none":
        presence.opened()
    if page == "one of two closed":
        presence.opened()
    if "closed" in page:
        presence.closed()
    now[0] += after
    assert presence.over(ready=ready) == why
    presence.refresh()
    assert presence.over(ready=ready) is None


class Heard:
    def __init__(self) -> None:
        self.said: list[object] = []

    def stage(self, name: str, total_s: float | None) -> None:
        self.said.append((name, total_s))

    def at(self, second: float, pictures: int) -> None:
        self.said.append((second, pictures))

    def warn(self, text: str) -> None:
        self.said.append(text)


def test_progress_reaches_terminal_and_page_and_can_be_stopped() -> None:
    heard, told = Heard(), []
    meter = Meter(heard, lambda: told.append(1))
    meter.stage("making", 10.0)
    meter.at(2.5, 60)
    meter.warn("mind")
    assert heard.said == [("making", 10.0), (2.5, 60), "mind"]
    assert meter.view()["share"] == 0.25
    assert meter.warnings == ["mind"]
    assert told
    meter.stage("checking", None)
    assert meter.view()["share"] is None
    meter.cancel()
    with pytest.raises(Cancelled):
        meter.at(3.0, 70)


def test_the_page_is_given_out_and_nothing_else_of_the_package(browser: Browser) -> None:
    status, data = browser.ask("GET", "/")
    assert status == 200
    assert browser.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<script" in data
    assert b"http://" not in data.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"https://" not in data
    for name in ("routes.py", "server/routes.py", "page.css", "page.py", "__init__.py"):
        assert browser.ask("GET", f"/page/{name}")[0] == 404
