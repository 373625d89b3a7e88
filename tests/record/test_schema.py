"""The JSON Schema that travels with the package: equal to the model, strict, and in the manual."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from avg_video.record.model import Record
from avg_video.record.schema import DIALECT, build_schema, schema_text, shipped_schema
from avg_video.record.store import record_text
from tests.record.samples import record

ROOT = Path(__file__).parents[2]
FREE = (("encoder_options",), ("neighbours",), ("@context",))
"""Tables without a fixed set of keys, and the context, which must be one of two as a whole."""
VALIDATOR = Draft202012Validator(shipped_schema())


def written() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(record_text(record()))
    return data


def test_the_shipped_file_is_that_of_the_model() -> None:
    text = (ROOT / "avg_video" / "record" / "record.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), "write schema_text() to record.schema.json, and raise SCHEMA_VERSION"
    assert shipped_schema() == build_schema()


def test_it_is_a_valid_2020_12_schema() -> None:
    assert shipped_schema()["$schema"] == DIALECT
    Draft202012Validator.check_schema(shipped_schema())


def test_a_real_record_is_valid() -> None:
    VALIDATOR.validate(written())


def objects(data: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every object with fixed keys in a record."""
    found: list[tuple[str | int, ...]] = []
    if isinstance(data, dict):
        found += [] if at[-1:] in FREE else [at]
        for key, value in data.items():
            found += objects(value, (*at, key)) if key != "@context" else []
    elif isinstance(data, list):
        for i, value in enumerate(data):
            found += objects(value, (*at, i))
    return found


@pytest.mark.parametrize("at", objects(written()), ids=str)
def test_an_extra_key_is_refused_everywhere(at: tuple[str | int, ...]) -> None:
    data: Any = written()
    place = data
    for step in at:
        place = place[step]
    place["who"] = "x"
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize("at", objects(written()), ids=str)
def test_every_key_is_required(at: tuple[str | int, ...]) -> None:
    place: Any = written()
    for step in at:
        place = place[step]
    for key in place:
        data = deepcopy(written())
        inner = data
        for step in at:
            inner = inner[step]
        del inner[key]
        assert not VALIDATOR.is_valid(data), key


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("started", "2025-03-04T09:30:00+01:00"),
        ("status", "anonymous"),
        ("settings_sha256", "X" * 64),
        ("@context", {}),
        ("@id", "urn:uuid:9F1C0F5E-5A0E-4F3B-8A53-2D6A4D0C8B11"),
        ("language", "de"),
    ],
)
def test_a_wrong_value_is_refused(key: str, value: str) -> None:
    assert not VALIDATOR.is_valid(written() | {key: value})


def entries(kind: Any, many: bool = False) -> list[tuple[type[BaseModel], bool]]:
    """The tables that a field may hold, and whether it holds a list of them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [(kind, many)]
    return [found for inner in get_args(kind) for found in entries(inner, many or get_origin(kind) is tuple)]


def fields(model: type[BaseModel], head: str = "") -> list[str]:
    """Every field by its dotted name as it is written, `people[]` for a list of entries."""
    names = []
    for name, field in model.model_fields.items():
        if (field.alias or "").startswith("@"):
            continue  # for tools that read RDF; explained together
        written_as = f"{head}{field.alias or name}"
        names.append(written_as)
        for entry, many in entries(field.annotation):
            names += fields(entry, f"{written_as}[]." if many else f"{written_as}.")
    return names


def test_the_manual_explains_every_field_and_no_other() -> None:
    manual = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in manual.splitlines() if line.startswith("| `")]
    explained = {cells[1].strip().strip("`"): cells[2].strip() for cells in rows}
    assert sorted(explained) == sorted(fields(Record))
    assert all(len(text) > 8 for text in explained.values())
