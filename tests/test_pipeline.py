"""The whole way, on real files: what comes out, what is refused, and that nothing is left behind."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from avg_video import pipeline
from avg_video.errors import InputError, Interrupted, OutputError, PolicyError, UsageError
from avg_video.pipeline import Settings, analyse, anonymise, default_output, record_path_for
from avg_video.policy.document import parse_policy
from avg_video.policy.plan import Plan
from avg_video.record.store import read_record
from avg_video.redact.paint import Style
from benchmarks.measure import leaked
from tests.support.clips import noise, write_clip
from tests.support.people import place

SIZE = (480, 270)
FAST = Settings(preset="ultrafast", detector="centerface")
LEFT, RIGHT = (120, 130), (360, 130)


def two_people(path: Path, seconds: float = 1.6, **more: object) -> Path:
    """Two people who sit still before a textured wall; the right one is mirrored."""
    picture = noise(SIZE, seed=2)
    place(picture, 60, LEFT)
    right = noise(SIZE, seed=2)
    place(right, 60, (SIZE[0] - RIGHT[0], RIGHT[1]))
    picture[:, 240:] = right[:, ::-1][:, 240:]
    return write_clip(path, [picture] * round(25 * seconds), **more)  # type: ignore[arg-type]


def lumas(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as box:
        return [frame.to_ndarray(format="gray") for frame in box.decode(video=0)]


def box_at(centre: tuple[int, int]) -> tuple[float, float, float, float]:
    return centre[0] - 23, centre[1] - 30, centre[0] + 23, centre[1] + 30


def visible(source: Path, copy: Path) -> tuple[float, float]:
    """In which share of the pictures the left and the right face can still be recognised."""
    pairs = list(zip(lumas(source), lumas(copy), strict=True))
    left, right = ([leaked(a, b, box_at(who)) for a, b in pairs] for who in (LEFT, RIGHT))
    return float(np.mean(left)), float(np.mean(right))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_people(tmp_path_factory.mktemp("clip") / "les.mp4", tone_s=1.6)


@pytest.fixture(scope="module")
def plan(clip: Path) -> object:
    return analyse(clip, FAST)


def test_without_a_policy_everybody_is_covered_in_every_picture(clip: Path, tmp_path: Path) -> None:
    outcome = anonymise(clip, tmp_path / "out.mp4", settings=FAST)
    assert outcome.exit_code == 0
    assert visible(clip, outcome.output) == (0.0, 0.0)
    assert outcome.record.shown == 0
    assert outcome.record.covered == len(outcome.record.people) >= 2
    assert {p.reason for p in outcome.record.people} <= {"no-rule", "unconfirmed"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.avg.json", "out.mp4"]
    assert read_record(outcome.record_path) == outcome.record


@pytest.mark.parametrize("follow", ["fixed", "camera", "content"])
def test_what_is_drawn_by_hand_is_covered_also_where_somebody_is_shown(
    clip: Path, plan: Plan, tmp_path: Path, follow: str
) -> None:
    everybody = "[[consent_region]]\npolygon = [[0, 0], [1, 0], [1, 1], [0, 1]]\n"
    x, y = LEFT[0] / SIZE[0], LEFT[1] / SIZE[1]
    hand = f'[[cover]]\nbox = [{x - 0.07}, {y - 0.15}, {x + 0.07}, {y + 0.15}]\nfollow = "{follow}"\n'
    outcome = anonymise(clip, tmp_path / "out.mp4", settings=FAST, plan=plan, policy=parse_policy(everybody + hand))
    assert visible(clip, outcome.output) == (0.0, 1.0)
    assert "one place is covered by hand" in outcome.record.warnings
    assert outcome.exit_code == 0


def test_pass_1_alone_covers_everybody_too(clip: Path, tmp_path: Path) -> None:
    outcome = anonymise(
        clip, tmp_path / "out.mp4", settings=Settings(preset="ultrafast", detector="centerface", second_look=False)
    )
    assert visible(clip, outcome.output) == (0.0, 0.0)
    assert not outcome.record.second_look.on
    assert any("second look" in line for line in outcome.record.not_checked)


@pytest.mark.parametrize("style", list(Style))
def test_every_style_hides_the_faces(style: Style, clip: Path, plan: object, tmp_path: Path) -> None:
    settings = Settings(preset="ultrafast", detector="centerface", style=style)
    outcome = anonymise(clip, tmp_path / "out.mp4", settings=settings, plan=plan)  # type: ignore[arg-type]
    assert visible(clip, outcome.output) == (0.0, 0.0)
    assert outcome.record.output.style == str(style)


def number_of(plan: object, centre: tuple[int, int]) -> int:
    return next(
        t.id for t in plan.tracks if t.confirmed and abs(float(t.boxes_xyxy[:, [0, 2]].mean()) - centre[0]) < 30
    )


def test_a_number_shows_exactly_that_person(clip: Path, plan: object, tmp_path: Path) -> None:
    number = number_of(plan, RIGHT)
    outcome = anonymise(clip, tmp_path / "out.mp4", settings=FAST, plan=plan, shown={number})  # type: ignore[arg-type]
    assert visible(clip, outcome.output) == (0.0, 1.0)
    assert [p.number for p in outcome.record.people if p.verdict == "show"] == [number]
    assert outcome.record.policy.source == "numbers"


def test_an_objection_by_number_beats_showing(clip: Path, plan: object, tmp_path: Path) -> None:
    number = number_of(plan, RIGHT)
    outcome = anonymise(
        clip,
        tmp_path / "out.mp4",
        settings=FAST,
        plan=plan,  # type: ignore[arg-type]
        shown={number},
        objected={number},
    )
    assert visible(clip, outcome.output) == (0.0, 0.0)


def test_a_consent_region_shows_who_sits_in_it_and_an_objection_covers_again(
    clip: Path, plan: object, tmp_path: Path
) -> None:
    region = "[[consent_region]]\npolygon = [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]\n"
    objection = '[[objected]]\npupil = "L07"\nat = { t = 0.5, x = 0.75, y = 0.48 }\n'
    shown = anonymise(clip, tmp_path / "a.mp4", settings=FAST, plan=plan, policy=parse_policy(region))  # type: ignore[arg-type]
    assert visible(clip, shown.output) == (0.0, 1.0)
    covered = anonymise(
        clip,
        tmp_path / "b.mp4",
        settings=FAST,
        plan=plan,  # type: ignore[arg-type]
        policy=parse_policy(region + objection),
    )
    assert visible(clip, covered.output) == (0.0, 0.0)
    assert "objected-point" in {p.reason for p in covered.record.people}


def test_the_policy_beside_the_recording_is_taken(tmp_path: Path) -> None:
    clip = two_people(tmp_path / "les.mp4", 0.6)
    beside = tmp_path / "les.avg.toml"
    beside.write_text('[[show]]\nwho = "teacher"\nat = { t = 0.2, x = 0.25, y = 0.48 }\n', encoding="utf-8")
    outcome = anonymise(clip, default_output(clip), settings=FAST)
    assert visible(clip, outcome.output) == (1.0, 0.0)
    assert outcome.record.policy.source == "file"
    beside.write_text("[[sho]]\n", encoding="utf-8")
    with pytest.raises(PolicyError):
        anonymise(clip, tmp_path / "again.mp4", settings=FAST)


def test_an_objection_that_touches_nobody_makes_a_person_look(clip: Path, plan: object, tmp_path: Path) -> None:
    policy = parse_policy('[[objected]]\npupil = "L07"\nat = { t = 0.5, x = 0.5, y = 0.9 }\n')
    outcome = anonymise(clip, tmp_path / "out.mp4", settings=FAST, plan=plan, policy=policy)  # type: ignore[arg-type]
    assert outcome.exit_code == 3
    assert outcome.record.status == "look"
    assert outcome.record.warnings


def test_sound_is_dropped_unless_it_is_asked_for(clip: Path, plan: object, tmp_path: Path) -> None:
    dropped = anonymise(clip, tmp_path / "a.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]
    kept = anonymise(
        clip,
        tmp_path / "b.mp4",
        settings=Settings(preset="ultrafast", detector="centerface", audio="keep"),
        plan=plan,  # type: ignore[arg-type]
    )
    with av.open(str(dropped.output)) as box:
        assert [s.type for s in box.streams] == ["video"]
    with av.open(str(kept.output)) as box:
        assert sorted(s.type for s in box.streams) == ["audio", "video"]
    assert not dropped.record.output.sound.kept
    assert kept.record.output.sound.kept
    assert any("heard" in line for line in kept.record.not_checked)


def test_the_record_holds_no_name_of_the_file_and_no_value_of_a_tag(tmp_path: Path) -> None:
    clip = two_people(tmp_path / "Groep-Zeven-Janssen.mp4", 0.4)
    tagged = tmp_path / "Groep-Acht.mp4"
    with av.open(str(clip)) as source, av.open(str(tagged), "w") as target:
        target.metadata["title"] = "Needle-In-Title"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    outcome = anonymise(tagged, tmp_path / "out.mp4", settings=FAST)
    text = outcome.record_path.read_text(encoding="utf-8")
    assert "Groep" not in text
    assert "Needle" not in text
    assert str(tmp_path) not in text
    assert "tags" in outcome.record.input.hidden
    assert b"Needle" not in outcome.output.read_bytes()
    assert json.loads(text)["input"]["decoded_frames"] == 10


def test_two_runs_make_the_same_file(clip: Path, plan: object, tmp_path: Path) -> None:
    one = anonymise(clip, tmp_path / "a.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]
    two = anonymise(clip, tmp_path / "b.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]
    assert one.record.output.sha256 == two.record.output.sha256
    assert one.record.settings_sha256 == two.record.settings_sha256


def test_a_plan_of_another_recording_is_refused(plan: object, tmp_path: Path) -> None:
    other = write_clip(tmp_path / "other.mp4", [noise(SIZE, 9)] * 5)
    with pytest.raises(UsageError, match="another recording"):
        anonymise(other, tmp_path / "out.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]


def test_a_plan_made_with_another_detector_is_refused(clip: Path, plan: object, tmp_path: Path) -> None:
    other = replace(plan, settings={**plan.settings, "detector": "yunet"})  # type: ignore[type-var, attr-defined]
    with pytest.raises(UsageError, match="another detector"):
        anonymise(clip, tmp_path / "out.mp4", settings=FAST, plan=other)  # type: ignore[arg-type]


def test_an_unknown_number_is_refused_before_anything_is_made(clip: Path, plan: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no person number 99"):
        anonymise(clip, tmp_path / "out.mp4", settings=FAST, plan=plan, shown={99})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_recording_is_never_replaced(tmp_path: Path) -> None:
    clip = two_people(tmp_path / "les.mp4", 0.2)
    before = clip.read_bytes()
    link = tmp_path / "link.mp4"
    link.symlink_to(clip)
    for output in (clip, link):
        with pytest.raises(UsageError, match="replace the recording"):
            anonymise(clip, output, settings=Settings(overwrite=True))
    assert clip.read_bytes() == before


def test_an_output_that_exists_is_kept(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"):
        anonymise(clip, output, settings=FAST)
    assert output.read_bytes() == b"mine"


def test_a_recording_that_changes_meanwhile_gives_no_output(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copy(clip, tmp_path / "les.mp4")
    real = pipeline.read_back

    def change_then_read_back(*args: object, **more: object) -> None:
        with Path(copy).open("ab") as file:
            file.write(b"more")
        real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "read_back", change_then_read_back)
    with pytest.raises(InputError, match="changed"):
        anonymise(Path(copy), tmp_path / "out.mp4", settings=FAST)
    assert [p.name for p in tmp_path.iterdir()] == ["les.mp4"]


class Boom(Exception):
    """A fault planted by a test."""


STAGES = {
    "decoding": "avg_video.media.reader.VideoReader.__iter__",
    "looking": "avg_video.track.search.look",
    "following": "avg_video.track.follow.Follower.look",
    "deciding": "avg_video.pipeline.decide",
    "second look": "avg_video.pipeline.look",
    "painting": "avg_video.redact.second.paint_picture",
    "encoding": "avg_video.media.writer.VideoWriter.write",
    "finishing": "avg_video.media.writer.VideoWriter.finish",
    "checking": "avg_video.pipeline.read_back",
    "recording": "avg_video.job.record_text",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_fails_stops_all_and_its_error_surfaces(
    stage: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail(*_: object, **__: object) -> object:
        calls.append(1)
        raise Boom(stage)

    monkeypatch.setattr(STAGES[stage], fail)
    before = threading.active_count()
    with pytest.raises(Boom, match=stage):
        anonymise(clip, tmp_path / "out.mp4", settings=FAST)
    assert calls
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() <= before


class StopAt:
    """A user who presses Ctrl-C during one stage."""

    def __init__(self, stage: str) -> None:
        self._stage, self._now = stage, ""

    def stage(self, name: str, total_s: float | None) -> None:
        self._now = name

    def at(self, second: float, pictures: int) -> None:
        if self._now == self._stage and pictures > 5:
            raise Interrupted("stopped", remedy="run again")

    def warn(self, text: str) -> None: ...


@pytest.mark.parametrize("stage", ["looking", "making"])
def test_stopping_leaves_nothing_behind(stage: str, clip: Path, tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(Interrupted):
        anonymise(clip, tmp_path / "out.mp4", settings=FAST, progress=StopAt(stage))
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() <= before


def test_in_a_picture_that_never_changes_everybody_keeps_one_number(plan: object) -> None:
    # Looks are spared where nothing changes; that must not look like a gap, which would end the right to be shown.
    assert [(t.first, t.last) for t in plan.tracks if t.confirmed] == [(0, 39), (0, 39)]  # type: ignore[attr-defined]


def test_two_copies_never_share_a_record(clip: Path, plan: object, tmp_path: Path) -> None:
    first = anonymise(clip, tmp_path / "m.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"its record would replace that of m\.mp4"):
        anonymise(clip, tmp_path / "m.avg.mp4", settings=FAST, plan=plan)  # type: ignore[arg-type]
    assert read_record(first.record_path) == first.record


def test_a_link_that_leads_nowhere_is_not_the_absence_of_a_policy(clip: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(clip, tmp_path / "les.mp4"))
    (tmp_path / "les.avg.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(PolicyError):
        anonymise(copy, tmp_path / "out.mp4", settings=FAST)


class NoStage:
    """Fails the test when any stage begins."""

    def stage(self, name: str, total_s: float | None) -> None:
        raise AssertionError(f"{name} began")

    def at(self, second: float, pictures: int) -> None: ...
    def warn(self, text: str) -> None: ...


def test_a_folder_that_is_missing_is_noticed_before_the_film_is_looked_at(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        anonymise(clip, tmp_path / "gone" / "out.mp4", settings=FAST, progress=NoStage())


def test_nobody_found_is_said(tmp_path: Path) -> None:
    empty = write_clip(tmp_path / "empty.mp4", [noise(SIZE, 9)] * 5)
    outcome = anonymise(empty, tmp_path / "out.mp4", settings=FAST)
    assert any("no face was found" in line for line in outcome.record.warnings)


def test_a_folder_that_is_missing_is_named(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder"):
        anonymise(clip, tmp_path / "not" / "there" / "out.mp4", settings=FAST)


def test_names_of_outputs_and_records() -> None:
    assert default_output(Path("a/les.mov")) == Path("a/les.avg.mp4")
    assert record_path_for(Path("a/les.avg.mp4")) == Path("a/les.avg.json")
    assert record_path_for(Path("a/out.mp4")) == Path("a/out.avg.json")
