"""The search for hidden data in recordings from anywhere: no damage stops it, and it does not cry wolf."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avg_video.media.leftovers import hidden_in_file
from avg_video.media.riders import Riders
from tests.hidden.kit import Kit
from tests.hidden.units import element, in_riff, in_segment, sei
from tests.media.surgery import box

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".flv", ".ts")
CODECS = ("h264", "hevc", "av1", "mpeg2video", "mpeg4", "mjpeg", "vp9")


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return Kit(tmp_path_factory.mktemp("leftovers"))


def hidden(folder: Path, data: bytes) -> frozenset[str]:
    path = folder / "x"
    path.write_bytes(data)
    return hidden_in_file(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_damage_stops_the_search(suffix: str, kit: Kit) -> None:
    film = kit.film(suffix).read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, len(film) - 1), st.binary(min_size=1, max_size=9), st.integers(0, len(film)))
    def damaged(at: int, new: bytes, length: int) -> None:
        hidden(kit.folder, (film[:at] + new + film[at + len(new) :])[:length])

    damaged()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cut_short_anywhere_in_its_head_is_read_without_harm(suffix: str, kit: Kit) -> None:
    film = kit.film(suffix).read_bytes()
    for length in range(0, 200, 3):
        hidden(kit.folder, film[:length])


@pytest.mark.parametrize("codec", CODECS)
@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=80), extradata=st.binary(max_size=60))
def test_no_bytes_stop_the_search_between_pictures(codec: str, data: bytes, extradata: bytes) -> None:
    for extra in (None, extradata, b"\1" + extradata):
        Riders(codec, extra).in_packet(data)


def test_many_small_messages_are_read_in_one_pass() -> None:
    """A packet of a million bytes of empty messages must not take the square of that."""
    unit = b"\x06" + b"\x01\x00" * 500_000 + b"\x80"
    begun = time.thread_time()  # of this thread, whatever else the computer does
    Riders("h264", None).in_packet(b"\0\0\1" + unit)
    assert time.thread_time() - begun < 60  # the square would take hours


def test_boxes_without_end_are_read_without_harm(tmp_path: Path) -> None:
    nested = b""
    for _ in range(500):
        nested = box(b"moov", nested)
    hidden(tmp_path, box(b"ftyp") + nested)
    assert "trailing-data" in hidden(tmp_path, box(b"ftyp") + struct.pack(">I4sQ", 1, b"free", 2**63))


def test_empty_room_is_no_hidden_data(kit: Kit, tmp_path: Path) -> None:
    film = kit.film(".mp4").read_bytes()
    assert hidden(tmp_path, film) == frozenset()
    assert hidden(tmp_path, film + box(b"free", bytes(9))) == frozenset()
    assert hidden(tmp_path, film + box(b"free", bytes(9) + b"x")) == {"free-space"}
    mkv = kit.film(".mkv").read_bytes()
    assert hidden(tmp_path, in_segment(mkv, element(0xEC, bytes(9)))) == hidden(tmp_path, mkv)
    avi = kit.film(".avi").read_bytes()
    assert hidden(tmp_path, in_riff(avi, b"JUNK", bytes(9))) == hidden(tmp_path, avi) == frozenset()


def test_a_box_that_reaches_to_the_end_of_the_file(kit: Kit, tmp_path: Path) -> None:
    """Size 0, as recorders write that could not go back to the last box."""
    film = kit.film(".mp4").read_bytes()
    at = film.index(b"mdat") - 4
    assert hidden(tmp_path, film[:at] + bytes(4) + film[at + 4 :]) == frozenset()


PLAIN_MESSAGES = [(1, b"\x01\x02"), (6, b"\x84"), (137, b"\x01" * 24), (144, b"\x01" * 4), (3, b"\xff" * 9)]


@pytest.mark.parametrize(("kind", "payload"), PLAIN_MESSAGES)
def test_messages_about_the_picture_are_not_called_hidden(kind: int, payload: bytes) -> None:
    assert Riders("h264", None).in_packet(b"\0\0\1" + sei(kind, payload)) == frozenset()
    assert Riders("hevc", None).in_packet(b"\0\0\1" + sei(kind, payload, b"\x4e\x01")) == frozenset()


MESSAGES = [(5, b"1234567890123456words", "encoder-notes"), (136, b"\x41", "timecode"), (3, b"words", "free-space")]
MESSAGES += [
    (4, b"\xb5\x00\x31GA94\x03", "captions"),
    (4, b"\xb5\x00\x3bwords", "frame-data"),
    (99, b"x", "frame-data"),
]


@pytest.mark.parametrize(("kind", "payload", "name"), MESSAGES)
def test_each_kind_of_message_has_its_name(kind: int, payload: bytes, name: str) -> None:
    assert Riders("h264", None).in_packet(b"\0\0\1" + sei(kind, payload)) == {name}
    unit = sei(kind, payload, b"\x4e\x01")
    packed = b"\1" + bytes(20) + b"\3"  # lengths of four bytes
    assert Riders("hevc", packed).in_packet(struct.pack(">I", len(unit)) + unit) == {name}


def test_notes_in_the_decoders_configuration_are_named() -> None:
    """x265 puts its settings there; what rides in no packet must not be missed."""
    unit = sei(5, b"1234567890123456words", b"\x4e\x01")
    config = b"\1" + bytes(20) + b"\3\1" + b"\x27" + struct.pack(">HH", 1, len(unit)) + unit
    assert Riders("hevc", config).in_extradata == {"encoder-notes"}


def test_other_units_that_no_decoder_shows_are_named() -> None:
    for unit in (b"\x1ewords", b"\x13words"):  # an unspecified kind, and the auxiliary picture
        assert Riders("h264", None).in_packet(b"\0\0\1" + unit) == {"frame-data"}
    assert Riders("h264", None).in_packet(b"\0\0\1\x0c\xff\xff\x80") == frozenset()
    assert Riders("h264", None).in_packet(b"\0\0\1\x0cwords\x80") == {"free-space"}


def test_what_cameras_put_into_jpegs_is_named() -> None:
    plain = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01" + bytes(7)
    assert Riders("mjpeg", None).in_packet(plain + b"\xff\xda\0\x02") == frozenset()
    assert Riders("mjpeg", None).in_packet(plain + b"\xff\xfe\0\x07words\xff\xda\0\x02") == {"encoder-notes"}
    assert Riders("mjpeg", None).in_packet(plain + b"\xff\xe1\0\x08Exif\0\0\xff\xda\0\x02") == {"frame-data"}
