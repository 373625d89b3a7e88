"""A record as RDF: what a tool for linked data sees in it, with no network and with terms that exist."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rdflib import RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import PROV
from rdflib.term import Node

from avg_video.record.context import TERMS, context_for, file_iri
from avg_video.record.model import ConsentEntry, Record
from avg_video.record.processing import CONSENT_STATES, ProcessingEntry
from avg_video.record.store import record_data, record_text
from tests.record.samples import processing, record

# rdflib's own parser uses a class that rdflib has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

ROOT = Path(__file__).parents[2]
AVG = Namespace(TERMS)
DPV = Namespace("https://w3id.org/dpv#")
GDPR = Namespace("https://w3id.org/dpv/legal/eu/gdpr#")
PREFIXES = {"dpv": str(DPV), "eu-gdpr": str(GDPR), "prov": str(PROV)}
RUN = URIRef("urn:uuid:9f1c0f5e-5a0e-4f3b-8a53-2d6a4d0c8b11")
INPUT, OUTPUT = URIRef(file_iri("a" * 64)), URIRef(file_iri("b" * 64))
LEGAL_BASES = {
    "consent": GDPR["A6-1-a"],
    "legal-obligation": GDPR["A6-1-c"],
    "public-task": GDPR["A6-1-e"],
    "legitimate-interest": GDPR["A6-1-f"],
    "not-stated": AVG.LegalBasisNotStated,
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a record must be readable without the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def graph_of(data: dict[str, Any] | Record) -> Graph:
    graph = Graph()
    graph.parse(data=record_text(data) if isinstance(data, Record) else json.dumps(data), format="json-ld")
    return graph


def listed() -> set[str]:
    """The IRIs in vocabulary.txt."""
    lines = (Path(__file__).with_name("vocabulary.txt")).read_text(encoding="utf-8").splitlines()
    terms = [line.split()[0].split(":") for line in lines if line and not line.startswith("#")]
    return {PREFIXES[prefix] + name for prefix, name in terms}


def foreign(graph: Graph) -> set[str]:
    """Every IRI in it that is a term of another vocabulary."""
    iris = {str(node) for triple in graph for node in triple if isinstance(node, URIRef)}
    return {iri for iri in iris if not iri.startswith((TERMS, "urn:uuid:", "ni:", str(RDF), str(RDFS)))}


def every_record() -> Iterator[Record]:
    """Records that use, together, every fixed word that becomes a term."""
    yield record(processing=ProcessingEntry())
    for basis in LEGAL_BASES:
        yield record(processing=processing(legal_basis=basis))
    consents = tuple(ConsentEntry(token=f"L{n}", state=state, line="show L1") for n, state in enumerate(CONSENT_STATES))
    yield record(processing=processing(consents=consents), language="nl")


def test_only_terms_that_were_looked_up_are_used() -> None:
    used = {iri for made in every_record() for iri in foreign(graph_of(made))}
    assert used == listed(), "look the term up and add it to vocabulary.txt, or take it out there"


def test_a_term_that_was_not_looked_up_is_noticed() -> None:
    data = record_data(record())
    data["output"]["@type"] = "dpv:AnonymisedData"
    assert foreign(graph_of(data)) - listed() == {str(DPV.AnonymisedData)}


def test_terms_of_prov_are_in_its_own_closed_list() -> None:
    for iri in listed():
        if iri.startswith(str(PROV)):
            assert iri.removeprefix(str(PROV)) in PROV, iri


def test_the_run_used_the_recording_and_generated_the_output() -> None:
    graph = graph_of(record())
    assert set(graph[RUN : RDF.type]) == {PROV.Activity, DPV.Process}
    assert INPUT in set(graph[RUN : PROV.used])
    assert set(graph[RUN : PROV.generated]) == {OUTPUT}
    for file in (INPUT, OUTPUT):
        assert set(graph[file : RDF.type]) == {PROV.Entity, DPV.PersonalData}
    assert graph.value(RUN, PROV.startedAtTime).toPython().isoformat() == "2025-03-04T09:30:00.123000+00:00"
    assert set(graph[RUN : DPV.hasTechnicalMeasure]) == {DPV.Deidentification, DPV.DataRedaction}
    [tool] = graph[RUN : PROV.wasAssociatedWith]
    assert graph.value(tool, RDF.type) == PROV.SoftwareAgent
    assert graph.value(graph.value(RUN, AVG.policy), RDF.type) == PROV.Plan


def test_a_file_has_the_name_that_others_would_give_it() -> None:
    # The example of RFC 6920, section 8.1: the text "Hello World!".
    digest = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
    assert file_iri(digest) == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


@pytest.mark.parametrize("basis", LEGAL_BASES)
def test_the_legal_basis_is_an_article_of_the_gdpr(basis: Any) -> None:
    graph = graph_of(record(processing=processing(legal_basis=basis)))
    assert set(graph[RUN : DPV.hasLegalBasis]) == {LEGAL_BASES[basis]}


def test_consents_are_told_by_token_and_status() -> None:
    states = {
        "given": DPV.ConsentGiven,
        "refused": DPV.ConsentRefused,
        "withdrawn": DPV.ConsentWithdrawn,
        "expired": DPV.ConsentExpired,
        "unknown": DPV.ConsentUnknown,
        "invalid": DPV.ConsentStatusInvalidForProcessing,
    }
    assert set(states) == set(CONSENT_STATES)
    asked = tuple(ConsentEntry(token=f"L{n}", state=state, line="show L1") for n, state in enumerate(states))
    graph = graph_of(record(processing=processing(consents=asked)))
    found = {
        (str(graph.value(consent, AVG.token)), graph.value(consent, DPV.hasConsentStatus))
        for consent in graph[RUN : AVG.consents]
    }
    assert found == {(f"L{n}", status) for n, status in enumerate(states.values())}
    assert {graph.value(consent, RDF.type) for consent in graph[RUN : AVG.consents]} == {DPV.Consent}


def test_storage_conditions_say_what_they_are_about() -> None:
    graph = graph_of(record())
    conditions = list(graph[RUN : DPV.hasStorageCondition])
    terms = {
        str(graph.value(c, AVG.of)): (graph.value(c, AVG.after), graph.value(c, AVG.weeks))
        for c in conditions
        if graph.value(c, RDF.type) == DPV.StorageDuration
    }
    assert terms == {"original": (Literal("upload"), Literal(4)), "output": (Literal("study-end"), None)}
    [place] = [c for c in conditions if graph.value(c, RDF.type) == DPV.StorageLocation]
    assert graph.value(place, RDFS.label) == Literal("the closed system of the training", lang="en")


@pytest.mark.parametrize(
    ("prop", "kind", "said_by", "said"),
    [
        (DPV.hasDataController, DPV.DataController, DPV.hasName, {"School for all"}),
        (DPV.hasPurpose, DPV.Purpose, RDFS.label, {"teacher-training"}),
        (DPV.hasRecipient, DPV.Recipient, RDFS.label, {"the student", "supervisors"}),
        (DPV.hasRule, DPV.Rule, RDFS.label, {"nothing goes to others"}),
        (DPV.hasRecordOfActivity, DPV.DataProcessingRecord, DPV.hasIdentifier, {"VR-2025-11"}),
        (DPV.hasImpactAssessment, DPV.DPIA, DPV.hasIdentifier, {"DPIA-7"}),
    ],
)
def test_what_was_stated_is_said_of_the_run(prop: URIRef, kind: URIRef, said_by: URIRef, said: set[str]) -> None:
    graph = graph_of(record())
    things = list(graph[RUN:prop])
    assert {graph.value(thing, RDF.type) for thing in things} == {kind}
    assert {str(graph.value(thing, said_by)) for thing in things} == said


def test_what_was_not_stated_is_not_said() -> None:
    graph = graph_of(record(processing=ProcessingEntry()))
    for prop in (DPV.hasDataController, DPV.hasPurpose, DPV.hasRecipient, DPV.hasStorageCondition, DPV.hasRule):
        assert not list(graph[RUN:prop]), prop


@pytest.mark.parametrize("language", ["en", "nl"])
def test_texts_carry_their_language_and_fixed_words_none(language: str) -> None:
    graph = graph_of(record(language=language))
    texts = (AVG.warnings, AVG.not_checked, AVG.ask, AVG.title, RDFS.label)
    tagged = {
        value.language for text in texts for value in graph.objects(None, text) if str(value) != "teacher-training"
    }
    assert tagged == {language}
    untagged = [graph.objects(None, AVG[word]) for word in ("reason", "status", "after", "token", "place", "codec")]
    assert all(value.language is None for values in untagged for value in values)


def test_order_pairs_and_kinds_of_number_survive() -> None:
    graph = graph_of(record())
    assert [n.toPython() for n in Collection(graph, graph.value(INPUT, AVG.size_wh))] == [1280, 720]
    shown = [json.loads(str(value)) for value in graph.objects(None, AVG.shown_s)]
    assert sorted(shown) == [[], [[0.2, 0.6], [0.8, 1.04]]]
    assert json.loads(str(graph.value(OUTPUT, AVG.encoder_options))) == {"crf": "20", "preset": "veryfast"}
    for seconds in (AVG.seconds, AVG.muted_seconds, AVG.declared_seconds, AVG.first_s, AVG.last_s):
        assert {value.datatype for value in graph.objects(None, seconds)} == {XSD.double}, seconds


def test_two_runs_on_one_recording_meet_in_it() -> None:
    graph = graph_of(record()) + graph_of(record(run_id=UUID("11111111-1111-4111-8111-111111111111")))
    runs = set(graph.subjects(PROV.used, INPUT))
    assert len(runs) == 2
    assert len(set(graph.subjects(RDF.type, DPV.PersonalData))) == 2, "one recording, one output"


def leaves(data: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value that says something."""
    if isinstance(data, dict) and at[-1:] not in (("encoder_options",), ("neighbours",)):
        for key, value in data.items():
            if key != "@context":
                yield from leaves(value, (*at, key))
    elif isinstance(data, list) and at[-1:] not in (("shown_s",), ("stretches_s",)):
        for index, value in enumerate(data):
            yield from leaves(value, (*at, index))
    elif data is not None:
        yield at


