"""Damage stops the reading: no recording is ever half read without a word."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from avg_video.errors import DamagedInput, InputError, UnsupportedInput
from avg_video.media import limits
from avg_video.media.reader import VideoReader
from tests.support.clips import X264, card, decoded, ffmpeg


def read(path: Path) -> list[bytes]:
    """All pictures, or the error."""
    with VideoReader(path) as reader:
        return [p.i420.tobytes() for p in reader]


def boxes(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Start and end of each top-level MP4 box."""
    found, at = {}, 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found[data[at + 4 : at + 8]] = (at, at + size)
        at += size
    return found


def fast_start(folder: Path, *args: str) -> Path:
    return card(folder / "whole.mp4", *(args or X264), "-movflags", "+faststart", seconds=3, size_wh=(160, 96))


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95, 0.999])
def test_mp4_cut_off_anywhere(tmp_path: Path, part: float) -> None:
    path = fast_start(tmp_path)
    data = path.read_bytes()
    start, end = boxes(data)[b"mdat"]
    (tmp_path / "cut.mp4").write_bytes(data[: start + round((end - start) * part)])
    assert len(read(path)) == 75
    with pytest.raises(DamagedInput):
        read(tmp_path / "cut.mp4")


def test_mp4_cut_off_between_two_pictures(tmp_path: Path) -> None:
    """FFmpeg reads this one to its early end without any error."""
    path = fast_start(tmp_path)
    import av

    with av.open(str(path)) as box:
        packets = [p for p in box.demux(video=0) if p.size]
        ends = [p.pos + p.size for p in packets if p.pos is not None]
    (tmp_path / "cut.mp4").write_bytes(path.read_bytes()[: ends[39]])
    assert len(decoded(tmp_path / "cut.mp4", size_wh=(160, 96))) == 40
    with pytest.raises(DamagedInput, match="breaks off: 40 of 75 pictures are there"):
        read(tmp_path / "cut.mp4")


@pytest.mark.parametrize("name", ["whole.mkv", "whole.avi", "whole.flv", "whole.wmv"])
def test_other_containers_cut_off(tmp_path: Path, name: str) -> None:
    codec = ["-c:v", "wmv2"] if name.endswith("wmv") else list(X264)
    path = card(tmp_path / name, *codec, seconds=3, size_wh=(160, 96))
    assert len(read(path)) == 75
    data = path.read_bytes()
    for part in (0.4, 0.6):
        cut = path.with_stem(f"cut{part}")
        cut.write_bytes(data[: round(len(data) * part)])
        with pytest.raises(DamagedInput):
            read(cut)


def test_sound_that_lasts_longer_is_not_damage(tmp_path: Path) -> None:
    """Matroska declares one length for all its streams."""
    picture = card(tmp_path / "p.mkv", seconds=0.6)
    path = tmp_path / "long.mkv"
    ffmpeg("-i", picture, "-f", "lavfi", "-i", "sine=duration=2", "-c:v", "copy", "-c:a", "aac", path)
    assert len(read(path)) == 15


def test_length_unknown_is_told(tmp_path: Path) -> None:
    """A recording made by a browser, whose header could not be finished."""
    path = card(tmp_path / "live.webm", "-c:v", "libvpx", "-deadline", "realtime", "-live", "1")
    with VideoReader(path) as reader:
        assert len(list(reader)) == 10
    assert reader.info.declared_seconds is None
    assert any("does not say how long" in w for w in reader.warnings)


def test_fragmented_mp4_is_whole_and_cut_off_inside_a_fragment_is_not(tmp_path: Path) -> None:
    path = fast_start(tmp_path, *X264, "-g", "25", "-movflags", "+frag_keyframe+empty_moov")
    assert len(read(path)) == 75
    data = path.read_bytes()
    at = data.rindex(b"mdat")
    (tmp_path / "cut.mp4").write_bytes(data[: at + 400])
    with pytest.raises(DamagedInput):
        read(tmp_path / "cut.mp4")


