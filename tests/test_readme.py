"""The README says what is so: its policy loads, its commands parse, its Python runs, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from avg_video import load_policy
from avg_video.cli import main
from avg_video.errors import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_LOOK,
    EXIT_USAGE,
)

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    part.strip()
    for kind, block in BLOCKS
    if kind == "sh"
    for line in block.splitlines()
    for part in line.split("#")[0].split("&&")
    if part.strip().startswith("avg-blur")
]


@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "toml"])
def test_policies_load(block: str, tmp_path: Path) -> None:
    path = tmp_path / "lesson.avg.toml"
    path.write_text(block, encoding="utf-8")
    load_policy(path)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command: str) -> None:
    words = shlex.split(command)[1:]
    with main.make_context("avg-blur", words) as context:
        name, found, rest = main.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        found.make_context(name, rest, parent=context).close()


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 5


def test_python_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.cli.helpers import lesson

    monkeypatch.chdir(tmp_path)
    lesson(tmp_path / "lesson.mp4")
    (block,) = (block for kind, block in BLOCKS if kind == "python")
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out == "1 faces covered\n"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("https://") or (ROOT / target).is_file(), target


def test_exit_codes_are_all_there() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert listed == {EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_LOOK, EXIT_INTERRUPTED}
