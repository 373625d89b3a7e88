"""The key that signs the log: made on first use, kept in the user's data folder, read by its owner only.

Ed25519 (RFC 8032). The private half never leaves `private_key_path()`; the public half lies beside it, to be given to
whoever is to check a log, and stands in every line that was signed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from avg_video.errors import OutputError, UsageError
from avg_video.language import cause_of, tr
from avg_video.media.folders import DATA_VARIABLE, data_folder
from avg_video.media.private import write_private
from avg_video.media.temporary import PrivateTemporary, as_output_error
from avg_video.record.codes import fingerprint_code

__all__ = [
    "fingerprint",
    "own_key",
    "private_key_path",
    "public_from_hex",
    "public_key_path",
    "read_key",
    "signing_key",
]

MAX_KEY_BYTES = 1 << 14
"""A key of this kind takes 120 bytes."""


def private_key_path() -> Path:
    """Where the private half is kept."""
    return data_folder() / "keys" / "signing-key.pem"


def public_key_path() -> Path:
    """Where the public half is kept: the file to give away."""
    return data_folder() / "keys" / "signing-key.pub.pem"


def signing_key() -> CryptoSigner:
    """The key of this user on this computer; made if there is none yet, by one of two runs that ask at once.

    Raises `OutputError` when it can't be made or read. A damaged key is never replaced.
    """
    private = private_key_path()
    if not os.path.lexists(private):
        _make(private)
    key, public = _load(private), public_key_path()
    if not os.path.lexists(public):
        with contextlib.suppress(UsageError, OutputError):  # every line has it too, and the next run tries again
            write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return CryptoSigner(key, _public_of(key))


def own_key() -> SSlibKey | None:
    """The public half of this computer's key; None when there is none, or it can't be read. Makes none."""
    with contextlib.suppress(OutputError):
        return _public_of(_load(private_key_path()))
    with contextlib.suppress(UsageError):
        return read_key(public_key_path())
    return None


def read_key(path: Path) -> SSlibKey:
    """The public key in a PEM file (SubjectPublicKeyInfo, RFC 5280). Raises `UsageError` when there is none in it."""
    try:
        if not path.is_file():
            raise UsageError(tr("there is no such file"), remedy=tr("check the name"), file=path)
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(MAX_KEY_BYTES))
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise UsageError(
            tr("it can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_public_key(path) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_public_key(path)
    return SSlibKey.from_crypto(key)


def public_from_hex(text: str) -> SSlibKey:
    """The public key of those 64 hex digits, as they stand in a line of the log. Raises `ValueError`."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)))


def fingerprint(key: SSlibKey) -> str:
    """Twenty digits by which two people can tell whether they mean the same key."""
    return fingerprint_code(key.keyid)


def _make(private: Path) -> None:
    """A new key at `private`, unless another run is quicker."""
    data = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with PrivateTemporary(private) as temporary:
            temporary.path.write_bytes(data)
            temporary.publish()
    except UsageError:  # it is there by now; two keys must not come into being
        return
    except (OSError, OutputError) as error:
        why = (error if isinstance(error, OutputError) else as_output_error(error, private)).what
        raise OutputError(
            tr("the key that signs the log can't be kept there ({why})", why=why),
            remedy=tr("name a folder of yours in the environment variable {variable}", variable=DATA_VARIABLE),
            file=private,
        ) from error


def _load(private: Path) -> Ed25519PrivateKey:
    try:
        if os.name == "posix" and private.stat().st_mode & 0o077:
            private.chmod(0o600)  # as when it was made; a backup may have put it back open to all
        with private.open("rb") as file:
            key = load_pem_private_key(file.read(MAX_KEY_BYTES), None)
    except OSError as error:
        why = cause_of(error) or type(error).__name__
        raise OutputError(
            tr("the key that signs the log can't be read ({why})", why=why),
            remedy=tr("check its permissions"),
            file=private,
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _damaged(private) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _damaged(private)
    return key


def _public_of(private: Ed25519PrivateKey) -> SSlibKey:
    return SSlibKey.from_crypto(private.public_key())


def _damaged(private: Path) -> OutputError:
    return OutputError(
        tr("the key that signs the log is damaged"),
        remedy=tr("put it back from a backup, or move it away; a new one is made then"),
        file=private,
    )


def _no_public_key(path: Path) -> UsageError:
    return UsageError(
        tr("it holds no public key of the kind that signs a log"),
        remedy=tr("give the file signing-key.pub.pem of the computer that made the log"),
        file=path,
    )
