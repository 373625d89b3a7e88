"""What was done, in plain words: the lines printed after a recording was made."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from avg_video.errors import printable
from avg_video.language import mark, tr, trn
from avg_video.media.photo_kinds import is_photo_name

if TYPE_CHECKING:
    from avg_video.pipeline import Outcome
    from avg_video.record.model import Record

__all__ = ["HIDDEN", "NOT_ANONYMOUS", "again_heading", "closing_lines", "rows", "typed"]

NOT_ANONYMOUS = mark(
    "De-identified, not anonymous: posture, clothes, text in view and the room can still tell who is who.\n"
    "Watch the copy once before you pass it on."
)
LABEL_WIDTH = 8

HIDDEN = (
    *(mark("attachments"), mark("captions"), mark("chapters"), mark("comment"), mark("cover-art")),
    *(mark("creation-time"), mark("data-track"), mark("encoder-notes"), mark("exif"), mark("frame-data")),
    *(mark("free-space"), mark("gps"), mark("icc"), mark("iptc"), mark("language"), mark("location")),
    *(mark("other-data"), mark("second-picture"), mark("second-sound"), mark("second-video"), mark("subtitles")),
    *(mark("tags"), mark("text"), mark("thumbnail"), mark("thumbnails"), mark("time"), mark("timecode")),
    *(mark("trailing-bytes"), mark("trailing-data"), mark("trimmed-picture"), mark("trimmed-sound")),
    *(mark("unknown-box"), mark("video"), mark("xmp")),
)
"""Kinds of hidden data, as a record calls them. In English they are said as they are."""


def rows(*pairs: tuple[str, str]) -> list[str]:
    """Lines of a label and a text, the texts below each other."""
    width = max(LABEL_WIDTH, *(len(label) for label, _ in pairs))
    return [f"  {label:<{width}} {text}" for label, text in pairs]


def typed(path: Path) -> str:
    """A file's name as it must be typed in a command, even where it holds spaces or begins like an option."""
    name = printable(path)
    name = f".{os.sep}{name}" if name.startswith("-") else name
    if os.name == "nt":
        return f'"{name}"' if " " in name else name
    return shlex.quote(name)


def again_heading(n: int) -> str:
    """The line above a list of copies that are to be made again or deleted."""
    return trn(
        "{n} copy shows somebody who may no longer be shown. Make it again, or delete it:",
        "{n} copies show somebody who may no longer be shown. Make them again, or delete them:",
        n,
    )


def closing_lines(
    outcome: Outcome, source: Path, *, said: Collection[str] = (), report: Path | None = None
) -> list[str]:
    """The lines for one finished recording.

    Parameters
    ----------
    outcome: what the pipeline gave back.
    source: the input.
    said: warnings that were already printed while it ran; they are not repeated.
    report: the page for people, where one was made.
    """
    record, photo = outcome.record, is_photo_name(outcome.output)
    pairs = [(tr("people"), _people(record, photo=photo))]
    if not photo:
        pairs.append((tr("sound"), _sound(record, wanted=outcome.sound_wanted)))
    pairs.append((tr("check"), _second_look(record, photo=photo)))
    if record.input.hidden:
        pairs.append((tr("left out"), ", ".join(tr(kind) for kind in record.input.hidden)))
    pairs.append((tr("record"), printable(outcome.record_path)))
    if report is not None:
        pairs.append((tr("report"), printable(report)))
    if outcome.filed.head is not None:
        pairs.append((tr("log"), tr("control number {number}", number=outcome.filed.head.control_number)))
    lines = [tr("Made {path}", path=printable(outcome.output)), *rows(*pairs)]
    lines += [tr("Warning: {text}.", text=printable(text)) for text in record.warnings if text not in said]
    if outcome.exit_code:
        lines.append(tr("A person must look at the copy before it is used; the record says where and why."))
    if not record.shown and record.covered and photo:
        lines.append(tr("To show someone, such as the teacher: name them in a policy, by a point at t = 0"))
    elif not record.shown and record.covered:
        lines.append(tr("To show someone, such as the teacher: avg-blur look {name}", name=typed(source)))
    lines.append(tr(NOT_ANONYMOUS))
    return lines


def _people(record: Record, *, photo: bool) -> str:
    if not record.people:
        return tr("nobody was found, so nothing is covered")
    covered = trn("{n} face covered", "{n} faces covered", record.covered)
    shown = tr("{n} shown", n=record.shown) if record.shown else tr("nobody shown")
    text = f"{covered}, {shown}"
    return text if photo else tr("{text} (somebody who was lost from sight counts again)", text=text)


def _sound(record: Record, *, wanted: bool) -> str:
    sound = record.output.sound
    if wanted and not sound.kept:
        return tr("none, since the recording has none")
    if not sound.kept:
        return tr("not in the copy, since voices tell who someone is (--audio keep keeps it)")
    if sound.muted_seconds:
        return tr("kept, {seconds:g} s of it silenced; voices tell who someone is", seconds=sound.muted_seconds)
    return tr("kept; voices tell who someone is")


def _second_look(record: Record, *, photo: bool) -> str:
    look = record.second_look
    if not look.on:
        return tr("no second look was taken (--no-second-look); watch the copy from start to end")
    if photo:
        looked = trn("the covered picture looked at {n} time", "the covered picture looked at {n} times", look.looks)
    else:
        looked = trn("{n} covered picture looked at again", "{n} covered pictures looked at again", look.looks)
    if not look.finds:
        return f"{looked}, {tr('nobody left over')}"
    return f"{looked}, {trn('{n} face still found and covered', '{n} faces still found and covered', look.finds)}"
