"""The private folder, and which plans are trusted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from avg_video.errors import OutputError, UsageError
from avg_video.review.places import find_plan, page_paths, private_folder

SHA = "ab" * 32
posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are a POSIX matter")


@pytest.fixture(autouse=True)
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, for this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@posix
def test_the_folder_is_private(own_tmp: Path) -> None:
    folder = private_folder()
    assert folder.parent == own_tmp
    assert folder.name.startswith("avg-blur-")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert private_folder().stat().st_mode & 0o777 == 0o700


def test_a_user_name_cannot_lead_elsewhere(own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "../../evil name")
    assert private_folder().parent == own_tmp


@posix
def test_a_link_is_refused_and_not_followed(own_tmp: Path, tmp_path: Path) -> None:
    name = private_folder()
    name.rmdir()
    (tmp_path / "other").mkdir(mode=0o755)
    name.symlink_to(tmp_path / "other")
    with pytest.raises(UsageError, match="not a folder of yours"):
        private_folder()
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o755


def test_a_file_is_refused() -> None:
    name = private_folder()
    name.rmdir()
    name.write_text("")
    with pytest.raises(UsageError, match="not a folder of yours"):
        private_folder()


@posix
def test_a_folder_of_someone_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    private_folder()
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    with pytest.raises(UsageError, match="not a folder of yours"):
        private_folder()


def test_a_missing_temporary_folder_is_one_clear_line(own_tmp: Path) -> None:
    own_tmp.rmdir()
    with pytest.raises(OutputError, match="can't be made"):
        private_folder()


def test_page_and_plan_lie_together_and_tell_nothing(own_tmp: Path) -> None:
    page, plan = page_paths(SHA, None)
    assert page.parent == plan.parent == private_folder()
    assert (page.name, plan.name) == (f"{SHA[:32]}.html", f"{SHA[:32]}.avgplan")
    with pytest.raises(ValueError, match="64 hex digits"):
        page_paths("../x", None)


def test_a_plan_is_found_where_it_was_kept(tmp_path: Path) -> None:
    assert find_plan(SHA) is None
    plan = page_paths(SHA, None)[1]
    plan.touch(mode=0o600)
    assert find_plan(SHA) == plan
    assert find_plan("cd" * 32) is None


def test_a_plan_kept_elsewhere_is_found_and_the_newest_wins(tmp_path: Path) -> None:
    page, plan = page_paths(SHA, tmp_path / "wie is wie.html")
    assert page == tmp_path / "wie is wie.html"
    assert plan == tmp_path / "wie is wie.avgplan"
    assert find_plan(SHA) is None
    plan.touch(mode=0o600)
    assert find_plan(SHA) == plan
    at_home = page_paths(SHA, None)[1]
    at_home.touch(mode=0o600)
    os.utime(plan, (1, 1))
    assert find_plan(SHA) == at_home
    os.utime(at_home, (0, 0))
    assert find_plan(SHA) == plan


@posix
def test_a_plan_others_could_have_written_is_not_trusted(tmp_path: Path) -> None:
    plan = page_paths(SHA, None)[1]
    plan.touch()
    plan.chmod(0o620)
    assert find_plan(SHA) is None
    plan.unlink()
    (tmp_path / "other").touch(mode=0o600)
    plan.symlink_to(tmp_path / "other")
    assert find_plan(SHA) is None
