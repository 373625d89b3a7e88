"""A run opens no network connection and leaves nothing on the disk but what was asked for: the kernel holds it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePath

import pytest

from tests.cli.helpers import lesson, names_in
from tests.photos.making import encoded, room
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parent.parent

RUN = "import runpy, sys; sys.argv[0] = 'avg-blur'; runpy.run_module('avg_video', run_name='__main__')"

# The kernel ends any process that asks for an IPv4 or IPv6 socket, whichever library does it: seccomp(2), a filter of
# nine instructions over struct seccomp_data. It is inherited by worker processes and can't be taken off.
NO_INTERNET = """
import ctypes, platform, struct
arch, socket = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}[platform.machine()]
LOAD, EQUAL, RETURN, ALLOW, KILL = 0x20, 0x15, 0x06, 0x7FFF0000, 0x80000000
steps = [
    (LOAD, 0, 0, 4), (EQUAL, 0, 6, arch),
    (LOAD, 0, 0, 0), (EQUAL, 0, 3, socket),
    (LOAD, 0, 0, 16), (EQUAL, 2, 0, 2), (EQUAL, 1, 0, 10),
    (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
assert prctl(38, 1, None, 0, 0) == 0
assert prctl(22, 2, program, 0, 0) == 0, "this system has no seccomp"
"""

KEYS = "home/.local/share/avg-blur/keys/"
KEY = {*map(str, PurePath(KEYS).parents), KEYS[:-1], f"{KEYS}signing-key.pem", f"{KEYS}signing-key.pub.pem"} - {
    "home",
    ".",
}
"""Where a user's key is kept, on Linux."""

filtered = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="asks the Linux kernel"
)


def run(code: str, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`code` in a fresh interpreter whose home and temporary folders lie in `folder`.

    It gets next to no environment: some libraries keep quiet under CI or while tests run, and users have neither.
    """
    for name in ("home", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "temporary"),
    }
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=5 * PATIENCE_S)


def photo(path: Path) -> None:
    """A photograph of one face."""
    path.write_bytes(encoded(room()[0]))


@filtered
@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_a_connection_would_be_noticed(family: str, tmp_path: Path) -> None:
    done = run(NO_INTERNET + f"import socket; socket.socket(socket.{family})", tmp_path)
    assert done.returncode == -31, done  # SIGSYS


DAILY = {
    "one": [("lesson.mp4", "--audio", "keep")],
    "look": [("look", "lesson.mp4")],
    "batch": [("lesson.mp4", "photo.jpg", "-o", "out", "--jobs", "2")],
    "photo": [("photo.jpg",)],
    "verify": [("lesson.mp4", "--quiet"), ("verify", "lesson.avg.mp4")],
}


@filtered
@pytest.mark.parametrize("commands", DAILY.values(), ids=DAILY)
def test_no_command_of_the_daily_work_opens_a_connection(commands: list[tuple[str, ...]], tmp_path: Path) -> None:
    lesson(tmp_path / "lesson.mp4", pictures=6, tone_s=0.2)
    photo(tmp_path / "photo.jpg")
    (tmp_path / "out").mkdir()
    for args in commands:
        done = run(NO_INTERNET + RUN, tmp_path, *args)
        assert done.returncode == 0, done


@pytest.mark.skipif(os.name != "posix", reason="sets the home folder as POSIX systems do")
@pytest.mark.parametrize(
    ("make", "name", "outputs"),
    [
        (lesson, "lesson.mp4", {"lesson.avg.mp4", "lesson.avg.json"}),
        (photo, "photo.jpg", {"photo.avg.jpg", "photo.avg.jpg.json"}),
    ],
)
def test_nothing_is_left_on_the_disk_but_copy_record_and_log(
    make: Callable[[Path], object], name: str, outputs: set[str], tmp_path: Path
) -> None:
    make(tmp_path / name)
    done = run(RUN, tmp_path, name)
    assert done.returncode == 0, done
    # Beside them the log, and in the user's folder the key that signs it. No register: nobody asked for one.
    assert names_in(tmp_path) - KEY == {"home", "temporary", name, "avg-log.jsonl"} | outputs


@filtered
@pytest.mark.slow
def test_the_engine_of_the_detector_reports_to_nobody(tmp_path: Path) -> None:
    # From 1.29 on, importing onnxruntime makes a lasting number for this computer in ~/.cache at once, and reports to
    # its maker some seconds later.
    done = run(NO_INTERNET + "import avg_video, onnxruntime, time; time.sleep(12)", tmp_path)
    assert done.returncode == 0, done
    assert names_in(tmp_path) == {"home", "temporary"}


def test_whoever_wants_reports_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    # A value that the user's system sets for other programs does not count here.
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    code = "import avg_video, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"
