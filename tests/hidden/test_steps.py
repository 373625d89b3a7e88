"""Every step of cleaning, switched off: the check then finds the needle, and no output appears."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from avg_video import pipeline
from avg_video.detect.detector import load_detector
from avg_video.errors import CheckFailed
from avg_video.media import encoders, faststart, readback, writer
from avg_video.media.inspect import inspect_file
from avg_video.media.picture import Picture
from avg_video.media.writer import VideoWriter
from avg_video.pipeline import anonymise
from tests.hidden import find
from tests.hidden.campaign import SETTINGS
from tests.hidden.kit import Kit
from tests.hidden.needles import caption_message, captions_in
from tests.hidden.plants import subtitles
from tests.hidden.units import before_first_picture, cut_by_edit_list, sei
from tests.media.surgery import add, box, edit, patch

NEEDLE = "ZqStepNeedle"


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return Kit(tmp_path_factory.mktemp("steps"))


@pytest.fixture(scope="module")
def captioned(kit: Kit) -> Path:
    """A clip whose first picture carries captions."""
    path = kit.folder / "captioned.mp4"
    kit.boxed("h264", before_first_picture(kit.raw("h264"), sei(4, caption_message(NEEDLE)), "h264"), path)
    return path


@pytest.fixture(autouse=True)
def one_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "load_detector", functools.cache(load_detector))


def run(source: Path, tmp_path: Path) -> Path:
    return anonymise(source, tmp_path / "out.mp4", settings=SETTINGS).output


def refused(source: Path, tmp_path: Path, words: str) -> None:
    """The program must notice by itself, name the place, and leave nothing behind."""
    with pytest.raises(CheckFailed, match=words):
        run(source, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Three walls keep captions out, each enough by itself. To see one, the others are taken down.


def no_filter(patch_: pytest.MonkeyPatch) -> None:
    patch_.setattr(writer, "_NAL_FILTER", "null")


def captions_on(patch_: pytest.MonkeyPatch) -> None:
    """libx264's own default."""
    real = encoders._settings

    def settings(*args: Any) -> encoders.Encoder:
        encoder = real(*args)
        return replace(encoder, options=tuple((k, "1" if k == "a53cc" else v) for k, v in encoder.options))

    patch_.setattr(encoders, "_settings", settings)


def decoders_frames(patch_: pytest.MonkeyPatch, source: Path) -> None:
    """Hands the encoder the frames as decoded, all that rides on them included, instead of new ones from pixels."""

    def decoded() -> Iterator[av.VideoFrame]:
        with av.open(str(source)) as opened:
            yield from opened.decode(video=0)

    frames = decoded()
    real = VideoWriter._encode

    def encode(self: VideoWriter, frame: av.VideoFrame | None) -> None:
        if frame is not None:
            theirs = next(frames)
            theirs.pts, theirs.time_base = frame.pts, frame.time_base
            frame = theirs
        real(self, frame)

    patch_.setattr(VideoWriter, "_encode", encode)


WALLS: dict[str, Callable[[pytest.MonkeyPatch, Path], None]] = {
    "frames from pixels": decoders_frames,
    "a53cc=0": lambda patch_, _: captions_on(patch_),
    "filter_units": lambda patch_, _: no_filter(patch_),
}


