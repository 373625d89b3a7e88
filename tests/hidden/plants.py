"""How needles get into a clip: by ffmpeg's options, or by writers of our own."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av

from tests.hidden.kit import Kit
from tests.hidden.needles import picture_file
from tests.hidden.special import creation, place_text, timecode
from tests.hidden.units import (
    TEXT_UUID,
    adaptation_packet,
    asf_attribute,
    before_first_picture,
    cut_by_edit_list,
    full,
    sei,
)
from tests.media.surgery import add, box, edit
from tests.support.clips import ffmpeg

Plant = Callable[[Kit, Path, str], None]
"""Writes a clip to the path with the text planted in it."""

EXACT = ("-fflags", "+bitexact", "-c", "copy")
FIRST = tuple(w for kind in "va" for w in (f"-disposition:{kind}:0", "default", f"-disposition:{kind}:1", "0"))
"""Players, and this program, take the stream marked as default: the plain one, not the needle."""


def tagged(*args: str, codec: str | None = None) -> Plant:
    """By ffmpeg, with {n} in the arguments replaced."""

    def plant(kit: Kit, out: Path, text: str) -> None:
        ffmpeg("-i", kit.film(out.suffix, codec), "-map", "0", *EXACT, *(a.replace("{n}", text) for a in args), out)

    return plant


def surgery(new: Callable[[str], bytes], *path: bytes) -> Plant:
    """A box put into `moov`, or inside it, or with no path after the last box."""

    def plant(kit: Kit, out: Path, text: str) -> None:
        film = kit.film(out.suffix).read_bytes()
        out.write_bytes(edit(film, add(*path, new=new(text))) if path else film + new(text))

    return plant


def changed(change: Callable[[bytes, str], bytes]) -> Plant:
    """By changing the bytes of the plain clip."""
    return lambda kit, out, text: void(out.write_bytes(change(kit.film(out.suffix).read_bytes(), text)))


def void(_: object) -> None:
    return None


def created(kit: Kit, out: Path, text: str) -> None:
    tagged("-metadata", f"creation_time={creation(text)[0]}Z")(kit, out, text)


def timed(kit: Kit, out: Path, text: str) -> None:
    tagged("-timecode", timecode(text)[0])(kit, out, text)


def placed(kit: Kit, out: Path, text: str) -> None:
    key = f"com.apple.quicktime.location.ISO6709={place_text(text)}"
    tagged("-movflags", "use_metadata_tags", "-metadata", key)(kit, out, text)


def in_stream(codec: str, change: Callable[[bytes, str], bytes]) -> Plant:
    """By changing the bare stream of pictures before it is put into the container."""
    return lambda kit, out, text: kit.boxed(codec, change(kit.raw(codec), text), out)


def with_sei(codec: str, kind: int, message: Callable[[str], bytes]) -> Plant:
    """An SEI message of that type in front of the first picture."""
    header = b"\x06" if codec == "h264" else b"\x4e\x01"
    return in_stream(codec, lambda stream, n: before_first_picture(stream, sei(kind, message(n), header), codec))


def free_text(text: str) -> bytes:
    return TEXT_UUID + text.encode()


def subtitles(code: str, *, source: str = "srt") -> Plant:
    bodies = {
        "srt": "1\n00:00:00,000 --> 00:00:00,300\n{n}\n",
        "vtt": "WEBVTT\n\n00:00.000 --> 00:00.300\n{n}\n",
        "ass": "[Script Info]\nTitle: x\n\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:00.30,{n}\n",
    }

    def plant(kit: Kit, out: Path, text: str) -> None:
        words = kit.text(f"words.{source}", bodies[source].replace("{n}", text))
        ffmpeg("-i", kit.film(out.suffix), "-i", words, "-map", "0", "-map", "1", *EXACT, "-c:s", code, out)

    return plant


def chapters(*args: str) -> Plant:
    body = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=300\ntitle={n}\n"

    def plant(kit: Kit, out: Path, text: str) -> None:
        marks = kit.text("chapters.txt", body.replace("{n}", text))
        ffmpeg("-i", kit.film(out.suffix), "-i", marks, "-map", "0", "-map_chapters", "1", *EXACT, *args, out)

    return plant


def cover(suffix: str) -> Plant:
    def plant(kit: Kit, out: Path, _: str) -> None:
        marks = ["-disposition:v:1", "attached_pic"]
        ffmpeg("-i", kit.film(out.suffix), "-i", kit.cover(suffix), "-map", "0", "-map", "1", *EXACT, *marks, out)

    return plant


def attached(suffix: str, kind: str) -> Plant:
    def plant(kit: Kit, out: Path, text: str) -> None:
        file = kit.cover(suffix) if kind.startswith("image") else kit.text("note.txt", text)
        ffmpeg(
            "-i", kit.film(out.suffix), "-map", "0", *EXACT, "-attach", file, "-metadata:s:t", f"mimetype={kind}", out
        )

    return plant


def cover_box(text: str) -> bytes:
    """The needle as the cover in the tags of iTunes, where phones' and Apple's programs put it."""
    image = box(b"data", struct.pack(">II", 14, 0) + picture_file(".png"))
    handler = full(b"hdlr", bytes(4) + b"mdirappl" + bytes(9))
    return box(b"udta", full(b"meta", handler + box(b"ilst", box(b"covr", image))))


def wm_picture(film: bytes, _: str) -> bytes:
    """The needle as WM/Picture: kind (3, front cover), length, type and description in UTF-16, bytes."""
    image = picture_file(".png")
    said = "image/png\0\0".encode("utf-16-le")
    return asf_attribute(film, "WM/Picture", struct.pack("<BI", 3, len(image)) + said + image)


def delayed_sound(kit: Kit, out: Path, _: str) -> None:
    """Sound that CodecDelay tells players to leave out (RFC 9559, 5.1.4.1.25): all of the needle's."""
    ffmpeg("-i", kit.two_tones, "-map", "0", *EXACT, out)
    film = out.read_bytes()
    at = film.index(b"\x56\xaa\x84") + 3
    out.write_bytes(film[:at] + struct.pack(">I", 420_000_000) + film[at + 4 :])


