"""Writes a policy as the TOML file from which the very same policy is read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from avg_video.policy.document import Policy
from avg_video.policy.times import format_seconds, parse_seconds

__all__ = ["policy_table", "policy_text"]

_TIMES = frozenset({"from", "to", "at", "t"})
"""Keys whose numbers are seconds, and are written as people write them where that loses nothing."""


def policy_table(policy: Policy) -> dict[str, Any]:
    """The policy as tables of TOML or JSON, with the keys of the file; what has its default is left out.

    `document.policy_of` makes the same policy of it.
    """
    table: dict[str, Any] = _plain(policy)
    if table.get("reviewed") == [{}]:
        table["reviewed"] = "all"
    return table


def policy_text(policy: Policy, *, head: str = "") -> str:
    """The text of a policy file; `head` goes before it as a comment, line by line."""
    table = policy_table(policy)
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += [f"{key} = {_value(key, value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        for part in _tables(value):
            lines += ["", f"[{key}]" if isinstance(value, dict) else f"[[{key}]]"]
            lines += [f"{k} = {_value(k, v)}" for k, v in part.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        kept = {f.alias or name: getattr(value, name) for name, f in fields.items() if not _default(value, name)}
        return {key: _plain(v) for key, v in kept.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


def _default(model: BaseModel, name: str) -> bool:
    field = type(model).model_fields[name]
    return not field.is_required() and getattr(model, name) == field.get_default(call_default_factory=True)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif _is_table(value):
        yield from value


def _value(key: str, value: Any) -> str:
    """A value as TOML 1.0 writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        if key in _TIMES and parse_seconds(clock := format_seconds(value)) == value:
            return f'"{clock}"'
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_value('', v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k} = {_value(k, v)}' for k, v in value.items())} }}"
    raise TypeError(f"no TOML for {type(value).__name__}")


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _string(text: str) -> str:
    """A basic string; control characters are not allowed in it unescaped (TOML 1.0, "String")."""
    return '"' + "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\U{ord(c):08X}") for c in text) + '"'
