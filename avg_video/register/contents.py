"""What a record says about its copy, as far as a note or a table of the register needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Contents", "Visible", "contents_of"]


@dataclass(frozen=True)
class Visible:
    """Somebody who can be seen in a copy: the number, the rule that showed them, and when, in seconds from the start.

    `stretches_s` is empty where the record doesn't say when.
    """

    number: int
    rule: str | None
    stretches_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Contents:
    """What one record says; None, or empty, where it says nothing.

    Attributes
    ----------
    seconds: length; a photo is one picture of no length.
    sound_kept: whether voices can be heard; muted_seconds: how much of kept sound was silenced.
    covered, shown: faces that were followed; somebody who was lost from sight counts again.
    weak_style: the name of a style computed from the face, which is weaker than a fill; None for the others.
    hidden: categories of hidden data that the recording held, and the copy doesn't.
    language: of the texts in it.
    confirmed, unconfirmed: the questions of the checklist, answered or not.
    human_review: whether a person watched the copy.
    register_ref, dpia_ref: where the school's own register and impact assessment speak of this.
    """

    pictures: int
    seconds: float
    size_wh: tuple[int, int]
    sound_kept: bool
    muted_seconds: float
    covered: int
    shown: int
    visible: tuple[Visible, ...]
    weak_style: str | None
    second_look: bool
    hidden: tuple[str, ...]
    warnings: tuple[str, ...]
    not_checked: tuple[str, ...]
    purpose: str | None
    profile: str | None
    language: str = "en"
    controller: str | None = None
    contact: str | None = None
    operator_role: str | None = None
    legal_basis: str | None = None
    recipients: tuple[str, ...] = ()
    storage: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    human_review: bool | None = None
    register_ref: str | None = None
    dpia_ref: str | None = None


STRONG_STYLES = ("fill", "solid")
"""Those that use nothing of the face."""


def contents_of(record: Mapping[str, Any]) -> Contents:
    """What a record says, given as plain data: `record.model_dump(mode="json")` of one that was read and checked.

    Records of before there was a `processing` part say nothing of what stands in it.
    """
    output, sound, policy = record["output"], record["output"]["sound"], record["policy"]
    said: Mapping[str, Any] = record.get("processing") or {}
    profile: Mapping[str, Any] = said.get("profile") or {}
    basis = said.get("legal_basis")
    return Contents(
        pictures=output["frames"],
        seconds=output["seconds"],
        size_wh=(output["size_wh"][0], output["size_wh"][1]),
        sound_kept=sound["kept"],
        muted_seconds=sound["muted_seconds"],
        covered=record["covered"],
        shown=record["shown"],
        visible=tuple(_visible(person) for person in record["people"] if person["verdict"] == "show"),
        weak_style=None if output["style"] in STRONG_STYLES else output["style"],
        second_look=record["second_look"]["on"],
        hidden=tuple(record["input"]["hidden"]),
        warnings=tuple(record["warnings"]),
        not_checked=tuple(record["not_checked"]),
        purpose=said.get("purpose") or policy["purpose"],
        profile=profile.get("title") or policy["profile"],
        language=record.get("language", "en"),
        controller=said.get("controller"),
        contact=said.get("contact"),
        operator_role=said.get("operator_role"),
        legal_basis=None if basis == "not-stated" else basis,
        recipients=_texts(said.get("recipients", ())),
        storage=_texts(said.get("storage", ())),
        confirmed=_asked(said, confirmed=True),
        unconfirmed=_asked(said, confirmed=False),
        human_review=said["human_review"]["done"] if said.get("human_review") else None,
        register_ref=said.get("register_ref"),
        dpia_ref=said.get("dpia_ref"),
    )


def _visible(person: Mapping[str, Any]) -> Visible:
    stretches: Sequence[Sequence[float]] = person.get("shown_s") or ()
    return Visible(person["number"], person["rule"], tuple((start, end) for start, end in stretches))


def _texts(lines: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(line["text"] for line in lines)


def _asked(said: Mapping[str, Any], *, confirmed: bool) -> tuple[str, ...]:
    return tuple(check["ask"] for check in said.get("checklist", ()) if check["confirmed"] is confirmed)
