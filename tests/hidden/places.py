"""The table: which needle is planted where, in which container, and how. One row is one place in one container."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from tests.hidden.kit import Kit
from tests.hidden.needles import Needle, caption_message, caption_pairs, letters, text_needle
from tests.hidden.units import (
    TEXT_UUID,
    before_first_picture,
    cut_by_edit_list,
    data_track,
    element,
    full,
    in_riff,
    in_segment,
    metadata_obu,
    null_packet,
    sei,
    user_data,
)
from tests.media.surgery import add, box, edit
from tests.support.clips import ffmpeg

Plant = Callable[[Kit, Path, str], None]
"""Writes a clip to the path with the text planted in it."""

EXACT = ("-fflags", "+bitexact", "-c", "copy")
FIRST = tuple(w for kind in "va" for w in (f"-disposition:{kind}:0", "default", f"-disposition:{kind}:1", "0"))
"""Players, and this program, take the stream marked as default: the plain one, not the needle."""


@dataclass(frozen=True)
class Place:
    """One row of the table.

    Attributes
    ----------
    name, container: where; the container as a suffix.
    category: what the record must call it.
    plant: how.
    sense: "text", or "colour" and "sound" for needles that are seen and heard.
    """

    name: str
    container: str
    category: str
    plant: Plant
    sense: str = "text"

    @property
    def id(self) -> str:
        return f"{self.name}{self.container}"

    @property
    def letters(self) -> str:
        """What `plant` is given."""
        return letters(self.id)

    @property
    def needle(self) -> Needle:
        """What is looked for."""
        return _SPECIAL.get(self.name, text_needle)(self.letters)


def needle_with_captions(text: str) -> Needle:
    return text_needle(text, caption_pairs(text))


def creation(text: str) -> tuple[str, int]:
    """A moment of its own for each needle, as a tag and in seconds since 1904."""
    second = 100_000_000 + sum(ord(c) * 7919**i for i, c in enumerate(text[2:5])) % 900_000_000
    moment = datetime.datetime.fromtimestamp(second, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S"), second + 2_082_844_800


def creation_needle(text: str) -> Needle:
    stamp, seconds = creation(text)
    words = (stamp, stamp.replace("T", " "), stamp.replace("-", ":").replace("T", " "))
    packed = struct.pack(">I", seconds)
    matroska = struct.pack(">q", (seconds - 2_082_844_800 - 978_307_200) * 10**9)
    return Needle(stamp, (packed, matroska, *(w.encode() for w in words)), words)


def place_text(text: str) -> str:
    digits = "".join(str(ord(c) % 10) for c in text[2:])
    return f"+{digits[:2]}.{digits[2:6]}+0{digits[6:8]}.{digits[8:]}77/"


def place_needle(text: str) -> Needle:
    return text_needle(place_text(text))


def timecode(text: str) -> tuple[str, int]:
    """hh:mm:ss:ff at 25 a second, and the number of pictures since midnight, which is what is stored."""
    h, m, s, f = (ord(c) - 97 for c in text[2:6])
    h, m, s, f = h % 11 + 12, m + 30, s + 30, f % 25
    return f"{h:02}:{m:02}:{s:02}:{f:02}", ((h * 60 + m) * 60 + s) * 25 + f


def timecode_needle(text: str) -> Needle:
    stamp, count = timecode(text)
    return Needle(stamp, (stamp.encode(), struct.pack(">I", count)), (stamp,))


def language_needle(_: str) -> Needle:
    # Matroska's element and MPEG-TS's descriptor; the packed form of MP4 is too short to search for, so others read it.
    return Needle("dut", (b"\x22\xb5\x9c\x83dut", b"\x0a\x04dut"), ("(dut)", ": dut", ": Dutch"))


def _fixed(text: str) -> Callable[[str], Needle]:
    return lambda _: text_needle(text)


_SPECIAL: dict[str, Callable[[str], Needle]] = {
    "creation time": creation_needle,
    "GPS (c)xyz": place_needle,
    "GPS, Apple key": place_needle,
    "timecode track": timecode_needle,
    "language": language_needle,
    "captions in SEI, H.264": needle_with_captions,
    "captions in SEI, HEVC": needle_with_captions,
    "captions in metadata OBU, AV1": needle_with_captions,
    "captions in user data, MPEG-2": needle_with_captions,
    "encoder settings in SEI, x264": _fixed("x264 - core"),
    "encoder settings in SEI, x265": _fixed("x265 (build"),
}


# How needles get in: by ffmpeg's options, or by writers of our own.


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


def second_picture(kit: Kit, out: Path, _: str) -> None:
    ffmpeg("-i", kit.film(out.suffix), "-i", kit.needle_film, "-map", "0", "-map", "1", *EXACT, *FIRST, out)


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


def _xmp(text: str) -> bytes:
    return box(b"uuid", bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC") + XMP.replace("{n}", text).encode())


def _xyz(text: str) -> bytes:
    place = place_text(text).encode()
    return box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(place), 0x15C7) + place))


def _loci(text: str) -> bytes:
    body = b"\x15\xc7" + text.encode() + b"\0\0" + struct.pack(">iii", 5 << 16, 52 << 16, 0) + b"earth\0\0"
    return box(b"udta", full(b"loci", body))


def _chpl(text: str) -> bytes:
    return box(b"udta", box(b"chpl", b"\1" + bytes(7) + b"\1" + bytes(8) + bytes([len(text)]) + text.encode()))


def _gpmd(text: str) -> bytes:
    name = text.encode()
    return b"DEVC\0\x01\0\x14" + b"DVNMc\x01\0\x0c" + name


def iso_places(suffix: str) -> Iterator[Place]:
    """MP4, MOV and 3GP."""

    def row(name: str, category: str, plant: Plant, sense: str = "text") -> Place:
        return Place(name, suffix, category, plant, sense)

    yield row(
        "udta tags", "tags", surgery(lambda n: box(b"udta", full(b"titl", b"\x15\xc7" + n.encode() + b"\0")), b"moov")
    )
    yield row("GPS loci", "location", surgery(_loci, b"moov"))
    yield row("GPS (c)xyz", "location", surgery(_xyz, b"moov"))
    yield row("title tag", "tags", tagged("-metadata", "title={n}"))
    yield row("handler name", "tags", tagged("-metadata:s:v", "handler_name={n}"))
    yield row("handler name of the sound", "tags", tagged("-metadata:s:a", "handler_name={n}"))
    yield row("free box", "free-space", surgery(lambda n: box(b"free", n.encode())))
    yield row("skip box in moov", "free-space", surgery(lambda n: box(b"skip", n.encode()), b"moov"))
    yield row("unknown box", "unknown-box", surgery(lambda n: box(b"zzzz", n.encode()), b"moov", b"trak"))
    yield row("bytes after the last box", "trailing-data", surgery(lambda n: n.encode()))
    yield row(
        "bytes in mdat that no sample uses", "free-space", changed(lambda film, n: film + box(b"mdat", n.encode()))
    )
    yield row("XMP uuid box", "tags", surgery(_xmp))
    yield row("creation time", "creation-time", created)
    yield row("subtitles mov_text", "subtitles", subtitles("mov_text"))
    if suffix == ".3gp":
        return
    if suffix == ".mp4":
        yield row("cover art PNG", "cover-art", cover(".png"), "colour")
        yield row("cover art JPEG", "cover-art", cover(".jpg"), "colour")
    yield row(
        "Apple keys (mdta)",
        "tags",
        tagged("-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.model={n}"),
    )
    yield row("GPS, Apple key", "location", placed)
    yield row("data track (gpmd)", "data-track", changed(lambda film, n: data_track(film, b"gpmd", _gpmd(n))))
    yield row("data track (mebx)", "data-track", changed(lambda film, n: data_track(film, b"mebx", n.encode())))
    yield row("chapters", "chapters", chapters())
    yield row("chapters (chpl)", "chapters", surgery(_chpl, b"moov"))
    yield row("timecode track", "timecode", timed)
    yield row("language", "language", tagged("-metadata:s:v", "language=dut"))
    yield row("track title", "tags", tagged("-metadata:s:v", "title={n}"))
    yield row("sound track tags", "tags", tagged("-metadata:s:a", "title={n}"))
    yield row("picture before an edit list", "trimmed-picture", trimmed_before, "colour")
    yield row("picture after an edit list", "trimmed-picture", trimmed_after, "colour")
    yield row("sound before an edit list", "trimmed-sound", trimmed_sound, "sound")
    yield row("second picture stream", "second-video", second_picture, "colour")
    yield row("second sound stream", "second-sound", second_sound, "sound")


def matroska_places(suffix: str) -> Iterator[Place]:
    """MKV and WebM."""

    def row(name: str, category: str, plant: Plant, sense: str = "text") -> Place:
        return Place(name, suffix, category, plant, sense)

    yield row("title tag", "tags", tagged("-metadata", "title={n}"))
    yield row("own tag", "tags", tagged("-metadata", "class={n}"))
    yield row("track title", "tags", tagged("-metadata:s:v", "title={n}"))
    yield row("sound track tags", "tags", tagged("-metadata:s:a", "comment={n}"))
    yield row("chapters", "chapters", chapters())
    yield row("subtitles webvtt", "subtitles", subtitles("webvtt", source="vtt"))
    yield row("creation time", "creation-time", created)
    yield row("language", "language", tagged("-metadata:s:v", "language=dut"))
    yield row("Void element", "free-space", changed(lambda film, n: in_segment(film, element(0xEC, n.encode()))))
    yield row(
        "unknown element", "unknown-box", changed(lambda film, n: in_segment(film, element(0x1A2B3C4D, n.encode())))
    )
    yield row("bytes after the segment", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield row("second sound stream", "second-sound", second_sound, "sound")
    if suffix == ".webm":
        return
    yield row("subtitles srt", "subtitles", subtitles("srt"))
    yield row("subtitles ass", "subtitles", subtitles("ass", source="ass"))
    yield row("attached PNG", "cover-art", attached(".png", "image/png"), "colour")
    yield row("attached JPEG", "cover-art", attached(".jpg", "image/jpeg"), "colour")
    yield row("attached text", "attachments", attached("", "text/plain"))
    yield row("second picture stream", "second-video", second_picture, "colour")


def stream_places() -> Iterator[Place]:
    """What rides between the pictures, in every container that takes the codec."""
    for suffix in (".mp4", ".mov", ".mkv", ".ts", ".avi", ".flv", ".3gp"):
        yield Place("captions in SEI, H.264", suffix, "captions", with_sei("h264", 4, caption_message))
        yield Place("free text in SEI, H.264", suffix, "encoder-notes", with_sei("h264", 5, free_text))
        yield Place("encoder settings in SEI, x264", suffix, "encoder-notes", x264_settings)
    for suffix in (".mp4", ".mov", ".mkv", ".ts"):
        yield Place("captions in SEI, HEVC", suffix, "captions", with_sei("hevc", 4, caption_message))
        yield Place("free text in SEI, HEVC", suffix, "encoder-notes", with_sei("hevc", 5, free_text))
    for suffix in (".mp4", ".mkv"):
        yield Place("encoder settings in SEI, x265", suffix, "encoder-notes", x265_settings)
    for suffix in (".mp4", ".mkv", ".webm"):
        captions = in_stream("av1", lambda stream, n: metadata_obu(stream, caption_message(n)))
        yield Place("captions in metadata OBU, AV1", suffix, "captions", captions)
        text = in_stream("av1", lambda stream, n: metadata_obu(stream, b"\xb5\x00\x3b" + n.encode()))
        yield Place("free text in metadata OBU, AV1", suffix, "frame-data", text)
    for suffix in (".ts", ".mkv"):
        told = in_stream("mpeg2video", lambda stream, n: user_data(stream, caption_message(n)[3:], 1))
        yield Place("captions in user data, MPEG-2", suffix, "captions", told)
    for suffix in (".avi", ".mkv"):
        note = in_stream("mpeg4", lambda stream, n: user_data(stream, n.encode(), 0xB6))
        yield Place("user data, MPEG-4", suffix, "encoder-notes", note)


def x264_settings(kit: Kit, out: Path, _: str) -> None:
    ffmpeg(
        "-i", kit.film(".mkv"), "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy", "-fflags", "+bitexact", out
    )


def x265_settings(kit: Kit, out: Path, _: str) -> None:
    coded = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    ffmpeg("-i", kit.film(".mkv"), *coded, "-c:a", "copy", "-fflags", "+bitexact", out)


def other_places() -> Iterator[Place]:
    """AVI, TS, FLV and WMV."""
    for name, key in (("LIST INFO", "title"), ("LIST INFO, comment", "comment")):
        yield Place(name, ".avi", "tags", tagged("-metadata", f"{key}={{n}}"))
    yield Place("track title", ".avi", "tags", tagged("-metadata:s:v", "title={n}"))
    yield Place("sound track tags", ".avi", "tags", tagged("-metadata:s:a", "title={n}"))
    yield Place("IDIT chunk", ".avi", "creation-time", changed(lambda film, n: in_riff(film, b"IDIT", n.encode())))
    yield Place("JUNK chunk", ".avi", "free-space", changed(lambda film, n: in_riff(film, b"JUNK", n.encode())))
    yield Place("unknown chunk", ".avi", "unknown-box", changed(lambda film, n: in_riff(film, b"zzzz", n.encode())))
    yield Place("bytes after the end", ".avi", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield Place("second sound stream", ".avi", "second-sound", second_sound, "sound")
    yield Place("service name", ".ts", "tags", tagged("-metadata", "service_name={n}"))
    yield Place("service provider", ".ts", "tags", tagged("-metadata", "service_provider={n}"))
    yield Place("timed ID3", ".ts", "data-track", packets("timed_id3", id3))
    yield Place("data stream (KLV)", ".ts", "data-track", packets("klv", lambda n: n.encode()))
    yield Place("stuffing packets", ".ts", "free-space", changed(lambda film, n: film + null_packet(n.encode())))
    yield Place("bytes after the end", ".ts", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield Place("language", ".ts", "language", tagged("-metadata:s:a", "language=dut"))
    yield Place("second sound stream", ".ts", "second-sound", second_sound, "sound")
    yield Place("title tag", ".flv", "tags", tagged("-metadata", "title={n}"))
    yield Place("own tag", ".flv", "tags", tagged("-metadata", "class={n}"))
    yield Place("bytes after the end", ".flv", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield Place("title tag", ".wmv", "tags", tagged("-metadata", "title={n}"))
    yield Place("own tag", ".wmv", "tags", tagged("-metadata", "class={n}"))
    yield Place("second sound stream", ".wmv", "second-sound", second_sound, "sound")


def rare_places() -> Iterator[Place]:
    """OGG, NUT, MXF, GIF, and MPEG as of DVDs."""
    for suffix in (".ogv", ".nut"):
        yield Place("title tag", suffix, "tags", tagged("-metadata", "title={n}"))
        yield Place("sound track tags", suffix, "tags", tagged("-metadata:s:a", "title={n}"))
    yield Place("title tag", ".mxf", "tags", tagged("-metadata", "product_name={n}"))
    yield Place("comment", ".gif", "tags", changed(gif_comment))
    told = in_stream("mpeg2video", lambda stream, n: user_data(stream, caption_message(n)[3:], 1))
    yield Place("captions in user data, MPEG-2", ".mpg", "captions", told)


def gif_comment(film: bytes, text: str) -> bytes:
    """A comment block in front of the first of the other blocks."""
    at = film.index(b"\x21\xff\x0bNETSCAPE")
    return film[:at] + b"\x21\xfe" + bytes([len(text)]) + text.encode() + b"\0" + film[at:]


PLACES: tuple[Place, ...] = (
    *iso_places(".mp4"),
    *iso_places(".mov"),
    *iso_places(".3gp"),
    *matroska_places(".mkv"),
    *matroska_places(".webm"),
    *stream_places(),
    *other_places(),
    *rare_places(),
)
