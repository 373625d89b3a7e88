"""The one tree of errors, each with its exit code and a remedy.

Every error that this package raises on purpose is an `AvgError`. Its text is one line, `FILE: what; remedy`, with
every character that could steer a terminal made harmless.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "AvgError",
    "CheckFailed",
    "DamagedInput",
    "EncoderFailed",
    "InputError",
    "Interrupted",
    "ModelError",
    "OutputError",
    "PolicyError",
    "RegisterError",
    "UnsupportedInput",
    "UsageError",
    "printable",
]

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOOK = 3
EXIT_INTERRUPTED = 130


def printable(text: str | os.PathLike[str]) -> str:
    """Text safe to write to a terminal: control and undecodable characters appear as escapes, on one line."""
    raw = os.fspath(text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in raw)


class AvgError(Exception):
    """Something went wrong on the way; nothing was written under a final name.

    Parameters
    ----------
    what: the cause, a clause without a full stop.
    remedy: what the reader can do about it.
    file: the file it is about, where there is one.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, remedy: str, file: str | os.PathLike[str] | None = None) -> None:
        self.what = printable(what)
        self.remedy = printable(remedy)
        self.file = None if file is None else Path(file)
        super().__init__(what, remedy, None if file is None else os.fspath(file))

    def __str__(self) -> str:
        head = "" if self.file is None else f"{printable(self.file)}: "
        return f"{head}{self.what}; {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders in a batch; keyword-only arguments need their own way of being rebuilt.
        return _rebuild, (type(self), self.what, self.remedy, self.file)


def _rebuild(kind: type[AvgError], what: str, remedy: str, file: Path | None) -> AvgError:
    return kind(what, remedy=remedy, file=file)


class UsageError(AvgError):
    """The request itself can't be carried out: a missing file, an output that exists, an unknown person number."""

    exit_code = EXIT_USAGE


class PolicyError(UsageError):
    """The policy file, or a rule in it, is not valid."""


class InputError(AvgError):
    """The input can't be read: not media, empty, no video stream, encrypted, no permission."""


class DamagedInput(InputError):
    """The input breaks off, or holds parts that can't be decoded."""


class UnsupportedInput(InputError):
    """The input is sound, but this program can't treat it correctly."""


class OutputError(AvgError):
    """The output can't be written: disk full, folder not writable."""


class EncoderFailed(OutputError):
    """The encoder that was asked for does not work on this computer."""


class CheckFailed(AvgError):
    """The finished file did not pass its own inspection; it was removed."""


class ModelError(AvgError):
    """Detector weights are missing, or are not the ones they should be."""


class RegisterError(AvgError):
    """The register can't be used: damaged, in use for too long, from a newer version, or no register at all."""


class Interrupted(AvgError):
    """The user, or the system, asked to stop."""

    exit_code = EXIT_INTERRUPTED
