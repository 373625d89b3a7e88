"""One real picture stream is read; everything else in the container is named, never mistaken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from avg_video.media.reader import VideoReader
from avg_video.media.source import probe
from tests.support.clips import X264, card, decoded, ffmpeg

SUBTITLES = "1\n00:00:00,000 --> 00:00:00,300\nhello\n"
CHAPTERS = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=200\ntitle=Jan\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    card(folder / "clip.mp4", *X264, "-bsf:v", "filter_units=remove_types=6", "-fflags", "+bitexact", seconds=0.4)
    card(folder / "small.mp4", size_wh=(32, 32))
    ffmpeg("-f", "lavfi", "-i", "color=red:size=48x48", "-frames:v", "1", folder / "cover.png")
    ffmpeg("-f", "lavfi", "-i", "color=red:size=48x48", "-frames:v", "1", folder / "cover.jpg")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.4", "-c:a", "aac", folder / "sound.m4a")
    (folder / "sub.srt").write_text(SUBTITLES)
    (folder / "meta.txt").write_text(CHAPTERS)
    return folder


def made(parts: Path, out: Path, *args: str | Path) -> Path:
    """The plain clip first, then what `args` add."""
    ffmpeg("-i", parts / "clip.mp4", *args, "-fflags", "+bitexact", out)
    return out


def test_plain_clip_hides_nothing(parts: Path, tmp_path: Path) -> None:
    path = made(parts, tmp_path / "a.mkv", "-c", "copy", "-map_metadata", "-1")
    # Matroska keeps durations and the writing program's name as tags.
    assert set(probe(path).hidden) <= {"tags", "encoder-notes"}


COVERS = [
    ("a.mp4", ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic"]),
    ("b.mp4", ["-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic"]),
]


@pytest.mark.parametrize(("name", "args"), COVERS)
@pytest.mark.parametrize("cover", ["cover.png", "cover.jpg"])
def test_cover_art_is_not_the_recording(parts: Path, tmp_path: Path, name: str, args: list[str], cover: str) -> None:
    path = made(parts, tmp_path / name, "-i", parts / cover, *args)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 10
    assert reader.info.size_wh == (64, 48)
    assert "cover-art" in reader.info.hidden
    assert "second-video" not in reader.info.hidden


@pytest.mark.parametrize("cover", ["cover.png", "cover.jpg"])
def test_cover_whose_mark_was_lost(parts: Path, tmp_path: Path, cover: str) -> None:
    """Matroska keeps no such mark for tracks: the photo lies first, and as the default."""
    marks = ["-disposition:v:0", "default", "-disposition:v:1", "0"]
    path = made(parts, tmp_path / "a.mkv", "-i", parts / cover, "-map", "1", "-map", "0", "-c", "copy", *marks)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 10
    assert reader.info.size_wh == (64, 48)
    assert "second-video" in reader.info.hidden


@pytest.mark.parametrize(("cover", "kind"), [("cover.jpg", "image/jpeg"), ("cover.png", "image/png")])
def test_attached_pictures_of_matroska(parts: Path, tmp_path: Path, cover: str, kind: str) -> None:
    attach = ["-attach", parts / cover, "-metadata:s:t", f"mimetype={kind}"]
    path = made(parts, tmp_path / "a.mkv", "-c", "copy", *attach)
    with VideoReader(path) as reader:
        assert len(list(reader)) == 10
    assert reader.info.size_wh == (64, 48)
    assert {"cover-art", "attachments"} & set(reader.info.hidden)


def test_thumbnail_tracks_are_not_the_recording(parts: Path, tmp_path: Path) -> None:
    for name in ("a.mkv", "a.mp4"):
        both = ["-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0", "timed_thumbnails"]
        path = made(parts, tmp_path / name, "-i", parts / "small.mp4", *both)
        info = probe(path)
        # Only some containers keep that mark; where it is lost, the default stream decides.
        assert info.size_wh == (64, 48) or "second-video" in info.hidden


@pytest.mark.parametrize(("default", "size"), [(0, (64, 48)), (1, (32, 32))])
def test_of_several_pictures_the_default_one(parts: Path, tmp_path: Path, default: int, size: tuple[int, int]) -> None:
    marks = ["-disposition:v:0", "0", "-disposition:v:1", "0", f"-disposition:v:{default}", "default"]
    path = made(parts, tmp_path / "a.mkv", "-i", parts / "small.mp4", "-map", "0", "-map", "1", "-c", "copy", *marks)
    with VideoReader(path) as reader:
        assert {p.size_wh for p in reader} == {size}
    assert reader.info.video_stream == default
    assert "second-video" in reader.info.hidden
    assert any("2 picture streams" in w for w in reader.info.warnings)


def test_sound_is_found_and_a_second_one_is_named(parts: Path, tmp_path: Path) -> None:
    one = made(parts, tmp_path / "one.mp4", "-i", parts / "sound.m4a", "-c", "copy")
    assert probe(one).sound_stream == 1
    assert "second-sound" not in probe(one).hidden
    assert probe(parts / "clip.mp4").sound_stream is None
    sounds = ["-i", parts / "sound.m4a", "-i", parts / "sound.m4a", "-map", "0", "-map", "1", "-map", "2", "-c", "copy"]
    marks = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    two = made(parts, tmp_path / "two.mkv", *sounds, *marks)
    assert probe(two).sound_stream == 2
    assert "second-sound" in probe(two).hidden


def test_each_kind_of_hidden_data_is_named(parts: Path, tmp_path: Path) -> None:
    mov = ["-c", "copy", "-timecode", "01:02:03:04", "-metadata", "title=Jan", "-metadata", "location=+52.1+004.5/"]
    found = set(probe(made(parts, tmp_path / "a.mov", *mov)).hidden)
    assert {"tags", "location", "timecode", "data-track"} <= found
    mkv = [
        "-i",
        parts / "sub.srt",
        "-i",
        parts / "meta.txt",
        "-map",
        "0",
        "-map",
        "1",
        "-map_chapters",
        "2",
        "-c",
        "copy",
    ]
    attach = ["-attach", parts / "meta.txt", "-metadata:s:t", "mimetype=text/plain"]
    found = set(probe(made(parts, tmp_path / "a.mkv", *mkv, *attach)).hidden)
    assert {"subtitles", "chapters", "attachments"} <= found


def test_no_value_of_a_tag_is_carried(parts: Path, tmp_path: Path) -> None:
    path = made(parts, tmp_path / "a.mp4", "-c", "copy", "-metadata", "title=NEEDLE", "-metadata", "artist=NEEDLE")
    assert b"NEEDLE" in path.read_bytes()
    assert "NEEDLE" not in repr(probe(path))


def test_tags_that_are_not_text(parts: Path, tmp_path: Path) -> None:
    path = made(parts, tmp_path / "a.mp4", "-c", "copy", "-metadata", "title=NEEDLE")
    path.write_bytes(path.read_bytes().replace(b"NEEDLE", b"\xff\xfe\xfd\xfc\xfb\xfa"))
    assert "tags" in probe(path).hidden


def captioned(path: Path, plain: Path) -> Path:
    """The clip with a CEA-708 SEI (ITU-T T.35 user data, 'GA94') in front of its first picture."""
    cc = b"\xb5\x00\x31GA94\x03\xc1\xff" + b"\xfc\x94\x20" + b"\xff"
    sei = b"\x00\x00\x00\x01\x06\x04" + bytes([len(cc)]) + cc + b"\x80"
    raw = path.with_suffix(".h264")
    ffmpeg("-i", plain, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", raw)
    data = raw.read_bytes()
    at = data.index(b"\x00\x00\x01\x65")
    at -= data[at - 1] == 0
    raw.write_bytes(data[:at] + sei + data[at:])
    ffmpeg("-r", "25", "-i", raw, "-c", "copy", path)
    return path


def test_captions_in_the_bitstream(parts: Path, tmp_path: Path) -> None:
    path = captioned(tmp_path / "cc.mp4", parts / "clip.mp4")
    with VideoReader(path) as reader:
        assert len(list(reader)) == len(decoded(path, size_wh=(64, 48)))
    assert "captions" in reader.hidden
    with VideoReader(parts / "clip.mp4") as reader:
        list(reader)
    assert "captions" not in reader.hidden


def test_encoder_notes_in_the_bitstream(tmp_path: Path) -> None:
    assert "encoder-notes" in probe(card(tmp_path / "a.mp4", *X264)).hidden
