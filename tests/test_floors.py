"""The sample class, whole: nobody in it stays recognisable, and little else is changed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from avg_video.pipeline import Settings, analyse, anonymise
from avg_video.policy.document import Policy, load_policy
from avg_video.policy.plan import Plan
from benchmarks.measure import Truth, compare, leaked, lumas

SAMPLE = Path(__file__).parents[1] / "sample_media" / "klas.mp4"
FLOORS = tomllib.loads((Path(__file__).parent / "floors.toml").read_text(encoding="utf-8"))["klas"]
SETTINGS = {"detector": "centerface", "preset": "ultrafast"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return analyse(SAMPLE, Settings(**SETTINGS))  # type: ignore[arg-type]


def measured(plan: Plan, folder: Path, *, second_look: bool) -> dict[str, Any]:
    settings = Settings(second_look=second_look, **SETTINGS)  # type: ignore[arg-type]
    outcome = anonymise(SAMPLE, folder / "out.mp4", settings=settings, policy=Policy(), plan=plan)
    return compare(SAMPLE, outcome.output, Truth.load(SAMPLE.with_suffix(".json")))


@pytest.mark.slow
def test_nobody_in_the_sample_is_recognisable(plan: Plan, tmp_path: Path) -> None:
    alone = measured(plan, tmp_path, second_look=False)
    assert alone["face_frames"] > 2500
    assert alone["leak_rate"] <= FLOORS["leak_rate"], alone
    assert alone["altered_elsewhere"] <= FLOORS["altered_elsewhere"], alone
    (tmp_path / "out.mp4").unlink()
    both = measured(plan, tmp_path, second_look=True)
    assert both["leak_rate"] <= FLOORS["leak_rate"], both
    assert both["altered_elsewhere"] <= alone["altered_elsewhere"] + FLOORS["second_look_adds"], both


@pytest.mark.slow
def test_the_example_policy_covers_who_objected_and_shows_the_teacher(plan: Plan, tmp_path: Path) -> None:
    policy = load_policy(SAMPLE.parent / "policy-example.toml")
    outcome = anonymise(SAMPLE, tmp_path / "out.mp4", settings=Settings(**SETTINGS), policy=policy, plan=plan)  # type: ignore[arg-type]
    assert outcome.exit_code == 0, outcome.record.warnings
    truth = Truth.load(SAMPLE.with_suffix(".json"))
    seen: dict[str, list[bool]] = {name: [] for name in truth.people}
    for i, (before, after) in enumerate(zip(lumas(SAMPLE), lumas(outcome.output), strict=True)):
        for name, boxes in truth.people.items():
            box = boxes[i]
            if box is not None and (leak := leaked(before, after, box)) is not None:
                seen[name].append(leak)
    share = {name: sum(leaks) / len(leaks) for name, leaks in seen.items()}
    # In the region and without objection, and the teacher but where somebody covered is near.
    visible = {"front-left", "third-left"}
    assert {name for name, part in share.items() if part > 0} == {*visible, "teacher"}, share
    # Hardly ever covered all the same: by a doubtful hit beside them, or where they were not found for half a second.
    assert all(share[name] > 0.9 for name in visible), share
    assert share["teacher"] > 0.4, share


@pytest.mark.slow
def test_the_floor_can_be_missed(tmp_path: Path) -> None:
    # The measure itself, on the untouched recording: everybody leaks.
    assert compare(SAMPLE, SAMPLE, Truth.load(SAMPLE.with_suffix(".json")))["leak_rate"] > 0.99
