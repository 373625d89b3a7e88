"""The look at the index of an MP4 before FFmpeg sees it: by reading, so that a disk that goes away is an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avg_video.errors import UnsupportedInput
from avg_video.media import index_mp4
from avg_video.media.index_mp4 import refuse_index
from tests.media.surgery import box
from tests.support.clips import noise, write_clip
from tests.support.waiting import PATIENCE_S

GOES_AWAY = """
import os, sys
from pathlib import Path
from avg_video.errors import InputError
from avg_video.media import index_mp4
from avg_video.media.opening import open_plain

film, look = Path(sys.argv[1]), index_mp4._top
def top(data, file):
    for found in look(data, file):
        os.truncate(film, 64)  # what a stick that is pulled, or another program, does to the pages behind
        yield found
index_mp4._top = top
try:
    open_plain(film)
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be cut there")
def test_a_file_that_goes_away_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", [noise((64, 48), seed=1)] * 4)
    with film.open("ab") as f:
        f.write(box(b"free", bytes(1 << 20)))
    done = subprocess.run(
        [sys.executable, "-c", GOES_AWAY, film], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "can't be read (" in done.stdout
    assert done.stdout.rstrip().endswith("; check the disk it is on")


def test_a_table_is_found_across_the_edges_of_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million samples of no bytes' table, its name at every place around such an edge."""
    monkeypatch.setattr(index_mp4, "_CHUNK", 64)
    table = box(b"stsz", bytes(8) + (1 << 30).to_bytes(4, "big"))
    for before in range(40, 70):
        film = tmp_path / "film.mp4"
        film.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"free", bytes(before)) + table))
        with pytest.raises(UnsupportedInput, match="claims more samples than it has bytes"):
            refuse_index(film)
