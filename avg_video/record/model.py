"""What a processing record holds: numbers, hashes and fixed words, never a name, a picture or a value of a tag.

The types keep it so as far as types can: where a word is expected (a codec, a category of hidden data, a reason) only
a short word is accepted, so that free text from a recording can't slip in. docs/record.md explains every field.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import UUID4, Field, StringConstraints, WithJsonSchema, model_validator

from avg_video.language import LANGUAGES
from avg_video.record.context import context_for, file_iri
from avg_video.record.fields import (
    Count,
    Entry,
    Language,
    Line,
    Moment,
    Seconds,
    Sha256,
    SizeWh,
    Stretches,
    Token,
    Word,
)
from avg_video.record.processing import (
    CheckEntry,
    ConsentEntry,
    HumanReview,
    ProcessingEntry,
    ProfileEntry,
    RecipientEntry,
    RoleEntry,
    RuleEntry,
    StorageEntry,
    StorageTerm,
)

__all__ = [
    "SCHEMA_VERSION",
    "CheckEntry",
    "ConsentEntry",
    "HumanReview",
    "InputEntry",
    "ModelEntry",
    "OutputEntry",
    "PersonEntry",
    "PolicyEntry",
    "ProcessingEntry",
    "ProfileEntry",
    "RecipientEntry",
    "Record",
    "RoleEntry",
    "RuleEntry",
    "SecondLookEntry",
    "SoundEntry",
    "StorageEntry",
    "StorageTerm",
    "ToolVersions",
]

SCHEMA_VERSION: Final = 4
"""Raised by one whenever a field is added, removed or changes its meaning. Records of version 3 are read too: what was
added since may be missing in them."""


RunIri = Annotated[str, StringConstraints(pattern=r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""The run as a name (RFC 9562)."""
FileIri = Annotated[str, StringConstraints(pattern=r"^ni:///sha-256;[A-Za-z0-9_-]{43}$")]
"""A file as a name (RFC 6920)."""
Context = Annotated[dict[str, Any], WithJsonSchema({"enum": [context_for(language) for language in LANGUAGES]})]


# Filled in from the fields before them. One that was not valid is missing here, and is what will be reported.
def _name_of_run(data: dict[str, Any]) -> str:
    return data["run_id"].urn if "run_id" in data else ""


def _name_of_file(data: dict[str, Any]) -> str:
    return file_iri(data["sha256"]) if "sha256" in data else ""


def _context_of(data: dict[str, Any]) -> dict[str, Any]:
    return context_for(data["language"]) if "language" in data else {}


class ToolVersions(Entry):
    """What did the work. Every part that can change a pixel is listed."""

    jsonld_type: Literal["prov:SoftwareAgent"] = Field(default="prov:SoftwareAgent", alias="@type")
    avg_blur: Token
    """Version of this program."""
    python: Token
    """Version of Python."""
    av: Token
    """Version of PyAV, which brings FFmpeg."""
    ffmpeg: Token
    """Version of FFmpeg, which reads and writes video."""
    onnxruntime: Token
    """Version of the engine that runs the face detector."""
    opencv: Token
    """Version of OpenCV, which scales pictures and follows motion."""
    numpy: Token
    """Version of NumPy, which does the arithmetic."""
    platform: Token
    """Operating system and kind of processor; no name of a computer or a user."""


class _File(Entry):
    """A file with persons in it, named by its content."""

    jsonld_type: tuple[Literal["prov:Entity"], Literal["dpv:PersonalData"]] = Field(
        default=("prov:Entity", "dpv:PersonalData"), alias="@type"
    )
    sha256: Sha256
    """SHA-256 of the whole file; another hash means that it is not this file."""
    jsonld_id: FileIri = Field(default_factory=_name_of_file, alias="@id")

    @model_validator(mode="after")
    def _named_by_its_hash(self) -> Self:
        if self.jsonld_id != file_iri(self.sha256):
            raise ValueError("@id: expected the name that belongs to sha256")
        return self


class InputEntry(_File):
    """The recording that went in, by its hash and its technical shape; neither its name nor its place."""

    bytes: Count
    """Its size in bytes."""
    container: Token
    """The kind of file, as FFmpeg calls it."""
    codec: Token
    """How its pictures were coded, as FFmpeg calls it."""
    size_wh: SizeWh
    """Width and height of its pictures, upright, in pixels."""
    rotation_deg: Literal[0, 90, 180, 270]
    """How far its pictures had to be turned clockwise to stand upright."""
    declared_seconds: Seconds | None
    """How long it says it is; null when it doesn't say."""
    declared_frames: Count | None
    """How many pictures it says it holds; null when it doesn't say."""
    decoded_frames: Annotated[int, Field(gt=0)]
    """How many pictures were really in it."""
    decoded_seconds: Seconds
    """How long they last."""
    hidden: tuple[Word, ...]
    """Kinds of hidden data it held, none of which went along; kinds only, never what was in them."""
    neighbours: dict[Word, Annotated[int, Field(gt=0)]] | None = None
    """How many files of which kind lay beside it under its name (subtitles, thumbnails), none of which was copied; null
    when its folder could not be listed. No names."""


