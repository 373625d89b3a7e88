"""Reads small TOML files written by hand, policies and profiles, and says in one line what is wrong with them."""

from __future__ import annotations

import hashlib
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avg_video.errors import PolicyError
from avg_video.language import tr

__all__ = ["MAX_BYTES", "FileWords", "parse_table", "read_table"]

MAX_BYTES = 1_000_000
"""Such a file is written by hand; a larger one is something else."""
MAX_LINE = 8_000
"""Longest line in characters, and with `MAX_DOTS` a bound on the parser, which is quadratic in dotted keys."""
MAX_DOTS = 200


@dataclass(frozen=True)
class FileWords:
    """What a kind of file is called in errors; all marked for translation.

    Attributes
    ----------
    missing: there is no such file.
    unreadable: it can't be read; holds `{why}`.
    large: it is larger than `MAX_BYTES`.
    remedy: which file to give instead.
    """

    missing: str
    unreadable: str
    large: str
    remedy: str


def read_table(path: Path, words: FileWords) -> tuple[dict[str, Any], str]:
    """What a TOML file holds, and the SHA-256, in hex, of the very bytes that were read.

    Raises `PolicyError`: it is missing, is no plain file, can't be read, is larger than 1 MB, is not UTF-8 or not TOML.
    """
    remedy = tr(words.remedy)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PolicyError(tr("it is a folder"), remedy=remedy, file=path)
        if not stat.S_ISREG(mode):
            raise PolicyError(tr("it is not a plain file"), remedy=remedy, file=path)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise PolicyError(tr(words.missing), remedy=tr("check its name"), file=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = (error.strerror if isinstance(error, OSError) else None) or tr("no valid name")
        remedy = tr("check its permissions")
        raise PolicyError(tr(words.unreadable, why=why), remedy=remedy, file=path) from None
    if len(data) > MAX_BYTES:
        raise PolicyError(tr(words.large), remedy=remedy, file=path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = tr("line {number} is not UTF-8", number=line)
        raise PolicyError(what, remedy=tr("save it as UTF-8"), file=path) from None
    return parse_table(text, path), hashlib.sha256(data).hexdigest()


def parse_table(text: str, file: Path | None) -> dict[str, Any]:
    """What a TOML text holds; `file` is only named in errors. Raises `PolicyError` when it is not TOML."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE or line.count(".") > MAX_DOTS:
            what = tr("line {number} is too long", number=number)
            raise PolicyError(what, remedy=tr("break it into several"), file=file)
    try:
        return tomllib.loads(text)
    except RecursionError:
        what = tr("its brackets are nested too deeply")
        raise PolicyError(what, remedy=tr("write it flat"), file=file) from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else tr("a number is too long")
        what = tr("it is not TOML ({why})", why=why)
        raise PolicyError(what, remedy=tr("correct that place"), file=file) from None
