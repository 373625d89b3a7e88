"""Checks a finished copy once more, from the file alone: its bytes, its record, and whether a face can be seen in it.

Every check is made, whatever the others find, so that the answer is complete. Each has a part of its own, `record`,
`content`, `pictures`, `sound` or `faces`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

import av

from avg_video.detect.detector import load_detector
from avg_video.detect.looks import LookSettings, sharp_tiles
from avg_video.detect.still import still_views
from avg_video.detect.views import View, scaled
from avg_video.errors import AvgError, InputError, UnsupportedInput, UsageError, printable
from avg_video.media.cores import one_thread_per_stage
from avg_video.media.inspect import inspect_file
from avg_video.media.opening import open_plain
from avg_video.media.photo_inspect import inspect_photo
from avg_video.media.photo_kinds import photo_kind
from avg_video.media.photo_read import read_photo
from avg_video.media.reader import VideoReader
from avg_video.media.stages import prefetch
from avg_video.pipeline import Progress, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.record.store import read_record
from avg_video.redact.still import picture_of
from avg_video.verification.faces import Find, Watch, clock

__all__ = ["Fault", "Verification", "verify"]

EVERY_S = 0.5
"""Time between looks, s; as often as the second look when a copy is made. More misses people who pass quickly."""
LASTS_S = 0.05
"""Half a picture more or less, s, for lengths in a record, which are rounded."""
DECODED_AHEAD = 4
"""Pictures decoded before they are needed; bounds memory."""
FINDINGS_AT_MOST = 200
"""A file full of foreign data is told apart well enough by so many lines."""

Part = Literal["record", "content", "pictures", "sound", "faces"]


@dataclass(frozen=True)
class Fault:
    """One thing that does not hold, as a clause."""

    part: Part
    what: str


@dataclass(frozen=True)
class Verification:
    """What was checked and what does not hold.

    Attributes
    ----------
    record_path: the record that was read, or that is missing.
    record: None where there is none or it is damaged.
    faults: empty when all holds.
    pictures: how many were decoded.
    looks: at how many of them was looked for faces.
    explained: at how many looks somebody was seen and the record says that as many people are shown.
    finds: faces that the record does not explain.
    """

    file: Path
    record_path: Path
    record: Record | None
    faults: tuple[Fault, ...]
    pictures: int
    looks: int
    explained: int
    finds: tuple[Find, ...]

    @property
    def holds(self) -> bool:
        """Whether every check was passed."""
        return not self.faults


def verify(
    file: Path,
    record_path: Path | None = None,
    *,
    detector: str = "auto",
    threads: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Check the copy `file`, of a recording (MP4) or a photo (JPEG, PNG), against its record (None: the one beside it)
    and against what such a copy may hold.

    Raises
    ------
    UsageError: there is no such file, or the record that was named does not exist.
    UnsupportedInput: it is something else than copies are.
    ModelError: the detector can't be had.
    """
    watch = Watch(load_detector(detector, threads=threads), ())
    sha256 = sha256_file(file)
    is_photo = _is_photo(file)
    if record_path is not None and not record_path.is_file():
        raise UsageError("there is no such record", remedy="check the name", file=record_path)
    check = _Check(file, record_path or record_path_for(file), watch, threads, progress)
    check.read_record(sha256)
    check.content(is_photo=is_photo)
    if is_photo:
        check.photo()
    else:
        check.film()
        check.sound()
    return Verification(
        file,
        check.record_path,
        check.record,
        tuple(check.faults),
        check.pictures_n,
        watch.looks,
        watch.explained,
        tuple(watch.finds),
    )


def _is_photo(file: Path) -> bool:
    """Whether it is of the kinds that copies of photos are, or else of that of films."""
    kind = photo_kind(file)
    if kind in ("jpeg", "png"):
        return True
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"it can't be read ({why})", remedy="check its permissions", file=file) from error
    if kind is not None or head[4:] != b"ftyp":
        raise UnsupportedInput(
            "it is not an MP4, and only an MP4 (of a photo a JPEG or PNG) made by avg-blur can be verified",
            remedy="make a copy of it with avg-blur and verify that",
            file=file,
        )
    return False


