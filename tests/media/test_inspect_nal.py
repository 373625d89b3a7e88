"""H.264 taken apart: start codes, lengths, SEI messages and decoder configurations, whole and damaged."""

from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.media.sei import (
    MalformedNal,
    nal_name,
    nal_type,
    parse_avc_config,
    sei_payload_types,
    split_annex_b,
    split_sample,
)

units = st.lists(st.binary(min_size=1, max_size=20).map(lambda b: b"\x65" + b.replace(b"\0", b"\1")), max_size=6)


@given(units, st.sampled_from([1, 2, 4]))
def test_lengths_come_apart_as_they_were_put_together(nals: list[bytes], size: int) -> None:
    data = b"".join(len(n).to_bytes(size, "big") + n for n in nals)
    assert list(split_sample(data, size)) == nals


@given(units.filter(bool), st.sampled_from([b"\0\0\1", b"\0\0\0\1"]))
def test_start_codes_come_apart_as_they_were_put_together(nals: list[bytes], code: bytes) -> None:
    assert list(split_annex_b(b"".join(code + n for n in nals))) == nals


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    for parse in (
        lambda d: list(split_annex_b(d)),
        lambda d: list(split_sample(d, 4)),
        lambda d: sei_payload_types(b"\x06" + d),
        lambda d: parse_avc_config(b"\x01" + d),
    ):
        try:
            parse(data)
        except MalformedNal:
            continue


def test_x264s_own_units_are_recognised() -> None:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 32, 32, "yuv420p"
    context.framerate = 25
    context.options = {"preset": "ultrafast", "x264-params": "aud=1"}
    packets = [*context.encode(av.VideoFrame(32, 32, "yuv420p")), *context.encode(None)]
    nals = list(split_annex_b(bytes(packets[0])))
    assert [nal_name(nal_type(n)) for n in nals] == [
        "access unit delimiter",
        "sequence parameters",
        "picture parameters",
        "SEI",
        "key-frame slice",
    ]
    assert sei_payload_types(nals[3]) == (5,)


def test_an_sei_of_several_and_long_messages() -> None:
    long = b"\x05\xff\x05" + bytes(range(1, 131)) * 2  # 260 bytes: 255 and 5
    assert sei_payload_types(b"\x06" + b"\x04\x03abc" + long + b"\xff\x01\x00" + b"\x80") == (4, 5, 256)
    assert sei_payload_types(b"\x06\x04\x04\0\0\x03\0\0\x80") == (4,)  # 00 00 03 00 stands for 00 00 00


@pytest.mark.parametrize("nal", [b"\x06\x05", b"\x06\x05\x09abc\x80", b"\x06\xff", b"\x65abc", b""])
def test_a_broken_sei_is_refused(nal: bytes) -> None:
    with pytest.raises(MalformedNal):
        sei_payload_types(nal)


SPS, PPS = b"\x67\x64\x00\x0d\xac", b"\x68\xef\x86"
CONFIG = b"\x01\x64\x00\x0d\xff\xe1\x00\x05" + SPS + b"\x01\x00\x03" + PPS


def test_a_decoder_configuration() -> None:
    assert parse_avc_config(CONFIG).nals == (SPS, PPS)
    assert parse_avc_config(CONFIG).length_size == 4
    assert parse_avc_config(CONFIG + b"\xfd\xf8\xf8\x00").nals == (SPS, PPS)
    extended = parse_avc_config(CONFIG + b"\xfd\xf8\xf8\x01\x00\x02\x6d\x80")
    assert nal_type(extended.nals[2]) == 13


@pytest.mark.parametrize("data", [CONFIG[:-1], CONFIG[:12], CONFIG + b"x", CONFIG + b"\xfd\xf8\xf8\x00secret", b""])
def test_a_decoder_configuration_with_loose_ends_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedNal):
        parse_avc_config(data)
