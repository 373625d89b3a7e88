"""One line of the log: an in-toto Statement about one run, in a signed DSSE envelope.

The line has exactly one spelling, so that no byte of it can change unseen: what the signature does not cover (the id of
the key, the spelling of the JSON and of the base 64) is compared with how this module would write it.
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import UUID4, BaseModel, ConfigDict, Field, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from avg_video.record.fields import Moment, Sha256
from avg_video.record.keys import public_from_hex

__all__ = ["LogEntry", "NotALine", "is_beginning", "open_line", "seal"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Literal["urn:avg-blur:terms:run:v1"] = "urn:avg-blur:terms:run:v1"

MAX_LINE_BYTES = 1 << 14
"""A line has some 950 bytes."""

_HEAD = b'{"payload":"'
_KIND = b'","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"'
_SIG = b'","sig":"'
_TAIL = b'=="}]}'
_LINE = re.compile(
    re.escape(_HEAD)
    + rb"[A-Za-z0-9+/]+={0,2}"
    + re.escape(_KIND)
    + rb"[0-9a-f]{64}"
    + _SIG
    + rb"[A-Za-z0-9+/]{86}"
    + re.escape(_TAIL)
)
_GROWING = (
    *(_HEAD, re.compile(rb"[A-Za-z0-9+/]*={0,2}")),
    *(_KIND, re.compile(rb"[0-9a-f]{0,64}")),
    *(_SIG, re.compile(rb"[A-Za-z0-9+/]{0,86}")),
    _TAIL,
)
"""The parts of a line, as they come into being one byte after the other."""


class NotALine(ValueError):
    """Bytes that this program did not write as a line of a log, or that were changed since."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LogEntry(_Part):
    """What a line says of one run: the predicate of its statement, and the hash of the output."""

    sequence: Annotated[int, Field(ge=1)]
    """The number of this line in its log, from 1."""
    previous: Sha256 | None
    """SHA-256 of the line before, without its end; null for the first line."""
    unfinished: Annotated[int, Field(ge=0)]
    """How many lines directly before this one broke off while they were written, and hold nothing."""
    output: Sha256
    """SHA-256 of the output."""
    record: Sha256
    """SHA-256 of its record."""
    run_id: UUID4
    """The run, as in the record."""
    at: Moment
    """When the line was written, by the clock of the computer."""
    public_key: Sha256
    """The key that signed the line: the 32 bytes of its public half, as hex digits."""

    @property
    def key(self) -> SSlibKey:
        """The key that signed the line."""
        return public_from_hex(self.public_key)


class _Digest(_Part):
    sha256: Sha256


class _Subject(_Part):
    digest: _Digest


class _Predicate(_Part):
    sequence: int
    previous: Sha256 | None
    unfinished: int
    record: Sha256
    run_id: UUID4
    at: Moment
    public_key: Sha256


class _Statement(_Part):
    type_: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")] = STATEMENT_TYPE
    subject: tuple[_Subject]
    predicate_type: Annotated[Literal["urn:avg-blur:terms:run:v1"], Field(alias="predicateType")] = PREDICATE_TYPE
    predicate: _Predicate


def seal(
    signer: CryptoSigner,
    *,
    sequence: int,
    previous: str | None,
    unfinished: int,
    output_sha256: str,
    record_sha256: str,
    run_id: UUID,
) -> bytes:
    """The line, signed, without its end. Raises `ValidationError` for hashes or numbers that can't be."""
    statement = _Statement(
        subject=(_Subject(digest=_Digest(sha256=output_sha256)),),
        predicate=_Predicate(
            sequence=sequence,
            previous=previous,
            unfinished=unfinished,
            record=record_sha256,
            run_id=run_id,
            at=datetime.now(UTC),
            public_key=signer.public_key.keyval["public"],
        ),
    )
    payload = json.dumps(statement.model_dump(mode="json", by_alias=True), separators=(",", ":")).encode("ascii")
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _spelled(envelope)


def open_line(line: bytes) -> LogEntry:
    """What a line (without its end) says, its signature checked with the key that it names itself.

    Whose key that is, is another question. Raises `NotALine`.
    """
    if len(line) > MAX_LINE_BYTES or _LINE.fullmatch(line) is None:
        raise NotALine("it does not have the form of a line")
    try:
        data: dict[str, Any] = json.loads(line)
        envelope = Envelope.from_dict(data)
        said = _Statement.model_validate_json(envelope.payload)
        predicate = said.predicate.model_dump(mode="json")
        entry = LogEntry.model_validate_json(json.dumps({**predicate, "output": said.subject[0].digest.sha256}))
        envelope.verify([entry.key], 1)
    except (ValidationError, ValueError, KeyError, VerificationError) as error:
        raise NotALine("its signature does not hold") from error
    if _spelled(envelope) != line:
        raise NotALine("it is spelled in another way")
    return entry


def is_beginning(data: bytes) -> bool:
    """Whether these bytes can be those with which a line begins, and not all of it."""
    for part in _GROWING:
        if isinstance(part, bytes):
            if not data.startswith(part):
                return part.startswith(data)
            data = data.removeprefix(part)
        else:
            data = part.sub(b"", data, count=1)
    return False


def _spelled(envelope: Envelope) -> bytes:
    return json.dumps(envelope.to_dict(), separators=(",", ":"), sort_keys=True).encode("ascii")
