"""The file of the register: made, found sound, shared by processes, brought to a newer version; nothing gets lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from avg_video.errors import AvgError, RegisterError, UsageError
from avg_video.register import schema
from avg_video.register.answers import Answer
from avg_video.register.consents import add, entries
from avg_video.register.database import Register, add_event, default_register, open_register, path_in, path_out
from tests.cli.helpers import without_root_rights
from tests.support.waiting import PATIENCE_S

DAY = date(2026, 9, 1)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite"


def filled(place: Path, n: int = 50) -> Path:
    """A register with n refusals in it."""
    with open_register(place) as register, register.changing() as db:
        for number in range(n):
            db.execute(
                "INSERT INTO consent (token, answer, given_on, source) VALUES (?, 'refused', '2026-09-01', 'add')",
                (f"L{number}",),
            )
    return place


def tokens(place: Path) -> set[str | None]:
    with open_register(place, create=False) as register:
        return {entry.token for entry in entries(register)}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refusal(place: Path, **options: float) -> RegisterError:
    """The error that opening gives; nothing in the folder is changed, added or removed by it."""
    before = files(place.parent)
    with pytest.raises(RegisterError) as caught:
        open_register(place, **options)  # type: ignore[arg-type]
    assert files(place.parent) == before
    assert caught.value.exit_code == 1
    assert str(caught.value).startswith(f"{place}: ")
    assert "\n" not in str(caught.value)
    return caught.value


@contextmanager
def other_process(code: str, place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another Python that runs `code` with `place`; it goes on after a line of input, and is gone afterwards."""
    head = "import sys, sqlite3; from pathlib import Path; place = Path(sys.argv[1])\n"
    with subprocess.Popen(
        [sys.executable, "-c", head + code, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_new_one_is_private_and_whole(place: Path) -> None:
    before = os.umask(0)
    try:
        with open_register(place) as register, register.changing() as db:
            add_event(db, "trial")
            assert {path.name for path in place.parent.iterdir()} == {
                f"{place.name}{rider}" for rider in ("", "-wal", "-shm")
            }
            assert {stat.S_IMODE(path.stat().st_mode) for path in place.parent.iterdir()} == {0o600}
    finally:
        os.umask(before)
    assert [path.name for path in place.parent.iterdir()] == [place.name]  # and nothing else is left


@pytest.mark.parametrize(
    ("setting", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1)]
)
def test_settings_that_nothing_else_would_show(place: Path, setting: str, value: object) -> None:
    """`synchronous` 2 (FULL): a commit is on the disk before it is told; only a power cut would show the difference."""
    with open_register(place) as register, register.reading() as db:
        assert db.execute(f"PRAGMA {setting}").fetchone()[0] == value


def test_the_user_s_own_gets_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "share" / "avg-blur"))
    with open_register() as register:
        assert register.path == default_register() == tmp_path / "share" / "avg-blur" / "register.sqlite"
    assert stat.S_IMODE(default_register().parent.stat().st_mode) == 0o700
    shutil.rmtree(tmp_path / "share")
    with open_register(default_register()) as register:  # also when it is named
        assert register.path.is_file()


def test_what_must_exist_is_not_made(place: Path) -> None:
    with pytest.raises(UsageError, match="there is no register here"):
        open_register(place, create=False)
    assert files(place.parent) == {}


def test_a_change_is_whole_or_not_at_all(place: Path) -> None:
    filled(place, 3)

    def half_done(register: Register) -> None:
        with register.changing() as db:
            db.execute("DELETE FROM consent WHERE token = 'L1'")
            raise KeyError("stopped half way")

    with open_register(place) as register:
        with pytest.raises(KeyError):
            half_done(register)
        with register.changing() as db:  # and it is still fit for use
            add_event(db, "trial")
    assert tokens(place) == {"L0", "L1", "L2"}


