"""The policy file: who may be shown, who objected, and what happens to the sound.

A policy without any line shows nobody and drops the sound. Unknown keys, and anything that can't be meant, are refused:
a slip in this file could show a child.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from avg_video.language import mark, tr
from avg_video.media.timing import Timeline
from avg_video.policy.answers import Contact, LegalBasis, Organisation, Reference, Slug, Slugs, Token, Tokens, YesNo
from avg_video.policy.drawn import box_of, group_of, number_of, sha256_of
from avg_video.policy.faults import fault, policy_error
from avg_video.policy.files import FileWords, parse_table, read_table
from avg_video.policy.polygons import XY, polygon_fault
from avg_video.policy.times import parse_seconds

__all__ = [
    "ConsentRegion",
    "Cover",
    "Moment",
    "Mute",
    "Numbers",
    "Objected",
    "Policy",
    "Reviewed",
    "Same",
    "Show",
    "Split",
    "load_policy",
    "parse_policy",
    "policy_of",
]

MAX_TABLES = 200
MAX_POINTS = 64

_WORDS = FileWords(
    missing=mark("there is no such policy file"),
    unreadable=mark("the policy can't be read ({why})"),
    large=mark("it is larger than 1 MB, which is no policy"),
    remedy=mark("give a policy file (NAME.avg.toml)"),
)


def _seconds(value: object) -> float:
    try:
        return parse_seconds(value)
    except ValueError as error:
        raise fault(str(error), tr('write "HH:MM:SS" in quotes, such as "00:03:12.5", or seconds')) from None


def _fraction(value: object, where: str = "") -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fault(tr("it is not a number"), tr("write fractions of the upright picture, from 0 to 1"), where)
    if not 0 <= value <= 1:
        if abs(value) < 1e9:
            what = tr("{value:g} is outside 0..1", value=value)
        else:
            what = tr("the number is outside 0..1")
        raise fault(what, tr("write fractions of the upright picture"), where)
    return float(value)


def _polygon(value: object) -> tuple[XY, ...]:
    if not isinstance(value, list | tuple):
        raise fault(
            tr("it is not a list of points"), tr("write [[x, y], [x, y], [x, y]] in fractions of the upright picture")
        )
    if len(value) > MAX_POINTS:
        raise fault(tr("it has more than {most} points", most=MAX_POINTS), tr("draw it with fewer"))
    points: list[XY] = []
    for number, point in enumerate(value, 1):
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise fault(
                tr("it is not a point"),
                tr("write [x, y] in fractions of the upright picture"),
                tr("point {number}", number=number),
            )
        points.append(
            (
                _fraction(point[0], tr("point {number}", number=number)),
                _fraction(point[1], tr("point {number}", number=number)),
            )
        )
    if len(points) > 3 and points[0] == points[-1]:
        points.pop()  # a closed ring, as maps write it, means the same
    wrong = polygon_fault(points)
    if wrong is not None:
        raise fault(wrong, tr("list at least three corners in order around the place, without crossing"))
    return tuple(points)


def _stretches(value: object) -> object:
    if value == "all":
        return ({},)
    if not isinstance(value, list | tuple):
        raise fault(
            tr("it is neither all nor a list of stretches"),
            tr('write reviewed = "all", or [[reviewed]] with from and to'),
        )
    return value


Seconds = Annotated[float, BeforeValidator(_seconds)]
"""Seconds since the first picture."""
Fraction = Annotated[float, BeforeValidator(_fraction)]
"""Fraction of the upright picture's width or height."""
Polygon = Annotated[tuple[XY, ...], BeforeValidator(_polygon)]
"""Corners of a simple polygon, in fractions of the upright picture."""
Box = Annotated[tuple[float, float, float, float], BeforeValidator(box_of)]
"""Left, top, right and bottom of an upright box, in fractions of the upright picture."""
Number = Annotated[int, BeforeValidator(number_of)]
"""Number of a person, from 1."""
Group = Annotated[tuple[int, ...], BeforeValidator(group_of)]
"""Numbers of people, at least two, each once."""
Sha256 = Annotated[str, BeforeValidator(sha256_of)]
"""SHA-256 in lower-case hex."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Moment(_Table):
    """A point in the picture at a moment: `t` in seconds, `x` and `y` in fractions of the upright picture."""

    t: Seconds
    x: Fraction
    y: Fraction


class _Span(_Table):
    """Something that may hold for a part of the recording only."""

    start_s: Seconds | None = Field(default=None, alias="from")
    """First second; None is the start."""
    end_s: Seconds | None = Field(default=None, alias="to")
    """Second from which it no longer holds; None is the end."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s is not None and self.end_s <= (self.start_s or 0.0):
            raise fault(tr("to is not after from"), tr("give a stretch of time, from its start to its end"))
        return self


