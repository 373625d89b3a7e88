"""Finds and reads profiles: those that come with the program, those a school added, and files given by path.

A profile is a TOML file, in `profiles/` beside this module, or in `profiles/` in the user's data folder. A school's own
may begin from a shipped one with `extends = "rug"`: what it says itself comes first, single words replace those of the
other, who may look and where it is kept too; checks and rules are added. What is taken over has the other's name before
its place, since it is not this document that says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from avg_video.errors import PolicyError
from avg_video.language import mark, tr
from avg_video.media.folders import data_folder
from avg_video.media.private import write_private
from avg_video.media.temporary import as_output_error
from avg_video.policy.answers import is_slug
from avg_video.policy.files import FileWords, parse_table, read_table
from avg_video.policy.profile_model import (
    Breach,
    Check,
    Event,
    Profile,
    Retention,
    Rule,
    Stated,
    Term,
    Text,
    profile_from,
)

__all__ = [
    "Breach",
    "Check",
    "Event",
    "Profile",
    "Retention",
    "Rule",
    "Stated",
    "Term",
    "Text",
    "add_profile",
    "load_profile",
    "profile_names",
]

_WORDS = FileWords(
    missing=mark("there is no such profile file"),
    unreadable=mark("the profile can't be read ({why})"),
    large=mark("it is larger than 1 MB, which is no profile"),
    remedy=mark("give a profile file (NAME.toml)"),
)
_OWN = ("name", "version", "title", "source")
"""What every profile says itself."""
_ADDED_TO = ("checklist", "rules")
"""Lists in which a profile's own lines are joined by those of the one it extends; other lists are replaced."""


def profile_names() -> tuple[str, ...]:
    """Names of the shipped profiles, and behind them of those that were added on this computer, each in order."""
    own = _added_folder()
    added = sorted(path.stem for path in own.glob("*.toml") if is_slug(path.stem)) if own.is_dir() else []
    shipped = _shipped()
    return (*shipped, *(name for name in added if name not in shipped))


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name, or in that file; a path, or a text that ends in .toml or holds a slash, is a file.

    Raises `PolicyError`: there is none, it can't be read, or something in it is wrong; the line says where.
    """
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, Path) or text.lower().endswith(".toml") or any(c in text for c in "/\\"):
        return _from_file(Path(text))
    shipped = _shipped()
    if text in shipped:
        return _from_package(shipped[text])
    if text not in profile_names():
        raise PolicyError(
            tr("there is no profile called {name!r}", name=text),
            remedy=tr("the profiles are {names}; or give a .toml file", names=", ".join(profile_names())),
        )
    path = _added_folder() / f"{text}.toml"
    profile = _from_file(path)
    if profile.name != text:
        what = tr("name: it is not {name}", name=text)
        raise PolicyError(what, remedy=tr("add the profile again with avg-blur profiles add FILE"), file=path)
    return profile


def add_profile(path: Path) -> Profile:
    """Take in a school's own profile, so that policies can name it; one that was added under that name is replaced.

    Raises `PolicyError` as `load_profile`, and `OutputError` where the data folder can't be written.
    """
    profile = _from_file(path)
    folder = _added_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise as_output_error(error, folder) from error
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != profile.file_sha256:
        raise PolicyError(tr("it changed while it was being read"), remedy=tr("run it again"), file=path)
    write_private(folder / f"{profile.name}.toml", data)
    return profile


def _added_folder() -> Path:
    return data_folder() / "profiles"


def _shipped() -> dict[str, Traversable]:
    """The files that come with the program, by name."""
    folder = files("avg_video.policy").joinpath("profiles")
    found = {item.name.removesuffix(".toml"): item for item in folder.iterdir() if item.name.endswith(".toml")}
    return dict(sorted(found.items()))


def _from_package(item: Traversable) -> Profile:
    data = item.read_bytes()
    profile = profile_from(parse_table(data.decode("utf-8"), None))
    profile._file_sha256 = hashlib.sha256(data).hexdigest()
    return profile


def _from_file(path: Path) -> Profile:
    table, sha256 = read_table(path, _WORDS)
    shipped = _shipped()
    if table.get("name") in shipped:
        what = tr("name: {name} is the name of a profile that comes with the program", name=str(table["name"]))
        raise PolicyError(what, remedy=tr("give it another name"), file=path)
    if "extends" in table:
        base = table["extends"]
        if not isinstance(base, str) or base not in shipped:
            what = tr("extends: it is not the name of a profile that comes with the program")
            raise PolicyError(what, remedy=tr("write one of {names}", names=", ".join(shipped)), file=path)
        table = _joined(table, parse_table(shipped[base].read_text(encoding="utf-8"), None), base)
    profile = profile_from(table, path)
    profile._file_sha256 = sha256
    return profile


def _joined(own: Mapping[str, Any], base: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`own`, with what it does not say taken from `base`. Its own lines come first, so that faults name their place."""
    table = {key: _from_base(value, name, key) for key, value in base.items() if key not in _OWN}
    # The other's place for a word that is not the other's would be a false one.
    table["places"] = {key: place for key, place in table.get("places", {}).items() if key not in own}
    for key, value in own.items():
        under = table.get(key)
        if key in ("retention", "places") and isinstance(value, dict) and isinstance(under, dict):
            table[key] = under | value
        elif key in _ADDED_TO and isinstance(value, list) and isinstance(under, list):
            ids = [line.get("id") for line in value if isinstance(line, dict) and "id" in line]
            table[key] = value + [line for line in under if line.get("id") not in ids or "id" not in line]
        else:
            table[key] = value
    return table


def _from_base(value: Any, name: str, key: str = "") -> Any:
    """The same, with the other profile's name before every place."""
    if isinstance(value, dict):
        return {k: _from_base(v, name, "place" if key == "places" else k) for k, v in value.items()}
    if isinstance(value, list):
        return [_from_base(item, name) for item in value]
    return f"{name}: {value}" if key == "place" else value
