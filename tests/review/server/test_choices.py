"""What is chosen on the page comes to the same as on the command line, survives, and can be taken back."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from avg_video.errors import PolicyError, UsageError
from avg_video.pipeline import anonymise
from avg_video.policy.decide import decide
from avg_video.policy.document import load_policy, policy_of
from avg_video.policy.people import bind, numbers_of
from avg_video.policy.plan import Plan
from avg_video.policy.writing import policy_table
from avg_video.record.store import read_record
from avg_video.review import shelf
from avg_video.review.places import find_plan_of, shelf_path
from tests.cli.helpers import avg_blur
from tests.review.server.browser import FAST, Browser, held_at_making, reviewing
from tests.support.waiting import PATIENCE_S

AS_ON_THE_PAGE = ("--preset", "ultrafast", "--detector", "centerface", "--threads", "2", "--no-log")
REGION = {"polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
COVER = {"box": [0.4, 0.1, 0.6, 0.2], "from": 0.2, "to": 1.0}


def sure(plan: Plan) -> list[int]:
    return [track.id for track in plan.tracks if track.confirmed]


def mark(number: int, state: str, **more: str) -> dict[str, Any]:
    return {"do": "mark", "number": number, "as": state, **more}


def test_the_page_decides_as_the_command_line(own: Path, plan: Plan) -> None:
    one, other = sure(plan)[:2]
    steps: list[list[dict[str, Any]]] = [
        [mark(one, "shown", who="teacher"), mark(other, "objected", pupil="L07")],
        [{"do": "add", "table": "consent_region", "line": REGION}],
        [{"do": "add", "table": "cover", "line": COVER}],
        [{"do": "split", "number": one, "at": 0.8}],
        [{"do": "same", "numbers": [one, other]}],
        [mark(other, "none")],
        [{"do": "apart", "number": other}],
        [{"do": "add", "table": "objected", "line": {"at": {"t": 0.5, "x": 0.01, "y": 0.99}}}],
        [{"do": "change", "table": "cover", "index": 0, "line": {**COVER, "follow": "camera"}}],
        [{"do": "remove", "table": "objected", "index": 0}],
        [{"do": "unsplit", "number": max(t.id for t in plan.tracks) + 1}],
    ]
    with reviewing(own) as (_, browser):
        browser.ready()
        for edits in steps:
            told = browser.edit(*edits)
            policy = policy_of(told["policy"])
            found = bind(plan, policy)
            verdicts = decide(found.tracks, found.timeline, found.motion, policy)
            assert [(p["number"], p["verdict"], p["reason"], p["rule"]) for p in told["people"]] == [
                (d.track_id, d.verdict, str(d.reason), d.rule) for d in verdicts.decisions
            ], edits
            assert told["warnings"] == list(verdicts.warnings)
            assert told["needs_look"] == verdicts.needs_look
            shown = [p for p in told["people"] if p["state"] == "shown"]
            assert told["summary"]["shown"] == len(shown)
            assert told["summary"]["covered"] == len(told["people"]) - len(shown)
            assert all(p["why"] for p in told["people"])


def test_the_saved_policy_gives_the_same_copy_on_the_command_line(own: Path, plan: Plan) -> None:
    one, other = sure(plan)[:2]
    with reviewing(own) as (_, browser):
        browser.ready()
        browser.edit(mark(one, "shown", who="teacher"), mark(other, "objected"))
        told = browser.edit(
            {"do": "add", "table": "cover", "line": {**COVER, "follow": "content"}},
            {"do": "split", "number": one, "at": 0.8},
            {"do": "set", "key": "audio", "value": "keep"},
            {"do": "add", "table": "mute", "line": {"from": 0.3, "to": 0.6}},
        )
        state = browser.post("/api/make", {"revision": told["revision"]}, 202)
        assert state["make"]["stage"] in ("waiting", "making")
        result = browser.made()["result"]
        assert result["exit_code"] == 0
        assert result["text"] == [f"Made {own.stem}.avg.mp4"]
        assert result["shown"] == 1
        assert browser.get("/api/choices")["saved"]
    copy = own.with_name(f"{own.stem}.avg.mp4")
    assert (result["output"], result["folder"]) == (copy.name, str(own.parent))
    first = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert read_record(copy.with_suffix(".json")).output.sha256 == first
    # With the plan that was kept, and with people looked for anew.
    for again in ("kept.mp4", "anew.mp4"):
        if again == "anew.mp4":
            shelf_path(plan.source_sha256, ".avgplan").unlink()
        done = avg_blur(
            own,
            "-o",
            own.with_name(again),
            "--preset",
            "ultrafast",
            "--detector",
            "centerface",
            "--threads",
            "2",
            "--no-log",
        )
        assert done.exit_code == 0, done.stderr
        assert hashlib.sha256(own.with_name(again).read_bytes()).hexdigest() == first, again


def test_numbers_find_their_plan_and_no_other(own: Path, plan: Plan) -> None:
    assert find_plan_of(numbers_of(plan)) is not None
    other = numbers_of(plan).model_copy(update={"people": "0" * 64})
    assert find_plan_of(other) is None
    policy = policy_of({"numbers": other.model_dump(), "objected": [{"number": 1}]})
    with pytest.raises(PolicyError, match="belong to another search"):
        anonymise(own, own.with_name("out.mp4"), settings=FAST, policy=policy, plan=plan)
    elsewhere = policy_of({"numbers": {"recording": "0" * 64, "people": "0" * 64}, "objected": [{"number": 1}]})
    with pytest.raises(PolicyError, match="belong to another recording"):
        anonymise(own, own.with_name("out.mp4"), settings=FAST, policy=elsewhere)
    assert not own.with_name("out.mp4").exists()


def test_steps_can_be_taken_back_and_made_again(own: Path, plan: Plan) -> None:
    number = sure(plan)[0]
    with reviewing(own) as (_, browser):
        first = browser.ready().get("/api/choices")
        assert (first["can_undo"], first["can_redo"]) == (False, False)
        assert browser.post("/api/undo", {"revision": first["revision"]}, 409)["error"]["code"] == "nothing-to-undo"
        second = browser.edit(mark(number, "shown"))
        back = browser.post("/api/undo", {"revision": second["revision"]})
        assert back["policy"] == first["policy"]
        assert (back["can_undo"], back["can_redo"]) == (False, True)
        again = browser.post("/api/redo", {"revision": back["revision"]})
        assert again["policy"] == second["policy"]
        # A page that is loaded again has all of it.
        assert browser.get("/api/choices") == again
        browser.post("/api/undo", {"revision": again["revision"]})
        other = browser.edit(mark(number, "objected"))
        assert not other["can_redo"]


def test_two_windows_don_t_write_over_each_other(own: Path, plan: Plan) -> None:
    number = sure(plan)[0]
    with reviewing(own) as (_, browser):
        old = browser.ready().get("/api/choices")["revision"]
        told = browser.edit(mark(number, "objected"))
        body = {"revision": old, "edits": [mark(number, "shown")]}
        refused = browser.post("/api/edits", body, 409)
        assert refused["error"]["code"] == "stale"
        assert refused["choices"] == told


@pytest.mark.parametrize(
    "edit",
    [
        mark(999, "shown"),
        mark(1, "objected", pupil="Jan"),
        mark(1, "shown", who="Jan de Vries"),
        {"do": "split", "number": 1, "at": 99.0},
        {"do": "unsplit", "number": 5},
        {"do": "same", "numbers": [1, 999]},
        {"do": "add", "table": "cover", "line": {"box": [0, 0, 2, 2]}},
        {"do": "add", "table": "consent_region", "line": {"polygon": [[0, 0], [1, 1]]}},
        {"do": "add", "table": "consent_region", "line": {"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}},
        {"do": "add", "table": "objected", "line": {"number": 1, "name": "Jan"}},
        {"do": "add", "table": "mute", "line": {"from": 2, "to": 1}},
        {"do": "change", "table": "cover", "index": 0, "line": COVER},
        {"do": "remove", "table": "show", "index": 0},
        {"do": "set", "key": "profile", "value": "no-such-guideline"},
        {"do": "set", "key": "audio", "value": "loud"},
    ],
    ids=lambda edit: f"{edit['do']} {edit.get('table', edit.get('key', edit.get('number', '')))}",
)
def test_what_makes_no_policy_changes_nothing_and_says_why(browser: Browser, edit: dict[str, Any]) -> None:
    before = browser.get("/api/choices")
    refused = browser.edit(edit, status=422)["error"]
    assert refused["code"] == "policy"
    assert refused["text"]
    assert refused["remedy"]
    assert "Jan" not in json.dumps(refused)
    assert browser.get("/api/choices") == before


def test_choices_survive_the_end_privately_and_without_names(own: Path, plan: Plan) -> None:
    number = sure(plan)[0]
    with reviewing(own) as (review, browser):
        told = browser.ready() and browser.edit(mark(number, "objected", pupil="L07"))
        review.session.end("closed")
        review.ended()
    kept = [path for path in shelf_path(plan.source_sha256, "").parent.iterdir() if path.is_file()]
    assert {path.suffix for path in kept} == {".avgplan", ".json", ".open"}
    for path in kept:
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert own.stem.encode() not in path.read_bytes()
        assert b"\xff\xd8\xff" not in path.read_bytes(), "a picture"
        assert own.stem not in path.name
    assert not own.with_name(f"{own.stem}.avg.toml").exists()
    with reviewing(own) as (_, again):
        back = again.ready().get("/api/choices")
        assert back["policy"] == told["policy"]
        assert (back["origin"], back["saved"]) == ("draft", False)
        saved = again.post("/api/save", {"revision": back["revision"]})
        assert saved["saved"]
    assert shelf.read_draft(plan.source_sha256) is None
    assert policy_table(load_policy(own.with_name(f"{own.stem}.avg.toml"))) == told["policy"]
    with reviewing(own) as (_, third):
        back = third.ready().get("/api/choices")
        assert (back["origin"], back["saved"], back["policy"]) == ("file", True, told["policy"])


def test_a_draft_of_another_policy_file_is_not_taken_up(own: Path, plan: Plan) -> None:
    shelf.write_draft(plan.source_sha256, shelf.Draft(policy_of({"audio": "keep"}), "0" * 64))
    own.with_name(f"{own.stem}.avg.toml").write_text('purpose = "test"\n')
    with reviewing(own) as (_, browser):
        told = browser.ready().get("/api/choices")
        assert (told["origin"], told["policy"]) == ("file", {"purpose": "test"})


def test_a_policy_that_was_changed_outside_is_not_written_over(own: Path, plan: Plan) -> None:
    beside = own.with_name(f"{own.stem}.avg.toml")
    with reviewing(own) as (_, browser):
        told = browser.ready() and browser.edit(mark(sure(plan)[0], "objected"))
        beside.write_text('purpose = "test"\n')
        body = {"revision": told["revision"]}
        assert browser.post("/api/save", body, 409)["error"]["code"] == "changed-outside"
        assert browser.post("/api/make", body, 409)["error"]["code"] == "changed-outside"
        assert beside.read_text() == 'purpose = "test"\n'
        assert browser.post("/api/save", body | {"force": True})["saved"]
        assert policy_table(load_policy(beside)) == told["policy"]


def test_a_policy_beside_it_that_is_wrong_is_told_before_anything_is_looked_at(own: Path) -> None:
    own.with_name(f"{own.stem}.avg.toml").write_text("porpose = 1\n")
    done = avg_blur("review", own, "--no-open")
    assert done.exit_code == 2
    assert "unknown key porpose" in done.stderr


def test_numbers_of_another_search_are_refused_at_once(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avg_video.review.server.presence.OPENING_S", 0.0)  # no browser is awaited here
    hashes = f'recording = "{hashlib.sha256(own.read_bytes()).hexdigest()}"\npeople = "{"0" * 64}"'
    own.with_name(f"{own.stem}.avg.toml").write_text(f"[[objected]]\nnumber = 1\n[numbers]\n{hashes}\n")
    done = avg_blur("review", own, "--no-open", "--detector", "centerface")
    assert done.exit_code == 2
    assert "belong to another search of this recording" in done.stderr


def test_a_second_start_says_where_the_first_one_is(own: Path) -> None:
    with reviewing(own) as (review, browser):
        browser.ready()
        done = avg_blur("review", own, "--no-open", "--detector", "centerface")
        assert done.exit_code == 2
        assert f"it is open for review already, at {review.server.place}" in done.stderr
        assert "token" not in done.stderr
        assert browser.get("/api/state")["ended"] is None
        with pytest.raises(UsageError), shelf.alone(review.session.sha256, "http://x", own):
            pass


def test_a_copy_that_is_there_is_replaced_only_when_asked(own: Path) -> None:
    copy = own.with_name(f"{own.stem}.avg.mp4")
    copy.write_bytes(b"older")
    with held_at_making() as hold, reviewing(own) as (_, browser):
        revision = browser.ready().get("/api/choices")["revision"]
        assert browser.post("/api/make", {"revision": revision}, 409)["error"]["code"] == "exists"
        assert copy.read_bytes() == b"older"
        browser.post("/api/make", {"revision": revision, "overwrite": True}, 202)
        assert browser.post("/api/make", {"revision": revision, "overwrite": True}, 409)["error"]["code"] == "busy"
        hold.go_on.set()
        assert browser.made()["stage"] == "done"
    assert copy.stat().st_size > 1000


def test_making_can_be_stopped_and_leaves_nothing(own: Path) -> None:
    with held_at_making() as hold, reviewing(own) as (_, browser):
        revision = browser.ready().get("/api/choices")["revision"]
        browser.post("/api/make", {"revision": revision}, 202)
        assert hold.reached.wait(PATIENCE_S)
        browser.post("/api/make/cancel", {}, 202)
        hold.go_on.set()
        make = browser.made()
        assert (make["stage"], make["result"], make["error"]) == ("cancelled", None, None)
        assert {p.name for p in own.parent.iterdir()} == {own.name, f"{own.stem}.avg.toml"}
        browser.post("/api/make", {"revision": revision}, 202)
        assert browser.made()["stage"] == "done"


def test_what_goes_wrong_is_told_and_the_review_goes_on(own: Path) -> None:
    with reviewing(own) as (_, browser):
        revision = browser.ready().get("/api/choices")["revision"]
        own.write_bytes(own.read_bytes() + b"\0")
        browser.post("/api/make", {"revision": revision}, 202)
        make = browser.made()
        assert make["stage"] == "failed"
        assert make["error"]["text"] == "the plan belongs to another recording"
        assert browser.get("/api/choices")["revision"] == revision
