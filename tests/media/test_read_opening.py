"""Only plain local recordings are opened; everything else is refused in one line that says what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avg_video.errors import AvgError, DamagedInput, InputError, UnsupportedInput, UsageError
from avg_video.media.opening import open_plain
from avg_video.media.source import probe
from tests.support.clips import X264, card, ffmpeg


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return card(tmp_path_factory.mktemp("clip") / "clip.mp4")


def refusal(path: Path, kind: type[AvgError]) -> str:
    """The line with which `path` is refused; its form is checked."""
    with pytest.raises(kind) as caught:
        probe(path)
    assert type(caught.value) is kind
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    assert "; " in line
    return line


def test_a_plain_clip_opens(clip: Path) -> None:
    with open_plain(clip) as box:
        assert len(box.streams.video) == 1


def test_missing_and_folder(tmp_path: Path, clip: Path) -> None:
    assert "not found" in refusal(tmp_path / "none.mp4", UsageError)
    assert "is a folder" in refusal(tmp_path, UsageError)
    assert "not found" in refusal(clip / "within.mp4", UsageError)


def test_empty_and_not_media(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert "is empty" in refusal(tmp_path / "empty.mp4", InputError)
    (tmp_path / "text.mp4").write_text("dear diary\n" * 100)
    assert "not a recording" in refusal(tmp_path / "text.mp4", InputError)
    (tmp_path / "bytes.mp4").write_bytes(bytes(range(256)) * 40)
    assert "not a recording" in refusal(tmp_path / "bytes.mp4", InputError)


def test_lost_index_is_called_damage(tmp_path: Path, clip: Path) -> None:
    whole = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "its index or its content is missing" in refusal(tmp_path / "cut.mp4", DamagedInput)


@contextmanager
def nobody_special() -> Iterator[None]:
    """Without the administrator's right to read everything."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no user ids")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("locked", ["file", "folder"])
def test_no_permission(tmp_path: Path, clip: Path, locked: str) -> None:
    if sys.platform == "win32":
        pytest.skip("rights work differently here")
    folder = tmp_path / "f"
    folder.mkdir()
    path = folder / "clip.mp4"
    path.write_bytes(clip.read_bytes())
    target = path if locked == "file" else folder
    target.chmod(0)
    try:
        with nobody_special():
            assert "no permission" in refusal(path, InputError)
    finally:
        target.chmod(0o700)


def test_not_a_regular_file(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not a regular file" in refusal(tmp_path / "pipe.mp4", InputError)


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n",
    "list.mp4": "ffconcat version 1.0\nfile clip.ts\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>',
    "list.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="clip.png"/></svg>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_playlists_are_refused(tmp_path: Path, name: str) -> None:
    card(tmp_path / "clip.ts")
    (tmp_path / name).write_text(PLAYLISTS[name])
    refusal(tmp_path / name, InputError)


def test_the_playlist_would_have_opened(tmp_path: Path) -> None:
    """Shows that the refusal above is ours: FFmpeg itself follows the same playlist."""
    card(tmp_path / "clip.ts")
    (tmp_path / "list.m3u8").write_text(PLAYLISTS["list.m3u8"])
    (tmp_path / "list.mp4").write_text(PLAYLISTS["list.mp4"])
    for name in ("list.m3u8", "list.mp4"):
        assert ffmpeg("-i", tmp_path / name, "-f", "framemd5", "-").count(b"\n0,") == 10


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/a.mp4", "concat:a.mp4|b.mp4", "pipe:0", "lavfi:testsrc2", "-"])
def test_protocols_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    refusal(Path(name), UsageError)


ODD_NAMES = ["concat:a|b.mp4", "a%03d.mp4", "-i.mp4", "new\nline.mp4", "é ü.mp4", "a" * 250 + ".mp4", "http:x.mp4"]


@pytest.mark.parametrize("name", [*ODD_NAMES, "latin\udcff.mp4"])
def test_odd_names_open(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems allow fewer names")
    (tmp_path / name).write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / name, Path(name)):
        assert probe(path).size_wh == (64, 48)


def test_control_characters_never_reach_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        probe(tmp_path / "a\x1b[31m\nb.mp4")
    assert str(caught.value).isprintable()


def test_pictures_are_not_recordings(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.bmp"):
        card(tmp_path / name, "-frames:v", "1")
        assert "not read" in refusal(tmp_path / name, InputError)
    card(tmp_path / "a.avif", "-c:v", "libaom-av1", "-cpu-used", "8", "-frames:v", "1", "-pix_fmt", "yuv420p")
    assert "is a picture" in refusal(tmp_path / "a.avif", UnsupportedInput)


def test_sound_alone(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.3", "-c:a", "aac", tmp_path / "sound.mp4")
    assert "only sound" in refusal(tmp_path / "sound.mp4", InputError)


def test_sound_with_a_cover_is_still_sound_alone(tmp_path: Path) -> None:
    card(tmp_path / "cover.png", "-frames:v", "1")
    cover = ["-map", "0", "-map", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic"]
    sound = ["-f", "lavfi", "-i", "sine=duration=0.3"]
    ffmpeg(*sound, "-i", tmp_path / "cover.png", *cover, tmp_path / "sound.m4a")
    assert "only sound" in refusal(tmp_path / "sound.m4a", InputError)


def test_encrypted(tmp_path: Path) -> None:
    key = ["-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
    card(tmp_path / "drm.mp4", *X264, "-encryption_scheme", "cenc-aes-ctr", *key)
    assert "is encrypted" in refusal(tmp_path / "drm.mp4", InputError)


def test_unknown_code(tmp_path: Path) -> None:
    path = card(tmp_path / "odd.mkv", "-c:v", "mpeg4")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/ASP", b"V_WHATEVER/XYZ/"))
    assert "can't read" in refusal(path, UnsupportedInput)


def test_picture_too_large(tmp_path: Path) -> None:
    path = card(tmp_path / "large.avi", "-vf", "scale=8200:4400:flags=neighbor", "-c:v", "mjpeg", "-frames:v", "1")
    assert "too large" in refusal(path, UnsupportedInput)


def test_picture_that_grows_when_decoded(tmp_path: Path) -> None:
    """A few hundred bytes that ask for gigabytes, where the container does not say so."""
    path = card(tmp_path / "bomb.gif", "-c:v", "gif", "-frames:v", "1", size_wh=(16, 16))
    data = bytearray(path.read_bytes())
    data[6:10] = b"\xf0\xff\xf0\xff"  # logical screen: 65520 x 65520
    path.write_bytes(data)
    assert "too large" in refusal(path, UnsupportedInput)
