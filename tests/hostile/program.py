"""The real program in a process of its own, with its peak of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_CODE = """
import sys
sys.path.insert(0, {root!r})
from avg_video.bench import peak_memory_bytes
from avg_video.cli import main
try:
    main(prog_name="avg-blur")
finally:
    with open({note!r}, "w") as note:
        # Not ru_maxrss, which on Linux starts from that of the process that started this one: all the tests so far.
        note.write(str(peak_memory_bytes() // 1024))
"""

_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Ran:
    """How it ended: exit code, what it wrote, seconds of wall time and KiB of memory at most."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    peak_kib: int

    @property
    def line(self) -> str:
        """The one line on stderr, without the program's name; fails when there is more, or anything on stdout."""
        text = self.err.decode()
        assert self.out == b"", self.out
        assert text.startswith("avg-blur: "), text
        assert text.endswith("\n"), text
        assert text.count("\n") == 1, text
        return text.removeprefix("avg-blur: ").rstrip("\n")


def command() -> list[str]:
    """How the program is started, without arguments."""
    return [sys.executable, "-m", "avg_video"]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": _ROOT} | more


def run(*args: str | bytes | Path, note: Path, cwd: Path | None = None, timeout_s: float = 240) -> Ran:
    """Run it to its end. `note` is a file outside the folders under test."""
    code = _CODE.format(root=_ROOT, note=str(note))
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        check=False,
        timeout=timeout_s,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
    )
    peak = int(note.read_text()) if note.exists() else 0
    note.unlink(missing_ok=True)
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - begun, peak)


def names_in(folder: Path) -> set[str]:
    """Every file below, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
