"""Names of any kind work, and no character of a name steers the terminal."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from avg_video.record.log import LOG_NAME
from benchmarks.paperwork import lines_in, log_faults
from tests.cli.helpers import lesson
from tests.hostile.program import command, environment, names_in
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems allow fewer names")

EVIL = b"a\x1b[31m\x1b]0;owned\x07b\r\n\x9bc\x7f"
"""Colours, the title of the window, a bell, a return, a new line, the one-byte form of an escape, and a delete."""

NAMES = {
    "escapes": EVIL + b".mp4",
    "bidi": "a\u202egpj.\u2066b\u200f.mp4".encode(),
    "bytes": b"latin-\xe9\xff.mp4",
    "option": b"-i.mp4",
    "spaces": b" -- 'a' \"b\" $(c) `d` .mp4",
    "markup": b"<img src=x onerror=alert(1)>&amp;.mp4",
    "long": b"n" * 240 + b".mp4",
}

QUICK = ("--preset", "ultrafast", "--style", "solid", "--threads", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return lesson(tmp_path_factory.mktemp("made") / "lesson.mp4", pictures=4).read_bytes()


def program(*args: str | bytes, cwd: Path, code: int = 0, **more: str) -> tuple[bytes, bytes]:
    ran = subprocess.run(
        [*command(), *args], capture_output=True, check=False, timeout=2 * PATIENCE_S, cwd=cwd, env=environment(**more)
    )
    assert ran.returncode == code, (ran.stdout, ran.stderr)
    return ran.stdout, ran.stderr


def harmless(written: bytes) -> str:
    """The text, which must be UTF-8 and hold nothing that steers a terminal but ends of lines."""
    text = written.decode("utf-8")
    assert all(c.isprintable() or c == "\n" for c in text), text.encode()
    return text


def put(folder: Path, name: bytes, data: bytes) -> Path:
    path = folder / os.fsdecode(name)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["escapes", "bytes", "option"])
def test_one_recording(tmp_path: Path, made: bytes, kind: str) -> None:
    source = put(tmp_path, NAMES[kind], made)
    out, err = program(*QUICK, "--", NAMES[kind], cwd=tmp_path)
    stem = os.fsdecode(NAMES[kind]).removesuffix(".mp4")
    assert names_in(tmp_path) == {source.name, f"{stem}.avg.mp4", f"{stem}.avg.json", LOG_NAME}
    assert log_faults(tmp_path / LOG_NAME, [tmp_path / f"{stem}.avg.mp4"]) == []
    assert "owned" not in harmless((tmp_path / LOG_NAME).read_bytes())
    assert harmless(out).startswith("Made ")
    harmless(err)
    record = (tmp_path / f"{stem}.avg.json").read_bytes()
    assert "owned" not in harmless(record)
    json.loads(record)


@pytest.mark.parametrize("kind", NAMES)
def test_a_broken_recording_is_one_line(tmp_path: Path, kind: str) -> None:
    put(tmp_path, NAMES[kind], b"no film at all, and not a picture either")
    out, err = program("--", NAMES[kind], cwd=tmp_path, code=1)
    assert out == b""
    assert harmless(err).count("\n") == 1


def test_as_json(tmp_path: Path, made: bytes) -> None:
    put(tmp_path, NAMES["escapes"], made)
    out, err = program(*QUICK, "--json", "--", NAMES["escapes"], cwd=tmp_path)
    assert "owned" in json.loads(harmless(out))["output"]
    harmless(err)


def test_a_folder_of_them(tmp_path: Path, made: bytes) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for kind in ("escapes", "bytes", "long"):
        put(folder, NAMES[kind], made)
    for kind in ("bidi", "option", "spaces", "markup"):
        put(folder, NAMES[kind], b"no film at all, and not a picture either")
    put(folder, EVIL + b".txt", b"notes")
    out, err = program(*QUICK, "in", "-o", "out", cwd=tmp_path, code=1)
    assert "3 done" in harmless(out)
    assert "4 failed" in harmless(out)
    assert harmless(err).count("is not a recording this program can read; ") == 4
    summary = (tmp_path / "out" / "batch.json").read_bytes()
    assert len(json.loads(harmless(summary))["files"]) == 7
    assert log_faults(tmp_path / "out" / LOG_NAME, list((tmp_path / "out").glob("*.avg.mp4"))) == []
    assert lines_in(tmp_path / "out" / LOG_NAME) == 3
    out, _ = program(*QUICK, "in", "-o", "out", "--json", cwd=tmp_path, code=1)
    assert json.loads(harmless(out))["exit_code"] == 1


def test_the_page_of_faces(tmp_path: Path, made: bytes) -> None:
    for kind in ("escapes", "markup"):
        put(tmp_path, NAMES[kind], made)
        out, err = program("look", "-o", "page.html", "--", NAMES[kind], cwd=tmp_path)
        harmless(out)
        harmless(err)
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page)
        assert "<img src=x" not in page


def test_on_a_terminal(tmp_path: Path, made: bytes) -> None:
    """Bars too: of all that is written only what the bars themselves need may steer."""
    import fcntl
    import pty
    import termios

    put(tmp_path, NAMES["escapes"], made)
    put(tmp_path, EVIL + b"broken.mp4", b"no film at all")
    for args in (["--", NAMES["escapes"]], [".", "-o", "out"]):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 40, 200, 0, 0))
        ran = subprocess.Popen(
            [*command(), *QUICK, *args],
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=follower,
            cwd=tmp_path,
            env=environment(TERM="xterm", COLUMNS="200"),
        )
        os.close(follower)
        written = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
            written += part
        os.close(leader)
        ran.wait(timeout=PATIENCE_S)
        assert b"  looking " in written or b" done " in written, written
        rest = re.sub(rb"\r\n|\r|\x1b\[A|\x1b\[K|\n", b"", written)
        harmless(rest)
        assert b"\x1b]0" not in written


def test_the_name_of_the_copy_would_be_too_long(tmp_path: Path, made: bytes) -> None:
    name = b"n" * 251 + b".mp4"
    put(tmp_path, name, made)
    out, err = program(*QUICK, name, cwd=tmp_path, code=1)
    assert out == b""
    assert "too long; choose a shorter" in harmless(err)
    assert names_in(tmp_path) == {name.decode()}
    program(*QUICK, name, "-o", "short.mp4", cwd=tmp_path)
    assert names_in(tmp_path) == {name.decode(), "short.mp4", "short.avg.json", LOG_NAME}


def test_longer_than_any_name_may_be(tmp_path: Path) -> None:
    for args in ([b"n" * 300 + b".mp4"], [b"look", b"n" * 300 + b".mp4"], [b"d/" * 3000 + b"a.mp4"]):
        out, err = program(*args, cwd=tmp_path, code=1)
        assert out == b""
        assert "too long" in harmless(err)
        assert err.count(b"\n") == 1


@pytest.mark.parametrize("argument", [b"--\x1b[31m", b"-\xff", b"--crf=\x1b[31m", b"--style=\x07", b"-\x1b.mp4"])
def test_wrong_options_do_not_steer_either(tmp_path: Path, argument: bytes) -> None:
    out, err = program(b"a.mp4", argument, cwd=tmp_path, code=2)
    assert out == b""
    assert harmless(err).count("\n") == 1


def test_a_terminal_that_knows_few_letters(tmp_path: Path, made: bytes) -> None:
    """A copy that was made must not end in an error because its name can't be printed."""
    put(tmp_path, "klas-é-教室.mp4".encode(), made)
    out, err = program(*QUICK, "klas-é-教室.mp4".encode(), cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    harmless(out)
    harmless(err)
    out, err = program(*QUICK, "klas-é-教室.mp4".encode(), cwd=tmp_path, code=2, PYTHONIOENCODING="ascii")
    assert "exists already" in harmless(err)