class SoundEntry(Entry):
    """What happened to the sound."""

    jsonld_type: Literal["avg:Sound"] = Field(default="avg:Sound", alias="@type")
    kept: bool
    """Whether the output has sound. Voices are personal data and can't be made unrecognisable by muting parts."""
    muted_seconds: Seconds
    """How many seconds of kept sound were silenced."""


class OutputEntry(_File):
    """The video that was made. It is de-identified, and still about people."""

    bytes: Count
    """Its size in bytes."""
    frames: Annotated[int, Field(gt=0)]
    """How many pictures it holds; as many as were decoded."""
    seconds: Seconds
    """How long it lasts."""
    size_wh: SizeWh
    """Width and height of its pictures in pixels."""
    encoder: Token
    """Which encoder made it."""
    encoder_options: dict[Token, Token]
    """The settings that encoder was given."""
    style: Word
    """How faces were covered: fill and solid use nothing of the face; mosaic and blur are weaker."""
    sound: SoundEntry
    """What happened to the sound."""
    inspected: tuple[Word, ...] = ()
    """What the finished file was searched for, and was found free of or in order. A file that fails has no record."""


class PolicyEntry(Entry):
    """The rules that said who may be shown."""

    jsonld_type: Literal["prov:Plan"] = Field(default="prov:Plan", alias="@type")
    source: Literal["none", "file", "numbers", "file-and-numbers"]
    """Where they came from: nowhere (all covered), a policy file, numbers chosen by eye, or both of these."""
    sha256: Sha256 | None
    """SHA-256 of the policy file; null when there was none."""
    profile: Word | None
    """The guideline that was followed, named in the policy or on the command line; null when there was none."""
    purpose: Line | None
    """What the recording is for, as the policy puts it, or else the guideline; null when neither says."""

    @model_validator(mode="after")
    def _file_has_a_hash(self) -> Self:
        if (self.sha256 is not None) != self.source.startswith("file"):
            raise ValueError(f"sha256: expected one exactly when a file was used, got source {self.source!r}")
        return self


class ModelEntry(Entry):
    """The face detector. It finds faces; it can't tell whose they are."""

    jsonld_type: tuple[Literal["prov:Entity"], Literal["avg:FaceDetector"]] = Field(
        default=("prov:Entity", "avg:FaceDetector"), alias="@type"
    )
    name: Word
    """Its name."""
    sha256: Sha256
    """SHA-256 of its weights."""