def test_no_value_of_a_record_is_lost_on_the_way() -> None:
    data = record_data(record())
    whole = len(graph_of(data))
    ways = list(leaves(data))
    assert len(ways) > 120
    for way in ways:
        less = deepcopy(data)
        place: Any = less
        for step in way[:-1]:
            place = place[step]
        del place[way[-1]]
        if way[-1] != "@id":  # without its name a thing is still there
            assert len(graph_of(less)) < whole, f"{way} says nothing in RDF"


def test_the_context_needs_nothing_from_elsewhere() -> None:
    def texts(value: Any) -> Iterator[tuple[str, Any]]:
        for key, inner in value.items():
            yield key, inner
            if isinstance(inner, dict):
                yield from texts(inner)

    parts = list(texts(context_for("en")))
    assert not [key for key, _ in parts if key in ("@import", "@propagate")]
    assert all(isinstance(value, dict) for key, value in parts if key == "@context")


def test_own_terms_are_explained_in_the_manual() -> None:
    manual = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    used = {iri for made in every_record() for t in graph_of(made) for iri in map(str, t) if iri.startswith(TERMS)}
    names = {iri.removeprefix(TERMS) for iri in used}
    assert len(names) > 80
    explained = set(re.findall(r"[A-Za-z_0-9]+", " ".join(re.findall(r"`([^`]+)`", manual))))
    assert names - explained == set()


def test_the_question_in_the_manual_gets_its_answer() -> None:
    manual = (ROOT / "docs" / "record.md").read_text(encoding="utf-8")
    [query] = re.findall(r"```sparql\n(.*?)```", manual, re.S)
    rows: set[tuple[Node, ...]] = {tuple(row) for row in graph_of(record()).query(query)}  # type: ignore[arg-type]
    assert rows == {(OUTPUT, GDPR["A6-1-a"], Literal("L07"), DPV.ConsentWithdrawn)}