def test_two_processes_begin_one_and_write_at_once(place: Path) -> None:
    code = """
from avg_video.register.database import open_register, add_event
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    with open_register(place) as register, register.changing() as db:
        (before,) = db.execute("SELECT count(*) FROM event").fetchone()
        add_event(db, "trial", before=before)
print("done", flush=True)
"""
    with other_process(code, place) as one, other_process(code, place) as two:
        assert (said(one), said(two)) == ("ready", "ready")
        go_on(one)
        go_on(two)
        assert (said(one), said(two)) == ("done", "done")
    with open_register(place, create=False) as register, register.reading() as db:
        found = [row[0] for row in db.execute("SELECT json_extract(text, '$.before') FROM event ORDER BY id")]
    assert found == list(range(120))  # each saw every change before its own: none was lost, none came between
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_one_with_another_kind_of_log_gets_its_own_back(place: Path) -> None:
    with closing(sqlite3.connect(filled(place, 2))) as db:
        assert db.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    code = """
db = sqlite3.connect(place, isolation_level=None)
db.execute("BEGIN")
db.execute("SELECT count(*) FROM consent").fetchone()
print("held", flush=True)
sys.stdin.readline()
db.close()
"""
    with other_process(code, place) as reader:
        assert said(reader) == "held"
        assert "another program" in str(refusal(place, wait_s=0.2))
        later = threading.Timer(0.3, go_on, [reader])
        later.start()
        with open_register(place, wait_s=PATIENCE_S) as register, register.reading() as db:
            assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        later.join()
    assert tokens(place) == {"L0", "L1"}


HOLDER = """
db = sqlite3.connect(place, isolation_level=None)
db.execute("PRAGMA locking_mode = {mode}")
db.execute("BEGIN {kind}")
if "{kind}" == "EXCLUSIVE": db.execute("INSERT INTO event (at, kind) VALUES ('2026-11-20T09:30:00Z', 'trial')")
print("held", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
db.close()
print("free", flush=True)
"""


def test_while_another_process_writes_reading_goes_on_and_writing_waits_then_says_so(place: Path) -> None:
    filled(place, 2)
    with other_process(HOLDER.format(mode="NORMAL", kind="IMMEDIATE"), place) as holder:
        assert said(holder) == "held"
        with open_register(place, wait_s=0.2) as register:
            assert len(entries(register)) == 2
            with pytest.raises(RegisterError, match=r"another program is writing .* within 0\.2 s") as caught:
                add(register, Answer("L07", None, "refused", DAY))
            assert "nothing was changed" in str(caught.value)
            go_on(holder)
            assert said(holder) == "free"
            add(register, Answer("L08", None, "refused", DAY))
    assert tokens(place) == {"L0", "L1", "L08"}


def test_it_waits_for_another_process_that_finishes_in_time(place: Path) -> None:
    filled(place, 2)
    with other_process(HOLDER.format(mode="NORMAL", kind="IMMEDIATE"), place) as holder:
        assert said(holder) == "held"
        later = threading.Timer(0.3, go_on, [holder])
        later.start()
        with open_register(place, wait_s=PATIENCE_S) as register:
            add(register, Answer("L07", None, "refused", DAY))
        later.join()
    assert tokens(place) == {"L0", "L1", "L07"}


def test_one_that_another_process_keeps_for_itself(place: Path) -> None:
    filled(place, 2)
    with other_process(HOLDER.format(mode="EXCLUSIVE", kind="EXCLUSIVE"), place) as holder:
        assert said(holder) == "held"
        assert "another program is writing to the register" in str(refusal(place, wait_s=0.2))
        go_on(holder)
        assert said(holder) == "free"
    assert tokens(place) == {"L0", "L1"}


def test_killed_in_the_middle_of_a_change(place: Path) -> None:
    filled(place, 2)
    code = """
from avg_video.register.database import open_register
with open_register(place) as register:
    with register.changing() as db:
        db.execute("UPDATE consent SET token = 'L07' WHERE token = 'L1'")
    with register.changing() as db:
        db.execute("DELETE FROM consent")
        print("half", flush=True)
        sys.stdin.readline()
"""
    with other_process(code, place) as process:
        assert said(process) == "half"
        process.kill()
        process.wait()
    assert tokens(place) == {"L0", "L07"}


def zeros(data: bytes) -> bytes:
    return bytes(len(data))


def cut_in_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def a_page_of_noise(data: bytes) -> bytes:
    return data[:8192] + b"\xa5" * 4096 + data[12288:]


def text(data: bytes) -> bytes:
    return b"L07 agreed.\n" * 1000


def cut_to_nothing(data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("harm", [zeros, cut_in_half, a_page_of_noise, text, cut_to_nothing])
def test_a_damaged_one_is_refused_and_left_alone(place: Path, harm: type) -> None:
    data = filled(place).read_bytes()
    place.write_bytes(harm(data))
    error = refusal(place)
    assert error.what == "it is damaged, or no register of avg-blur"
    assert "put back a backup" in error.remedy


def test_the_database_of_another_program_is_refused_and_left_alone(place: Path) -> None:
    with closing(sqlite3.connect(place)) as db:
        db.execute("CREATE TABLE consent (token TEXT)")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    assert "no register of avg-blur" in str(refusal(place))


def test_one_of_a_newer_version_is_refused_and_left_alone(place: Path) -> None:
    with closing(sqlite3.connect(filled(place))) as db:
        db.execute("PRAGMA user_version = 99")
    error = refusal(place)
    assert f"it is of version 99, made by a newer avg-blur; this one knows up to {len(schema.STEPS)}" in str(error)


def newer(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    """This program becomes one whose register has a version more."""
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, statements))


