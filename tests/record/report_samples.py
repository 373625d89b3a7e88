"""Records as a report meets them: a lesson, a crowd, a photo, a whole batch, and one that tries to break out."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from avg_video.record.model import (
    CheckEntry,
    ConsentEntry,
    HumanReview,
    InputEntry,
    OutputEntry,
    PersonEntry,
    PolicyEntry,
    ProcessingEntry,
    ProfileEntry,
    RecipientEntry,
    Record,
    RoleEntry,
    RuleEntry,
    SecondLookEntry,
    SoundEntry,
    StorageEntry,
    StorageTerm,
)
from tests.record import samples

LESSON_S = 1471.0
PER_S = 5


def stretch(number: int, start_s: float, end_s: float, reason: str = "no-rule", **changes: Any) -> PersonEntry:
    """One number from `start_s` to `end_s`, at five pictures a second; visible throughout if the reason shows it."""
    frames = max(round((end_s - start_s) * PER_S), 1)
    shows = reason in ("shown-number", "shown-point", "in-region")
    values: dict[str, Any] = {
        "first_s": start_s,
        "last_s": end_s,
        "frames": frames,
        "detected": frames,
        "interpolated": 0,
        "flowed": 0,
        "held": 0,
        "confirmed": reason != "unconfirmed",
        "verdict": "show" if shows else "cover",
        "reason": reason,
        "shown_s": ((start_s, end_s),) if shows else (),
    }
    return samples.person(number, **(values | changes))


def stated(**changes: Any) -> ProcessingEntry:
    """What a policy and a guideline say together; the words are Dutch, as such guidelines are."""
    values: dict[str, Any] = {
        "profile": ProfileEntry(
            name="rug",
            version=1,
            title="Lesopnamen door studenten van de lerarenopleiding",
            source="Handleiding AVG studenten Lerarenopleiding, 2024-2025",
        ),
        "controller": "Scholengroep De Voorbeelden",
        "contact": "privacy@school.example",
        "operator_role": "student-teacher",
        "purpose": "teacher-training",
        "legal_basis": "public-task",
        "purpose_place": "Nog even over het filmen, alinea 1",
        "legal_basis_place": "Nog even over het filmen, alinea 3",
        "recipients": (
            RecipientEntry(text="de student", place="Wie mogen persoonsgegevens inzien?, alinea 1"),
            RecipientEntry(
                text="de begeleiders: werkplekbegeleider, schoolopleider, instituutsopleider en vakdidacticus",
                place="Wie mogen persoonsgegevens inzien?, alinea 2",
            ),
        ),
        "storage": (
            StorageEntry(
                text="de beveiligde leeromgeving van de opleiding",
                place="Hoe moet ik die persoonsgegevens opslaan?, alinea 2",
            ),
        ),
        "keep_original": StorageTerm(
            after="upload",
            weeks=4,
            text="Na het uploaden van elke gegevensdrager verwijderen: zo snel mogelijk, uiterlijk binnen 4 weken.",
            place="Hoe moet ik die persoonsgegevens opslaan?, alinea 3",
        ),
        "keep_output": StorageTerm(
            after="course-end",
            text="Materiaal voor begeleiding en reflectie wordt vernietigd na afronding van het vak.",
            place="Hoe zit het eigenlijk met mijn eigen persoonsgegevens?, alinea 2",
        ),
        "breach_hours": 24,
        "breach_contact": "cert@security.rug.nl",
        "breach_place": "Wat als er iets mis gaat?, alinea 1",
        "shown_by_role": (RoleEntry(role="teacher", line="show teacher", place="Filmen, alinea 4"),),
        "rules": (
            RuleEntry(
                text="Leerlingen en hun ouders mogen bezwaar maken; wie bezwaar maakt, is niet te zien.",
                place="Nog even over het filmen, alinea 1",
            ),
            RuleEntry(
                text="Videobeelden worden geüpload in de beveiligde leeromgeving en nergens anders.",
                place="Hoe moet ik die persoonsgegevens opslaan?, alinea 2",
            ),
            RuleEntry(
                text="Alleen de student en de begeleiders hebben toegang; er wordt niets met derden gedeeld.",
                place="Wie mogen persoonsgegevens allemaal inzien?, alinea 1",
            ),
        ),
        "checklist": (
            CheckEntry(
                id="informed",
                ask="Is bij de school nagevraagd of leerlingen en ouders over het filmen geïnformeerd zijn?",
                place="Nog even over het filmen, alinea 2",
                confirmed=True,
            ),
            CheckEntry(
                id="objections-asked",
                ask="Is gevraagd wie bezwaar maakt, en staat ieder bezwaar in de regels?",
                place="Nog even over het filmen, alinea 1",
                confirmed=False,
            ),
        ),
        "human_review": HumanReview(done=True, all=False, stretches_s=((0.0, 312.0), (840.0, 1471.0))),
        "register_ref": "VR-2026-014",
        "dpia_ref": None,
    }
    return ProcessingEntry(**(values | changes))


def source(number: int, **changes: Any) -> InputEntry:
    """A recording in HD."""
    values: dict[str, Any] = {
        "sha256": sha256(f"recording {number}".encode()).hexdigest(),
        "bytes": 812_345_678,
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "codec": "h264",
        "size_wh": (1920, 1080),
        "rotation_deg": 0,
        "declared_seconds": None,
        "declared_frames": None,
        "hidden": ("creation-time", "location", "tags", "thumbnails"),
        "neighbours": {"subtitles": 1},
    }
    return InputEntry(**(values | changes))


def copy(number: int, **changes: Any) -> OutputEntry:
    """Its copy, without sound."""
    values: dict[str, Any] = {
        "sha256": sha256(f"copy {number}".encode()).hexdigest(),
        "bytes": 402_345_678,
        "size_wh": (1920, 1080),
        "encoder": "libx264",
        "encoder_options": {"crf": "20", "preset": "veryfast"},
        "style": "fill",
        "sound": SoundEntry(kept=False, muted_seconds=0.0),
        "inspected": ("boxes", "streams"),
    }
    return OutputEntry(**(values | changes))


def record_of(people: tuple[PersonEntry, ...], length_s: float, number: int = 1, **changes: Any) -> Record:
    """A record of those people in a recording of that length; `number` keeps records of a batch apart."""
    frames = max(round(length_s * PER_S), 1)
    shown = sum(person.verdict == "show" for person in people)
    values: dict[str, Any] = {
        "run_id": UUID(f"9f1c0f5e-5a0e-4f3b-8a53-{number:012x}"),
        "started": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        "finished": datetime(2026, 11, 20, 9, 47, 5, tzinfo=UTC),
        "input": source(number, decoded_frames=frames, decoded_seconds=length_s),
        "output": copy(number, frames=frames, seconds=length_s),
        "people": people,
        "covered": len(people) - shown,
        "shown": shown,
        "warnings": (),
        "second_look": SecondLookEntry(on=True, looks=2942, finds=3, frames_added=96),
        "not_checked": (
            "faces turned fully away, clothes, posture, gait, jewellery and tattoos: a person may be known by these",
            "names and faces on paper, boards, screens, posters and name tags",
            "reflections in windows and mirrors",
            "damage inside single pictures that the decoder could not notice",
        ),
    }
    return samples.record(**({"processing": ProcessingEntry()} | values | changes))


def lesson(number: int = 1, **changes: Any) -> Record:
    """A lesson of 24 minutes: the teacher visible, one pupil who objected, others covered."""
    people = (
        stretch(1, 0.0, 1466.2, "shown-number", rule="--show 1", frames_covered_though_shown=60).model_copy(
            update={"shown_s": ((0.0, 402.0), (411.0, 930.2), (933.2, 1466.4))}
        ),
        stretch(2, 0.0, 700.4, "objected-point", rule="objected L07"),
        stretch(3, 0.0, 1470.8),
        stretch(4, 2.4, 611.0),
        stretch(5, 30.2, 1470.8),
        stretch(6, 44.0, 46.2, "unconfirmed"),
        stretch(7, 702.0, 1470.8, "objection-inherited", rule="objected L07"),
        stretch(8, 655.0, 1211.4),
    )
    words: dict[str, Any] = {
        "processing": stated(),
        "language": "nl",
        "not_checked": ("spiegelingen in ramen en spiegels", "namen op het bord, op schermen en op naamkaartjes"),
    }
    return record_of(people, LESSON_S, number, **(words | changes))


def publication(**changes: Any) -> Record:
    """A film for the website of a school: by consent, asked of the register, and not given by all."""
    people = (
        stretch(1, 0.0, 58.0, "shown-point", rule="show L04"),
        stretch(2, 1.0, 58.0, "shown-point", rule="show L05"),
        stretch(3, 0.0, 22.0, "no-rule"),
    )
    words: dict[str, Any] = {
        "status": "look",
        "language": "en",
        "warnings": ("the consent of L06 was withdrawn; this person is covered",),
        "processing": stated(
            legal_basis="consent",
            profile=ProfileEntry(
                name="ap", version=1, title="Publishing pictures of pupils", source="Scholen & de AVG, 2018"
            ),
            consents=(
                ConsentEntry(token="L04", state="given", line="show 1"),
                ConsentEntry(token="L05", state="given", line="show 2"),
                ConsentEntry(token="L06", state="withdrawn", line="show 3"),
            ),
            human_review=HumanReview(done=True, all=True),
        ),
    }
    return record_of(people, 58.2, **(words | changes))


def crowd(count: int = 300, length_s: float = 5400.0, **changes: Any) -> Record:
    """Many stretches: a few visible, some who objected by lines of their own, most without a rule."""
    random, people = Random(7), []
    for number in range(1, count + 1):
        start = round(random.uniform(0, length_s * 0.97), 1)
        end = round(min(start + random.expovariate(1 / 200) + 1, length_s - 0.4), 1)
        reason, rule = "no-rule", None
        if number % 60 == 1:
            reason, rule = "shown-number", "--show 1,61,121,181,241"
        elif number % 15 == 2:
            reason, rule = "objected-seat", f"objected {number // 60 + 1}"
        elif number % 4 == 0:
            reason = "unconfirmed"
        people.append(stretch(number, start, end, reason, rule=rule))
    return record_of(tuple(people), length_s, **changes)


def photo(**changes: Any) -> Record:
    """A class photo: nine faces, two of them visible, without any policy facts."""
    values: dict[str, Any] = {
        "input": source(
            1,
            container="jpeg",
            codec="jpeg",
            bytes=3_456_789,
            size_wh=(4032, 3024),
            decoded_frames=1,
            decoded_seconds=0.0,
            hidden=("exif", "gps", "thumbnail"),
            neighbours={},
        ),
        "output": copy(1, encoder="jpeg", bytes=1_456_789, size_wh=(4032, 3024), frames=1, seconds=0.0),
        "second_look": SecondLookEntry(on=True, looks=2, finds=0, frames_added=0),
        "policy": PolicyEntry(source="none", sha256=None, profile=None, purpose=None),
    }
    people = tuple(stretch(n, 0.0, 0.0, "in-region" if n in (3, 4) else "no-rule") for n in range(1, 10))
    return record_of(people, 0.0, **(values | changes))


def empty(**changes: Any) -> Record:
    """Nobody found, nothing stated, a person must look."""
    warnings = ("no face was found in it; watch the copy before you use it",)
    return record_of((), 12.4, **({"status": "look", "warnings": warnings} | changes))


def batch(count: int = 4) -> tuple[Record, ...]:
    """Lessons of one school, made with one policy; one of them needs a person."""
    records = [lesson(number) for number in range(1, count)]
    return (*records, lesson(count, status="look", warnings=("er is een gezicht gevonden na het afdekken",)))


HOSTILE = "</bdi></style><script>alert(1)</script>\" onload='x' \u202eevil\u2066 & {{ 7*7 }} {% x %} {tokens} שלום"


def hostile(text: str = HOSTILE) -> Record:
    """Every field that takes free text holds what would break out of a careless page."""
    people = (
        stretch(1, 0.0, 9.0, "shown-number", rule=text),
        stretch(2, 0.0, 9.0, "some-later-reason", rule=text),
    )
    term = StorageTerm(after="some-later-event", weeks=4, text=text, place=text)
    return record_of(
        people,
        10.0,
        warnings=(text,),
        not_checked=(text,),
        policy=PolicyEntry(source="file", sha256="c" * 64, profile="x", purpose=text),
        processing=ProcessingEntry(
            profile=ProfileEntry(name="x", version=1, sha256="f" * 64, title=text, source=text),
            controller=text,
            contact=text,
            operator_role="teacher",
            legal_basis="consent",
            recipients=(RecipientEntry(text=text, place=text),),
            storage=(StorageEntry(text=text, place=text),),
            shown_by_role=(RoleEntry(role="teacher", line=text, place=text),),
            keep_original=term,
            keep_output=term,
            breach_hours=24,
            breach_contact=text,
            rules=(RuleEntry(text=text, place=text),),
            checklist=(CheckEntry(id="asked-first", ask=text, place=text, confirmed=False),),
            consents=(ConsentEntry(token="L07", state="unknown", line=text),),
            register_ref=text,
            dpia_ref=text,
        ),
    )