class Mute(_Table):
    """A stretch of sound to silence, for recordings whose sound is kept."""

    start_s: Seconds = Field(alias="from")
    end_s: Seconds = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s <= self.start_s:
            raise fault(tr("to is not after from"), tr("give a stretch of time, from its start to its end"))
        return self


class ConsentRegion(_Span):
    """A part of the room where everybody agreed to be shown, drawn at the moment `from`."""

    polygon: Polygon
    pupils: Tokens = ()
    """Who sit there. Where a profile asks for consent, all of them must have given it."""
    withheld: YesNo = False
    """Whether it shows nobody after all, because consent of somebody in it is lacking."""


class Objected(_Span):
    """Somebody who objected: by a point on the face at a moment, by seat (drawn at the moment `from`), by number, or by
    several of these."""

    pupil: Token | None = None
    number: Number | None = None
    """Their number in the search that `Policy.numbers` names."""
    at: Moment | None = None
    seat: Polygon | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if self.at is None and self.seat is None and self.number is None:
            raise fault(tr("it says nobody"), tr("add at = { t = ..., x = ..., y = ... } or seat = [[x, y], ...]"))
        if self.seat is None and (self.start_s is not None or self.end_s is not None):
            raise fault(tr("from and to go with a seat"), tr("take them out, or add seat = [[x, y], ...]"))
        return self

    def rule(self, number: int) -> str:
        """What reports call this line, the `number`-th of its kind."""
        return f"objected {self.pupil or number}"


class Show(_Table):
    """Somebody who chose to be seen, by a point on the face at a moment, or by number."""

    who: Slug
    at: Moment | None = None
    number: Number | None = None
    """Their number in the search that `Policy.numbers` names."""
    pupil: Token | None = None
    """Whose consent is asked of the register."""
    withheld: YesNo = False
    """Whether the person at this point is covered after all, because their consent is lacking."""

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if (self.at is None) == (self.number is None):
            what = tr("it says nobody") if self.at is None else tr("it says two ways who is meant")
            raise fault(what, tr("give at = { t = ..., x = ..., y = ... }, or else number = ..."))
        return self

    @property
    def rule(self) -> str:
        """What reports call this line."""
        return f"show {self.who}" if self.pupil is None else f"show {self.who} {self.pupil}"


class Cover(_Span):
    """Something to cover that was drawn by hand: a name on the board, a screen, a face that was not found."""

    box: Box
    """Where it is at the moment `from`."""
    follow: Literal["fixed", "camera", "content"] = "fixed"
    """Whether it stays in its place in the picture, moves along with the room as the camera moves, or follows what is
    in it."""
    what: Slug | None = None
    """What it is, such as board."""

    def rule(self, number: int) -> str:
        """What reports call this line, the `number`-th of its kind."""
        return f"cover {number}" if self.what is None else f"cover {number} {self.what}"

    def pictures(self, timeline: Timeline) -> tuple[int, int]:
        """The first picture it covers, and the one behind the last; the one on screen at `to` is covered as well."""
        if (self.start_s or 0.0) >= timeline.duration_s:
            return len(timeline), len(timeline)
        ends = self.end_s is not None and self.end_s < timeline.duration_s
        end = timeline.index_at(self.end_s) + 1 if ends and self.end_s is not None else len(timeline)
        return timeline.index_at(self.start_s or 0.0), end


class Same(_Table):
    """Numbers that are one and the same person."""

    numbers: Group


class Split(_Table):
    """A number under which two people were followed: from `at` on it is another person, with the number `then`."""

    number: Number
    at: Seconds
    then: Number


class Numbers(_Table):
    """Which search gave people their numbers. In another one they would mean somebody else."""

    recording: Sha256
    """Hash of the recording."""
    people: Sha256
    """Fingerprint of everybody who was found in it, as `plan.people_fingerprint` makes it."""


class Reviewed(_Span):
    """A stretch of the copy that a person watched from start to end; without `from` and `to`, all of it."""


