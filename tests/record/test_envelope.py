"""A line of the log: others can read and check it with what the standards say, and no byte of it changes unseen."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, Signature

from avg_video.record.envelope import NotALine, open_line, seal
from tests.record.logs import sha

SIGNER = CryptoSigner.generate_ed25519()
RUN = uuid4()


def line(**changes: object) -> bytes:
    values: dict[str, object] = {
        "sequence": 3,
        "previous": sha("before"),
        "unfinished": 0,
        "output_sha256": sha("output"),
        "record_sha256": sha("record"),
        "run_id": RUN,
    }
    return seal(SIGNER, **(values | changes))  # type: ignore[arg-type]


def test_it_says_what_was_put_in() -> None:
    before = datetime.now(UTC)
    entry = open_line(line())
    assert (entry.sequence, entry.previous, entry.unfinished) == (3, sha("before"), 0)
    assert (entry.output, entry.record, entry.run_id) == (sha("output"), sha("record"), RUN)
    assert abs((entry.at - before).total_seconds()) < 60
    assert entry.key == SIGNER.public_key


def test_it_is_a_dsse_envelope_around_an_in_toto_statement() -> None:
    """Checked without any of the code under test: DSSE 1.0.2 and Ed25519 by hand."""
    data = json.loads(line())
    assert set(data) == {"payload", "payloadType", "signatures"}
    assert data["payloadType"] == "application/vnd.in-toto+json"
    payload = base64.b64decode(data["payload"])
    said = json.loads(payload)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["subject"] == [{"digest": {"sha256": sha("output")}}]
    assert set(said["predicate"]) == {"sequence", "previous", "unfinished", "record", "run_id", "at", "public_key"}
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["predicate"]["public_key"]))
    kind = data["payloadType"]
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    key.verify(base64.b64decode(data["signatures"][0]["sig"]), signed)


def test_every_bit_counts() -> None:
    whole = line()
    for at in range(len(whole)):
        for bit in range(8):
            spoilt = bytearray(whole)
            spoilt[at] ^= 1 << bit
            with pytest.raises(NotALine):
                open_line(bytes(spoilt))


def test_no_byte_may_be_added_or_taken() -> None:
    whole = line()
    for spoilt in (whole[:-1], whole + b" ", b" " + whole, whole + b"\n", whole + whole, b"", b"{}", b"null"):
        with pytest.raises(NotALine):
            open_line(spoilt)
    data = json.loads(whole)
    for other in (json.dumps(data), json.dumps(data, separators=(",", ":"), indent=0), json.dumps({**data, "more": 1})):
        with pytest.raises(NotALine):
            open_line(other.encode())


def test_the_spare_bits_of_base_64_may_not_be_used() -> None:
    """The last digit before == holds four bits that no decoder looks at."""
    whole = line()
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = whole.rindex(b"==") - 1
    other = digits[digits.index(chr(whole[at])) ^ 1].encode()
    spoilt = whole[:at] + other + whole[at + 1 :]
    assert Envelope.from_dict(json.loads(spoilt)).signatures == Envelope.from_dict(json.loads(whole)).signatures
    with pytest.raises(NotALine, match="spelled"):
        open_line(spoilt)


def test_a_second_signature_or_another_statement_is_no_line() -> None:
    envelope = Envelope.from_dict(json.loads(line()))
    said = json.loads(envelope.payload)
    for changes in ({"predicateType": "https://slsa.dev/provenance/v1"}, {"more": 1}, {"subject": []}):
        other = Envelope(json.dumps(said | changes, separators=(",", ":")).encode(), envelope.payload_type, {})
        other.sign(SIGNER)
        with pytest.raises(NotALine):
            open_line(json.dumps(other.to_dict(), separators=(",", ":"), sort_keys=True).encode())
    envelope.sign(CryptoSigner.generate_ed25519())
    with pytest.raises(NotALine, match="form"):
        open_line(json.dumps(envelope.to_dict(), separators=(",", ":"), sort_keys=True).encode())


def test_a_line_signed_with_another_key_than_it_names_does_not_hold() -> None:
    envelope = Envelope.from_dict(json.loads(line()))
    keyid, mine = next(iter(envelope.signatures.items()))
    theirs = CryptoSigner.generate_ed25519().sign(envelope.pae())
    assert (theirs.keyid, theirs.signature) != (keyid, mine.signature)
    envelope.signatures = {keyid: Signature(keyid, theirs.signature)}
    with pytest.raises(NotALine, match="signature does not hold"):
        open_line(json.dumps(envelope.to_dict(), separators=(",", ":"), sort_keys=True).encode())


@pytest.mark.parametrize(
    "changes",
    [{"sequence": "3"}, {"previous": "x"}, {"output_sha256": "A" * 64}, {"record_sha256": ""}],
)
def test_what_can_not_be_is_not_signed(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        line(**changes)
