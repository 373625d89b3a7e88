"""The table: which needle is planted where, in which container, and how. One row is one place in one container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.hidden.needles import Needle, caption_message, letters, text_needle
from tests.hidden.plants import (
    Plant,
    attached,
    changed,
    chapters,
    chpl_bytes,
    cover,
    cover_box,
    created,
    delayed_sound,
    free_text,
    gif_comment,
    gpmd_bytes,
    id3,
    in_stream,
    loci_bytes,
    packets,
    placed,
    private_data,
    second_picture,
    second_sound,
    subtitles,
    surgery,
    tagged,
    timed,
    trimmed_after,
    trimmed_before,
    trimmed_sound,
    with_sei,
    wm_picture,
    x264_settings,
    x265_settings,
    xmp_bytes,
    xyz_bytes,
)
from tests.hidden.special import SPECIAL
from tests.hidden.units import (
    adaptation_packet,
    data_track,
    element,
    full,
    in_riff,
    in_segment,
    metadata_obu,
    null_packet,
    user_data,
)
from tests.media.surgery import box


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
        return SPECIAL.get(self.name, text_needle)(self.letters)


def iso_places(suffix: str) -> Iterator[Place]:
    """MP4, MOV and 3GP."""

    def row(name: str, category: str, plant: Plant, sense: str = "text") -> Place:
        return Place(name, suffix, category, plant, sense)

    yield row(
        "udta tags", "tags", surgery(lambda n: box(b"udta", full(b"titl", b"\x15\xc7" + n.encode() + b"\0")), b"moov")
    )
    yield row("GPS loci", "location", surgery(loci_bytes, b"moov"))
    yield row("GPS (c)xyz", "location", surgery(xyz_bytes, b"moov"))
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
    yield row("XMP uuid box", "tags", surgery(xmp_bytes))
    yield row("creation time", "creation-time", created)
    yield row("subtitles mov_text", "subtitles", subtitles("mov_text"))
    if suffix == ".3gp":
        return
    if suffix == ".mp4":
        yield row("cover art PNG", "cover-art", cover(".png"), "colour")
        yield row("cover art JPEG", "cover-art", cover(".jpg"), "colour")
    else:
        yield row("cover art in ilst", "cover-art", surgery(cover_box, b"moov"), "colour")
    yield row(
        "Apple keys (mdta)",
        "tags",
        tagged("-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.model={n}"),
    )
    yield row("GPS, Apple key", "location", placed)
    yield row("data track (gpmd)", "data-track", changed(lambda film, n: data_track(film, b"gpmd", gpmd_bytes(n))))
    yield row("data track (mebx)", "data-track", changed(lambda film, n: data_track(film, b"mebx", n.encode())))
    yield row("chapters", "chapters", chapters())
    yield row("chapters (chpl)", "chapters", surgery(chpl_bytes, b"moov"))
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
    yield row("sound before CodecDelay", "trimmed-sound", delayed_sound, "sound")
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
    yield Place("second picture stream", ".avi", "second-video", second_picture, "colour")
    yield Place("second sound stream", ".avi", "second-sound", second_sound, "sound")
    yield Place("service name", ".ts", "tags", tagged("-metadata", "service_name={n}"))
    yield Place("service provider", ".ts", "tags", tagged("-metadata", "service_provider={n}"))
    yield Place("timed ID3", ".ts", "data-track", packets("timed_id3", id3))
    yield Place("data stream (KLV)", ".ts", "data-track", packets("klv", lambda n: n.encode()))
    yield Place("stuffing packets", ".ts", "free-space", changed(lambda film, n: film + null_packet(n.encode())))
    yield Place("bytes after the end", ".ts", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield Place("private data in an adaptation field", ".ts", "frame-data", changed(private_data))
    yield Place(
        "stuffing of an adaptation field",
        ".ts",
        "free-space",
        changed(lambda film, n: adaptation_packet(film, b"\0" + n.encode())),
    )
    yield Place("second picture stream", ".ts", "second-video", second_picture, "colour")
    yield Place("language", ".ts", "language", tagged("-metadata:s:a", "language=dut"))
    yield Place("second sound stream", ".ts", "second-sound", second_sound, "sound")
    yield Place("title tag", ".flv", "tags", tagged("-metadata", "title={n}"))
    yield Place("own tag", ".flv", "tags", tagged("-metadata", "class={n}"))
    yield Place("bytes after the end", ".flv", "trailing-data", changed(lambda film, n: film + n.encode()))
    yield Place("title tag", ".wmv", "tags", tagged("-metadata", "title={n}"))
    yield Place("own tag", ".wmv", "tags", tagged("-metadata", "class={n}"))
    yield Place("cover art (WM/Picture)", ".wmv", "cover-art", changed(wm_picture), "colour")
    yield Place("second picture stream", ".wmv", "second-video", second_picture, "colour")
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
