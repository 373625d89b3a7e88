"""The sample clip is what its boxes and its README say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from avg_video.detect.boxes import iou
from avg_video.detect.detector import load_detector
from avg_video.policy.document import load_policy
from sample_media.cast import CAST, TURNS_AWAY_S
from sample_media.make import CHAPTER, PLACE, TITLE
from sample_media.scene import FPS, FRAMES, Scene

SAMPLE = Path(__file__).parents[1] / "sample_media"
CLIP = SAMPLE / "klas.mp4"
U8 = npt.NDArray[np.uint8]


@lru_cache
def truth() -> dict[str, Any]:
    """The committed true boxes."""
    data: dict[str, Any] = json.loads((SAMPLE / "klas.json").read_text(encoding="utf-8"))
    return data


def pictures(every: int) -> Iterator[tuple[int, U8]]:
    """(index, BGR) of every `every`-th picture of the clip."""
    with av.open(str(CLIP)) as box:
        for i, frame in enumerate(box.decode(video=0)):
            if i % every == 0:
                yield i, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


Drawn = Callable[[int], tuple[U8, list[Any]]]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Draws the picture of an index, once; each takes a second or more."""
    return cache(Scene().picture)


def test_everything_committed_is_under_three_megabytes() -> None:
    files = [f for f in SAMPLE.iterdir() if f.is_file() and not f.name.startswith("klas.avg")]
    assert sum(f.stat().st_size for f in files) < 3_000_000


def test_the_clip_has_the_promised_form() -> None:
    with av.open(str(CLIP)) as box:
        video = box.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert (video.frames, video.average_rate) == (FRAMES, FPS)
        assert box.streams.audio[0].codec_context.name == "aac"
    boxes = truth()
    assert (boxes["fps"], boxes["size"], len(boxes["frames"])) == (FPS, [1280, 720], FRAMES)


def test_it_carries_the_hidden_data_that_the_copy_must_not_have() -> None:
    with av.open(str(CLIP)) as box:
        assert box.metadata["title"] == TITLE
        assert PLACE in box.metadata["location"]
        assert [c["metadata"]["title"] for c in box.chapters()] == [CHAPTER]


def test_the_people_are_there_and_do_what_they_should() -> None:
    people = truth()["people"]
    seen = {name: np.array([box is not None for box in boxes]) for name, boxes in people.items()}
    assert list(people) == [p.name for p in CAST]
    assert len(people) >= 6
    assert not seen["late"][: 4 * FPS].any()
    assert seen["late"][-FPS:].all()
    away = slice(round((TURNS_AWAY_S[0] + 0.6) * FPS), round((TURNS_AWAY_S[1] - 0.6) * FPS))
    assert not seen["turns-away"][away].any()
    assert away.stop - away.start >= 1.5 * FPS
    before = round(TURNS_AWAY_S[0] * FPS)
    assert seen["turns-away"][before - FPS : before].all()
    assert seen["turns-away"][-FPS:].all()
    across = [box[0] for box in people["teacher"] if box is not None]
    assert max(across) > 1100
    assert min(across) < 50
    assert not seen["second-middle"].all(), "nobody is hidden by the one who walks through"


def test_both_lists_of_boxes_say_the_same() -> None:
    boxes = truth()
    for i, flat in enumerate(boxes["frames"]):
        assert sorted(flat) == sorted(p[i] for p in boxes["people"].values() if p[i] is not None)
        for x1, y1, x2, y2 in flat:
            assert 0 <= x1 < x2 <= 1280
            assert 0 <= y1 < y2 <= 720


def test_faces_are_as_small_and_as_large_as_promised() -> None:
    heights = {name: [b[3] - b[1] for b in boxes if b is not None] for name, boxes in truth()["people"].items()}
    assert min(heights.pop("late")) > 20, "at the far side of the door"
    assert 26 <= min(min(h) for h in heights.values()) <= 32
    assert 100 <= max(max(h) for h in heights.values()) <= 125


@pytest.mark.slow
def test_the_same_pictures_come_out_every_time(drawn: Drawn) -> None:
    first, first_boxes = drawn(110)
    again, again_boxes = Scene().picture(110)
    assert np.array_equal(first, again)
    assert first_boxes == again_boxes


def test_the_committed_clip_is_what_the_program_makes(drawn: Drawn) -> None:
    for i, bgr in pictures(every=110):
        rgb, boxes = drawn(i)
        error = rgb.astype(np.float32) - bgr[..., ::-1]
        assert 10 * np.log10(255**2 / np.mean(error**2)) > 30, f"picture {i} differs from the committed clip"
        committed = [p[i] for p in truth()["people"].values()]
        assert [b is None for b in boxes] == [b is None for b in committed]
        pairs = [(a, b) for a, b in zip(boxes, committed, strict=True) if a is not None]
        assert np.allclose([a for a, _ in pairs], [b for _, b in pairs], atol=1.0)


def test_a_detector_finds_the_faces_where_they_are_said_to_be() -> None:
    detect = load_detector("centerface")
    found = total = 0
    for i, bgr in pictures(every=20):
        boxes = np.array([b for b in truth()["frames"][i] if b[3] - b[1] >= 28], np.float32)
        hits = detect(bgr).boxes_xyxy
        assert len(hits), f"nobody found in picture {i}"
        found += int((iou(boxes, hits).max(1) > 0.4).sum())
        total += len(boxes)
    assert total > 100
    assert found >= 0.95 * total, f"{found} of {total}"


def test_the_policy_example_is_valid_and_is_not_taken_by_itself() -> None:
    policy = load_policy(SAMPLE / "policy-example.toml")
    assert len(policy.consent_region) == 1
    assert {bool(o.at) for o in policy.objected} == {True, False}
    assert not (SAMPLE / "klas.avg.toml").exists()


def test_the_policy_example_points_at_faces() -> None:
    policy = load_policy(SAMPLE / "policy-example.toml")
    people = truth()["people"]
    for moment, name in ((policy.show[0].at, "teacher"), (policy.objected[1].at, "back-left")):
        assert moment is not None
        x1, y1, x2, y2 = people[name][round(moment.t * FPS)]
        assert x1 < moment.x * 1280 < x2
        assert y1 < moment.y * 720 < y2
