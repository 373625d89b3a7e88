"""The policy file beside the recording: is it still the one that was read, and writing what was chosen into it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from avg_video.errors import OutputError
from avg_video.language import tr
from avg_video.media.private import write_private
from avg_video.policy.document import Policy
from avg_video.policy.writing import policy_text

__all__ = ["digest_of", "write"]


def write(policy: Policy, path: Path, *, recording: Path) -> str:
    """Write the choices for `recording` to `path`; the SHA-256 of the file. Raises `AvgError` where that can't be."""
    head = tr("Chosen with avg-blur review. The command line takes it: avg-blur {name}", name=recording.name)
    text = policy_text(policy, head="".join(c if c.isprintable() else "?" for c in head)).encode("utf-8")
    write_private(path, text)
    return hashlib.sha256(text).hexdigest()


def digest_of(path: Path) -> str | None:
    """SHA-256 of the file; None where there is none. Raises `OutputError` when it can't be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(
            tr("the policy can't be read ({why})", why=why), remedy=tr("check its permissions"), file=path
        ) from error
