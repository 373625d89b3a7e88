"""What is due is deleted, and it stays known what, when, on which ground and by which role."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from avg_video.errors import RegisterError
from avg_video.register.database import open_register
from avg_video.register.deletion import Spot, delete_spot, settle_gone, spots
from avg_video.register.dues import Due, dues
from avg_video.register.happenings import set_fact, set_uploaded
from avg_video.register.removal import Found
from avg_video.register.runs import make_again
from tests.register.shelf import Shelf, days_ago, sha256
from tests.support.calendar import TODAY

pytestmark = pytest.mark.usefixtures("one_day")


@pytest.fixture
def lesson(shelf: Shelf) -> Path:
    """The recording of a copy that was uploaded five weeks ago; the course ends in a week."""
    copy = shelf.copy(shown=("L05",))
    with shelf.open() as register:
        set_uploaded(register, [shelf.held(copy)], days_ago(35), today=TODAY)
        set_fact(register, [shelf.held(copy)], "course-end", days_ago(-7))
    return shelf.folder / "lesson.mp4"


def late(shelf: Shelf) -> list[Due]:
    return [each for each in dues(shelf.stock()) if each.due(TODAY)]


def test_only_what_is_due_and_with_a_trace(shelf: Shelf, lesson: Path) -> None:
    digest = sha256(lesson)
    (each,) = late(shelf)
    (spot,) = spots(each)
    with shelf.open() as register:
        result = delete_spot(register, spot, role="student")
    assert (result.found, result.other_names) == (Found.DELETED, 0)
    assert not lesson.exists()
    assert {path.name for path in shelf.folder.iterdir()} == {"lesson.avg.mp4", "lesson.avg.json"}
    (event,) = shelf.events("deletion")
    assert event["role"] == "student"
    assert event["text"] == {
        "what": "recording",
        "sha256": digest,
        "ground": "storage-term",
        "last_day": days_ago(7).isoformat(),
        "term": {"after": "upload", "weeks": 4, "place": "Opslaan, par. 3"},
        "registered_place": True,
    }
    assert late(shelf) == []


def test_no_event_names_a_file_or_a_pupil(shelf: Shelf, lesson: Path) -> None:
    with shelf.open() as register:
        delete_spot(register, spots(late(shelf)[0])[0])
    text = str(shelf.events("deletion", "upload", "fact"))
    assert "lesson" not in text
    assert "L05" not in text


def test_a_copy_is_deleted_and_its_record_stays(shelf: Shelf, lesson: Path) -> None:
    copy = shelf.folder / "lesson.avg.mp4"
    with shelf.open() as register:
        set_fact(register, [shelf.held(copy)], "course-end", days_ago(1))
        due = next(each for each in late(shelf) if each.what == "copy")
        delete_spot(register, spots(due)[0])
    held = shelf.held(copy)
    assert held.state == "deleted"
    assert held.deleted_at is not None
    assert shelf.events("deletion")[0]["output_id"] == held.id
    assert not copy.exists()
    assert held.record_path.exists()


def test_a_changed_file_is_left_alone_and_stays_due(shelf: Shelf, lesson: Path) -> None:
    lesson.write_bytes(lesson.read_bytes()[:-1] + b"!")
    with shelf.open() as register:
        assert delete_spot(register, spots(late(shelf)[0])[0]).found is Found.OTHER
    assert lesson.exists()
    assert shelf.events("deletion") == []
    assert len(late(shelf)) == 1


def test_a_link_in_its_place_is_left_alone(shelf: Shelf, lesson: Path) -> None:
    treasure = lesson.rename(shelf.folder.parent / "treasure.mp4")
    lesson.symlink_to(treasure)
    with shelf.open() as register:
        assert delete_spot(register, spots(late(shelf)[0])[0]).found is Found.LINK
    assert treasure.exists()
    assert lesson.is_symlink()


def test_when_the_register_cannot_be_written_the_file_stays(shelf: Shelf, lesson: Path) -> None:
    spot = spots(late(shelf)[0])[0]
    with (
        open_register(shelf.register_file, wait_s=0.05) as register,
        shelf.open() as other,
        other.changing(),
        pytest.raises(RegisterError, match="another program"),
    ):
        delete_spot(register, spot)
    assert lesson.exists()
    assert shelf.events("deletion") == []


def test_when_the_file_cannot_be_deleted_the_register_says_nothing(
    shelf: Shelf, lesson: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "no")

    spot = spots(late(shelf)[0])[0]
    with shelf.open() as register:
        monkeypatch.setattr("os.unlink", refuse)
        assert delete_spot(register, spot).found is Found.REFUSED
        monkeypatch.undo()
    assert lesson.exists()
    assert shelf.events("deletion") == []
    assert len(late(shelf)) == 1


def test_stopped_in_the_middle_nothing_false_is_written_down(
    shelf: Shelf, lesson: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink_and_stop(*args: object, **options: object) -> None:
        monkeypatch.undo()
        os.unlink(*args, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    spot = spots(late(shelf)[0])[0]
    with shelf.open() as register:
        monkeypatch.setattr("os.unlink", unlink_and_stop)
        with pytest.raises(KeyboardInterrupt):
            delete_spot(register, spot)
    assert not lesson.exists()
    assert shelf.events("deletion") == []
    with shelf.open() as register:
        result = delete_spot(register, spots(late(shelf)[0])[0])
        assert result.found is Found.GONE, "still due, until a person says that it is gone"
        settle_gone(register, [result])
    assert late(shelf) == []


def test_a_file_that_is_gone_is_written_down_only_when_a_person_says_so(shelf: Shelf, lesson: Path) -> None:
    lesson.unlink()
    spot = spots(late(shelf)[0])[0]
    with shelf.open() as register:
        result = delete_spot(register, spot)
        assert result.found is Found.GONE
        assert len(late(shelf)) == 1, "still due"
        assert settle_gone(register, [result], role="teacher") == (spot,)
    assert late(shelf) == []
    assert shelf.events("deletion") == []
    assert [event["role"] for event in shelf.events("gone")] == ["teacher"]


def test_what_another_process_deleted_meanwhile_is_not_written_down_again(shelf: Shelf, lesson: Path) -> None:
    spot = spots(late(shelf)[0])[0]
    with shelf.open() as register, shelf.open() as other:
        assert delete_spot(other, spot).found is Found.DELETED
        result = delete_spot(register, spot)
        assert result.found is Found.GONE
        settle_gone(register, [result])
    assert len(shelf.events("deletion", "gone")) == 1


def test_a_drive_that_is_not_connected_is_never_taken_for_gone(shelf: Shelf, lesson: Path) -> None:
    shelf.folder.rename(shelf.folder.with_name("unplugged"))
    spot = spots(late(shelf)[0])[0]
    with shelf.open() as register:
        result = delete_spot(register, spot)
        assert result.found is Found.NO_FOLDER
        assert settle_gone(register, [result]) == ()
    assert len(late(shelf)) == 1


def test_the_same_bytes_on_a_stick_can_go_too(shelf: Shelf, lesson: Path) -> None:
    stick = shelf.folder.parent.resolve() / "stick.mp4"
    stick.write_bytes(lesson.read_bytes())
    with shelf.open() as register:
        assert delete_spot(register, Spot(late(shelf)[0], stick, registered=False)).found is Found.DELETED
    assert not stick.exists()
    assert lesson.exists()
    assert len(late(shelf)) == 1, "the registered one is still due"
    assert shelf.events("deletion")[0]["text"]["registered_place"] is False


def test_a_recording_goes_from_every_place_it_was_seen_at(shelf: Shelf) -> None:
    first = shelf.recording()
    second = shelf.folder / "again.mp4"
    second.write_bytes(first.read_bytes())
    copy = shelf.copy(recording=first)
    shelf.copy("other", recording=second)
    with shelf.open() as register:
        set_uploaded(register, [shelf.held(copy)], days_ago(35), today=TODAY)
        (each,) = late(shelf)
        assert [delete_spot(register, spot).found for spot in spots(each)] == [Found.DELETED, Found.DELETED]
    assert not first.exists()
    assert not second.exists()
    assert late(shelf) == []


def test_after_a_withdrawal_the_copy_is_due_at_once(shelf: Shelf) -> None:
    copy = shelf.copy(shown=("L05",), keep_original=None, keep_output=None)
    held = shelf.held(copy)
    with shelf.open() as register, register.changing() as db:
        make_again(db, [held.id], because="withdrawal", role="student")
    (each,) = late(shelf)
    assert (each.ground, each.deadline.on, each.overdue(TODAY)) == ("not-to-be-shown", TODAY, True)
    with shelf.open() as register:
        assert delete_spot(register, spots(each)[0]).found is Found.DELETED
    assert shelf.events("deletion")[0]["text"]["ground"] == "not-to-be-shown"
    assert late(shelf) == []