class Policy(_Table):
    """Everything a policy file says. `Policy()` is the default: nobody is shown, the sound is dropped."""

    profile: Slug | None = None
    """Whose guideline is followed."""
    purpose: Slug | None = None
    """What the recording is for."""
    legal_basis: LegalBasis | None = None
    """On which ground of art. 6 GDPR; None is as the profile says, else not stated."""
    controller: Organisation | None = None
    """The organisation that answers for it."""
    contact: Contact | None = None
    """Where that organisation is reached about it: the address of a function."""
    operator_role: Slug | None = None
    """As what the person who runs this program acts, such as student-teacher."""
    recipients: Slugs = ()
    """Who may see the copy, by role; none is as the profile says."""
    confirm: Slugs = ()
    """What the user confirms of the profile's checklist."""
    dpia_ref: Reference | None = None
    """The number under which the assessment of risks (DPIA) is kept."""
    register_ref: Reference | None = None
    """The number in the organisation's own register of processing."""
    reviewed: Annotated[tuple[Reviewed, ...], BeforeValidator(_stretches)] = Field(default=(), max_length=MAX_TABLES)
    """What a person has watched; `reviewed = "all"` in the file is one stretch without ends."""
    audio: Literal["drop", "keep"] | None = None
    """None is as the profile says, else drop."""
    mute: tuple[Mute, ...] = Field(default=(), max_length=MAX_TABLES)
    consent_region: tuple[ConsentRegion, ...] = Field(default=(), max_length=MAX_TABLES)
    objected: tuple[Objected, ...] = Field(default=(), max_length=MAX_TABLES)
    show: tuple[Show, ...] = Field(default=(), max_length=MAX_TABLES)
    cover: tuple[Cover, ...] = Field(default=(), max_length=MAX_TABLES)
    same: tuple[Same, ...] = Field(default=(), max_length=MAX_TABLES)
    split: tuple[Split, ...] = Field(default=(), max_length=MAX_TABLES)
    numbers: Numbers | None = None
    """Where the numbers in other lines are from; needed as soon as there are any."""
    _file_sha256: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _says_whose_numbers(self) -> Self:
        if self.numbers is None and self.by_number:
            raise fault(
                tr("people are named by number, but not in which search they got it"),
                tr("choose people with avg-blur review, which writes [numbers]; or by points and places"),
            )
        return self

    @property
    def by_number(self) -> bool:
        """Whether any line names people by number."""
        marked = any(o.number is not None for o in self.objected) or any(s.number is not None for s in self.show)
        return marked or bool(self.same or self.split)

    @property
    def file_sha256(self) -> str | None:
        """SHA-256 of the file it was read from, in hex; None where it came from none."""
        return self._file_sha256

    @property
    def mutes_s(self) -> tuple[tuple[float, float], ...]:
        """Stretches of sound to silence, (from, to) in seconds."""
        return tuple((m.start_s, m.end_s) for m in self.mute)

    @property
    def reviewed_all(self) -> bool:
        """Whether a person has watched all of the copy."""
        return any(r.start_s is None and r.end_s is None for r in self.reviewed)


def _keys(table: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in table.model_fields.items())


_KNOWN = {
    "": _keys(Policy),
    "mute": _keys(Mute),
    "consent_region": _keys(ConsentRegion),
    "objected": _keys(Objected),
    "show": _keys(Show),
    "at": _keys(Moment),
    "reviewed": _keys(Reviewed),
    "cover": _keys(Cover),
    "same": _keys(Same),
    "split": _keys(Split),
    "numbers": _keys(Numbers),
}


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises
    ------
    PolicyError: it is missing, is no plain file, can't be read, is larger than 1 MB, is not UTF-8 or not TOML, or
        something in it is wrong; the line names the place and the remedy.
    """
    table, sha256 = read_table(path, _WORDS)
    policy = policy_of(table, path)
    policy._file_sha256 = sha256
    return policy


def parse_policy(text: str, file: Path | None = None) -> Policy:
    """The policy that a text holds; `file` is only named in errors. Raises `PolicyError` as `load_policy`."""
    return policy_of(parse_table(text, file), file)


def policy_of(table: Mapping[str, Any], file: Path | None = None) -> Policy:
    """The policy that tables as of TOML, or of JSON, hold. Raises `PolicyError` where something in it is wrong."""
    try:
        return Policy.model_validate(table)
    except ValidationError as error:
        raise policy_error(error, _KNOWN, file) from None
