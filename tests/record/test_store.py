"""Writing a record, reading it back, and what is refused on the way."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from avg_video.errors import OutputError, UsageError
from avg_video.record.context import file_iri
from avg_video.record.model import Record
from avg_video.record.store import read_record, record_data, record_text, write_record
from avg_video.verification import verify
from tests.record.samples import record


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "klas.avg.json"
    write_record(record(), path)
    assert record_text(read_record(path)) == record_text(record())
    assert read_record(path).people == record().people


def test_the_text_is_the_same_every_time_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_record(record(), path)
    first = path.read_bytes()
    shuffled = record().input.model_copy(update={"hidden": ("cover-art", "tags", "chapters", "tags")})
    write_record(record(input=shuffled), path)
    assert path.read_bytes() == first
    text = first.decode("utf-8")
    assert re.match(r'{\n  "@context": {.*},\n  "@id": "urn:uuid:.*",\n  "@type": ', text), "the context is one line"
    assert text.index('"@type": "avg:Sound"') < text.index('"kept"')
    assert text.endswith("}\n")
    assert text.index('"crf"') < text.index('"preset"')
    assert '"finished": "2025-03-04T09:31:05.000Z"' in text


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    path.chmod(0o644)
    write_record(record(), path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_record(record(), tmp_path / "r.json")
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "other", tmp_path / "r.json"
    target.write_text("precious")
    path.symlink_to(target)
    write_record(record(), path)
    assert target.read_text() == "precious"
    assert not path.is_symlink()


def test_a_refused_write_leaves_what_was_there_and_no_part(tmp_path: Path) -> None:
    taken = tmp_path / "r.json"
    taken.mkdir()
    with pytest.raises(UsageError, match=r"r\.json: it is a folder; "):
        write_record(record(), taken)
    with pytest.raises(OutputError, match="its folder does not exist; "):
        write_record(record(), tmp_path / "missing" / "r.json")
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.skipif(os.name != "posix", reason="limits on the size of files are a POSIX matter")
def test_a_full_disk_leaves_the_old_record_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    path = tmp_path / "r.json"
    path.write_text("old")
    # Python 3.11 leaves what it could write of a compiled module, and breaks down at it later.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OutputError, match="no room left"):
            write_record(record(), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not valid: the file"),
        (b"{", "is not valid: the file"),
        (b"\xff\xfe", "is not valid"),
        (b"[]", "is not valid"),
        (b"{}", "is not valid: run_id: Field required"),
    ],
)
def test_something_else_is_no_record(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=message):
        read_record(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("covered", -1),
        ("extra", "needle-in-a-record"),
        ("schema_version", "3"),
        ("schema_version", 0),
        ("@id", "urn:x"),
    ],
)
def test_a_changed_record_is_refused_without_repeating_it(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(json.loads(record_text(record())) | {key: value}))
    with pytest.raises(UsageError, match=f"is not valid: {key}") as caught:
        read_record(path)
    assert "needle" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("version", "remedy"), [(2, "make the output again"), (5, "use a newer avg-blur")])
def test_a_record_of_another_version_says_so(tmp_path: Path, version: int, remedy: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"schema_version": version, "run_id": "x"}))
    with pytest.raises(UsageError, match=f"is of version {version}, and this program reads version 4; {remedy}"):
        read_record(path)


def test_a_record_of_version_3_is_read(tmp_path: Path) -> None:
    """It has no places for what is not a rule, a check or a term, and no roles."""
    data = record_data(record())
    said = data["processing"]
    data["schema_version"] = 3
    for key in ("purpose_place", "legal_basis_place", "controller_place", "breach_place", "shown_by_role"):
        del said[key]
    for line in (*said["recipients"], *said["storage"]):
        del line["place"]
    path = tmp_path / "les.avg.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    again = read_record(path)
    assert [who.text for who in again.processing.recipients] == ["the student", "supervisors"]
    assert {who.place for who in (*again.processing.recipients, *again.processing.storage)} == {None}
    assert again.processing.shown_by_role == ()
    (tmp_path / "les.avg.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    faults = verify(tmp_path / "les.avg.mp4", detector="centerface").faults
    assert not [fault.what for fault in faults if "the record is" in fault.what]


def test_texts_that_are_things_in_rdf_are_texts_here() -> None:
    said = record_data(record())["processing"]
    assert said["controller"] == {"@type": "dpv:DataController", "name": "School for all"}
    supervisors = {"@type": "dpv:Recipient", "text": "supervisors", "place": "Inzien, lid 1"}
    assert said["recipients"][1] == supervisors
    again = Record.model_validate_json(json.dumps(record_data(record()))).processing
    assert again.controller == "School for all"


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("@context", "dpv"), "https://example.org/dpv#"),
        (("@context", "@language"), "nl"),
        (("@id",), "urn:uuid:00000000-0000-4000-8000-000000000000"),
        (("input", "@id"), file_iri("9" * 64)),
        (("output", "@type"), ["prov:Entity", "dpv:AnonymisedData"]),
        (("processing", "controller"), {"@type": "dpv:DataProcessor", "name": "School for all"}),
        (("processing", "controller"), {"@type": "dpv:DataController", "name": "School for all", "who": "x"}),
        (("processing", "keep_output", "of"), "original"),
        (("processing", "recipients"), [{"@type": "dpv:DataProcessor", "text": "the student"}]),
    ],
)
def test_what_means_something_else_in_rdf_is_refused(tmp_path: Path, at: tuple[str, ...], value: object) -> None:
    data = record_data(record())
    place = data
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = value
    path = tmp_path / "r.json"
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError, match="is not valid"):
        read_record(path)


def test_an_entry_with_the_name_of_other_bytes_does_not_get_into_a_record() -> None:
    other = record().output.model_copy(update={"sha256": "9" * 64})
    with pytest.raises(ValidationError, match="the name that belongs to sha256"):
        record(output=other)
    written = record_data(record().model_copy(update={"output": other}))
    assert written["output"]["@id"] == file_iri("9" * 64)


def test_a_missing_record_and_a_folder_are_usage_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(UsageError, match="no such record"):
            read_record(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(UsageError, match="too large"):
        read_record(path)


def test_verify_says_of_an_older_record_what_to_do(tmp_path: Path) -> None:
    output = tmp_path / "les.avg.mp4"
    output.write_bytes(b"\0\0\0\x18ftypisom")  # what it holds is not looked at here
    data = record_data(record()) | {"schema_version": 2}
    (tmp_path / "les.avg.json").write_text(json.dumps(data))
    faults = [fault.what for fault in verify(output, detector="centerface").faults if fault.part == "record"]
    assert faults == [
        "les.avg.json: the record is of version 2, and this program reads version 4; "
        "make the output again with this version"
    ]