class PersonEntry(Entry):
    """One stretch in which one face was followed. A person who leaves and returns has several numbers."""

    jsonld_type: Literal["avg:FollowedFace"] = Field(default="avg:FollowedFace", alias="@type")
    number: Annotated[int, Field(ge=1)]
    """Its number within this recording, by first appearance; it means nothing in any other recording."""
    first_s: Seconds
    """When it begins, in seconds from the first picture."""
    last_s: Seconds
    """When its last picture appears, in seconds from the first picture."""
    frames: Annotated[int, Field(gt=0)]
    """In how many pictures it lives."""
    detected: Count
    """In how many of them the detector saw it."""
    interpolated: Count
    """In how many its place was computed from those before and after."""
    flowed: Count
    """In how many its place was followed by the motion of the picture."""
    held: Count
    """In how many its place was kept as it was, to be on the safe side."""
    confirmed: bool
    """False when it was only ever seen weakly; it is then covered and can't be shown."""
    verdict: Literal["cover", "show"]
    """What was decided."""
    reason: Word
    """Why, as a fixed word."""
    rule: Line | None
    """Which line of the policy said so; null when none did."""
    frames_covered_though_shown: Count
    """In how many pictures it was covered although it may be shown, because it overlapped somebody covered."""
    shown_s: Stretches
    """The stretches in which it can be seen, [from, to] in seconds; none when it was covered throughout."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        known = self.detected + self.interpolated + self.flowed + self.held
        if known != self.frames:
            raise ValueError(f"frames: expected the sum of all evidence, {known}, got {self.frames}")
        if self.last_s < self.first_s:
            raise ValueError(f"last_s: expected no less than first_s {self.first_s}, got {self.last_s}")
        if self.verdict == "show" and not self.confirmed:
            raise ValueError("verdict: expected cover for a face that was only ever seen weakly")
        if self.frames_covered_though_shown > (self.frames if self.verdict == "show" else 0):
            raise ValueError("frames_covered_though_shown: expected at most frames, and 0 for a covered face")
        self._check_shown()
        return self

    def _check_shown(self) -> None:
        seen = self.verdict == "show" and self.frames_covered_though_shown < self.frames
        if seen != bool(self.shown_s):
            raise ValueError("shown_s: expected stretches exactly when it can be seen in some picture")
        if seen and not (self.first_s <= self.shown_s[0][0] and self.shown_s[-1][0] <= self.last_s):
            raise ValueError(f"shown_s: expected stretches that begin between {self.first_s} and {self.last_s}")


class SecondLookEntry(Entry):
    """The look for faces left over, taken at the covered pictures before they were encoded."""

    jsonld_type: Literal["avg:SecondLook"] = Field(default="avg:SecondLook", alias="@type")
    on: bool
    """Whether it was done."""
    looks: Count
    """At how many pictures it was done."""
    finds: Count
    """How many faces it still found; each was then covered."""
    frames_added: Count
    """To how many pictures that added cover."""

    @model_validator(mode="after")
    def _off_means_nothing(self) -> Self:
        if not self.on and (self.looks or self.finds or self.frames_added):
            raise ValueError("expected zeros when the second look is off")
        return self


class Record(Entry):
    """What was done to one recording: it was de-identified and redacted, which is not the same as anonymous."""

    jsonld_type: tuple[Literal["prov:Activity"], Literal["dpv:Process"]] = Field(
        default=("prov:Activity", "dpv:Process"), alias="@type"
    )
    schema_version: Annotated[
        Literal[3, 4], WithJsonSchema({"const": SCHEMA_VERSION, "default": SCHEMA_VERSION, "type": "integer"})
    ] = SCHEMA_VERSION
    """Version of this list of fields."""
    language: Language = "en"
    """The language of the texts in it: English or Dutch. Fixed words are English always."""
    run_id: UUID4
    """A random number for this run; it says nothing about what was recorded."""
    jsonld_id: RunIri = Field(default_factory=_name_of_run, alias="@id")
    jsonld_context: Context = Field(default_factory=_context_of, alias="@context")
    status: Literal["done", "look"]
    """done: made and checked. look: made and checked, but a person must look before it is used; see warnings."""
    started: Moment
    """When the work began, in UTC."""
    finished: Moment
    """When the output had passed its checks, in UTC."""
    tool: ToolVersions
    """What did the work."""
    input: InputEntry
    """The recording that went in."""
    output: OutputEntry
    """The video that came out."""
    measures: tuple[Literal["de-identification"], Literal["redaction"]] = ("de-identification", "redaction")
    """What was done to protect the people in it; not anonymisation."""
    policy: PolicyEntry
    """The rules that said who may be shown."""
    processing: ProcessingEntry = ProcessingEntry()
    """What for, on which ground, for whom, and until when, as far as it was stated."""
    settings_sha256: Sha256
    """Fingerprint of every setting that changes the output; equal settings have equal fingerprints."""
    model: ModelEntry
    """The face detector."""
    people: tuple[PersonEntry, ...]
    """Every face that was followed, by number."""
    covered: Count
    """How many of them were covered."""
    shown: Count
    """How many of them were shown."""
    second_look: SecondLookEntry
    """The look for faces left over."""
    cuts: Count
    """At how many places the picture jumps to another; nobody is followed across one."""
    warnings: tuple[Line, ...]
    """What a person should know before using the output."""
    not_checked: tuple[Line, ...]
    """What this program did not look at, so that nobody takes it for done."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        numbers = [person.number for person in self.people]
        if numbers != sorted(set(numbers)):
            raise ValueError("people: expected each number once, in order")
        shown = sum(person.verdict == "show" for person in self.people)
        if (self.shown, self.covered) != (shown, len(numbers) - shown):
            raise ValueError(
                f"covered and shown: expected the verdicts counted, {len(numbers) - shown} and {shown}, "
                f"got {self.covered} and {self.shown}"
            )
        lasts = self.output.seconds
        if any(end > lasts for person in self.people for _, end in person.shown_s):
            raise ValueError(f"shown_s: expected stretches within the {lasts} s of the output")
        if self.jsonld_id != self.run_id.urn:
            raise ValueError("@id: expected the name that belongs to run_id")
        if self.jsonld_context != context_for(self.language):
            raise ValueError("@context: expected the one that belongs to this version and language")
        if self.finished < self.started:
            raise ValueError("finished: expected no earlier than started")
        return self
