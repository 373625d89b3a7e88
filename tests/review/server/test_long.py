"""An hour with thirty people: what is worked out after every choice takes so little time that the next one is quick."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avg_video.media.timing import Timeline
from avg_video.papers.office import Office
from avg_video.policy.document import policy_of
from avg_video.policy.plan import Plan
from avg_video.review.server.court import Court, Following
from avg_video.review.server.uncertain import uncertain_view
from avg_video.review.server.view import choices_view
from avg_video.track.types import CameraMotion, Evidence, Track
from tests.review.server.browser import FAST

HOUR = 90_000
PEOPLE = 30
UNSEEN = slice(40_001, 40_020)


@pytest.fixture(scope="module")
def court() -> Court:
    """Thirty who are seen five times a second, and once not for a while."""
    line = Timeline(np.arange(HOUR), HOUR, Fraction(1, 25), (1920, 1080), 0, Fraction(1), np.zeros(0, np.int32))
    evidence = np.full(HOUR, Evidence.INTERPOLATED, np.uint8)
    evidence[::5] = Evidence.DETECTED
    evidence[UNSEEN] = Evidence.INTERPOLATED
    tracks = []
    for k in range(PEOPLE):
        x, y = 40 + 60 * k, 300 + 100 * (k % 5)
        boxes = np.tile(np.array([x, y, x + 40, y + 50], np.float32), (HOUR, 1))
        tracks.append(Track(k + 1, np.arange(HOUR, dtype=np.int32), boxes, evidence, confirmed=True))
    plan = Plan("0" * 64, line, CameraMotion.still(HOUR), tuple(tracks), (), {})
    return Court(plan, FAST, Office(), Following(Path("x"), line, FAST, lambda: None))


def test_a_choice_and_where_to_look_are_worked_out_at_once(court: Court) -> None:
    court.judge(policy_of({}))
    began = time.process_time()
    region = {"polygon": [[0.0, 0.2], [0.6, 0.2], [0.6, 1.0], [0.0, 1.0]]}
    judged = court.judge(policy_of({"consent_region": [region]}))
    told = choices_view(judged)
    places = uncertain_view(judged)
    took_s = time.process_time() - began
    assert 10 < told["summary"]["shown"] < 20
    assert [(p["kind"], p["number"], p["picture"], p["last"]) for p in places] == [
        ("carried", number, 40_001, 40_019) for number in range(1, PEOPLE + 1)
    ]
    assert took_s < 0.2, "time of the processor; it was half a second"