def test_one_of_an_older_version_is_backed_up_and_brought_up_to_date(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(place, 7)
    with monkeypatch.context() as patch:
        newer(patch, "ALTER TABLE consent ADD COLUMN note TEXT", "UPDATE consent SET note = 'none'")
        with open_register(place) as register, register.reading() as db:
            assert [row["note"] for row in db.execute("SELECT note FROM consent")] == ["none"] * 7
            (backup,) = register.backups()
            events = [row["text"] for row in db.execute("SELECT text FROM event WHERE kind = 'migration'")]
        assert events == ['{"after": 2, "before": 1}']
        with open_register(place) as register:
            assert register.backups() == (backup,)  # once only
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert backup.name.startswith("register.sqlite.v1-")
    # What the older program knew lies in the backup, for the older program.
    shutil.copy(backup, place.parent / "older.sqlite")
    assert tokens(place.parent / "older.sqlite") == {f"L{n}" for n in range(7)}
    assert "it is of version 2" in str(refusal(place))


def test_a_step_that_fails_leaves_the_older_version(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(place, 7)
    with monkeypatch.context() as patch:
        newer(patch, "DELETE FROM consent", "ALTER TABLE no_such_table ADD COLUMN note TEXT")
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            open_register(place)
    assert tokens(place) == {f"L{n}" for n in range(7)}


def test_a_step_that_breaks_a_reference_leaves_the_older_version(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(place, 2)
    with monkeypatch.context() as patch:
        newer(patch, "INSERT INTO shown (output_id, token) VALUES (999, 'L07')")
        with pytest.raises(RegisterError):
            open_register(place)
    assert tokens(place) == {"L0", "L1"}


def test_two_processes_bring_it_up_to_date_once(place: Path) -> None:
    filled(place, 3)
    code = """
from avg_video.register import schema
from avg_video.register.database import open_register
schema.STEPS = (*schema.STEPS, ("ALTER TABLE consent ADD COLUMN note TEXT",))
print("ready", flush=True)
sys.stdin.readline()
with open_register(place) as register:
    print(len(register.backups()), flush=True)
"""
    with other_process(code, place) as one, other_process(code, place) as two:
        assert (said(one), said(two)) == ("ready", "ready")
        go_on(one)
        go_on(two)
        assert (said(one), said(two)) == ("1", "1")
    with closing(sqlite3.connect(place)) as db:
        assert db.execute("SELECT count(*) FROM event WHERE kind = 'migration'").fetchone() == (1,)


def test_a_folder_that_can_not_be_written_to(place: Path) -> None:
    filled(place, 2)
    place.parent.chmod(0o500)
    try:
        with without_root_rights():
            for name in (place, place.with_name("another.sqlite")):
                error = refusal(name)
                assert "the register can't be used in its folder" in str(error)
                assert "check the permissions" in str(error)
    finally:
        place.parent.chmod(0o700)
    assert tokens(place) == {"L0", "L1"}


def test_a_file_that_can_not_be_written_to(place: Path) -> None:
    filled(place, 2).chmod(0o400)
    with without_root_rights(), open_register(place) as register:
        assert len(entries(register)) == 2
        with pytest.raises(RegisterError, match="can't be used in its folder"):
            add(register, Answer("L07", None, "refused", DAY))
    assert tokens(place) == {"L0", "L1"}


def refused(place: Path) -> AvgError:
    before = {path.name: path.lstat() for path in place.parent.iterdir()}
    with pytest.raises(AvgError) as caught:
        open_register(place)
    assert {path.name: path.lstat() for path in place.parent.iterdir()} == before
    return caught.value


def test_a_link_is_not_followed(place: Path) -> None:
    real = filled(place.with_name("real.sqlite"), 2)
    place.symlink_to(real)
    assert "it is a link" in str(refused(place))
    place.unlink()
    place.symlink_to(place.with_name("nowhere.sqlite"))
    assert "it is a link" in str(refused(place))
    assert tokens(real) == {"L0", "L1"}


@pytest.mark.parametrize("rider", ["-wal", "-shm", "-journal"])
def test_a_link_beside_it_is_not_followed(place: Path, rider: str) -> None:
    filled(place, 2)
    place.with_name(place.name + rider).symlink_to(place.with_name("elsewhere"))
    assert f"{place.name}{rider}, which is no plain file" in str(refused(place))


def test_a_log_without_its_register_is_not_taken_for_a_part_of_a_new_one(place: Path) -> None:
    place.with_name(f"{place.name}-wal").write_bytes(b"what was written last")
    assert "the register is gone, but register.sqlite-wal" in str(refused(place))


@pytest.mark.parametrize("name", [".", "", "..", "/"])
def test_a_folder_that_has_no_name_of_its_own(name: str) -> None:
    with pytest.raises(UsageError, match="it is a folder; give the name of a register with --register"):
        open_register(Path(name))


def test_what_is_no_file(place: Path) -> None:
    place.mkdir()
    assert "it is a folder" in str(refused(place))
    os.mkfifo(place.with_name("pipe"))
    assert "it is not a plain file" in str(refused(place.with_name("pipe")))


def test_a_folder_that_is_not_there(place: Path) -> None:
    with pytest.raises(UsageError, match="its folder does not exist"):
        open_register(place.parent / "nowhere" / "register.sqlite")
    with pytest.raises(RegisterError, match="no valid name"):
        open_register(place.parent / "a\0b")


@pytest.mark.parametrize("name", ["klas 3b.mp4", "100%?#.mp4", "les\u00e9.mp4", os.fsdecode(b"les\xe9.mp4")])
def test_every_name_of_a_file_can_be_kept(tmp_path: Path, name: str) -> None:
    register_name = tmp_path / f"{name}.sqlite"
    with open_register(register_name) as register, register.changing() as db:
        (back,) = db.execute("SELECT ?", (path_in(tmp_path / name),)).fetchone()
        assert path_out(back) == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == [register_name.name]


def test_a_path_through_a_linked_folder_is_the_same_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert path_in(tmp_path / "link" / "a.mp4") == path_in(tmp_path / "real" / "a.mp4")
    (tmp_path / "real" / "b.mp4").symlink_to(tmp_path / "real" / "a.mp4")
    assert path_in(tmp_path / "real" / "b.mp4") != path_in(tmp_path / "real" / "a.mp4")  # the file is not followed


CONSENT = (
    "INSERT INTO consent (token, age_group, given_by, purpose, answer, given_on, valid_until, proof, source) VALUES "
)
GOOD = ("L07", "under-16", "parent", "website", "given", "2026-09-01", "2027-07-31", "binder 3", "add")
BAD = (
    (0, "Jan"), (0, "L07b"), (0, "ABCD1"), (0, "L12345"), (0, "L"), (0, "7"), (0, "l07"), (0, "L 07"), (0, ""),
    (1, "15"), (1, None), (2, "mother"), (2, None), (3, "Website"), (3, None), (3, "x" * 41), (4, "yes"), (4, None),
    (5, "2026-02-30"), (5, "01-09-2026"), (5, None), (6, "2026-08-31"), (6, "soon"), (7, "jan@school.nl"),
    (7, "x" * 61), (8, "elsewhere"),
)  # fmt: skip


@pytest.mark.parametrize(("column", "value"), BAD)
def test_the_database_itself_refuses_what_is_no_answer(place: Path, column: int, value: str | None) -> None:
    marks = f"({', '.join('?' * len(GOOD))})"
    with open_register(place) as register:
        with register.changing() as db:
            db.execute(CONSENT + marks, GOOD)
        with pytest.raises(sqlite3.IntegrityError), register.changing() as db:
            db.execute(CONSENT + marks, (*GOOD[:column], value, *GOOD[column + 1 :]))


def test_events_stay(place: Path) -> None:
    with open_register(place) as register:
        with register.changing() as db:
            add_event(db, "trial", role="teacher", n=1)
        for statement in ("UPDATE event SET role = NULL", "DELETE FROM event"):
            with pytest.raises(sqlite3.IntegrityError, match="stays"), register.changing() as db:
                db.execute(statement)
        with register.reading() as db:
            assert [row["role"] for row in db.execute("SELECT role FROM event")] == ["teacher"]


def test_references_hold(place: Path) -> None:
    with (
        open_register(place) as register,
        pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"),
        register.changing() as db,
    ):
        db.execute("INSERT INTO shown (output_id, token) VALUES (1, 'L07')")


def test_it_survives_a_full_disk(place: Path) -> None:
    filled(place, 2)
    with open_register(place) as register:
        with register.reading() as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
        register._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RegisterError, match="no room left"), register.changing() as db:
            add_event(db, "trial", why="a text that does not fit into the pages of the register" * 1000)
    assert tokens(place) == {"L0", "L1"}
