"""Hashes of files and of settings."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.errors import InputError, UsageError
from avg_video.record.hashes import fingerprint, sha256_file

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_file_hashes_as_its_bytes_do(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9001  # a little over two chunks
    path = tmp_path / "f"
    path.write_bytes(data)
    seen: list[tuple[int, int]] = []
    assert sha256_file(path, lambda done, total: seen.append((done, total))) == hashlib.sha256(data).hexdigest()
    assert seen[-1] == (len(data), len(data))
    assert len(seen) == 3


def test_what_is_not_a_plain_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        sha256_file(tmp_path / "no")
    with pytest.raises(UsageError, match="not a plain file"):
        sha256_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_a_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a plain file"):
        sha256_file(tmp_path / "pipe")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_an_unreadable_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch(mode=0)
    with pytest.raises(InputError, match="can't be read"):
        sha256_file(path)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_order_does_not_change_a_fingerprint(mapping: dict[str, object]) -> None:
    assert fingerprint(dict(reversed(list(mapping.items())))) == fingerprint(mapping)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(), st.integers())
def test_another_value_is_another_fingerprint(mapping: dict[str, object], key: str, value: int) -> None:
    assert fingerprint(mapping | {key: value}) != fingerprint(mapping | {key: value + 1})


def test_the_spelling_is_fixed() -> None:
    # A change here would make every finished file of a batch count as not done.
    assert fingerprint({"b": (1, 2.5), "a": "é"}) == hashlib.sha256('{"a":"é","b":[1,2.5]}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "kind"),
    [({1: 2}, TypeError), ({"a": {1: 2}}, TypeError), ({"a": {3}}, TypeError), ({"a": float("nan")}, ValueError)],
)
def test_what_has_no_one_spelling_is_refused(value: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        fingerprint(value)
