"""What a processing record holds: numbers, hashes and fixed words, never a name, a picture or a value of a tag.

The types keep it so as far as types can: where a word is expected (a codec, a category of hidden data, a reason) only
a short word is accepted, so that free text from a recording can't slip in. docs/record.md explains every field.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import (
    UUID4,
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

__all__ = [
    "SCHEMA_VERSION",
    "InputEntry",
    "ModelEntry",
    "OutputEntry",
    "PersonEntry",
    "PolicyEntry",
    "Record",
    "SecondLookEntry",
    "SoundEntry",
    "ToolVersions",
]

SCHEMA_VERSION: Final = 2
"""Raised by one whenever a field is added, removed or changes its meaning."""

UTC_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milli(value: float) -> float:
    return round(value, 3)


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(_written, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": UTC_PATTERN}),
]
"""A moment in UTC, to the millisecond, written with Z."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(_milli)]
"""Seconds, to the millisecond."""
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=60)]
"""A fixed word of this program, such as a reason or a category."""
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._,:+/=() -]+$", max_length=120)]
"""A technical name or version, such as that of a codec."""
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$", max_length=500)]
"""One line of text."""
SizeWh = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
"""Width and height in px."""


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class ToolVersions(_Entry):
    """What did the work. Every part that can change a pixel is listed."""

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


class InputEntry(_Entry):
    """The recording that went in, by its hash and its technical shape; neither its name nor its place."""

    sha256: Sha256
    """SHA-256 of the whole file."""
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


class SoundEntry(_Entry):
    """What happened to the sound."""

    kept: bool
    """Whether the output has sound. Voices are personal data and can't be made unrecognisable by muting parts."""
    muted_seconds: Seconds
    """How many seconds of kept sound were silenced."""


class OutputEntry(_Entry):
    """The video that was made."""

    sha256: Sha256
    """SHA-256 of the whole file; another hash means that it is not this file."""
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


class PolicyEntry(_Entry):
    """The rules that said who may be shown."""

    source: Literal["none", "file", "numbers", "file-and-numbers"]
    """Where they came from: nowhere (all covered), a policy file, numbers chosen by eye, or both of these."""
    sha256: Sha256 | None
    """SHA-256 of the policy file; null when there was none."""
    profile: Word | None
    """The guideline it follows; null when it names none."""
    purpose: Line | None
    """What the recording is for, as the policy puts it; null when it doesn't say."""

    @model_validator(mode="after")
    def _file_has_a_hash(self) -> Self:
        if (self.sha256 is not None) != self.source.startswith("file"):
            raise ValueError(f"sha256: expected one exactly when a file was used, got source {self.source!r}")
        return self


class ModelEntry(_Entry):
    """The face detector. It finds faces; it can't tell whose they are."""

    name: Word
    """Its name."""
    sha256: Sha256
    """SHA-256 of its weights."""


class PersonEntry(_Entry):
    """One stretch in which one face was followed. A person who leaves and returns has several numbers."""

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
        return self


class SecondLookEntry(_Entry):
    """The look for faces left over, taken at the covered pictures before they were encoded."""

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


class Record(_Entry):
    """What was done to one recording: it was de-identified and redacted, which is not the same as anonymous."""

    schema_version: Literal[2] = SCHEMA_VERSION
    """Version of this list of fields."""
    run_id: UUID4
    """A random number for this run; it says nothing about what was recorded."""
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
    policy: PolicyEntry
    """The rules that said who may be shown."""
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
        if self.finished < self.started:
            raise ValueError("finished: expected no earlier than started")
        return self