@pytest.mark.parametrize("standing", [None, *WALLS])
def test_each_wall_against_captions_holds_by_itself(
    standing: str | None, captioned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NEEDLE in captions_in(captioned.read_bytes())
    for name, take_down in WALLS.items():
        if name != standing:
            take_down(monkeypatch, captioned)
    # Without the inspection, so that what was made can be looked at.
    monkeypatch.setattr(readback, "inspect_file", lambda path: ())
    out = run(captioned, tmp_path)
    through = NEEDLE in captions_in(out.read_bytes())
    assert through == (standing is None)
    assert any("SEI of type 4" in f or "SEI of type 4," in f for f in inspect_file(out)) == through


def test_captions_that_came_through_are_noticed(
    captioned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for take_down in WALLS.values():
        take_down(monkeypatch, captioned)
    refused(captioned, tmp_path, "holds SEI of type ")


def test_without_the_filter_the_encoders_settings_are_noticed(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_filter(monkeypatch)
    refused(kit.film(".mp4"), tmp_path, "holds SEI of type 5")
    monkeypatch.setattr(readback, "inspect_file", lambda path: ())
    out = run(kit.film(".mp4"), tmp_path)
    assert b"x264 - core" in out.read_bytes()
    assert 6 in find.nal_types(out)


class Opening:
    """Stands in for the `av` module within the writer, with a container that is not as it should be."""

    def __init__(self, change: Callable[[Any], None], options: Callable[[dict[str, str]], None]) -> None:
        self._change, self._options = change, options

    def __getattr__(self, name: str) -> Any:
        return getattr(av, name)

    def open(self, *args: Any, container_options: dict[str, str], **more: Any) -> Any:
        self._options(container_options)
        box_ = av.open(*args, container_options=container_options, **more)
        self._change(box_)
        return box_


def nothing(*_: Any) -> None:
    return None


def keep_lists_of_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second wall: lists of tags are dropped when the index is moved."""
    monkeypatch.setattr(faststart, "_EMPTY", frozenset({b"free"}))


def test_without_bitexact_in_the_container_the_writing_program_is_noticed(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loose(options: dict[str, str]) -> None:
        del options["fflags"]

    monkeypatch.setattr(writer, "av", Opening(nothing, loose))
    keep_lists_of_tags(monkeypatch)
    refused(kit.film(".mp4"), tmp_path, "moov/udta: is not on the list")
    monkeypatch.setattr(readback, "inspect_file", lambda path: ())
    assert b"Lavf" in run(kit.film(".mp4"), tmp_path).read_bytes()


def test_tags_put_into_the_fresh_container_are_noticed(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tag(box_: Any) -> None:
        box_.metadata["title"] = NEEDLE

    monkeypatch.setattr(writer, "av", Opening(tag, nothing))
    # One wall is enough: the list of tags goes when the index is moved.
    assert NEEDLE.encode() not in run(kit.film(".mp4"), tmp_path).read_bytes()
    (tmp_path / "out.mp4").unlink()
    (tmp_path / "out.avg.json").unlink()
    keep_lists_of_tags(monkeypatch)
    refused(kit.film(".mp4"), tmp_path, "moov/udta: is not on the list")
    monkeypatch.setattr(readback, "inspect_file", lambda path: ())
    assert NEEDLE.encode() in run(kit.film(".mp4"), tmp_path).read_bytes()


@pytest.mark.parametrize(
    ("key", "words"),
    [("handler_name", "hdlr: its name"), ("language", "mdhd: its language")],
)
def test_tags_of_the_source_on_a_track_are_noticed(
    key: str, words: str, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {"language": "dut"}.get(key, NEEDLE)
    real = VideoWriter._add_pictures

    def add_pictures(self: VideoWriter, *args: Any) -> Any:
        stream = real(self, *args)
        stream.metadata[key] = value
        return stream

    monkeypatch.setattr(VideoWriter, "_add_pictures", add_pictures)
    refused(kit.film(".mp4"), tmp_path, words)


def test_the_sources_creation_time_in_the_container_is_noticed(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def date(box_: Any) -> None:
        box_.metadata["creation_time"] = "2031-05-06T07:08:09Z"

    monkeypatch.setattr(writer, "av", Opening(date, nothing))
    refused(kit.film(".mp4"), tmp_path, "its creation time is not as it should be")


def test_a_stream_of_the_source_beside_ours_is_noticed(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of a subtitle track, copied along as `-map 0` would."""
    titled = kit.folder / "titled.mp4"
    subtitles("mov_text")(kit, titled, NEEDLE)
    with av.open(str(titled)) as source:
        theirs = source.streams.subtitles[0]
        packets = [p for p in source.demux(theirs) if p.size]
        copied = []
        monkeypatch.setattr(
            writer, "av", Opening(lambda box_: copied.append(box_.add_stream_from_template(theirs)), nothing)
        )
        real = VideoWriter.finish

        def finish(self: VideoWriter) -> None:
            for packet in packets:
                packet.stream = copied[-1]
                self._box.mux(packet)
            real(self)

        monkeypatch.setattr(VideoWriter, "finish", finish)
        refused(titled, tmp_path, "it holds the streams .*subtitle")


EDITED = r"lasts|pictures instead|packets instead|at its time|elst|key frame"
"""Whichever check comes first; the test asks `inspect_file` by itself too."""

AFTERWARDS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "bytes after the last box": (lambda d: d + NEEDLE.encode(), "are no box"),
    "a free box": (lambda d: d + box(b"free", NEEDLE.encode()), "free: is not on the list"),
    "a list of tags": (lambda d: edit(d, add(b"moov", new=box(b"udta", NEEDLE.encode()))), "udta: is not on the list"),
    "a creation time": (lambda d: edit(d, patch(b"moov", b"mvhd", at=4, new=b"Zq12")), "creation time"),
    "an XMP box": (lambda d: d + box(b"uuid", bytes(16) + NEEDLE.encode()), "uuid: is not on the list"),
    "an edit list that hides pictures": (lambda d: cut_by_edit_list(d, b"vide", start_s=0.2), EDITED),
    "an edit list that hides the end": (lambda d: cut_by_edit_list(d, b"vide", end_s=0.2), EDITED),
    "an edit list that hides sound": (lambda d: cut_by_edit_list(d, b"soun", end_s=0.2), EDITED),
    "bytes in mdat that nothing uses": (
        lambda d: edit(d, patch(b"mdat", at=-1, new=NEEDLE.encode())),
        "samples use",
    ),
}


@pytest.mark.parametrize("case", AFTERWARDS)
def test_what_comes_in_after_the_writing_is_noticed(
    case: str, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = AFTERWARDS[case]
    real = VideoWriter.finish
    done = []

    def finish(self: VideoWriter) -> None:
        real(self)
        before = self._path.read_bytes()
        self._path.write_bytes(change(before))
        done.append(self._path.read_bytes() != before and inspect_file(self._path) != ())

    monkeypatch.setattr(VideoWriter, "finish", finish)
    refused(kit.film(".mp4"), tmp_path, words)
    assert done == [True]


def test_nothing_of_the_source_but_pixels_reaches_the_writer(
    captioned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is an array; arrays carry no side data."""
    kinds = set()
    real = VideoWriter.write

    def write(self: VideoWriter, picture: Picture) -> None:
        kinds.add((type(picture), type(picture.i420).__name__))
        real(self, picture)

    monkeypatch.setattr(VideoWriter, "write", write)
    run(captioned, tmp_path)
    assert kinds == {(Picture, "ndarray")}
