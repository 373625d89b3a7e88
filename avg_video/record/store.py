"""Writing a record beside its output, and reading it back without trust."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from avg_video.errors import UsageError
from avg_video.media.private import write_private
from avg_video.record.model import Record

__all__ = ["MAX_RECORD_BYTES", "read_record", "record_text", "write_record"]

MAX_RECORD_BYTES = 64 << 20
"""A record of a thousand people is half a megabyte; anything beyond this is not one of ours."""


def record_text(record: Record) -> str:
    """The record as JSON: fields in the order of the model, two spaces, a newline at the end.

    Where order has no meaning (kinds of hidden data, encoder options) it is sorted, so equal records are equal text.
    """
    data = record.model_dump(mode="json")
    data["input"]["hidden"] = sorted(set(data["input"]["hidden"]))
    data["output"]["encoder_options"] = dict(sorted(data["output"]["encoder_options"].items()))
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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
            raise UsageError("there is no such record", remedy="check the name", file=path)
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise _odd(path, "is too large")
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"the record can't be read ({why})", remedy="check its permissions", file=path) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _odd(path, f"is not valid: {where}: {first['msg']}") from error


def _odd(path: Path, what: str) -> UsageError:
    return UsageError(f"the record {what}", remedy="make the output again with this version", file=path)
