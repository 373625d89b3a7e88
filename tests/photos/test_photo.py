"""The whole way of a photo, on real files: who is covered, what stays as it was, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avg_video import photos
from avg_video.detect.still import Sighted
from avg_video.errors import CheckFailed, InputError, OutputError, PolicyError, UsageError
from avg_video.job import default_output, policy_beside, record_path_for
from avg_video.media import photo_write
from avg_video.photos import anonymise_photo
from avg_video.pipeline import analyse, anonymise
from avg_video.policy.document import parse_policy
from avg_video.record.store import read_record
from avg_video.redact.paint import Style
from benchmarks.measure import leaked
from tests.cli.helpers import avg_blur, lesson
from tests.photos.making import encoded, exif_block, pixels, room, segment, with_segments
from tests.photos.settings import FAST
from tests.support.clips import noise
from tests.support.people import place

LEFT, RIGHT = (120, 130), (360, 130)
SIZE = (480, 270)


def two_people() -> np.ndarray:
    """Two people; the right one is mirrored."""
    picture = noise(SIZE, seed=2)
    place(picture, 70, LEFT)
    right = noise(SIZE, seed=2)
    place(right, 70, (SIZE[0] - RIGHT[0], RIGHT[1]))
    picture[:, 240:] = right[:, ::-1][:, 240:]
    return picture


def visible(before: np.ndarray, after: np.ndarray) -> tuple[bool, bool]:
    """Whether the left and the right face can still be recognised."""
    a, b = (np.asarray(Image.fromarray(rgb).convert("L")) for rgb in (before, after))
    left, right = (leaked(a, b, (x - 27, y - 35, x + 27, y + 35)) for x, y in (LEFT, RIGHT))
    return bool(left), bool(right)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "klas.png"
    path.write_bytes(encoded(two_people(), "PNG"))
    return path


def test_without_a_policy_everybody_is_covered(photo: Path) -> None:
    output = default_output(photo)
    outcome = anonymise(photo, output, settings=FAST)
    assert outcome.exit_code == 0
    assert visible(two_people(), pixels(output)) == (False, False)
    assert outcome.record.shown == 0
    assert outcome.record.covered == len(outcome.record.people) >= 2
    assert outcome.record.second_look.on
    assert outcome.record.second_look.looks >= 1
    assert sorted(p.name for p in photo.parent.iterdir()) == ["klas.avg.png", "klas.avg.png.json", "klas.png"]
    assert read_record(outcome.record_path) == outcome.record
    assert outcome.record.output.size_wh == SIZE
    assert outcome.record.output.inspected


@pytest.mark.parametrize("style", list(Style))
def test_what_is_not_covered_stays_bit_for_bit(style: Style, photo: Path, tmp_path: Path) -> None:
    outcome = anonymise_photo(photo, tmp_path / "out.png", settings=replace(FAST, style=style))
    before, after = two_people(), pixels(outcome.output)
    assert visible(before, after) == (False, False)
    changed = (before != after).any(axis=2)
    assert not changed[200:].any(), "there is nobody"
    assert not changed[:, 210:270].any(), "there is nobody"
    assert changed[120:140, 110:130].mean() > 0.95
    assert changed[120:140, 350:370].mean() > 0.95


def rules(text: str) -> object:
    return parse_policy(text)


SHOW_RIGHT = "[[show]]\nwho = 'teacher'\nat = { t = 0, x = 0.75, y = 0.48 }\n"
REGION_RIGHT = "[[consent_region]]\npolygon = [[0.55, 0.0], [1.0, 0.0], [1.0, 1.0], [0.55, 1.0]]\n"
OBJECTED_RIGHT = "[[objected]]\npupil = 'L07'\nat = { t = 0, x = 0.75, y = 0.48 }\n"
SEAT_RIGHT = "[[objected]]\nseat = [[0.6, 0.2], [0.9, 0.2], [0.9, 0.8], [0.6, 0.8]]\n"


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (SHOW_RIGHT, True),
        (REGION_RIGHT, True),
        (SHOW_RIGHT + OBJECTED_RIGHT, False),
        (REGION_RIGHT + SEAT_RIGHT, False),
        (REGION_RIGHT.replace("0.55", "0.76"), False),
    ],
    ids=["show", "region", "show but objected", "region but seat", "half in region"],
)
def test_the_policy_holds_for_photos(policy: str, shown: bool, photo: Path, tmp_path: Path) -> None:
    outcome = anonymise_photo(photo, tmp_path / "out.jpg", settings=FAST, policy=rules(policy))  # type: ignore[arg-type]
    assert visible(two_people(), pixels(outcome.output)) == (False, shown)
    assert outcome.record.shown == int(shown)


def test_a_point_on_nobody_and_a_late_point_ask_for_a_look(photo: Path, tmp_path: Path) -> None:
    for k, at in enumerate(("{ t = 0, x = 0.5, y = 0.95 }", "{ t = 1.5, x = 0.75, y = 0.48 }")):
        policy = rules(f"[[show]]\nwho = 'teacher'\nat = {at}\n")
        outcome = anonymise_photo(photo, tmp_path / f"out{k}.jpg", settings=FAST, policy=policy)  # type: ignore[arg-type]
        assert outcome.exit_code == 3
        assert outcome.record.status == "look"
        assert outcome.record.shown == 0


def test_a_face_stored_on_its_side_is_covered(tmp_path: Path) -> None:
    """Detectors find upright faces: the turn must come first."""
    upright = two_people()
    stored = np.ascontiguousarray(np.rot90(upright))  # lies on its left side; orientation 6 turns it clockwise
    path = tmp_path / "a.jpg"
    block = exif_block(orientation=6)
    path.write_bytes(with_segments(encoded(stored), segment(0xE1, b"Exif\0\0" + block)))
    outcome = anonymise_photo(path, tmp_path / "out.jpg", settings=FAST)
    assert pixels(outcome.output).shape == upright.shape
    assert visible(upright, pixels(outcome.output)) == (False, False)
    assert outcome.record.input.rotation_deg == 90


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_that_lies_in_the_picture_is_covered(quarters: int, tmp_path: Path) -> None:
    """A phone held flat writes a wrong orientation, or none; the detector must find faces on their sides too."""
    upright = two_people()
    path = tmp_path / "a.png"
    path.write_bytes(encoded(np.ascontiguousarray(np.rot90(upright, quarters)), "PNG"))
    after = pixels(anonymise_photo(path, tmp_path / "out.png", settings=FAST).output)
    assert visible(upright, np.rot90(after, -quarters)) == (False, False)


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 3), (7, 1), (161, 121), (640, 3)])
@pytest.mark.parametrize("end", [".jpg", ".png"])
def test_sizes_stay_exact(size_wh: tuple[int, int], end: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{end}"
    picture, _ = room(size_wh, 60)
    path.write_bytes(encoded(picture, "JPEG" if end == ".jpg" else "PNG"))
    outcome = anonymise_photo(path, default_output(path), settings=FAST)
    assert outcome.record.output.size_wh == size_wh
    assert pixels(outcome.output).shape == (size_wh[1], size_wh[0], 3)


def test_a_face_at_the_edge_of_an_odd_picture_is_covered(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture = noise((321, 241), seed=9)
    box = place(picture, 90, (285, 195))
    path.write_bytes(encoded(picture, "PNG"))
    after = pixels(anonymise_photo(path, tmp_path / "out.png", settings=FAST).output)
    x1, y1 = (int(v) for v in box[:2])
    assert (after[y1 + 20 :, x1 + 15 :] != picture[y1 + 20 :, x1 + 15 :]).any(axis=2).mean() > 0.9


def test_whom_the_first_look_missed_the_second_covers(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = photos.look_at_still, []

    def half_blind(*args: object, **more: object) -> Sighted:
        asked.append(1)
        found = real(*args, **more)  # type: ignore[arg-type]
        if len(asked) > 1:
            return found
        left = found.people.boxes_xyxy[:, 0] < SIZE[0] / 2
        return Sighted(found.people.take(left), tuple(a for a, ok in zip(found.around, left, strict=True) if ok))

    monkeypatch.setattr(photos, "look_at_still", half_blind)
    outcome = anonymise_photo(photo, tmp_path / "out.png", settings=FAST)
    assert visible(two_people(), pixels(outcome.output)) == (False, False)
    assert outcome.record.second_look.finds == 1
    assert outcome.record.second_look.frames_added == 1
    asked.clear()
    outcome = anonymise_photo(photo, tmp_path / "off.png", settings=replace(FAST, second_look=False))
    assert visible(two_people(), pixels(outcome.output)) == (False, True), "what the second look is for"


def test_who_is_found_for_ever_asks_for_a_look(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = photos.look_at_still
    first = real(photos.picture_of(two_people()), photos.still_views(SIZE), photos.load_detector("centerface"), 0.3)
    monkeypatch.setattr(photos, "look_at_still", lambda *args, **more: first)
    outcome = anonymise_photo(photo, tmp_path / "out.png", settings=FAST)
    assert outcome.exit_code == 3
    assert outcome.record.second_look.looks == photos.MAX_ROUNDS
    assert any("still found" in text for text in outcome.record.warnings)


def nothing_left(folder: Path, *there: str) -> None:
    assert sorted(p.name for p in folder.iterdir()) == sorted(there)


def test_all_or_nothing(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = default_output(photo)

    def with_comment(path: Path, rgb: np.ndarray, encoder: object) -> None:
        photo_write.write_photo(path, rgb, encoder)  # type: ignore[arg-type]
        path.write_bytes(path.read_bytes() + b"more")

    with monkeypatch.context() as patch:
        patch.setattr(photos, "write_photo", with_comment)
        with pytest.raises(CheckFailed, match="bytes after the end") as caught:
            anonymise_photo(photo, output, settings=FAST)
    assert caught.value.exit_code == 1
    assert caught.value.file == output
    nothing_left(tmp_path, photo.name)

    def full(path: Path, rgb: np.ndarray, encoder: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(photos, "write_photo", full)
        with pytest.raises(OutputError, match="no room"):
            anonymise_photo(photo, output, settings=FAST)
    nothing_left(tmp_path, photo.name)

    def changes(path: Path, rgb: np.ndarray) -> tuple[str, ...]:
        photo.write_bytes(photo.read_bytes() + b"x")
        return ()

    with monkeypatch.context() as patch:
        patch.setattr(photos, "read_back_photo", changes)
        with pytest.raises(InputError, match="changed while"):
            anonymise_photo(photo, output, settings=FAST)
    nothing_left(tmp_path, photo.name)


def test_names(photo: Path, tmp_path: Path) -> None:
    for name, made in {"a.JPG": "a.avg.jpg", "a.heic": "a.avg.jpg", "a.PNG": "a.avg.png", "a.mov": "a.avg.mp4"}.items():
        assert default_output(Path(name)) == Path(made)
    assert record_path_for(Path("a.avg.jpg")) == Path("a.avg.jpg.json")
    assert record_path_for(Path("b.png")) == Path("b.avg.png.json")
    assert record_path_for(Path("a.avg.mp4")) == Path("a.avg.json")
    with pytest.raises(UsageError, match="JPEG or a PNG"):
        anonymise(photo, tmp_path / "out.mp4", settings=FAST)
    with pytest.raises(UsageError, match="would replace"):
        anonymise(photo, photo, settings=replace(FAST, overwrite=True))
    with pytest.raises(UsageError, match="MP4"):
        anonymise(lesson(tmp_path / "les.mp4"), tmp_path / "out.jpg", settings=FAST)
    nothing_left(tmp_path, photo.name, "les.mp4")


def test_the_copy_is_private(photo: Path) -> None:
    if os.name != "posix":
        pytest.skip("no modes here")
    outcome = anonymise_photo(photo, default_output(photo), settings=FAST)
    assert [p.stat().st_mode & 0o777 for p in (outcome.output, outcome.record_path)] == [0o600, 0o600]


def test_a_policy_beside_two_pictures_of_one_name_is_refused(photo: Path) -> None:
    """A place drawn in the film would show other people in the photo."""
    policy = photo.with_name("klas.avg.toml")
    policy.write_text(SHOW_RIGHT)
    assert policy_beside(photo).show
    (photo.parent / "klas.mov").touch()
    with pytest.raises(PolicyError, match="several"):
        policy_beside(photo)
    assert policy_beside(photo.parent / "klas.mov").show


def test_what_is_not_done_for_photos_is_said(photo: Path) -> None:
    for args in (["look"], ["bench"], ["--show", "1"], ["--object", "2"]):
        command = [*args, str(photo)] if not args[0].startswith("-") else [str(photo), *args]
        result = avg_blur(*command)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        assert "is a photo" in result.stderr
    with pytest.raises(UsageError, match="is a photo"):
        analyse(photo, FAST)
    nothing_left(photo.parent, photo.name)


def test_the_command(photo: Path) -> None:
    result = avg_blur(photo, "--detector", "centerface")
    assert result.exit_code == 0, result.stderr
    assert "Made " in result.stdout
    assert "sound" not in result.stdout
    result = avg_blur(photo, "--detector", "centerface", "-o", photo.with_name("b.jpeg"), "--json")
    assert json.loads(result.stdout)["record"]["output"]["encoder"].startswith("jpeg (Pillow")
    assert photo.with_name("b.avg.jpeg.json").is_file()


@pytest.mark.slow
def test_folders_mix_photos_and_recordings(photo: Path, tmp_path: Path) -> None:
    """Phones give a photo and the short film of it one name: both are made, each with its own record."""
    top, out = tmp_path / "in", tmp_path / "out"
    top.mkdir()
    shutil.copy(photo, top / "IMG_1.png")
    (top / "IMG_1.jpg").write_bytes(encoded(room()[0]))
    lesson(top / "IMG_1.mp4", pictures=3)
    (top / "broken.jpeg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    (top / "x.avg.jpg").write_bytes(b"made before")
    args = (top, "-o", out, "--detector", "centerface", "--preset", "ultrafast")
    result = avg_blur(*args)
    assert result.exit_code == 1
    assert "broken.jpeg: is damaged" in result.stderr
    made = {"IMG_1.avg.jpg", "IMG_1.avg.jpg.json", "IMG_1.avg.png", "IMG_1.avg.png.json", "IMG_1.avg.mp4"}
    assert {p.name for p in out.iterdir()} == made | {"IMG_1.avg.json", "batch.json", "avg-log.jsonl"}
    assert "x.avg.jpg  " in result.stdout
    assert "a copy made by this program" in result.stdout
    again = avg_blur(*args)
    assert again.stdout.count("skipped") == 4, again.stdout  # three files and the sum
