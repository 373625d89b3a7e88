"""What outlives a review is private, whole, and goes away by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from avg_video.errors import UsageError
from avg_video.policy.document import policy_of
from avg_video.policy.people import numbers_of
from avg_video.policy.plan import Plan
from avg_video.review import shelf
from avg_video.review.places import find_plan, find_plan_of, shelf_path
from tests.review import samples

SHA = "ab" * 32


@pytest.fixture(autouse=True)
def own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "review"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return replace(samples.plan(samples.clip(tmp_path), samples.timeline()), settings={"detector": "centerface"})


def test_a_plan_is_found_again_by_recording_and_detector(plan: Plan) -> None:
    assert shelf.kept_plan(plan.source_sha256, "centerface") is None
    shelf.keep_plan(plan)
    again = shelf.kept_plan(plan.source_sha256, "centerface")
    assert again is not None
    assert [t.id for t in again.tracks] == [t.id for t in plan.tracks]
    assert shelf.kept_plan(plan.source_sha256, "yunet") is None
    assert shelf.kept_plan(SHA, "centerface") is None
    assert find_plan(plan.source_sha256) is None, "its numbers are not those of a page of avg-blur look"
    assert find_plan_of(numbers_of(plan)) is not None


def test_what_is_damaged_is_as_if_it_were_not_there(plan: Plan) -> None:
    shelf.keep_plan(plan)
    shelf_path(plan.source_sha256, ".avgplan").write_bytes(b"PK nonsense")
    assert shelf.kept_plan(plan.source_sha256, "centerface") is None
    shelf.write_draft(SHA, shelf.Draft(policy_of({"audio": "keep"}), None))
    draft = shelf_path(SHA, ".draft.json")
    good = json.loads(draft.read_text())
    for bad in ("", "[", "[]", "null", json.dumps(good | {"format": 2}), json.dumps(good | {"policy": {"x": 1}})):
        draft.write_text(bad)
        assert shelf.read_draft(SHA) is None
    draft.write_text("[" * 100_000)
    assert shelf.read_draft(SHA) is None
    draft.write_text(json.dumps(good))
    assert shelf.read_draft(SHA) == shelf.Draft(policy_of({"audio": "keep"}), None)
    shelf.remove_draft(SHA)
    shelf.remove_draft(SHA)
    assert shelf.read_draft(SHA) is None


def test_what_nobody_opens_goes_away(plan: Plan, own_shelf: Path) -> None:
    shelf.keep_plan(plan)
    shelf.write_draft(SHA, shelf.Draft(policy_of({}), None))
    (own_shelf / "mine.txt").write_text("kept")
    shelf.tidy()
    assert len(list(own_shelf.iterdir())) == 3
    shelf.tidy(time.time() + (shelf.KEPT_DAYS + 1) * 86400)
    assert [p.name for p in own_shelf.iterdir()] == ["mine.txt"]


def test_opening_it_keeps_it(plan: Plan) -> None:
    shelf.keep_plan(plan)
    path = shelf_path(plan.source_sha256, ".avgplan")
    os.utime(path, (1, 1))
    assert shelf.kept_plan(plan.source_sha256, "centerface") is not None
    shelf.tidy()
    assert path.exists()


def test_one_at_a_time_also_between_processes(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from avg_video.review.shelf import alone\n"
    code += f"with alone({SHA!r}, 'http://127.0.0.1:5/', Path('x')):\n print('mine', flush=True); sys.stdin.read()\n"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "mine\n"
        with (
            pytest.raises(UsageError, match=r"open for review already, at http://127\.0\.0\.1:5/"),
            shelf.alone(SHA, "http://127.0.0.1:6/", Path("x")),
        ):
            pass
    finally:
        other.kill()
        other.communicate()
    with shelf.alone(SHA, "http://127.0.0.1:6/", Path("x")):
        pass
