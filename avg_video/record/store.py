"""Writing a record beside its output, and reading it back without trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from avg_video.errors import UsageError
from avg_video.language import tr
from avg_video.media.private import write_private
from avg_video.record.context import file_iri
from avg_video.record.model import SCHEMA_VERSION, Record

__all__ = ["MAX_RECORD_BYTES", "read_record", "record_data", "record_text", "write_record"]

MAX_RECORD_BYTES = 64 << 20
"""A record of a thousand people is half a megabyte; anything beyond this is not one of ours."""
MAX_VERSION = 1000
"""Higher numbers are no versions of a record."""


def record_data(record: Record) -> dict[str, Any]:
    """The record as it is written, JSON-LD: its context first, and in every table first what kind of thing it is.

    Where order has no meaning (kinds of hidden data, encoder options) it is sorted, so equal records are equal text.
    """
    data = record.model_dump(mode="json", by_alias=True)
    data["input"]["hidden"] = sorted(set(data["input"]["hidden"]))
    data["output"]["encoder_options"] = dict(sorted(data["output"]["encoder_options"].items()))
    for file in (data["input"], data["output"]):
        file["@id"] = file_iri(file["sha256"])  # an entry that was copied with another hash kept the old name
    return {"@context": data.pop("@context"), **_kinds_first(data)}


def record_text(record: Record) -> str:
    """The record as JSON: two spaces, a newline at the end, and the context, which is for tools, on one line."""
    data = record_data(record)
    context = json.dumps(data.pop("@context"), ensure_ascii=False)
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    return f'{{\n  "@context": {context},{text.removeprefix("{")}\n'


def _kinds_first(value: Any) -> Any:
    if isinstance(value, list):
        return [_kinds_first(inner) for inner in value]
    if isinstance(value, dict):
        kinds = sorted(key for key in value if key.startswith("@"))
        return {key: _kinds_first(value[key]) for key in (*kinds, *(key for key in value if key not in kinds))}
    return value


def write_record(record: Record, path: Path) -> None:
    """Write it whole or not at all, mode 0600, replacing a record that is there.

    Raises `OutputError` when the folder or the disk refuses.
    """
    write_private(path, record_text(record).encode("utf-8"))


def read_record(path: Path) -> Record:
    """The record at `path`, every field checked.

    Raises
    ------
    UsageError: no such file, not readable, not JSON, a key or value that a record can't have, or a record of another
        version of this program.
    """
    try:
        if not path.is_file():
            raise UsageError(tr("there is no such record"), remedy=tr("check the name"), file=path)
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise UsageError(tr("the record is too large"), remedy=_again(), file=path)
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(
            tr("the record can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from error
    except ValidationError as error:
        raise _not_valid(error, path) from error


def _not_valid(error: ValidationError, path: Path) -> UsageError:
    """The error for what is no record of this version. Names the place, and never what stands there."""
    faults = error.errors(include_url=False)
    for fault in faults:
        found = fault["input"]
        if fault["loc"] == ("schema_version",) and isinstance(found, int) and 1 <= found < MAX_VERSION:
            what = tr(
                "the record is of version {found}, and this program reads version {known}",
                found=found,
                known=SCHEMA_VERSION,
            )
            newer = found > SCHEMA_VERSION
            return UsageError(what, remedy=tr("use a newer avg-blur") if newer else _again(), file=path)
    where = ".".join(str(part) for part in faults[0]["loc"])
    if not where:
        return UsageError(
            tr("the record is not valid: the file: {why}", why=faults[0]["msg"]), remedy=_again(), file=path
        )
    return UsageError(
        tr("the record is not valid: {where}: {why}", where=where, why=faults[0]["msg"]), remedy=_again(), file=path
    )


def _again() -> str:
    return tr("make the output again with this version")
