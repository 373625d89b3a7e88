"""Choosing an encoder: what works is used, what doesn't is named, and a fall-back is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avg_video.errors import EncoderFailed, UsageError
from avg_video.media import encoders
from avg_video.media.encoders import HARDWARE, Encoder, choose_encoder


def test_the_default_is_libx264_without_captions_or_version_strings() -> None:
    encoder = choose_encoder("libx264", (320, 240))
    assert encoder.name == "libx264"
    assert encoder.note is None
    assert dict(encoder.options) == {
        "preset": "veryfast",
        "crf": "20",
        "a53cc": "0",
        "flags": "+bitexact+global_header",
    }


def test_crf_and_preset_reach_the_encoder() -> None:
    options = dict(choose_encoder("libx264", (64, 48), crf=31, preset="ultrafast").options)
    assert (options["crf"], options["preset"]) == ("31", "ultrafast")


@pytest.mark.parametrize("size_wh", [(2, 2), (16, 16), (64, 2), (1920, 1080), (1080, 1920)])
def test_libx264_works_at_every_size(size_wh: tuple[int, int]) -> None:
    assert choose_encoder("libx264", size_wh).name == "libx264"


@pytest.mark.parametrize(
    ("name", "size_wh", "tried_wh"),
    [
        ("libx264", (1920, 1080), (320, 240)),
        ("libx264", (64, 1080), (64, 240)),
        ("libx264", (8192, 4320), (8192, 4320)),
        ("h264_nvenc", (1920, 1080), (1920, 1080)),
    ],
)
def test_a_trial_is_small_where_the_size_can_make_no_difference(
    monkeypatch: pytest.MonkeyPatch, name: str, size_wh: tuple[int, int], tried_wh: tuple[int, int]
) -> None:
    tried = []

    def encode(encoder: Encoder, size_wh: tuple[int, int], pictures: list[Any]) -> tuple[bytes, list[bytes]]:
        tried.append((encoder.name, size_wh, pictures[0].shape[::-1]))
        raise ValueError("enough")

    monkeypatch.setattr(encoders, "_encode", encode)
    with pytest.raises(EncoderFailed, match=f"{name} does not work here at {size_wh[0]}x{size_wh[1]} .enough"):
        choose_encoder(name, size_wh)
    assert tried == [(name, tried_wh, (tried_wh[0], tried_wh[1] * 3 // 2))]


def test_auto_uses_what_works_and_tells_of_a_fall_back() -> None:
    encoder = choose_encoder("auto", (640, 480))
    if encoder.name in HARDWARE:
        assert encoder.note is None
    else:
        assert encoder.name == "libx264"
        assert encoder.note is not None
        assert encoder.note.startswith("no hardware encoder works here, so libx264 is used (")
        assert all(f"{name}: " in encoder.note for name in HARDWARE)


@pytest.mark.parametrize("name", HARDWARE)
def test_a_named_encoder_works_or_fails_by_name(name: str) -> None:
    try:
        encoder = choose_encoder(name, (640, 480))
    except EncoderFailed as error:
        assert str(error).startswith(f"the encoder {name} does not work here at 640x480 (")  # noqa: PT017
        assert "libx264" in error.remedy  # noqa: PT017
    else:
        assert encoder.name == name
        assert encoder.note is None


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no encoder called 'libx265' here; choose one of auto, libx264, h264_nvenc"):
        choose_encoder("libx265", (320, 240))


@pytest.mark.parametrize(("crf", "preset", "words"), [(0, "fast", "crf 0"), (52, "fast", "crf 52"), (20, "x", "'x'")])
def test_settings_out_of_range_are_refused(crf: int, preset: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        choose_encoder("libx264", (320, 240), crf=crf, preset=preset)


def test_an_encoder_that_refuses_the_size_is_not_trusted() -> None:
    with pytest.raises(EncoderFailed, match="does not work here at 30000x20"):
        choose_encoder("libx264", (30000, 20))


def test_the_trial_notices_pictures_that_come_back_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = encoders._encode

    def green(encoder: Encoder, size_wh: tuple[int, int], pictures: list[Any]) -> Any:
        return real(encoder, size_wh, [np.zeros_like(p) for p in pictures])

    monkeypatch.setattr(encoders, "_encode", green)
    with pytest.raises(EncoderFailed, match="do not look like"):
        choose_encoder("libx264", (320, 240))


def test_the_trial_notices_pictures_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = encoders._encode
    monkeypatch.setattr(encoders, "_encode", lambda e, s, p: real(e, s, p[:2]))
    with pytest.raises(EncoderFailed, match="2 of 3 pictures"):
        choose_encoder("libx264", (320, 240))


def test_the_trial_notices_what_is_not_h264(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_encode", lambda e, s, p: (b"x", [b"garbage"]))
    with pytest.raises(EncoderFailed, match=r"no valid H\.264"):
        choose_encoder("libx264", (320, 240))


def test_the_trial_notices_missing_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = encoders._encode
    monkeypatch.setattr(encoders, "_encode", lambda e, s, p: (b"", real(e, s, p)[1]))
    with pytest.raises(EncoderFailed, match="no headers that MP4 could keep"):
        choose_encoder("libx264", (320, 240))
