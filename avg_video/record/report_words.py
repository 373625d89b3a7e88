"""What the report says for the fixed words, numbers and moments of a record, in the language that is active."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

from babel.dates import format_datetime
from babel.numbers import format_decimal

from avg_video.language import active, mark, tr, trn

__all__ = ["clock", "count", "moment", "number_ranges", "seconds", "size", "stretch", "term", "word"]

REASONS: Final = {
    "objected-number": mark("objected, chosen by number"),
    "objected-point": mark("objected, marked by a point on the face"),
    "objected-seat": mark("objected, marked by a seat in the room"),
    "objection-inherited": mark("so near to somebody who objected, in time and place, that it may be the same person"),
    "unconfirmed": mark("seen only weakly, perhaps no face at all"),
    "consent-missing": mark("a rule would show this person, but there is no valid consent"),
    "show-unclear": mark("the point of somebody who may be shown lies on two faces"),
    "objection-unresolved": mark("somebody objected by a point that lies on no face, so it could be anybody here"),
    "seat-lost": mark("the camera moved, so that the seat of somebody who objected is not known"),
    "region-ended": mark("the consent region ended earlier than this stretch"),
    "outside-region": mark("not within one consent region all the time"),
    "no-rule": mark("no rule shows this person"),
    "shown-number": mark("chosen by number"),
    "shown-point": mark("marked by a point on the face"),
    "in-region": mark("within a consent region all the time"),
}
"""Why a number is covered or visible; one line for every reason that the policy room knows."""

HIDDEN: Final = {
    "attachments": mark("attached files"),
    "captions": mark("captions between the pictures"),
    "chapters": mark("chapters"),
    "comment": mark("comments"),
    "cover-art": mark("a cover picture"),
    "creation-time": mark("the time of recording"),
    "data-track": mark("a track of data"),
    "encoder-notes": mark("notes of the app or the encoder"),
    "exif": mark("EXIF (camera, settings)"),
    "frame-data": mark("data with single pictures"),
    "free-space": mark("words in unused space"),
    "gps": mark("the place (GPS)"),
    "icc": mark("a colour profile"),
    "iptc": mark("IPTC (captions, makers)"),
    "language": mark("the language"),
    "location": mark("the place"),
    "other-data": mark("other data"),
    "second-picture": mark("a second picture"),
    "second-sound": mark("a second sound track"),
    "second-video": mark("a second video track"),
    "subtitles": mark("subtitles"),
    "tags": mark("tags (titles, devices, people)"),
    "text": mark("text"),
    "thumbnail": mark("a small preview"),
    "thumbnails": mark("small previews"),
    "time": mark("the time"),
    "timecode": mark("a time code"),
    "trailing-bytes": mark("bytes after the end"),
    "trailing-data": mark("data after the end"),
    "trimmed-picture": mark("pictures that had been cut away"),
    "trimmed-sound": mark("sound that had been cut away"),
    "unknown-box": mark("parts of an unknown kind"),
    "video": mark("a short film"),
    "xmp": mark("XMP (edits, people, places)"),
}
"""Kinds of hidden data."""

NEIGHBOURS: Final = {
    "metadata": mark("metadata"),
    "previews": mark("previews"),
    "sound": mark("sound"),
    "subtitles": mark("subtitles"),
    "telemetry": mark("measurements and places"),
    "thumbnails": mark("small previews"),
    "transcripts": mark("transcripts"),
}
"""Kinds of files that lay beside the recording."""

STYLES: Final = {
    "fill": mark("a soft surface made of nothing from the face"),
    "solid": mark("one plain colour, made of nothing from the face"),
    "mosaic": mark("a mosaic computed from the face, which is weaker"),
    "blur": mark("a blur computed from the face, which is weaker"),
}
WEAK_STYLES: Final = frozenset({"mosaic", "blur"})

BASES: Final = {
    "consent": mark("consent (GDPR art. 6(1)(a))"),
    "legal-obligation": mark("legal obligation (GDPR art. 6(1)(c))"),
    "public-task": mark("public task (GDPR art. 6(1)(e))"),
    "legitimate-interest": mark("legitimate interest (GDPR art. 6(1)(f))"),
}

STATES: Final = {
    "given": mark("given"),
    "refused": mark("refused"),
    "withdrawn": mark("withdrawn"),
    "expired": mark("expired"),
    "unknown": mark("not in the register"),
    "invalid": mark("not valid"),
}

SOURCES: Final = {
    "none": mark("none: everybody is covered"),
    "file": mark("a policy file"),
    "numbers": mark("numbers chosen by eye"),
    "file-and-numbers": mark("a policy file, and numbers chosen by eye"),
}

EVENTS: Final = {
    "recording": mark("the recording"),
    "upload": mark("the upload"),
    "course-end": mark("the end of the course"),
    "study-end": mark("the end of the study"),
    "school-year-end": mark("the end of the school year"),
    "graduation": mark("graduation"),
    "purpose-end": mark("the end of the purpose"),
    "leaving-school": mark("leaving the school"),
    "assessment": mark("the assessment"),
}
"""From when a storage term counts."""

RANGES_AT_MOST: Final = 24


class Term(Protocol):
    """How long something may be kept, as a record states it."""

    @property
    def after(self) -> str: ...
    @property
    def days(self) -> int | None: ...
    @property
    def weeks(self) -> int | None: ...
    @property
    def months(self) -> int | None: ...
    @property
    def years(self) -> int | None: ...
    @property
    def latest(self) -> str | None: ...


def word(words: Mapping[str, str], fixed: str) -> str:
    """What `words` says for a fixed word of a record; the word itself where a later version brought a new one."""
    text = words.get(fixed)
    return fixed if text is None else tr(text)


def term(kept: Term) -> str:
    """A storage term in a few words: '6 months after the recording, at the latest at the end of the study'."""
    if kept.latest is None:
        return _stretch_of(kept)
    return tr("{term}, at the latest at {event}", term=_stretch_of(kept), event=word(EVENTS, kept.latest))


def _stretch_of(kept: Term) -> str:
    event = word(EVENTS, kept.after)
    if kept.days:
        return trn("{n} day after {event}", "{n} days after {event}", kept.days, event=event)
    if kept.weeks:
        return trn("{n} week after {event}", "{n} weeks after {event}", kept.weeks, event=event)
    if kept.months:
        return trn("{n} month after {event}", "{n} months after {event}", kept.months, event=event)
    if kept.years:
        return trn("{n} year after {event}", "{n} years after {event}", kept.years, event=event)
    return tr("directly after {event}", event=event)


def count(number: int) -> str:
    """A whole number, with the marks between thousands that the language has."""
    return format_decimal(number, locale=_locale())


def seconds(value: float) -> str:
    """Seconds with one decimal: '1.5 s'."""
    return f"{format_decimal(value, format='#,##0.0', locale=_locale())} s"


def size(n_bytes: int) -> str:
    """A size in megabytes, or in kilobytes where it is less than one."""
    unit, per = ("MB", 1e6) if n_bytes >= 1e6 else ("kB", 1e3)
    return f"{format_decimal(n_bytes / per, format='#,##0.0', locale=_locale())} {unit}"


def moment(at: datetime) -> str:
    """A moment to the minute, in UTC, which it says: '4 March 2025, 09:31 UTC'."""
    return format_datetime(at.astimezone(UTC), "d MMMM y, HH:mm 'UTC'", locale=_locale())


def clock(at_s: float, *, tenths: bool = True) -> str:
    """Seconds as a person reads them from a player: '0:04.2', '1:02:03.4'; in Dutch with a comma."""
    steps = 10 if tenths else 1
    whole, rest = divmod(round(at_s * steps), steps)
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    head = f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
    point = "," if active() == "nl" else "."
    return f"{head}{point}{rest}" if tenths else head


def stretch(start_s: float, end_s: float, *, tenths: bool = True) -> str:
    """From and to, as `clock` says them."""
    return f"{clock(start_s, tenths=tenths)} \N{EN DASH} {clock(end_s, tenths=tenths)}"


def number_ranges(numbers: Iterable[int]) -> str:
    """Increasing numbers in short, runs as first and last; a long list ends with how many more there are."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    said = [str(first) if first == last else f"{first}\N{EN DASH}{last}" for first, last in ranges[:RANGES_AT_MOST]]
    left = sum(last - first + 1 for first, last in ranges[RANGES_AT_MOST:])
    if not left:
        return ", ".join(said)
    return trn("{list} and {n} more", "{list} and {n} more", left, list=", ".join(said))


def _locale() -> str:
    return {"en": "en_GB", "nl": "nl_NL"}[active()]
