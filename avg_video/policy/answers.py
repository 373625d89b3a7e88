"""What may be written in a policy or a profile where a word, a role or an address is asked: never a person's name.

A program can't tell names from other words. These types leave as little room for one as they can: roles are words in
small letters, pupils are tokens, references hold a digit, and an address that looks like a person's is refused.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator

from avg_video.language import tr
from avg_video.policy.faults import fault

__all__ = [
    "Contact",
    "LegalBasis",
    "Organisation",
    "Reference",
    "Slug",
    "Slugs",
    "Token",
    "Tokens",
    "YesNo",
    "is_slug",
    "is_token",
]

MAX_MANY = 200
"""Most words or tokens in one list."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TOKEN = re.compile(r"[A-Z]{1,3}[0-9]{1,4}")
_REFERENCE = re.compile(r"(?=.*[0-9])[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,78}[A-Za-z0-9])?")
_MAIL = re.compile(r"(?P<box>[A-Za-z0-9][A-Za-z0-9._+-]{0,63})@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}")
_WEB = re.compile(r"https://(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?:/[A-Za-z0-9._~/-]*)?")
_PERSON = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z][A-Za-z.-]+")
"""The box of an address that is made of initials and a surname."""

LegalBasis = Literal["consent", "legal-obligation", "public-task", "legitimate-interest"]
"""Grounds of art. 6(1) GDPR under which a school may film: (a), (c), (e), (f)."""


def is_slug(text: str) -> bool:
    """Whether it is a word in small letters, of at most 40."""
    return len(text) <= 40 and _SLUG.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether it is a pupil token, such as L07."""
    return _TOKEN.fullmatch(text) is not None


def _slug(value: object) -> str:
    if not isinstance(value, str) or not is_slug(value):
        raise fault(
            tr("it is not a short word"),
            tr("use lower-case letters, digits and hyphens, such as teacher; never a name"),
        )
    return value


def _token(value: object) -> str:
    if not isinstance(value, str) or not is_token(value):
        raise fault(
            tr("it is not a token"),
            tr("use a token such as L07 (one to three capitals, then digits); never a name"),
        )
    return value


def _list(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise fault(tr("it is not a list"), tr('write ["...", "..."]'))
    if len(value) > MAX_MANY:
        raise fault(tr("there are more than {number} of them", number=MAX_MANY), tr("keep the ones that matter"))
    if any(item in value[:i] for i, item in enumerate(value)):
        raise fault(tr("one of them stands there twice"), tr("write each once"))
    return value


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise fault(tr("it is neither true nor false"), tr("write true or false, without quotes"))
    return value


def _organisation(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 120 or not value.isprintable():
        raise fault(
            tr("it is not the name of an organisation"),
            tr("write one line of at most 120 characters, such as the school's name"),
        )
    if "@" in value:
        raise fault(tr("it is an address"), tr("write the organisation here, and the address under contact"))
    return value.strip()


def _reference(value: object) -> str:
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise fault(
            tr("it is not a reference"),
            tr("write a number such as DPIA-2026-03: letters, digits and . _ / -, with at least one digit"),
        )
    return value


def _contact(value: object) -> str:
    mail = _MAIL.fullmatch(value) if isinstance(value, str) and len(value) <= 120 else None
    if mail is not None and _PERSON.fullmatch(mail["box"]):
        raise fault(
            tr("it looks like the address of a person"),
            tr("give the address of a function, such as privacy@school.example"),
        )
    if mail is None and not (isinstance(value, str) and len(value) <= 120 and _WEB.fullmatch(value)):
        raise fault(
            tr("it is no address"),
            tr("give the e-mail or https address of a function, such as privacy@school.example"),
        )
    return str(value)


Slug = Annotated[str, BeforeValidator(_slug)]
"""A word in small letters: a role, a purpose, the name of a rule."""
Token = Annotated[str, BeforeValidator(_token)]
"""Stands for a pupil; whom it stands for is kept by the school, outside this program."""
Slugs = Annotated[tuple[Slug, ...], BeforeValidator(_list)]
Tokens = Annotated[tuple[Token, ...], BeforeValidator(_list)]
YesNo = Annotated[bool, BeforeValidator(_yes_no)]
Organisation = Annotated[str, BeforeValidator(_organisation)]
Reference = Annotated[str, BeforeValidator(_reference)]
Contact = Annotated[str, BeforeValidator(_contact)]
