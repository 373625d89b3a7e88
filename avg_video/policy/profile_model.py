"""A profile: what one guideline says about recordings of pupils, each line with its place in that guideline.

Where a guideline says nothing, its profile says nothing (None, or an empty list): nothing in it is made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from avg_video.language import active, tr
from avg_video.policy.answers import Contact, LegalBasis, Organisation, Slug, Slugs, YesNo
from avg_video.policy.faults import fault, policy_error

__all__ = [
    "Breach",
    "Check",
    "Event",
    "Profile",
    "Retention",
    "Rule",
    "Stated",
    "Term",
    "Text",
    "profile_from",
]

MAX_LINE = 500
"""Longest text in characters: as long as a line of the record may be."""
MAX_COUNT = 10_000
"""Largest number of hours, days, weeks, months or years."""
MAX_TABLES = 200

Event = Literal[
    "recording",
    "upload",
    "course-end",
    "study-end",
    "school-year-end",
    "graduation",
    "purpose-end",
    "leaving-school",
    "assessment",
    "not-stated",
]
"""From when a term is reckoned; "not-stated" where a guideline gives a stretch and not its beginning."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_LINE or _INVISIBLE.search(value):
        raise fault(
            tr("it is not a line of text"), tr("write one line of at most {number} characters", number=MAX_LINE)
        )
    return value.strip()


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
        raise fault(tr("it is not a whole number from 1"), tr("write a number without quotes, such as 4"))
    return value


Line = Annotated[str, BeforeValidator(_line)]
Whole = Annotated[int, BeforeValidator(_whole)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Table):
    """A text in both languages."""

    en: Line
    nl: Line

    def said(self) -> str:
        """It, in the language that is spoken now."""
        return self.nl if active() == "nl" else self.en


class Stated(Text):
    """A text with the place in the guideline that says so."""

    place: Line


class Term(_Table):
    """How long something may be kept: a stretch after an event, or, without a stretch, until the event itself.

    `latest` is an event by which it must go in any case, whether or not the stretch is over.
    """

    after: Event
    days: Whole | None = None
    weeks: Whole | None = None
    months: Whole | None = None
    years: Whole | None = None
    latest: Event | None = None
    text: Text
    place: Line

    @model_validator(mode="after")
    def _one_stretch(self) -> Self:
        if sum(n is not None for n in (self.days, self.weeks, self.months, self.years)) > 1:
            raise fault(tr("it has two stretches of time"), tr("give one of days, weeks, months and years"))
        if self.latest == self.after:
            raise fault(
                tr("latest is the event from which it is reckoned"), tr("take latest out, or name another event")
            )
        return self

    def reckoned(self) -> tuple[dict[str, str | int], ...]:
        """What dates are worked out from, as the register keeps it: terms that hold together, the first of them counts.

        One, such as {"after": "upload", "weeks": 4, "text": ..., "place": ...}, and a second where there is a `latest`.
        """
        words: dict[str, str | int] = {"text": self.text.said(), "place": self.place}
        units = {name: n for name in ("days", "weeks", "months", "years") if (n := getattr(self, name)) is not None}
        first: dict[str, str | int] = {"after": self.after, **units, **words}
        return (first,) if self.latest is None else (first, {"after": self.latest, **words})


class Retention(_Table):
    """How long recording and copy may be kept. None: the guideline does not say."""

    original: Term | None = None
    output: Term | None = None
    more: Annotated[tuple[Term, ...], Field(max_length=MAX_TABLES)] = ()
    """Terms for other material, or for the same in other hands. Nothing is reckoned from them; they are told."""

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if any(term is not None and "not-stated" in (term.after, term.latest) for term in (self.original, self.output)):
            raise fault(tr("it has no beginning"), tr("name the event after which original and output must go"))
        return self


class Check(_Table):
    """Something the guideline asks the user to have done; confirmed with `--confirm ID`."""

    id: Slug
    ask: Text
    place: Line


