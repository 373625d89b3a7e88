"""What was done, in plain words: the lines printed after a recording was made."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from avg_video.errors import printable
from avg_video.media.photo_kinds import is_photo_name

if TYPE_CHECKING:
    from avg_video.pipeline import Outcome
    from avg_video.record.model import Record

__all__ = ["NOT_ANONYMOUS", "closing_lines", "count_of", "typed"]

NOT_ANONYMOUS = (
    "De-identified, not anonymous: posture, clothes, text in view and the room can still tell who is who.\n"
    "Watch the copy once before you pass it on."
)


def count_of(n: int, one: str, many: str) -> str:
    """`1 face`, `2 faces`."""
    return f"{n} {one if n == 1 else many}"


def typed(path: Path) -> str:
    """A file's name as it must be typed in a command, even where it holds spaces or begins like an option."""
    name = printable(path)
    name = f".{os.sep}{name}" if name.startswith("-") else name
    if os.name == "nt":
        return f'"{name}"' if " " in name else name
    return shlex.quote(name)


def closing_lines(outcome: Outcome, source: Path, *, sound_wanted: bool, said: Collection[str] = ()) -> list[str]:
    """The lines for one finished recording.

    Parameters
    ----------
    outcome: what the pipeline gave back.
    source: the input.
    sound_wanted: whether the sound was to be kept, if there is any.
    said: warnings that were already printed while it ran; they are not repeated.
    """
    record, photo = outcome.record, is_photo_name(outcome.output)
    lines = [
        f"Made {printable(outcome.output)}",
        f"  people   {_people(record, photo=photo)}",
    ]
    if not photo:
        lines.append(f"  sound    {_sound(record, wanted=sound_wanted)}")
    if record.second_look.on:
        lines.append(f"  check    {_second_look(record, photo=photo)}")
    else:
        lines.append("  check    no second look was taken (--no-second-look); watch the copy from start to end")
    if record.input.hidden:
        lines.append(f"  left out {', '.join(record.input.hidden)}")
    lines.append(f"  record   {printable(outcome.record_path)}")
    lines += [f"Warning: {printable(text)}." for text in record.warnings if text not in said]
    if outcome.exit_code:
        lines.append("A person must look at the copy before it is used; the record says where and why.")
    if not record.shown and record.covered and photo:
        lines.append("To show someone, such as the teacher: name them in a policy, by a point at t = 0")
    elif not record.shown and record.covered:
        lines.append(f"To show someone, such as the teacher: avg-blur look {typed(source)}")
    lines.append(NOT_ANONYMOUS)
    return lines


def _people(record: Record, *, photo: bool) -> str:
    if not record.people:
        return "nobody was found, so nothing is covered"
    tracks = count_of(record.covered, "face", "faces")
    shown = f", {record.shown} shown" if record.shown else ", nobody shown"
    again = "" if photo else " (somebody who was lost from sight counts again)"
    return f"{tracks} covered{shown}{again}"


def _sound(record: Record, *, wanted: bool) -> str:
    sound = record.output.sound
    if wanted and not sound.kept:
        return "none, since the recording has none"
    if not sound.kept:
        return "not in the copy, since voices tell who someone is (--audio keep keeps it)"
    if sound.muted_seconds:
        return f"kept, {sound.muted_seconds:g} s of it silenced; voices tell who someone is"
    return "kept; voices tell who someone is"


def _second_look(record: Record, *, photo: bool) -> str:
    look = record.second_look
    if photo:
        looked = f"the covered picture looked at {count_of(look.looks, 'time', 'times')}"
    else:
        looked = f"{count_of(look.looks, 'covered picture', 'covered pictures')} looked at again"
    if not look.finds:
        return f"{looked}, nobody left over"
    return f"{looked}, {count_of(look.finds, 'face', 'faces')} still found and covered"
