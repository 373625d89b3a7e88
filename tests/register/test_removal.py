"""Deleting takes away the registered file and nothing else."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from avg_video.register.removal import Found, Target, look_at, opened

DATA = b"a recording" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Without links above it, as the register writes paths."""
    return tmp_path.resolve()


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "lesson.mp4"
    path.write_bytes(DATA)
    return path


def delete(path: Path) -> Found:
    with opened(path, SHA256, len(DATA)) as target:
        if target.found is Found.THERE:
            target.delete()
            return Found.DELETED
        return target.found


def test_the_registered_file_is_deleted(file: Path) -> None:
    assert look_at(file, len(DATA)) is Found.THERE
    assert delete(file) is Found.DELETED
    assert not file.exists()


@pytest.mark.parametrize("data", [DATA[:-1], DATA[:-1] + b"!", DATA + b"!", b""])
def test_another_file_is_left_alone(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert delete(file) is Found.OTHER
    assert file.read_bytes() == data


def test_a_link_is_left_alone_and_so_is_what_it_leads_to(file: Path) -> None:
    link = file.with_name("link.mp4")
    link.symlink_to(file)
    assert look_at(link, len(DATA)) is Found.LINK
    assert delete(link) is Found.LINK
    assert link.is_symlink()
    assert file.read_bytes() == DATA


def test_a_link_that_leads_nowhere_is_left_alone(folder: Path) -> None:
    link = folder / "link.mp4"
    link.symlink_to(folder / "nothing")
    assert delete(link) is Found.LINK
    assert link.is_symlink()


def test_a_folder_that_is_a_link_is_not_followed(folder: Path, file: Path) -> None:
    (folder / "linked").symlink_to(folder, target_is_directory=True)
    assert delete(folder / "linked" / file.name) is Found.LINK
    assert file.read_bytes() == DATA


def test_a_folder_far_above_that_is_a_link_is_not_followed(folder: Path) -> None:
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "lesson.mp4").write_bytes(DATA)
    (folder / "linked").symlink_to(folder / "a", target_is_directory=True)
    assert delete(folder / "linked" / "b" / "lesson.mp4") is Found.LINK
    assert (deep / "lesson.mp4").exists()


def test_a_file_that_is_gone(file: Path) -> None:
    file.unlink()
    assert delete(file) is Found.GONE


def test_a_folder_that_is_gone_is_not_a_file_that_is_gone(folder: Path) -> None:
    assert delete(folder / "stick" / "lesson.mp4") is Found.NO_FOLDER
    (folder / "stick").write_text("a file where a folder was")
    assert delete(folder / "stick" / "lesson.mp4") is Found.NO_FOLDER


def test_what_is_no_plain_file_is_left_alone(folder: Path) -> None:
    (folder / "dir").mkdir()
    assert delete(folder / "dir") is Found.OTHER
    os.mkfifo(folder / "pipe")
    assert delete(folder / "pipe") is Found.OTHER  # and does not wait for a writer
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(folder / "s"))
        assert delete(folder / "s") is Found.OTHER
    assert {path.name for path in folder.iterdir()} == {"dir", "pipe", "s"}


def test_a_file_that_takes_the_place_meanwhile_is_left_alone(file: Path) -> None:
    with opened(file, SHA256, len(DATA)) as target:
        assert target.found is Found.THERE
        file.rename(file.with_name("moved.mp4"))
        file.write_bytes(DATA)  # even with equal bytes: it isn't the file that was looked at
        with pytest.raises(OSError, match=r"[Ss]tale"):
            target.delete()
    assert file.exists()
    assert file.with_name("moved.mp4").exists()


def test_a_folder_that_is_swapped_for_a_link_meanwhile_is_not_followed(folder: Path) -> None:
    old, other = folder / "old", folder / "other"
    for each in (old, other):
        each.mkdir()
        (each / "lesson.mp4").write_bytes(DATA)
    with opened(old / "lesson.mp4", SHA256, len(DATA)) as target:
        old.rename(folder / "away")
        old.symlink_to(other, target_is_directory=True)
        target.delete()
    assert not (folder / "away" / "lesson.mp4").exists(), "the file that was looked at"
    assert (other / "lesson.mp4").exists()


def test_further_names_of_the_file_are_counted_and_left(file: Path) -> None:
    other = file.with_name("other.mp4")
    other.hardlink_to(file)
    with opened(file, SHA256, len(DATA)) as target:
        assert target.other_names == 1
        target.delete()
    assert not file.exists()
    assert other.read_bytes() == DATA


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_left_alone(file: Path) -> None:
    file.chmod(0)
    assert delete(file) is Found.REFUSED
    assert file.exists()


def test_what_was_not_found_cannot_be_deleted() -> None:
    for found in Found:
        if found is not Found.THERE:
            with pytest.raises(RuntimeError, match="registered one"):
                Target(found).delete()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not list open files")
def test_nothing_stays_open(file: Path) -> None:
    before = open_files()
    for size in (len(DATA), 3):
        with opened(file, SHA256, size):
            pass
    with opened(file, "0" * 64, len(DATA)) as target:
        assert target.found is Found.OTHER
        assert open_files() <= before + 1  # the folder, at most
    assert open_files() == before
