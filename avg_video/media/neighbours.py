"""Files that lie beside a recording, under its name or nobody's, and may tell more than its copy does."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from avg_video.errors import printable
from avg_video.language import tr
from avg_video.media.photo_kinds import JPEG_SUFFIXES, is_photo_name

__all__ = ["Neighbours", "neighbours_of"]

_KINDS: Final = {
    "thumbnails": ("thm",),
    "previews": ("lrv", "lrf"),
    "sound": ("aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav", "wma"),
    "subtitles": ("ass", "dfxp", "lrc", "sbv", "smi", "srt", "ssa", "sub", "ttml", "vtt"),
    "metadata": ("aae", "nfo", "xml", "xmp"),
    "transcripts": ("doc", "docx", "md", "odt", "rtf", "tsv", "txt"),
    "telemetry": ("csv", "fit", "gpx", "json", "kml", "nmea"),
}
"""What cameras, phones, drones and meeting tools put beside a recording: category, and ends of names."""
_KIND: Final = {f".{end}": kind for kind, ends in _KINDS.items() for end in ends}

_OUR_OWN: Final = (".avg.json", ".avg.toml", *(f".avg{end}.json" for end in (*JPEG_SUFFIXES, ".png")))
"""Records and policies of this program: they lie there on purpose, and the user knows of them."""

_GOPRO: Final = re.compile(r"g[hx](\d{6})")
"""GoPro calls the recording GX010001.MP4 and its preview GL010001.LRV."""
_SONY_CLIP: Final = re.compile(r"m\d\d")
"""Sony calls the recording C0001.MP4 and what it knows about it C0001M01.XML."""

_STRAYS: Final = re.compile(r"transcri|chat|caption|subtit|ondertit|audio|participant|deelnemer|attend|aanwezig")
"""What is in the names of files that meeting tools put beside a recording without giving them its name: chat.txt,
meeting_saved_closed_caption.txt, audio1234567.m4a, participants.csv."""

_STRAY_KINDS: Final = ("sound", "telemetry", "transcripts")

_RECORDINGS: Final = frozenset(
    f".{end}" for end in ("3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpg", "mts", "ts", "webm", "wmv")
)

_NAMES_AT_MOST: Final = 6


@dataclass(frozen=True)
class Neighbours:
    """What lies beside one recording.

    Attributes
    ----------
    names: their names, sorted, as they are on the disk; they may hold anything.
    counts: how many of each category; None when the folder could not be listed.
    """

    names: tuple[str, ...]
    counts: Mapping[str, int] | None

    @property
    def warning(self) -> str | None:
        """One line for the user, safe to write to a terminal; None when there is nothing to say. It holds names, so
        it does not belong in a record."""
        if self.counts is None:
            return tr(
                "its folder can't be listed, so it is not known whether files beside it, such as subtitles, tell more; "
                "none was copied"
            )
        if not self.names:
            return None
        told = [printable(name) for name in self.names[:_NAMES_AT_MOST]]
        rest = len(self.names) - len(told)
        told += [tr("{rest} more", rest=rest)] if rest else []
        listed = told[0] if len(told) == 1 else tr("{names} and {last}", names=", ".join(told[:-1]), last=told[-1])
        if len(self.names) == 1:
            return tr("{listed} lies beside it and may tell more; it was not copied", listed=listed)
        return tr("{listed} lie beside it and may tell more; they were not copied", listed=listed)


def neighbours_of(path: Path) -> Neighbours:
    """Thumbnails, previews, sound, subtitles, transcripts, metadata and telemetry that belong to the recording `path`.

    Upper and lower case, and different spellings of one accent, count as the same. A name belongs to it when it is
    that of the recording with another end (`lesson.THM`), or with words in between (`lesson.nl.srt`,
    `lesson.mp4.xmp`). Subtitles, and what is called a transcript, a chat or the like, count too where they bear the
    name of no recording there (`chat.txt`): whose they are is not known. Files are not opened, and folders below are
    not looked into.
    """
    stem = _folded(path.stem)
    try:
        with os.scandir(path.parent) as listed:
            entries = list(listed)
        others = {name.stem for e in entries if (name := PurePath(_folded(e.name))).suffix in _RECORDINGS} - {stem}
        strays = None if is_photo_name(path) else others
        found = {e.name: kind for e in entries if e.name != path.name and (kind := _kind(e, stem, strays)) is not None}
    except OSError:
        return Neighbours((), None)
    names = tuple(sorted(found))
    return Neighbours(names, dict(sorted(Counter(found.values()).items())))


def _kind(entry: os.DirEntry[str], stem: str, others: Collection[str] | None) -> str | None:
    """The category of a neighbour, or None; `others` are the other recordings there, None where strays don't count."""
    name = _folded(entry.name)
    kind = _KIND.get(PurePath(name).suffix)
    if kind is None or name.endswith(_OUR_OWN) or entry.is_dir():
        return None
    if _belongs(name, stem):
        return kind
    stray = others is not None and (kind == "subtitles" or (kind in _STRAY_KINDS and _STRAYS.search(name)))
    return kind if stray and not any(_belongs(name, other) for other in others or ()) else None


def _belongs(name: str, stem: str) -> bool:
    if name.startswith(f"{stem}."):
        return True
    other, end = PurePath(name).stem, PurePath(name).suffix
    gopro = _GOPRO.fullmatch(stem)
    if gopro and end == ".lrv":
        return other == f"gl{gopro[1]}"
    return end == ".xml" and other.startswith(stem) and _SONY_CLIP.fullmatch(other[len(stem) :]) is not None


def _folded(name: str) -> str:
    """One spelling for names that differ in case or in how an accent is written (Unicode 3.13)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
