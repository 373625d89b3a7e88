"""`avg-blur review` as a user starts and stops it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import avg_blur, lesson, names_in
from tests.support.waiting import PATIENCE_S


def started(*args: str | Path, env: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """The program, and the address that it prints."""
    command = [sys.executable, "-m", "avg_video", "review", *map(str, args)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    lines = []
    while not lines or "http" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], (lines, process.communicate())
    return process, lines[-1].strip()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"AVG_BLUR_DATA": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}


def status(address: str) -> int:
    found = re.fullmatch(r"http://(127\.0\.0\.1:\d+)(/start\?token=[\w-]{43})", address)
    assert found, address
    connection = http.client.HTTPConnection(found[1], timeout=PATIENCE_S)
    connection.request("GET", found[2])
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_asked_and_leaves_nothing_beside_the_recording(
    tmp_path: Path, env: dict[str, str], stop: signal.Signals
) -> None:
    film = lesson(tmp_path / "les.mp4", pictures=30)
    process, address = started(film, "--no-open", "--detector", "centerface", env=env)
    try:
        assert status(address) == 200
        process.send_signal(stop)
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 130, (out, err)
    assert err.count("\n") == 1
    assert "interrupted" in err
    assert names_in(tmp_path) - {"les.mp4"} <= {"data", *(n for n in names_in(tmp_path) if n.startswith("data"))}


def test_a_second_use_of_the_address_ends_it(tmp_path: Path, env: dict[str, str]) -> None:
    film = lesson(tmp_path / "les.mp4")
    process, address = started(film, "--no-open", "--detector", "centerface", env=env)
    try:
        assert status(address) == 200
        assert status(address) == 403
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "opened a second time" in out


@pytest.mark.parametrize("name", ["none.mp4", "."])
def test_what_is_no_recording_is_refused(tmp_path: Path, name: str) -> None:
    done = avg_blur("review", tmp_path / name, "--no-open")
    assert done.exit_code == 2
    assert done.stderr.startswith("avg-blur: ")


def test_a_photo_is_refused(tmp_path: Path) -> None:
    photo = tmp_path / "klas.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    done = avg_blur("review", photo, "--no-open")
    assert done.exit_code == 2
    assert "photo" in done.stderr