class Rule(_Table):
    """A rule of the guideline, told in the record and the report."""

    text: Text
    place: Line


class Breach(_Table):
    """Whom to tell, and how soon, when the recording may have come into the wrong hands."""

    hours: Whole | None = None
    """Hours after it was found out."""
    contact: Contact | None = None
    place: Line


class Places(_Table):
    """Where in the guideline the single words of a profile come from."""

    audio: Line | None = None
    purpose: Line | None = None
    legal_basis: Line | None = None
    needs_consent: Line | None = None
    no_consent_of: Line | None = None
    objection: Line | None = None
    controller: Line | None = None


class Profile(_Table):
    """What one guideline says, or one category of it."""

    name: Slug
    version: Whole
    """Raised by one whenever what it says changes."""
    title: Text
    source: Text
    """The document and its date."""
    extends: Slug | None = None
    """The shipped profile that it begins from; lines taken from that one have its name before their place."""
    audio: Literal["drop", "keep"] | None = None
    """What happens to the sound unless the policy says something else."""
    purpose: Slug | None = None
    legal_basis: LegalBasis | None = None
    needs_consent: YesNo = False
    """Whether people are shown only with a valid consent in the register."""
    no_consent_of: Slugs = ()
    """Roles, as `who` of a show line gives them, of whom the guideline asks no consent, such as teacher."""
    objection: YesNo = False
    """Whether pupils, or their parents, may object to being filmed."""
    controller: Organisation | None = None
    places: Places = Places()
    recipients: Annotated[tuple[Stated, ...], Field(max_length=MAX_TABLES)] = ()
    """Who may look at the recording and its copy."""
    storage: Annotated[tuple[Stated, ...], Field(max_length=MAX_TABLES)] = ()
    """Where they may be kept, and where not."""
    retention: Retention = Retention()
    breach: Breach | None = None
    checklist: Annotated[tuple[Check, ...], Field(max_length=MAX_TABLES)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=MAX_TABLES)] = ()
    adapted: Stated | None = None
    """Who has an adapted rule that comes before this guideline."""
    _file_sha256: str | None = PrivateAttr(default=None)

    @property
    def file_sha256(self) -> str | None:
        """SHA-256 of the file it was read from, in hex; that of its own file, where it extends another."""
        return self._file_sha256

    @model_validator(mode="after")
    def _every_word_has_its_place(self) -> Self:
        for name in Places.model_fields:
            said, place = bool(getattr(self, name)), getattr(self.places, name)
            if said and place is None:
                what = tr("{key} has no place in the guideline", key=name)
                raise fault(what, tr("add its place under [places]"))
            if place is not None and not said:
                raise fault(
                    tr("it gives a place for {key}, which is not there", key=name), tr("take it out of [places]")
                )
        ids = [check.id for check in self.checklist]
        if len(set(ids)) < len(ids):
            raise fault(tr("two lines of the checklist have one id"), tr("give each its own id"))
        return self


def _keys(table: type[BaseModel]) -> tuple[str, ...]:
    return tuple(table.model_fields)


_KNOWN = {
    "": _keys(Profile),
    "title": _keys(Text),
    "source": _keys(Text),
    "text": _keys(Text),
    "ask": _keys(Text),
    "places": _keys(Places),
    "recipients": _keys(Stated),
    "storage": _keys(Stated),
    "adapted": _keys(Stated),
    "retention": _keys(Retention),
    "original": _keys(Term),
    "output": _keys(Term),
    "more": _keys(Term),
    "breach": _keys(Breach),
    "checklist": _keys(Check),
    "rules": _keys(Rule),
}


def profile_from(table: Mapping[str, Any], file: Path | None = None) -> Profile:
    """The profile that a table holds in which everything it extends is filled in already.

    `file` is only named in errors. Raises `PolicyError`: an unknown key, or something that can't be meant.
    """
    try:
        return Profile.model_validate(table)
    except ValidationError as error:
        raise policy_error(error, _KNOWN, file) from None
