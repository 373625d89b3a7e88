"""A file that points elsewhere is refused, and nothing but the file itself is ever opened."""

from __future__ import annotations

import json
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import avg_blur, names_in
from tests.hostile.bombs import box, changed, plain
from tests.hostile.program import environment
from tests.support.clips import X264, card, ffmpeg
from tests.support.waiting import PATIENCE_S

CPL = """<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uuid:
0eb3d1b9-b77b-4d3f-bbe5-7c69b15dca84</Id><SegmentList><Segment><Resource>{path}</Resource></Segment></SegmentList>
</CompositionPlaylist>"""
MPD = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL>
<SegmentBase/></Representation></AdaptationSet></Period></MPD>"""
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP 33\r\n"

TEXTS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
    "hls-net.ts": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "hls.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
    "hls-net.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "hls-map.m3u8": '#EXTM3U\n#EXT-X-MAP:URI="{path}"\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n',
    "hls-key.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n',
    "concat.mkv": "ffconcat version 1.0\nfile '{path}'\n",
    "concat-pipe.mkv": "ffconcat version 1.0\nfile 'pipe:0'\n",
    "concat-subfile.mp4": "ffconcat version 1.0\nfile 'subfile,,start,0,end,0,,:{path}'\n",
    "dash.mpd": MPD,
    "dash.mp4": MPD,
    "net.sdp": SDP,
    "sdp.mp4": SDP,
    "imf.xml": CPL,
    "imf.mxf": CPL,
    "asx.asf": '<ASX version="3.0"><Entry><Ref href="{url}"/></Entry></ASX>',
    "reference.wmv": "[Reference]\r\nRef1={url}\r\nRef2={path}\r\n",
    "real.rm": "rtsp://127.0.0.1:{port}/a\n",
    "rtsp.mov": "RTSPtextRTSP://127.0.0.1:{port}/a.mov\n",
    "subtitle.srt": "1\n00:00:00,000 --> 00:00:01,000\n<img src='{path}'> {{include {path}}}\n",
    "subtitle.mkv": "[Script Info]\nAudio File: {path}\nVideo File: {path}\n[Events]\nDialogue: 0,0:0:0.0,0:0:1.0,a\n",
    "smil.mov": '<smil><body><video src="{path}"/></body></smil>',
    "filter.mp4": "movie={path}\n",
    "script.avi": 'AVISource("{path}")\n',
    "tags.mp4": ";FFMETADATA1\ntitle={path}\n",
    "vector.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{path}"/></svg>',
}


def elsewhere(data: bytes, kind: bytes, path: Path) -> bytes:
    """A MOV whose content is said to lie in another file (ISO/IEC 14496-12, 8.7.2; QuickTime)."""
    name = str(path).encode()
    if kind == b"url ":
        entry = struct.pack(">I", 0) + b"file://" + name + b"\0"
    else:
        alias = bytearray(150)
        alias[10:12] = b"\0\2"
        tail = struct.pack(">HH", 2, len(name)) + name + b"\0" * (len(name) % 2) + b"\xff\xff\0\0"
        entry = bytes(4) + bytes(alias) + tail

    def change(box_kind: bytes, old: bytes) -> bytes:
        return box(b"dref", struct.pack(">II", 0, 1) + box(kind, entry)) if box_kind == b"dinf" else old

    return changed(data, change)


def forwarding(path: Path) -> bytes:
    """A QuickTime reference movie, which holds nothing but the name of another."""
    place = b"file://" + str(path).encode() + b"\0"
    reference = box(b"rdrf", struct.pack(">I4sI", 0, b"url ", len(place)) + place)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", box(b"rmra", box(b"rmda", reference)))


class Trap:
    """A door on this computer that notices whoever knocks."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])

    def knocked(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    door = Trap()
    yield door
    door.close()


@pytest.fixture
def crafted(tmp_path: Path, trap: Trap) -> Path:
    """A folder `in` of files that point at `target`, a sound recording elsewhere, or at a port of this computer."""
    target = tmp_path / "target" / "needle.ts"
    target.parent.mkdir()
    card(target, *X264)
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in TEXTS.items():
        url = f"http://127.0.0.1:{trap.port}/needle.ts"
        (folder / name).write_text(text.format(path=target, url=url, port=trap.port))
    own, movie = plain(tmp_path / "own.mp4"), target.with_name("needle.mov")
    movie.write_bytes(own)  # the index fits this one too
    for kind in (b"url ", b"alis"):
        (folder / f"dref-{kind.decode().strip()}.mov").write_bytes(elsewhere(own, kind, movie))
    (folder / "forward.mov").write_bytes(forwarding(movie))
    for number in range(3):
        card(folder / f"frame{number:03d}.png", "-frames:v", "1")
    (folder / "frame%03d.png").write_bytes((folder / "frame000.png").read_bytes())
    return folder


def test_every_pointer_is_refused(crafted: Path, trap: Trap) -> None:
    before = names_in(crafted)
    for path in sorted(crafted.iterdir()):
        if path.suffix == ".png":
            continue
        ran = avg_blur(path)
        assert ran.exit_code == 1, f"{path.name}: {ran.stdout}{ran.stderr}"
        assert re.fullmatch(r"avg-blur: [^\n]+; [^\n]+\n", ran.stderr), path.name
        assert ran.stdout == ""
    assert names_in(crafted) == before
    assert not trap.knocked()


def test_the_pointers_would_have_led_somewhere(crafted: Path, trap: Trap) -> None:
    """Shows that the refusals are ours: FFmpeg itself follows them."""
    for name in ("hls.m3u8", "concat.mkv"):
        more = ["-safe", "0"] if name.startswith("concat") else ["-allowed_extensions", "ALL"]
        assert ffmpeg(*more, "-i", crafted / name, "-f", "framemd5", "-").count(b"\n0,") == 10, name
    follow = ["-enable_drefs", "1", "-use_absolute_path", "1"]
    assert ffmpeg(*follow, "-i", crafted / "dref-alis.mov", "-f", "framemd5", "-").count(b"\n0,") == 10
    with pytest.raises(AssertionError):  # nobody answers
        ffmpeg("-rw_timeout", "200000", "-i", f"http://127.0.0.1:{trap.port}/needle.ts", "-f", "null", "-")
    assert trap.knocked()


_PROBE = """
import json, sys
from pathlib import Path
from avg_video.errors import AvgError
from avg_video.media.reader import VideoReader
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        with VideoReader(path) as reader:
            for _ in reader:
                pass
        print(json.dumps([path.name, None]))
    except AvgError as error:
        print(json.dumps([path.name, error.exit_code]))
"""


def test_nothing_but_the_file_itself_is_opened(crafted: Path, tmp_path: Path) -> None:
    """Watched from outside, by the system."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not on this computer")
    log = tmp_path / "log"
    calls = "trace=open,openat,openat2,stat,lstat,newfstatat,statx,access,readlink,socket,connect"
    command = [strace, "-f", "-qq", "-s", "4096", "-e", calls, "-o", str(log), sys.executable, "-c", _PROBE]
    done = subprocess.run(
        [*command, str(crafted)], capture_output=True, check=False, timeout=2 * PATIENCE_S, env=environment()
    )
    if b"ptrace" in done.stderr:
        pytest.skip("this computer does not let processes be watched")
    assert done.returncode == 0, done.stderr.decode()
    ended = dict(json.loads(line) for line in done.stdout.splitlines())
    assert set(ended) == {path.name for path in crafted.iterdir()}
    assert set(ended.values()) == {1}, ended
    watched = log.read_text()
    assert f'"file:{crafted}' not in watched
    assert f'"{crafted}/hls.mp4"' in watched  # the watching works
    assert "needle" not in watched
    assert "/target" not in watched
    assert not re.search(r"socket\(AF_INET", watched)


NAMES = [
    "http://127.0.0.1:9/a.mp4",
    "https:a.mp4",
    "concat:a.mp4|b.mp4",
    "file:a.mp4",
    "file:///a.mp4",
    "pipe:",
    "pipe:0",
    "fd:0",
    "subfile,,start,0,end,0,,:a.mp4",
    "data:video/mp4;base64,AAAA",
    "crypto:a.mp4",
    "async:a.mp4",
    "cache:a.mp4",
    "tee:a.mp4",
    "tcp://127.0.0.1:9",
    "rtsp://127.0.0.1:9/a",
    "lavfi:testsrc2",
    "frame%03d.png",
    "*.png",
    "/dev/stdin",
    "/dev/zero",
    "/proc/self/fd/0",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_mean_nothing_but_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """FFmpeg would read each of these as something else than the name of a file; beside it lie files to be found."""
    if sys.platform == "win32":
        pytest.skip("other names are allowed there")
    card(tmp_path / "a.mp4", *X264)
    card(tmp_path / "b.mp4", *X264)
    for number in range(3):
        card(tmp_path / f"frame{number:03d}.png", "-frames:v", "1")
    monkeypatch.chdir(tmp_path)
    before = names_in(tmp_path)
    ran = avg_blur("--", name)
    assert ran.exit_code == (1 if name.startswith(("/dev", "/proc")) else 2), ran.output
    assert re.fullmatch(r"avg-blur: [^\n]+; [^\n]+\n", ran.stderr), ran.stderr
    assert ran.stdout == ""
    assert names_in(tmp_path) == before
