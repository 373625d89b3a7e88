"""The kinds of value that a record may hold, each as narrow as it can be, and the ground of its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    StringConstraints,
    WithJsonSchema,
)

from avg_video.language import LANGUAGES

__all__ = [
    "Count",
    "Entry",
    "Language",
    "Line",
    "Moment",
    "PupilToken",
    "Seconds",
    "Sha256",
    "SizeWh",
    "Stretch",
    "Stretches",
    "Token",
    "Word",
    "as_node",
]

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
LINE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
LINE_LENGTH = 500
Line = Annotated[str, StringConstraints(pattern=LINE_PATTERN, max_length=LINE_LENGTH)]
"""One line of text."""
Language = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(LANGUAGES)})$"),
    WithJsonSchema({"type": "string", "enum": list(LANGUAGES)}),
]
"""English or Dutch, as of `avg_video.language`."""
PupilToken = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}[0-9]{1,4}$")]
"""What a person is called in the policy and the register, such as L07; whose it is stands on a list of the school."""
SizeWh = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
"""Width and height in px."""
Stretch = tuple[Seconds, Seconds]
"""From and to, in seconds from the first picture."""


def _in_order(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    until = 0.0
    for start, end in stretches:
        if not until <= start <= end:
            raise ValueError(f"expected stretches in order, each from its start to its end, got {start} to {end}")
        until = end
    return stretches


Stretches = Annotated[tuple[Stretch, ...], AfterValidator(_in_order)]
"""Stretches of the recording, in order, none over another."""


class Entry(BaseModel):
    """One table of the record: fixed once built, no key that is not listed, no guessing of types."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


def as_node(kind: str, key: str) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    """Makes one line of text a thing of that kind when it is written (in JSON, by alias), `{"@type": kind, key: text}`,
    and a text again when it is read; for texts that name what a vocabulary has a class for, such as a controller."""

    def read(value: object) -> object:
        if not isinstance(value, dict):
            return value
        if set(value) != {"@type", key} or value["@type"] != kind:
            raise ValueError(f"expected a text, or a table of @type {kind} and {key}")
        return value[key]

    def write(text: str, info: SerializationInfo) -> str | dict[str, str]:
        return {"@type": kind, key: text} if info.by_alias else text

    text = {"type": "string", "pattern": LINE_PATTERN, "maxLength": LINE_LENGTH}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"@type": {"const": kind, "type": "string"}, key: text},
        "required": ["@type", key],
        "additionalProperties": False,
    }
    return BeforeValidator(read), PlainSerializer(write, when_used="json"), WithJsonSchema(schema)