def test_flipped_bytes_are_noticed(tmp_path: Path) -> None:
    """H.264 decoders mend damage quietly; the mended pictures are marked, and that is heard. Some flips change only
    the numbers of valid symbols, which nobody can notice without a checksum; more than half must be caught."""
    path = fast_start(tmp_path, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")
    whole, data = read(path), path.read_bytes()
    start, end = boxes(data)[b"mdat"]
    changed = noticed = 0
    for seed in range(20):
        rng = random.Random(seed)
        broken = bytearray(data)
        at = rng.randrange(start + 100, end - 40)
        broken[at : at + 24] = rng.randbytes(24)
        (tmp_path / "broken.mp4").write_bytes(broken)
        try:
            got = read(tmp_path / "broken.mp4")
        except DamagedInput:
            noticed += 1
        else:
            changed += got != whole
    assert noticed >= 15, f"{noticed} noticed, {changed} changed without a word"


def test_damaged_wmv_is_noticed(tmp_path: Path) -> None:
    """Caught only because decoders are asked to be strict."""
    path = card(tmp_path / "whole.wmv", "-c:v", "wmv2", "-q:v", "3", seconds=2, size_wh=(160, 96))
    assert len(read(path)) == 50
    data = path.read_bytes()
    noticed = 0
    for k in range(1, 11):
        broken = bytearray(data)
        at = len(data) * k // 12 + 500
        broken[at : at + 60] = random.Random(k).randbytes(60)
        path.write_bytes(broken)
        try:
            read(path)
        except DamagedInput:
            noticed += 1
    assert noticed >= 8


def test_zeroed_stretch(tmp_path: Path) -> None:
    path = fast_start(tmp_path)
    data = bytearray(path.read_bytes())
    start, end = boxes(bytes(data))[b"mdat"]
    middle = (start + end) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    with pytest.raises(DamagedInput):
        read(path)


def test_last_pictures_undecodable(tmp_path: Path) -> None:
    """The decoder meets these while it is being emptied, where an error is easily lost."""
    path = fast_start(tmp_path)
    data = bytearray(path.read_bytes())
    _, end = boxes(bytes(data))[b"mdat"]
    data[end - 300 : end] = bytes(300)
    path.write_bytes(data)
    with pytest.raises(DamagedInput):
        read(path)


def test_lost_transport_packets(tmp_path: Path) -> None:
    path = card(tmp_path / "a.ts", *X264, seconds=2, size_wh=(160, 96))
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 188 * 5 :])
    with pytest.raises(DamagedInput):
        read(path)


def test_start_without_a_key_picture(tmp_path: Path) -> None:
    """Players show such a start as grey mud or leave it out; neither may happen without a word."""
    path = card(tmp_path / "a.ts", *X264, "-g", "25", "-bf", "0", seconds=2, size_wh=(160, 96))
    data = path.read_bytes()
    headers = data[: 188 * 3]
    path.write_bytes(headers + data[len(data) // 188 // 4 * 188 :])
    with pytest.raises(InputError):
        read(path)


def test_too_many_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit brought down to what a test can make; declared (MP4) and only found while reading (MKV)."""
    monkeypatch.setattr(limits, "MAX_PICTURES", 7)
    with pytest.raises(UnsupportedInput, match="more than 7 pictures"):
        read(card(tmp_path / "a.mp4"))
    with pytest.raises(UnsupportedInput, match="more than 7 pictures"):
        read(card(tmp_path / "a.mkv"))


def test_pictures_in_another_file_are_not_followed(tmp_path: Path) -> None:
    """A MOV whose data reference (an alias) names another file: that file is never opened."""
    path = card(tmp_path / "a.mov", *X264)
    data = path.read_bytes()
    at = data.index(b"url \x00\x00\x00\x01")
    name = str(tmp_path / "other.mov").encode()
    alias = bytearray(150)
    alias[8 + 2 : 8 + 4] = b"\x00\x02"
    tail = b"\x00\x02" + len(name).to_bytes(2) + name + b"\x00" * (len(name) % 2) + b"\xff\xff\x00\x00"
    body = b"alis\x00\x00\x00\x00" + bytes(alias) + tail
    grown = data[: at - 4] + (len(body) + 4).to_bytes(4) + body + data[at + 8 :]
    added = len(grown) - len(data)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = max(p for p in (grown.find(kind), grown.rfind(kind, 0, at)) if 0 <= p < at) - 4
        size = int.from_bytes(grown[place : place + 4]) + added
        grown = grown[:place] + size.to_bytes(4) + grown[place + 4 :]
    card(tmp_path / "other.mov", *X264)
    path.write_bytes(grown)
    follow = ["-enable_drefs", "1", "-use_absolute_path", "1"]
    assert ffmpeg(*follow, "-i", path, "-f", "framemd5", "-").count(b"\n0,") == 10  # FFmpeg could
    with pytest.raises(InputError):
        read(path)


def test_no_pictures_at_all(tmp_path: Path) -> None:
    path = card(tmp_path / "none.mkv", *X264, "-frames:v", "1")
    data = path.read_bytes()
    cluster = data.index(b"\x1f\x43\xb6\x75")
    path.write_bytes(data[:cluster])
    with pytest.raises(DamagedInput, match="content is missing"):
        read(path)


def test_other_codecs_read_whole(tmp_path: Path) -> None:
    """Nothing sound is called damaged: B-pyramids, open GOPs, alternate references, several slices."""
    for name, args in {
        "h.mp4": ["-c:v", "libx265", "-x265-params", "log-level=error:open-gop=1:keyint=5", "-pix_fmt", "yuv420p"],
        "o.mp4": ["-c:v", "libx264", "-x264opts", "open_gop=1:keyint=5:bframes=3:b-pyramid=normal:slices=4"],
        "v.webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-auto-alt-ref", "1", "-lag-in-frames", "8"],
        "a.mp4": ["-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"],
    }.items():
        path = card(tmp_path / name, *args, size_wh=(96, 64))
        got = [np.frombuffer(p, np.uint8).reshape(96, 96) for p in read(path)]
        assert np.array_equal(np.stack(got), decoded(path, size_wh=(96, 64))), name