@dataclass
class _Check:
    """One file on its way through the checks."""

    file: Path
    record_path: Path
    watch: Watch
    threads: int
    progress: Progress | None
    record: Record | None = None
    faults: list[Fault] = field(default_factory=list)
    pictures_n: int = 0

    def fault(self, part: Part, what: str) -> None:
        self.faults.append(Fault(part, printable(what)))

    def read_record(self, sha256: str) -> None:
        """The record, and whether it is about these very bytes."""
        if not self.record_path.is_file():
            self.fault("record", f"its record {self.record_path.name} is not beside it")
            return
        try:
            self.record = read_record(self.record_path)
        except UsageError as error:
            self.fault("record", f"{self.record_path.name}: {error.what}")
            return
        said = self.record.output
        if said.sha256 == sha256:
            self.watch.people = self.record.people  # the record of another file explains nobody
        elif self.record.input.sha256 == sha256:
            self.fault("record", f"it is the recording itself, not the copy that {self.record_path.name} is about")
        else:
            self.fault(
                "record",
                f"it is not the file that {self.record_path.name} is about, or was changed since: its SHA-256 is "
                f"{sha256}, the record says {said.sha256}",
            )
        size = self.file.stat().st_size
        if size != said.bytes:
            self.fault("record", f"it has {size} bytes, the record says {said.bytes}")

    def content(self, *, is_photo: bool) -> None:
        """Every byte: nothing but pictures and sound."""
        try:
            found = inspect_photo(self.file) if is_photo else inspect_file(self.file)
        except OSError as error:
            found = (f"it can't be read ({error.strerror or type(error).__name__})",)
        for what in islice(found, FINDINGS_AT_MOST):
            self.fault("content", what)
        if len(found) > FINDINGS_AT_MOST:
            self.fault("content", f"{len(found) - FINDINGS_AT_MOST} more things of this kind")

    def film(self) -> None:
        """Decode all pictures, and look for faces in some."""
        try:
            with one_thread_per_stage(), VideoReader(self.file, threads=self.threads) as reader:
                if self.progress is not None:
                    self.progress.stage("looking", reader.info.declared_seconds)
                self._walk(reader)
                timeline = reader.timeline()
        except AvgError as error:
            self.fault("pictures", error.what)
        else:
            self._compare(timeline.size_wh, timeline.duration_s)
        self._tell_finds()

    def photo(self) -> None:
        """Decode it, and look for faces at every size."""
        try:
            photo = read_photo(self.file)
        except AvgError as error:
            self.fault("pictures", error.what)
            return
        self.pictures_n = 1
        self._compare(photo.size_wh, 0.0)
        picture = picture_of(photo.rgb)
        self.watch.look(picture, still_views(picture.size_wh))
        self._tell_finds()

    def _compare(self, size_wh: tuple[int, int], seconds: float) -> None:
        """What was decoded against what the record says."""
        if self.record is None:
            return
        said = self.record.output
        if self.pictures_n != said.frames:
            self.fault("record", f"it holds {self.pictures_n} pictures, the record says {said.frames}")
        if size_wh != said.size_wh:
            told, is_so = ("x".join(map(str, size)) for size in (said.size_wh, size_wh))
            self.fault("record", f"its pictures are {is_so}, the record says {told}")
        if abs(seconds - said.seconds) > LASTS_S:
            self.fault("record", f"it lasts {seconds:.3f} s, the record says {said.seconds:.3f} s")

    def _walk(self, reader: VideoReader) -> None:
        whole, tiles = _views(reader.info.size_wh)
        base, first_pts, due = reader.info.time_base, 0, 0.0
        with closing(prefetch(reader, DECODED_AHEAD)) as pictures:
            for picture in pictures:
                first_pts = picture.pts if picture.index == 0 else first_pts
                second = float((picture.pts - first_pts) * base)
                self.pictures_n = picture.index + 1
                if second >= due - 1e-6:
                    turn = self.watch.looks
                    self.watch.look(picture, (whole, tiles[turn % len(tiles)]) if tiles else (whole,), second)
                    due = second + EVERY_S
                if self.progress is not None:
                    self.progress.at(second, self.pictures_n)

    def _tell_finds(self) -> None:
        for find in self.watch.finds:
            when = f"at {clock(find.first_s)}"
            if find.last_s > find.first_s:
                when = f"from {clock(find.first_s)} to {clock(find.last_s)}"
            x1, y1, x2, y2 = find.box_xyxy
            more = f", with others, while {find.shown} may be shown" if find.shown else ""
            self.fault("faces", f"a face is seen {when}, {x2 - x1}x{y2 - y1} px at {x1},{y1}{more}")

    def sound(self) -> None:
        """Decode all of it; whether there is any must be as the record says."""
        try:
            with open_plain(self.file) as box:
                has_sound = bool(box.streams.audio)
                for _ in _samples(box):
                    pass
        except (AvgError, av.FFmpegError) as error:
            what = error.what if isinstance(error, AvgError) else error.strerror
            self.fault("sound", f"its sound can't be decoded ({what})")
            return
        # A film that is too short for one packet of sound has none, though it was to be kept.
        if self.record is not None and has_sound and not self.record.output.sound.kept:
            self.fault("record", "it holds sound, the record says that it was left out")


def _samples(box: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    if box.streams.audio:
        yield from box.decode(audio=0)


def _views(size_wh: tuple[int, int]) -> tuple[View, tuple[View, ...]]:
    """The whole picture, and sharp tiles that take turns."""
    using = LookSettings()
    scale = min(max(using.wide_px) / max(size_wh), using.enlarge)
    return View((0, 0, *size_wh), scaled(size_wh, scale)), sharp_tiles(size_wh, using)
