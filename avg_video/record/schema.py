"""The JSON Schema of the record, as computed from the model and as shipped."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from avg_video.record.model import SCHEMA_VERSION, Record

__all__ = ["DIALECT", "SCHEMA_FILE", "build_schema", "schema_text", "shipped_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FILE = "record.schema.json"


def build_schema() -> dict[str, Any]:
    """The schema of a record as it is written, JSON Schema 2020-12, computed from the model."""
    head = {"$schema": DIALECT, "$id": f"urn:avg-blur:record:{SCHEMA_VERSION}"}
    return head | Record.model_json_schema(mode="serialization")


def schema_text() -> str:
    """What the shipped file must hold: `build_schema()`, keys sorted, two spaces, a newline at the end."""
    return json.dumps(build_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def shipped_schema() -> dict[str, Any]:
    """The schema that travels with the package (`record/record.schema.json`)."""
    schema: dict[str, Any] = json.loads(files("avg_video.record").joinpath(SCHEMA_FILE).read_text(encoding="utf-8"))
    return schema
