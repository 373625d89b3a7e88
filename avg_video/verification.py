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
import numpy as np

from avg_video.detect.boxes import iou
from avg_video.detect.detector import Detector, load_detector
from avg_video.detect.looks import LookSettings, sharp_tiles
from avg_video.detect.views import View, look, scaled
from avg_video.errors import AvgError, InputError, UnsupportedInput, UsageError, printable
from avg_video.media.cores import one_thread_per_stage
from avg_video.media.inspect import inspect_file
from avg_video.media.opening import open_plain
from avg_video.media.picture import Picture
from avg_video.media.reader import VideoReader
from avg_video.media.stages import prefetch
from avg_video.pipeline import Progress, record_path_for
from avg_video.record.hashes import sha256_file
from avg_video.record.model import Record
from avg_video.record.store import read_record
from avg_video.redact.detail import face_detail

__all__ = ["Fault", "Find", "Verification", "verify"]

EVERY_S = 0.5
"""Time between looks, s; as often as the second look when a copy is made. More misses people who pass quickly."""
SURE_ABOVE_STRONG = 0.2
"""A hit counts from so much above the detector's own mark for a sure one. Heads whose faces are covered, with hair and
neck in view, are hit with up to that (0.61 with CenterFace, whose mark is 0.4); visible faces mostly with 0.7 and more.
Lower reports more covers as faces; higher lets faces pass that are turned or small."""
CERTAIN_ABOVE_STRONG = 0.4
"""From here on a hit counts whatever is drawn inside it."""
LEAST_DETAIL = 3.0
"""A hit counts when at least this is drawn inside it (`redact.detail`), grey levels. Visible faces have 10 and more, a
soft cover less than 2. Higher lets faces pass in dim or dull pictures."""
SAME_IOU = 0.2
"""Finds of two looks in a row are one find when they overlap so."""
MOMENT_S = 0.05
"""Half a picture more or less, s, for the times in a record, which are rounded."""
FINDINGS_AT_MOST = 200
"""A file full of foreign data is told apart well enough by so many lines."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, px."""
Part = Literal["record", "content", "pictures", "sound", "faces"]


@dataclass(frozen=True)
class Fault:
    """One thing that does not hold, as a clause."""

    part: Part
    what: str


@dataclass
class Find:
    """A face that was seen in look after look, at about the same place.

    Attributes
    ----------
    first_s, last_s: seconds from the first picture.
    box_xyxy: where it was seen first, px.
    shown: how many people the record allows at that moment; fewer than were seen.
    """

    first_s: float
    last_s: float
    box_xyxy: Box
    shown: int


_Seen = tuple[Find, Box]
"""A find, and where it was at the last look."""


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
    """Check the MP4 `file` against its record (None: the one beside it) and against what such a copy may hold.

    Raises
    ------
    UsageError: there is no such file, or the record that was named does not exist.
    UnsupportedInput: it is not an MP4.
    ModelError: the detector can't be had.
    """
    finder = load_detector(detector, threads=threads)
    sha256 = sha256_file(file)
    _refuse_others(file)
    if record_path is not None and not record_path.is_file():
        raise UsageError("there is no such record", remedy="check the name", file=record_path)
    check = _Check(file, record_path or record_path_for(file), finder, threads, progress)
    check.read_record(sha256)
    check.content()
    check.pictures()
    check.sound()
    return Verification(
        file,
        check.record_path,
        check.record,
        tuple(check.faults),
        check.pictures_n,
        check.looks,
        check.explained,
        tuple(check.finds),
    )


def _refuse_others(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"it can't be read ({why})", remedy="check its permissions", file=file) from error
    if head[4:] != b"ftyp":
        raise UnsupportedInput(
            "it is not an MP4, and only an MP4 made by avg-blur can be verified",
            remedy="make a copy of it with avg-blur and verify that",
            file=file,
        )


