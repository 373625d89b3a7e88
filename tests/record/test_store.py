"""Writing a record, reading it back, and what is refused on the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from avg_video.errors import OutputError, UsageError
from avg_video.record.store import read_record, record_text, write_record
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
    assert text.startswith('{\n  "schema_version": 3,\n  "language": "en",\n  "run_id": ')
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
def test_a_full_disk_leaves_the_old_record_and_no_part(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "r.json"
    path.write_text("old")
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


@pytest.mark.parametrize(("key", "value"), [("schema_version", 1), ("covered", -1), ("extra", "needle-in-a-record")])
def test_a_changed_record_is_refused_without_repeating_it(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(json.loads(record_text(record())) | {key: value}))
    with pytest.raises(UsageError, match=f"is not valid: {key}") as caught:
        read_record(path)
    assert "needle" not in str(caught.value)
    assert "\n" not in str(caught.value)


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
