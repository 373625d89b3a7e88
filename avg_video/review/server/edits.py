"""Changes of a policy as they are made on the page: small edits in, the next policy out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from avg_video.errors import PolicyError
from avg_video.language import mark, tr
from avg_video.policy.document import Numbers, Policy, policy_of
from avg_video.policy.writing import policy_table

__all__ = ["Edit", "apply", "edits_of", "next_number"]

MAX_EDITS = 100
"""Most edits in one step; a click makes one or two."""
Single = Literal[
    "profile",
    "purpose",
    "legal_basis",
    "controller",
    "contact",
    "operator_role",
    "recipients",
    "confirm",
    "dpia_ref",
    "register_ref",
    "audio",
    "reviewed",
]
"""Keys of the policy that are set as a whole."""

Table = dict[str, Any]
Count = Annotated[int, Field(ge=1, le=999_999)]


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Mark(_Edit):
    """What somebody is, by number."""

    do: Literal["mark"]
    number: Count
    state: Literal["objected", "shown", "none"] = Field(alias="as")
    pupil: str | None = None
    who: str | None = None


class Join(_Edit):
    """Numbers that are one person."""

    do: Literal["same"]
    numbers: list[Count] = Field(min_length=2, max_length=1000)


class Part(_Edit):
    """A number that is not the same person as others after all."""

    do: Literal["apart"]
    number: Count


class SplitAt(_Edit):
    """A number under which two people were followed."""

    do: Literal["split"]
    number: Count
    at: float = Field(ge=0)


class Unsplit(_Edit):
    """Takes a split back; `number` is the one that it made."""

    do: Literal["unsplit"]
    number: Count


Lines = Literal["consent_region", "cover", "mute", "objected", "show", "reviewed"]


class Add(_Edit):
    """A new line."""

    do: Literal["add"]
    table: Lines
    line: Table


class Change(_Edit):
    """Another line in the place of one."""

    do: Literal["change"]
    table: Lines
    index: int = Field(ge=0)
    line: Table


class Remove(_Edit):
    """One line less."""

    do: Literal["remove"]
    table: Lines
    index: int = Field(ge=0)


class Set(_Edit):
    """One value of the policy; None is its default."""

    do: Literal["set"]
    key: Single
    value: str | list[str] | None = None


Edit = Annotated[Mark | Join | Part | SplitAt | Unsplit | Add | Change | Remove | Set, Field(discriminator="do")]
_EDITS: TypeAdapter[list[Edit]] = TypeAdapter(Annotated[list[Edit], Field(min_length=1, max_length=MAX_EDITS)])


def edits_of(value: object) -> list[Edit]:
    """Edits from what JSON gave. Raises `ValueError` for anything else."""
    try:
        return _EDITS.validate_python(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}") from None


def next_number(policy: Policy, numbers: Sequence[int]) -> int:
    """The number that a split made now would give; `numbers` are those of the search."""
    return max([*numbers, *(line.then for line in policy.split)], default=0) + 1


def apply(policy: Policy, edits: Sequence[Edit], found: Numbers, numbers: Sequence[int]) -> Policy:
    """The policy after these edits, each on what the one before it left.

    Parameters
    ----------
    found: the search that gave people their numbers, to be named wherever a number is.
    numbers: those of the search, before any split.

    Raises `PolicyError` where an edit has no meaning, or makes no policy.
    """
    for edit in edits:
        table = policy_table(policy)
        _HANDLERS[edit.do](table, edit, next_number(policy, numbers))
        table = {key: value for key, value in table.items() if value not in ([], None)}
        table.pop("numbers", None)
        if _by_number(table):
            table["numbers"] = found.model_dump()
        policy = policy_of(table)
    return policy


def _by_number(table: Table) -> bool:
    lines = [*table.get("objected", []), *table.get("show", [])]
    return bool(table.get("same") or table.get("split")) or any("number" in line for line in lines)


def _mark(table: Table, edit: Mark, _: int) -> None:
    _forget(table, edit.number)
    if edit.state == "objected":
        more = {} if edit.pupil is None else {"pupil": edit.pupil}
        table.setdefault("objected", []).append({**more, "number": edit.number})
    elif edit.state == "shown":
        more = {} if edit.pupil is None else {"pupil": edit.pupil}
        table.setdefault("show", []).append({"who": edit.who or "chosen", "number": edit.number, **more})


def _forget(table: Table, number: int) -> None:
    """Take out every line that marks that number, or only the number where the line names somebody in another way."""
    for line in [line for line in table.get("objected", []) if line.get("number") == number]:
        del line["number"]
        if "at" not in line and "seat" not in line:
            table["objected"].remove(line)
    table["show"] = [line for line in table.get("show", []) if line.get("number") != number]


def _same(table: Table, edit: Join, _: int) -> None:
    numbers, rest = set(edit.numbers), []
    for line in table.get("same", []):
        if numbers & set(line["numbers"]):
            numbers |= set(line["numbers"])
        else:
            rest.append(line)
    table["same"] = [*rest, {"numbers": sorted(numbers)}]


def _apart(table: Table, edit: Part, _: int) -> None:
    lines = [[n for n in line["numbers"] if n != edit.number] for line in table.get("same", [])]
    table["same"] = [{"numbers": numbers} for numbers in lines if len(numbers) > 1]


def _split(table: Table, edit: SplitAt, then: int) -> None:
    table.setdefault("split", []).append({"number": edit.number, "at": edit.at, "then": then})


def _unsplit(table: Table, edit: Unsplit, _: int) -> None:
    if all(line["then"] != edit.number for line in table.get("split", [])):
        raise _refusal(mark("no split made the number {number}"), number=edit.number)
    gone = {edit.number}
    for line in table["split"]:  # in their order: a piece may have been split again
        if line["number"] in gone:
            gone.add(line["then"])
    table["split"] = [line for line in table["split"] if line["then"] not in gone]
    for number in gone:
        _forget(table, number)
        _apart(table, Part(do="apart", number=number), 0)


def _add(table: Table, edit: Add, _: int) -> None:
    if isinstance(table.get(edit.table), str):
        raise _refusal(mark("all of the copy is marked as watched"))
    table.setdefault(edit.table, []).append(edit.line)


def _change(table: Table, edit: Change, _: int) -> None:
    _line(table, edit.table, edit.index)
    table[edit.table][edit.index] = edit.line


def _remove(table: Table, edit: Remove, _: int) -> None:
    _line(table, edit.table, edit.index)
    del table[edit.table][edit.index]


def _line(table: Table, name: str, index: int) -> None:
    lines = table.get(name, [])
    if not isinstance(lines, list) or index >= len(lines):
        raise _refusal(mark("there is no line {number} of {table}"), number=index + 1, table=name)


def _set(table: Table, edit: Set, _: int) -> None:
    table[edit.key] = edit.value


def _refusal(what: str, **parts: object) -> PolicyError:
    return PolicyError(tr(what, **parts), remedy=tr("look at what is chosen now, and try again"))


_HANDLERS: Mapping[str, Callable[[Table, Any, int], None]] = {
    "mark": _mark,
    "same": _same,
    "apart": _apart,
    "split": _split,
    "unsplit": _unsplit,
    "add": _add,
    "change": _change,
    "remove": _remove,
    "set": _set,
}
