"""`avg-blur register` in this process, and what it said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from avg_video.cli import main
from avg_video.register.runs import make_again
from tests.register.shelf import Shelf


def register(shelf: Shelf, *words: str | Path, answer: str | None = None) -> Result:
    """`avg-blur register WORDS --register FILE` in this process, with what the user types."""
    args = ["register", *map(str, words), "--register", str(shelf.register_file)]
    result = CliRunner().invoke(main, args, prog_name="avg-blur", input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def said(result: Result, code: int = 0) -> str:
    """What it printed, when it ended with that code."""
    assert result.exit_code == code, result.output
    return result.stdout


def refused(result: Result, code: int = 2) -> str:
    """The one line it ended with."""
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    return line


def rows(result: Result, code: int = 0) -> Any:
    return json.loads(said(result, code))


def withdraw(shelf: Shelf, copy: Path) -> None:
    """What a withdrawal does to a copy."""
    held = shelf.held(copy)
    with shelf.open() as opened, opened.changing() as db:
        make_again(db, [held.id], because="withdrawal", role=None)
