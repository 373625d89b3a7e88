"""Turns what pydantic finds wrong in a policy into one line: file, place in the file, fault and remedy."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from avg_video.errors import PolicyError
from avg_video.language import tr

__all__ = ["fault", "policy_error"]

_KIND = "policy_fault"
_LONGEST_KEY = 40


def fault(what: str, remedy: str, where: str = "") -> PydanticCustomError:
    """A fault of ours inside a pydantic validator. `where` is what comes behind the key, such as "point 3".

    `what` must not repeat a value that could be somebody's name: the line may end up in a log.
    """
    return PydanticCustomError(_KIND, "{what}", {"what": what, "remedy": remedy, "where": where})


def policy_error(
    error: ValidationError, known: Mapping[str, Sequence[str]], file: str | os.PathLike[str] | None
) -> PolicyError:
    """The first thing that is wrong, as a `PolicyError`, with the number of the others.

    `known` holds the keys of each table by its name, and those of the file itself under "".
    """
    found = error.errors(include_url=False, include_input=False)
    # A misspelt key is also a missing one; the misspelling tells more.
    found.sort(key=lambda f: f["type"] != "extra_forbidden")
    loc: tuple[int | str, ...] = found[0]["loc"]
    place, what, remedy = _read(found[0]["type"], loc, dict(found[0].get("ctx") or {}), known)
    if len(found) > 1:
        what = tr("{what} (and {n} more)", what=what, n=len(found) - 1)
    return PolicyError(f"{place}: {what}" if place else what, remedy=remedy, file=file)


def _read(
    kind: str, loc: tuple[int | str, ...], ctx: dict[str, Any], known: Mapping[str, Sequence[str]]
) -> tuple[str, str, str]:
    """Place, fault and remedy."""
    place = _place(loc)
    key = str(loc[-1]) if loc else ""
    if kind == _KIND:
        return f"{place} {ctx['where']}".strip(), str(ctx["what"]), str(ctx["remedy"])
    if kind == "extra_forbidden":
        keys = known[_table(loc[:-1])]
        like = difflib.get_close_matches(key, keys, n=1)
        remedy = tr("did you mean {key}?", key=like[0]) if like else tr("the keys are {keys}", keys=", ".join(keys))
        return _place(loc[:-1]), tr("unknown key {key}", key=key[:_LONGEST_KEY]), remedy
    if kind == "missing":
        return _place(loc[:-1]), tr("{key} is missing", key=key), tr("add {key} = ...", key=key)
    if kind == "literal_error":
        first, _, last = str(ctx["expected"]).rpartition(" or ")
        what = tr("it is not {first} or {last}", first=first, last=last) if first else tr("it is not {last}", last=last)
        return place, what, tr("write one of these in quotes")
    if kind == "too_long":
        return place, tr("there are more than {most} of them", most=ctx["max_length"]), tr("keep the ones that matter")
    if kind == "tuple_type":
        return place, tr("it is not a list of tables"), tr("write [[{key}]] with two brackets on each side", key=key)
    if kind in ("model_type", "model_attributes_type"):
        table = _table(loc)
        return place, tr("it is not a table"), tr("give it the keys {keys}", keys=", ".join(known[table]))
    raise AssertionError(f"no words for the fault {kind}")


def _table(loc: tuple[int | str, ...]) -> str:
    """Name of the table at that place; "" for the file itself."""
    names = [str(part) for part in loc if isinstance(part, str)]
    return names[-1] if names else ""


def _place(loc: tuple[int | str, ...]) -> str:
    """("objected", 0, "at", "x") as "objected 1, at x"."""
    text = ""
    for i, part in enumerate(loc):
        if isinstance(part, int):
            text += f" {part + 1}"
        elif i == 0:
            text = part
        else:
            text += f"{',' if isinstance(loc[i - 1], int) else ''} {part}"
    return text
