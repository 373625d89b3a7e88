"""The key: made once, kept privately, never replaced, and its public half can be given away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from avg_video.errors import OutputError, UsageError
from avg_video.record.keys import (
    fingerprint,
    own_key,
    private_key_path,
    public_from_hex,
    public_key_path,
    read_key,
    signing_key,
)
from tests.cli.helpers import without_root_rights
from tests.support.waiting import PATIENCE_S


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_it_is_made_on_first_use_and_stays(folder: Path) -> None:
    assert own_key() is None
    assert not folder.exists()
    first = signing_key().public_key
    assert {path.name for path in (folder / "keys").iterdir()} == {"signing-key.pem", "signing-key.pub.pem"}
    assert signing_key().public_key == first == own_key() == read_key(public_key_path())
    assert public_from_hex(first.keyval["public"]) == first
    assert len(fingerprint(read_key(public_key_path()))) == 24


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_only_its_owner_may_read_it() -> None:
    before = os.umask(0)
    try:
        signing_key()
    finally:
        os.umask(before)
    assert private_key_path().stat().st_mode & 0o777 == 0o600
    assert private_key_path().parent.stat().st_mode & 0o777 == 0o700
    private_key_path().chmod(0o644)
    signing_key()
    assert private_key_path().stat().st_mode & 0o777 == 0o600


def test_a_lost_public_half_is_made_again_from_the_private_one() -> None:
    key = signing_key().public_key
    public_key_path().unlink()
    assert own_key() == key
    assert not public_key_path().exists()
    signing_key()
    assert read_key(public_key_path()) == key


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_is_told_and_never_replaced(damage: bytes) -> None:
    signing_key()
    private_key_path().write_bytes(damage)
    with pytest.raises(OutputError, match="the key that signs the log is damaged"):
        signing_key()
    assert private_key_path().read_bytes() == damage


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    signing_key()
    other = generate_private_key(SECP256R1())
    private_key_path().write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(OutputError, match="damaged"):
        signing_key()
    file = tmp_path / "other.pem"
    file.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UsageError, match="it holds no public key of the kind"):
        read_key(file)


def test_what_is_given_as_a_key_and_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("hello", "utf-8")
    for name, said in (("a.pem", "it holds no public key"), ("gone.pem", "no such file"), (".", "no such file")):
        with pytest.raises(UsageError, match=said):
            read_key(tmp_path / name)
    signing_key()
    with pytest.raises(UsageError, match="it holds no public key"):  # the private half must not be handed round
        read_key(private_key_path())


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", "utf-8")
    with pytest.raises(OutputError, match=r"can't be kept there .*AVG_BLUR_DATA"):
        signing_key()


@pytest.mark.skipif(os.name != "posix", reason="rights are of POSIX systems")
def test_a_key_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    signing_key()
    private_key_path().chmod(0)
    if os.geteuid() == 0:
        os.chown(private_key_path(), 12345, 12345)
    tmp_path.chmod(0o755)
    private_key_path().parent.chmod(0o755)
    with without_root_rights(), pytest.raises(OutputError, match="the key that signs the log can't be read"):
        signing_key()


def test_two_runs_that_make_it_at_once_have_one_key(folder: Path) -> None:
    code = "from avg_video.record.keys import signing_key; print(signing_key().public_key.keyid)"
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {run.communicate(timeout=PATIENCE_S)[0] for run in runs}
    assert len(keys) == 1
    assert [run.returncode for run in runs] == [0] * 4