@dataclass
class _Check:
    """One file on its way through the checks."""

    file: Path
    record_path: Path
    detector: Detector
    threads: int
    progress: Progress | None
    record: Record | None = None
    is_of_record: bool = False
    faults: list[Fault] = field(default_factory=list)
    pictures_n: int = 0
    looks: int = 0
    explained: int = 0
    finds: list[Find] = field(default_factory=list)

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
        self.is_of_record = said.sha256 == sha256
        if self.record.input.sha256 == sha256:
            self.fault("record", f"it is the recording itself, not the copy that {self.record_path.name} is about")
        elif not self.is_of_record:
            self.fault(
                "record",
                f"it is not the file that {self.record_path.name} is about, or was changed since: its SHA-256 is "
                f"{sha256}, the record says {said.sha256}",
            )
        size = self.file.stat().st_size
        if size != said.bytes:
            self.fault("record", f"it has {size} bytes, the record says {said.bytes}")

    def content(self) -> None:
        """Every byte: nothing but pictures and sound."""
        try:
            found = inspect_file(self.file)
        except OSError as error:
            found = (f"it can't be read ({error.strerror or type(error).__name__})",)
        for what in islice(found, FINDINGS_AT_MOST):
            self.fault("content", what)
        if len(found) > FINDINGS_AT_MOST:
            self.fault("content", f"{len(found) - FINDINGS_AT_MOST} more things of this kind")

    def pictures(self) -> None:
        """Decode them all, and look for faces in some."""
        try:
            with one_thread_per_stage(), VideoReader(self.file, threads=self.threads) as reader:
                if self.progress is not None:
                    self.progress.stage("looking", reader.info.declared_seconds)
                self._walk(reader)
                timeline = reader.timeline()
        except AvgError as error:
            self.fault("pictures", error.what)
            return
        finally:
            self._tell_finds()
        self._compare("pictures", self.pictures_n, None if self.record is None else self.record.output.frames)
        if self.record is not None:
            said = self.record.output
            if timeline.size_wh != said.size_wh:
                told, is_so = ("x".join(map(str, size)) for size in (said.size_wh, timeline.size_wh))
                self.fault("record", f"its pictures are {is_so}, the record says {told}")
            if abs(timeline.duration_s - said.seconds) > MOMENT_S:
                self.fault("record", f"it lasts {timeline.duration_s:.3f} s, the record says {said.seconds:.3f} s")

    def _compare(self, what: str, found: int, said: int | None) -> None:
        if said is not None and found != said:
            self.fault("record", f"it holds {found} {what}, the record says {said}")

    def _walk(self, reader: VideoReader) -> None:
        whole, tiles = _views(reader.info.size_wh)
        base, first_pts, due = reader.info.time_base, 0, 0.0
        before: list[_Seen] = []
        with closing(prefetch(reader, 4)) as pictures:
            for picture in pictures:
                first_pts = picture.pts if picture.index == 0 else first_pts
                second = float((picture.pts - first_pts) * base)
                self.pictures_n = picture.index + 1
                if second >= due - 1e-6:
                    views = (whole, tiles[self.looks % len(tiles)]) if tiles else (whole,)
                    before = self._look(picture, views, second, before)
                    due = second + EVERY_S
                if self.progress is not None:
                    self.progress.at(second, self.pictures_n)

    def _look(self, picture: Picture, views: tuple[View, ...], second: float, before: list[_Seen]) -> list[_Seen]:
        """Look at one picture; returns whom it found, those who go on from `before` among them."""
        self.looks += 1
        boxes = self._sure(picture, views)
        shown = self._shown_at(second)
        if len(boxes) <= shown:
            self.explained += bool(boxes)
            return []
        now: list[_Seen] = []
        for box in boxes:
            find = _same(box, before)
            if find is None or any(find is other for other, _ in now):
                find = Find(second, second, box, shown)
                self.finds.append(find)
            find.last_s = second
            now.append((find, box))
        return now

    def _sure(self, picture: Picture, views: tuple[View, ...]) -> list[Box]:
        least = self.detector.strong + SURE_ABOVE_STRONG
        certain = self.detector.strong + CERTAIN_ABOVE_STRONG
        found = look(picture, views, self.detector, min(least, 1.0))
        sure = []
        for box, score in zip(found.boxes_xyxy.tolist(), found.scores.tolist(), strict=True):
            x1, y1, x2, y2 = box
            if score >= certain or face_detail(picture.y, (x1, y1, x2, y2)) >= LEAST_DETAIL:
                sure.append((round(x1), round(y1), round(x2), round(y2)))
        return sure

    def _shown_at(self, second: float) -> int:
        """How many people the record says are shown then; nobody if it is not the record of this file."""
        if self.record is None or not self.is_of_record:
            return 0
        return sum(
            person.verdict == "show" and person.first_s - MOMENT_S <= second <= person.last_s + MOMENT_S
            for person in self.record.people
        )

    def _tell_finds(self) -> None:
        for find in self.finds:
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


def _same(box: Box, before: list[_Seen]) -> Find | None:
    """The find that this box goes on from."""
    if not before:
        return None
    here = np.array([box], np.float32)
    overlap = iou(here, np.array([last for _, last in before], np.float32))[0]
    best = int(np.argmax(overlap))
    return before[best][0] if overlap[best] >= SAME_IOU else None


def clock(second: float) -> str:
    """`0:03.5`, `1:02:03.0`."""
    minutes, rest = divmod(round(second, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
