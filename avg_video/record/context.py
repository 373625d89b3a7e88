"""The context that makes a record JSON-LD 1.1: which term of which vocabulary each of its keys stands for.

Terms of PROV-O and of the Data Privacy Vocabulary 2.3 (with its extension for the GDPR) are used where they say what is
meant. For the rest every key is a term of this program, `urn:avg-blur:terms:KEY`, explained in docs/record.md. The
context is part of every record, so that nobody needs the network to read one.

The subject is the run: an activity (PROV) that is a process with personal data (DPV). It used the recording and
generated the output, which are named by their hashes, so that records of one recording meet in it. What stands under
`processing` is said of the run itself.
"""

from __future__ import annotations

import base64
from typing import Any, Final

__all__ = ["TERMS", "context_for", "file_iri"]

TERMS: Final = "urn:avg-blur:terms:"
"""Where the terms of this program live. A URN names them and leads nowhere, so nothing is ever fetched."""

_SECONDS: Final = {"@type": "xsd:double"}
"""Without a type, 10.0 would be an integer and 10.5 a double."""
_LEGAL_BASES: Final = {
    "consent": "eu-gdpr:A6-1-a",
    "legal-obligation": "eu-gdpr:A6-1-c",
    "public-task": "eu-gdpr:A6-1-e",
    "legitimate-interest": "eu-gdpr:A6-1-f",
    "not-stated": "avg:LegalBasisNotStated",
}
_CONSENT_STATES: Final = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "unknown": "dpv:ConsentUnknown",
    # DPV's ConsentInvalidated is what an authority finds later; here it was never given by the one who must.
    "invalid": "dpv:ConsentStatusInvalidForProcessing",
}
_MEASURES: Final = {"de-identification": "dpv:Deidentification", "redaction": "dpv:DataRedaction"}


def _words(prop: str, words: dict[str, str]) -> dict[str, Any]:
    """A key whose values are fixed words that stand for IRIs."""
    return {"@id": prop, "@type": "@vocab", "@context": words}


def context_for(language: str) -> dict[str, Any]:
    """The context of a record whose texts are in that language ("en", "nl"); a new one each time."""
    spoken = {"@language": language}
    return {
        "@version": 1.1,
        "@vocab": TERMS,
        "avg": TERMS,
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "prov": "http://www.w3.org/ns/prov#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        # the run, what it used and what it made
        "started": {"@id": "prov:startedAtTime", "@type": "xsd:dateTime"},
        "finished": {"@id": "prov:endedAtTime", "@type": "xsd:dateTime"},
        "tool": "prov:wasAssociatedWith",
        "input": "prov:used",
        "model": "prov:used",
        "output": "prov:generated",
        "measures": _words("dpv:hasTechnicalMeasure", _MEASURES),
        "policy": {"@id": "avg:policy", "@context": {"purpose": "avg:purpose", "profile": "avg:profile_name"}},
        # what was stated about it
        "processing": "@nest",
        "controller": {"@id": "dpv:hasDataController", "@context": {"name": "dpv:hasName"}},
        "purpose": "dpv:hasPurpose",
        "label": "rdfs:label",
        "legal_basis": _words("dpv:hasLegalBasis", _LEGAL_BASES),
        "recipients": "dpv:hasRecipient",
        "storage": "dpv:hasStorageCondition",
        "keep_original": "dpv:hasStorageCondition",
        "keep_output": "dpv:hasStorageCondition",
        "rules": "dpv:hasRule",
        "profile": {"@id": "avg:profile", "@context": {"source": {"@id": "avg:source", **spoken}}},
        "state": _words("dpv:hasConsentStatus", _CONSENT_STATES),
        "register_ref": "dpv:hasRecordOfActivity",
        "dpia_ref": "dpv:hasImpactAssessment",
        "ref": "dpv:hasIdentifier",
        # texts in the language of the record
        "text": {"@id": "rdfs:label", **spoken},
        "title": {"@id": "avg:title", **spoken},
        "ask": {"@id": "avg:ask", **spoken},
        "warnings": {"@id": "avg:warnings", **spoken},
        "not_checked": {"@id": "avg:not_checked", **spoken},
        # numbers that need a type, or an order
        **{
            key: {"@id": f"avg:{key}", **_SECONDS}
            for key in ("declared_seconds", "decoded_seconds", "seconds", "muted_seconds", "first_s", "last_s")
        },
        "size_wh": {"@id": "avg:size_wh", "@container": "@list"},
        # whole values: pairs, and tables whose keys are not ours
        **{
            key: {"@id": f"avg:{key}", "@type": "@json"}
            for key in ("shown_s", "stretches_s", "encoder_options", "neighbours")
        },
    }


def file_iri(sha256: str) -> str:
    """The name of a file by its content (RFC 6920): `ni:///sha-256;` and the hash in base64url without padding."""
    code = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode("ascii")
    return f"ni:///sha-256;{code}"
