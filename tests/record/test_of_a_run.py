"""The record of a real run: valid, readable as linked data, in the language that was spoken, and true of the pixels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from rdflib import Graph, URIRef
from rdflib.namespace import PROV

from avg_video.cli.run import machine
from avg_video.job import Outcome
from avg_video.language import use
from avg_video.pipeline import anonymise
from avg_video.policy.document import parse_policy
from avg_video.record.context import file_iri
from avg_video.record.schema import shipped_schema
from tests.test_pipeline import FAST, RIGHT, SIZE, lumas, two_people, visible

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

SHOW = f'[[show]]\nwho = "teacher"\nat = {{ t = 0, x = {RIGHT[0] / SIZE[0]:.3f}, y = {RIGHT[1] / SIZE[1]:.3f} }}'


@pytest.fixture
def _dutch() -> Iterator[None]:
    use("nl")
    yield
    use("en")


def check(outcome: Outcome) -> dict[str, object]:
    """What lies on the disk: of the schema, the same as `--json` tells, and a graph about these two files."""
    text = outcome.record_path.read_text(encoding="utf-8")
    data: dict[str, object] = json.loads(text)
    Draft202012Validator(shipped_schema()).validate(data)
    assert machine(outcome)["record"] == data
    graph = Graph().parse(data=text, format="json-ld")
    run = URIRef(outcome.record.run_id.urn)
    assert URIRef(file_iri(outcome.record.input.sha256)) in set(graph[run : PROV.used])
    assert graph.value(run, PROV.generated) == URIRef(file_iri(outcome.record.output.sha256))
    return data


@pytest.mark.usefixtures("_dutch")
def test_of_a_recording(tmp_path: Path) -> None:
    clip = two_people(tmp_path / "les.mp4", seconds=0.6)
    outcome = anonymise(clip, tmp_path / "uit.mp4", settings=FAST, policy=parse_policy(SHOW))
    assert check(outcome)["language"] == "nl"
    assert visible(clip, outcome.output) == (0.0, 1.0)
    [shown] = [person for person in outcome.record.people if person.verdict == "show"]
    assert shown.shown_s == ((0.0, 0.6),)
    assert len(lumas(outcome.output)) == shown.frames == 15
    assert all(not person.shown_s for person in outcome.record.people if person is not shown)


def test_of_a_photo(tmp_path: Path) -> None:
    clip = two_people(tmp_path / "les.mp4", seconds=0.04)
    photo = tmp_path / "klas.png"
    Image.fromarray(lumas(clip)[0]).convert("RGB").save(photo)
    outcome = anonymise(photo, tmp_path / "uit.png", settings=FAST, policy=parse_policy(SHOW))
    assert check(outcome)["language"] == "en"
    assert [person.shown_s for person in outcome.record.people if person.verdict == "show"] == [((0.0, 0.0),)]
