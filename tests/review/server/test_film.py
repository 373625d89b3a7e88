"""What the page sees of the recording: the right pictures, painted as the copy, within bounded memory."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from avg_video.detect.boxes import Boxes
from avg_video.errors import InputError
from avg_video.media.picture import Picture
from avg_video.media.reader import VideoReader
from avg_video.policy.covers import cover_tracks
from avg_video.policy.decide import decide
from avg_video.policy.document import policy_of
from avg_video.policy.people import bind
from avg_video.policy.plan import Plan
from avg_video.redact.paint import Style, paint_picture
from avg_video.redact.script import Script
from avg_video.review.places import shelf_path
from avg_video.review.server.early import Early
from avg_video.review.server.pictures import Bounded, Film, Unwanted
from avg_video.review.strips import crop, jpeg
from tests.review.server.browser import FAST, Browser, held_at_faces, reviewing


def decoded(data: bytes) -> np.ndarray:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def as_sent(picture: Picture) -> np.ndarray:
    """The picture after a way through JPEG."""
    return decoded(jpeg(picture.bgr()))


def pictures(path: Path) -> list[Picture]:
    with VideoReader(path) as reader:
        return list(reader)


def test_the_film_is_described(browser: Browser, plan: Plan) -> None:
    film = browser.get("/api/film")
    assert (film["pictures"], film["width"], film["height"]) == (len(plan.timeline), 480, 270)
    assert film["has_sound"]
    status, data = browser.ask("GET", "/api/film/times")
    assert status == 200
    np.testing.assert_array_equal(np.frombuffer(data, "<f8"), plan.timeline.seconds)


@pytest.mark.parametrize("index", [0, 39, 7])
def test_pictures_are_those_of_the_recording(browser: Browser, film: Path, index: int) -> None:
    status, data = browser.ask("GET", f"/api/pictures/{index}.jpg?width=1920")
    assert (status, browser.headers["content-type"], browser.headers["x-picture"]) == (200, "image/jpeg", str(index))
    assert apart(decoded(data), as_sent(pictures(film)[index])) < 0.5
    small = decoded(browser.ask("GET", f"/api/pictures/{index}.jpg?width=160")[1])
    assert small.shape == (90, 160, 3)


def test_there_is_no_picture_behind_the_last(browser: Browser, plan: Plan) -> None:
    assert browser.ask("GET", f"/api/pictures/{len(plan.timeline)}.jpg")[0] == 404


def test_the_result_is_painted_as_the_copy_will_be(own: Path, plan: Plan) -> None:
    one = next(t.id for t in plan.tracks if t.confirmed)
    with reviewing(own) as (review, browser):
        browser.ready()
        told = browser.edit(
            {"do": "mark", "number": one, "as": "shown"},
            {"do": "add", "table": "cover", "line": {"box": [0.45, 0.1, 0.55, 0.3], "from": 0.4, "to": 1.0}},
        )
        policy = policy_of(told["policy"])
        found = bind(plan, policy)
        verdicts = decide(found.tracks, found.timeline, found.motion, policy)
        drawn = cover_tracks(verdicts.covers, 1000)
        shows = {d.track_id: d.covered_frames for d in verdicts.decisions if d.reason.shows}
        script = Script((*found.tracks, *drawn), shows)
        judged = review.session.judged()
        for picture in pictures(own):
            covered, _ = script.at(picture.index)
            np.testing.assert_array_equal(judged.boxes_at(picture.index), covered)
            if picture.index in (0, 12, 39):
                paint_picture(picture, covered, Style.FILL)
                _, data = browser.ask("GET", f"/api/pictures/{picture.index}.jpg?view=result&width=1920")
                assert apart(decoded(data), as_sent(picture)) < 0.5
                _, data = browser.ask("GET", f"/api/pictures/{picture.index}.jpg?width=1920")
                assert apart(decoded(data), as_sent(picture)) > 1, "the original is not painted into"


def test_everybody_is_where_the_plan_says(browser: Browser, plan: Plan) -> None:
    boxes = browser.get("/api/boxes?first=5&count=10")
    assert {p["number"] for p in boxes["people"]} == {t.id for t in plan.tracks if t.first <= 14 and t.last >= 5}
    for person in boxes["people"]:
        track = next(t for t in plan.tracks if t.id == person["number"])
        found = np.array(person["boxes"]).reshape(-1, 4) / 10_000 * [480, 270, 480, 270]
        low = person["first"] - track.first
        np.testing.assert_allclose(found, track.boxes_xyxy[low : low + len(found)], atol=0.05)
        assert len(person["evidence"]) == len(found)
    assert browser.ask("GET", "/api/boxes?first=0&count=501")[0] == 400
    assert browser.ask("GET", "/api/boxes?first=40&count=1")[0] == 400


def test_every_card_has_its_strip(browser: Browser, film: Path, plan: Plan) -> None:
    shown = pictures(film)
    cards = browser.get("/api/people")["people"]
    assert [card["number"] for card in cards] == [track.id for track in plan.tracks]
    for card, track in zip(cards, plan.tracks, strict=True):
        for k, moment in enumerate(card["moments"]):
            status, data = browser.ask("GET", f"/api/faces/{card['number']}/{k}.jpg")
            assert status == 200
            at = moment["picture"]
            want = crop(shown[at], track.boxes_xyxy[at - track.first], 1.0)
            assert apart(decoded(data), decoded(want)) < 2


def test_places_to_look_at_come_in_order(browser: Browser) -> None:
    places = browser.get("/api/uncertain")["places"]
    assert [p["picture"] for p in places] == sorted(p["picture"] for p in places)
    assert all(p["text"] and p["kind"] in ("gap", "weak", "carried", "overlap", "lost", "find", "cut") for p in places)


def test_sound_can_be_seen_and_heard(browser: Browser) -> None:
    browser.until(lambda state: state["sound"] == "ready")
    peaks = browser.get("/api/sound/peaks")
    assert peaks["per_second"] == 20
    assert 30 <= len(peaks["peaks"]) <= 33
    assert 60 < np.median(peaks["peaks"]) < 90  # a tone of 0.3 of full scale
    status, data = browser.ask("GET", "/api/sound/clip.wav?from=0.5&seconds=0.5")
    assert status == 200
    with wave.open(io.BytesIO(data)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 16000)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32767
    assert abs(len(samples) - 8000) < 10
    assert 0.25 < np.abs(samples).max() < 0.36
    assert np.argmax(np.abs(np.fft.rfft(samples))) * 16000 / len(samples) == pytest.approx(440, abs=3)
    assert browser.ask("GET", "/api/sound/clip.wav?from=-1")[0] == 400
    assert browser.ask("GET", "/api/sound/clip.wav?from=nan")[0] == 400


def test_muted_sound_is_heard_as_it_will_be(own: Path) -> None:
    with reviewing(own) as (_, browser):
        browser.ready().edit({"do": "add", "table": "mute", "line": {"from": 0.5, "to": 0.8}})
        loud = {}
        for muted in (0, 1):
            _, data = browser.ask("GET", f"/api/sound/clip.wav?from=0.55&seconds=0.2&muted={muted}")
            with wave.open(io.BytesIO(data)) as sound:
                loud[muted] = np.abs(np.frombuffer(sound.readframes(10_000), "<i2")).max()
        assert loud[0] > 5000
        assert loud[1] == 0


def test_the_first_faces_are_there_while_it_is_looked_at(own: Path, plan: Plan) -> None:
    shelf_path(plan.source_sha256, ".avgplan").unlink()
    with held_at_faces(2) as hold, reviewing(own) as (review, browser):
        browser.until(lambda state: (state["looking"] or {}).get("faces") == 2)
        assert browser.get("/api/state")["phase"] == "looking"
        faces = browser.get("/api/early")["faces"]
        assert [face["id"] for face in faces] == [1, 2]
        for face in faces:
            status, data = browser.ask("GET", f"/api/early/{face['id']}.jpg")
            assert status == 200
            assert decoded(data).shape[0] > 10
        assert browser.ask("GET", "/api/early/3.jpg")[0] == 404
        assert browser.get("/api/people", 409)["error"]["code"] == "not-ready"
        hold.go_on.set()
        browser.ready()
        assert browser.get("/api/early", 409)["error"]["code"] == "not-ready"
        assert [c["number"] for c in browser.get("/api/people")["people"]] == [t.id for t in plan.tracks]
        assert review.session.ended is None


def test_faces_that_come_again_are_one() -> None:
    early = Early(0.5)
    i420 = np.full((150, 100), 128, np.uint8)

    def met(index: int, *boxes: tuple[float, float, float, float], score: float = 0.9) -> None:
        found = Boxes(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32))
        early.met(Picture(index, index, i420), index / 25, found)

    met(0, (10, 10, 30, 30), (60, 10, 80, 30))
    met(5, (12, 10, 32, 30), (61, 11, 81, 31))
    met(10, (40, 60, 60, 80), score=0.3)
    view = early.view()
    assert [face["seen"] for face in view["faces"]] == [2, 2]
    for k in range(200):
        met(20 + 100 * k, (10, 10, 30, 30))
    assert len(early.view()["faces"]) == 60, "bounded"


def test_what_is_kept_in_memory_is_bounded() -> None:
    held: Bounded[int, bytes] = Bounded(1000, len)
    for k in range(100):
        held.put(k, bytes(90))
        assert held.bytes <= 1000
    assert held.get(99) is not None
    assert held.get(0) is None
    assert held.get(90) is not None
    held.put(101, bytes(2000))
    assert held.bytes <= 1000
    held.put(5, bytes(10))
    held.put(5, bytes(20))
    assert held.bytes == 20
    held.clear()
    assert (held.bytes, held.get(5)) == (0, None)


def test_dragging_through_all_of_it_takes_no_more_memory_than_is_allowed(
    film: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avg_video.review.server.pictures.CACHED_BYTES", 1_000_000)
    shown = Film(film, plan, Style.FILL)
    try:
        for index in [*range(40), *range(39, -1, -3), *range(0, 40, 7)]:
            assert shown.picture(index, near=False, wanted=lambda: True).index == index
            assert shown._pictures.bytes <= 1_000_000
        assert shown._pictures.bytes > 500_000
        near = shown.picture(39, near=True, wanted=lambda: True)
        assert near.index <= 39
        with pytest.raises(Unwanted):
            shown.picture(1, near=False, wanted=lambda: False)
    finally:
        shown.close()
    assert shown._pictures.bytes == 0


def test_a_recording_that_is_gone_is_told(own: Path, plan: Plan) -> None:
    shown = Film(own, plan, Style.FILL)
    own.write_bytes(b"something else")
    with pytest.raises(InputError):
        shown.picture(3, near=False, wanted=lambda: True)
    shown.close()


def test_the_settings_of_the_tests_are_those_of_the_plan(plan: Plan) -> None:
    assert plan.settings["detector"] == FAST.detector