def private_data(film: bytes, text: str) -> bytes:
    """Private data in an adaptation field (ISO/IEC 13818-1, 2.4.3.4): its flag, its length, and it."""
    return adaptation_packet(film, b"\x02" + bytes([len(text)]) + text.encode())


def second_picture(kit: Kit, out: Path, _: str) -> None:
    code = {".wmv": ["-c:v:1", "wmv2", "-q:v", "2"], ".avi": ["-c:v:1", "mpeg4", "-q:v", "2"]}.get(out.suffix, [])
    ffmpeg("-i", kit.film(out.suffix), "-i", kit.needle_film, "-map", "0", "-map", "1", *EXACT, *code, *FIRST, out)


def second_sound(kit: Kit, out: Path, _: str) -> None:
    tone = kit.second_opus if out.suffix == ".webm" else kit.second_sound
    code = {".avi": "libmp3lame", ".wmv": "wmav2"}.get(out.suffix, "copy")
    ffmpeg("-i", kit.film(out.suffix), "-i", tone, "-map", "0", "-map", "1", *EXACT, "-c:a", code, *FIRST, out)


def trimmed_before(kit: Kit, out: Path, _: str) -> None:
    ffmpeg("-ss", "0.4", "-i", kit.half_colours, *EXACT, "-movflags", "+faststart", out)


def trimmed_after(kit: Kit, out: Path, _: str) -> None:
    # The needle is moved to the end: the same clip, shown up to its second half, backwards.
    back = kit.folder / "half-back.mp4"
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bsf:v", "filter_units=remove_types=6"]
    ffmpeg("-i", kit.half_colours, "-vf", "reverse", *coded, "-movflags", "+faststart", "-fflags", "+bitexact", back)
    out.write_bytes(cut_by_edit_list(back.read_bytes(), b"vide", end_s=0.4))


def trimmed_sound(kit: Kit, out: Path, _: str) -> None:
    out.write_bytes(cut_by_edit_list(kit.two_tones.read_bytes(), b"soun", start_s=0.48))


def packets(codec: str, data: Callable[[str], bytes]) -> Plant:
    """A data stream beside picture and sound, written by PyAV, which takes codecs that ffmpeg has no reader for."""

    def plant(kit: Kit, out: Path, text: str) -> None:
        with av.open(str(kit.film(out.suffix))) as source, av.open(str(out), "w") as target:
            same = {s.index: target.add_stream_from_template(s) for s in source.streams}
            extra = target.add_data_stream(codec)
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = same[packet.stream.index]
                    target.mux(packet)
            told = av.Packet(data(text))
            told.stream = extra
            told.pts = told.dts = 0
            target.mux(told)

    return plant


def id3(text: str) -> bytes:
    frame = b"\x03" + text.encode() + b"\0"
    body = b"TIT2" + struct.pack(">I", len(frame)) + b"\0\0" + frame
    return b"ID3\x04\0\0" + bytes([0, 0, 0, len(body)]) + body


XMP = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>" + (
    "<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:source>{n}</dc:source></rdf:Description>"
    "</rdf:RDF></x:xmpmeta>"
)


def xmp_bytes(text: str) -> bytes:
    return box(b"uuid", bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC") + XMP.replace("{n}", text).encode())


def xyz_bytes(text: str) -> bytes:
    place = place_text(text).encode()
    return box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(place), 0x15C7) + place))


def loci_bytes(text: str) -> bytes:
    body = b"\x15\xc7" + text.encode() + b"\0\0" + struct.pack(">iii", 5 << 16, 52 << 16, 0) + b"earth\0\0"
    return box(b"udta", full(b"loci", body))


def chpl_bytes(text: str) -> bytes:
    return box(b"udta", box(b"chpl", b"\1" + bytes(7) + b"\1" + bytes(8) + bytes([len(text)]) + text.encode()))


def gpmd_bytes(text: str) -> bytes:
    name = text.encode()
    return b"DEVC\0\x01\0\x14" + b"DVNMc\x01\0\x0c" + name


def x264_settings(kit: Kit, out: Path, _: str) -> None:
    ffmpeg(
        "-i", kit.film(".mkv"), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy", "-fflags", "+bitexact", out
    )


def x265_settings(kit: Kit, out: Path, _: str) -> None:
    coded = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    ffmpeg("-i", kit.film(".mkv"), *coded, "-c:a", "copy", "-fflags", "+bitexact", out)


def gif_comment(film: bytes, text: str) -> bytes:
    """A comment block in front of the first of the other blocks."""
    at = film.index(b"\x21\xff\x0bNETSCAPE")
    return film[:at] + b"\x21\xfe" + bytes([len(text)]) + text.encode() + b"\0" + film[at:]
