"""The language of messages, help and reports: English as written in the code, Dutch from a gettext catalogue.

A message is written where it is needed, in English, as a literal: `tr("line {number} is not UTF-8", number=7)`. What is
put into it goes by name, so that a translation may change the order. Text that is defined before the language is known
(help of options, constants) is marked with `mark("...")` and translated by `tr(text)` when it is shown.

The language belongs to the process, as that of gettext itself does: threads and every part of the program speak one.
"""

from __future__ import annotations

import gettext
import locale
import os
from importlib.resources import as_file, files

__all__ = [
    "LANGUAGES",
    "LANGUAGE_VARIABLE",
    "active",
    "cause_of",
    "language_of_computer",
    "mark",
    "mark_plural",
    "tr",
    "trn",
    "use",
]

LANGUAGES = ("en", "nl")
"""English, as written in the code, and Dutch."""
LANGUAGE_VARIABLE = "AVG_BLUR_LANG"
"""Environment variable that names one of `LANGUAGES`; it comes before the language of the computer."""

DOMAIN = "avg_blur"

_name = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(language: str) -> None:
    """Speak that language from now on. Raises `ValueError` for any but `LANGUAGES`."""
    global _name, _catalogue
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {LANGUAGES}, got {language!r}")
    _catalogue = _load(language)
    _name = language


def active() -> str:
    """The language that is spoken now."""
    return _name


def language_of_computer() -> str:
    """What the environment asks for: AVG_BLUR_LANG, else the locale; English for any language but Dutch."""
    asked = os.environ.get(LANGUAGE_VARIABLE, "").lower()
    if asked in LANGUAGES:
        return asked
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "nl" if value.lower().startswith("nl") else "en"
    spoken = locale.getlocale()[0] or ""
    return "nl" if spoken.lower().startswith(("nl", "dutch")) else "en"


def mark(text: str) -> str:
    """The text itself; tells the catalogue's extractor that it will be translated when it is shown."""
    return text


def mark_plural(one: str, many: str) -> tuple[str, str]:
    """As `mark`, for the two forms of `trn`."""
    return one, many


def tr(text: str, /, **parts: object) -> str:
    """`text` in the active language, with its `{named}` places filled in. `parts` are never translated."""
    said = _catalogue.gettext(text) if text else text
    return said.format(**parts) if parts else said


def trn(one: str, many: str, n: int, /, **parts: object) -> str:
    """As `tr`, in the form that goes with the number `n`, which may stand in the text as `{n}`."""
    return _catalogue.ngettext(one, many, n).format(n=n, **parts)


_OF_THE_SYSTEM = (
    mark("Cannot allocate memory"),
    mark("Connection refused"),
    mark("Connection timed out"),
    mark("Device or resource busy"),
    mark("Disk quota exceeded"),
    mark("End of file"),
    mark("File exists"),
    mark("File name too long"),
    mark("File too large"),
    mark("Function not implemented"),
    mark("Input/output error"),
    mark("Invalid argument"),
    mark("Invalid data found when processing input"),
    mark("Is a directory"),
    mark("Name or service not known"),
    mark("Network is unreachable"),
    mark("No route to host"),
    mark("No space left on device"),
    mark("No such device"),
    mark("No such file or directory"),
    mark("Not a directory"),
    mark("Operation not permitted"),
    mark("Operation not supported"),
    mark("Permission denied"),
    mark("Read-only file system"),
    mark("Resource temporarily unavailable"),
    mark("Stale file handle"),
    mark("Temporary failure in name resolution"),
    mark("Too many levels of symbolic links"),
    mark("Too many open files"),
)
"""What the system and FFmpeg say of the errors that people meet. Neither speaks Dutch here; others stay as they are."""


def cause_of(error: BaseException) -> str | None:
    """What the system or FFmpeg said of an error, in the active language; None where it said nothing."""
    said: str | None = getattr(error, "strerror", None)
    return tr(said) if said else None


def _load(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with as_file(files("avg_video").joinpath("locale")) as folder:
        return gettext.translation(DOMAIN, localedir=str(folder), languages=[language])
