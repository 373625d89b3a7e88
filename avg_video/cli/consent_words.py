"""What `avg-blur consent` prints: lines about answers, and about copies that show somebody who said no."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avg_video.cli.words import again_heading, typed
from avg_video.errors import printable
from avg_video.language import tr, trn

if TYPE_CHECKING:
    from avg_video.register.answers import Answer
    from avg_video.register.consents import Added, Entry, Erased, Withdrawal
    from avg_video.register.runs import Copy

__all__ = ["added_lines", "copy_lines", "counts", "entry_lines", "erased_lines", "idle_lines", "withdrawn_lines"]


def added_lines(answer: Answer, done: Added, register: Path | None = None) -> list[str]:
    """What was written down, and whether it counts; `register` as of `copy_lines`."""
    parts = {"token": answer.token, "purpose": answer.purpose or tr("everything"), "day": answer.given_on.isoformat()}
    if not done.new:
        lines = [tr("{token}: that answer was known already.", **parts)]
    elif answer.answer == "refused":
        lines = [tr("{token} refused {purpose} on {day}.", **parts)]
    elif answer.valid_until is None:
        lines = [tr("{token} agreed to {purpose} on {day}.", **parts)]
    else:
        until = answer.valid_until.isoformat()
        lines = [tr("{token} agreed to {purpose} on {day}, up to and including {until}.", **parts, until=until)]
    if not counts(answer, done):
        lines.append(_why_not(answer, done.standing))
    return lines + copy_lines(done.copies, register)


def counts(answer: Answer, done: Added) -> bool:
    """Whether the answer is what counts now."""
    if answer.answer == "given":
        return done.standing == "given"
    return done.standing in ("refused", "withdrawn")


def idle_lines(idle: Sequence[tuple[Answer, str]]) -> list[str]:
    """The answers of a sheet that are yes and don't count, each with the reason."""
    return [f"{answer.token}, {answer.purpose}: {_why_not(answer, worth)}" for answer, worth in idle]


def _why_not(answer: Answer, standing: str) -> str:
    if standing == "invalid" and answer.age_group == "under-16":
        return tr("It does not count: below 16 a parent must give it.")
    if standing == "invalid":
        return tr("It does not count: from 16 on the pupil must give it.")
    if standing == "expired":
        return tr("It does not count: its last day is over.")
    return tr("It does not count: a later answer does ({standing}).", standing=standing)


def entry_lines(entries: Sequence[Entry]) -> list[str]:
    """A table of answers."""
    if not entries:
        return [tr("There are no answers in the register.")]
    heads = [
        tr("token"),
        tr("purpose"),
        tr("worth"),
        tr("day"),
        tr("until"),
        tr("withdrawn"),
        tr("age"),
        tr("by"),
        tr("proof"),
    ]
    rows = [heads, *(_cells(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(entry: Entry) -> list[str]:
    return [
        tr("erased") if entry.token is None else entry.token,
        entry.purpose or tr("everything"),
        entry.state if entry.latest or entry.token is None else tr("older"),
        entry.given_on,
        entry.valid_until or "-",
        entry.withdrawn_on or "-",
        entry.age_group or "-",
        entry.given_by or "-",
        printable(entry.proof or "-"),
    ]


def withdrawn_lines(token: str, purpose: str | None, done: Withdrawal, register: Path | None = None) -> list[str]:
    """What a withdrawal ended, and what still has to be done; `register` as of `copy_lines`."""
    if done.consents:
        lines = [
            trn(
                "{n} consent of {token} is withdrawn.", "{n} consents of {token} are withdrawn.", done.consents,
                token=token,
            )
        ]  # fmt: skip
    else:
        lines = [tr("There was no consent of {token} left to end.", token=token)]
    if done.still_given:
        purposes = ", ".join(done.still_given)
        lines.append(tr("A later consent of {token} still counts, for: {purposes}", token=token, purposes=purposes))
    elif purpose is None:
        lines.append(tr("From now on {token} is covered, also where a policy would show that token.", token=token))
    else:
        lines.append(
            tr(
                "From now on {token} is covered in copies for {purpose}, also where a policy would show that token.",
                token=token,
                purpose=purpose,
            )
        )
    none = [tr("The register knows no copy that shows {token}.", token=token)]
    return lines + (copy_lines(done.copies, register) or none)


def erased_lines(done: Erased, register: Path | None = None) -> list[str]:
    """What was erased, and where it still is; `register` as of `copy_lines`."""
    lines = [trn("The token was erased from {n} answer.", "The token was erased from {n} answers.", done.consents)]
    lines += copy_lines(done.copies, register)
    if done.backups:
        lines.append(tr("Older copies of the register still hold the token; delete them if you no longer need them:"))
        lines += [f"  {printable(path)}" for path in done.backups]
    return lines


def copy_lines(copies: Sequence[Copy], register: Path | None = None) -> list[str]:
    """The copies that are to be made again or deleted, each with the command that does it.

    `register`: the one that was named; None is the user's own, which needs no naming.
    """
    here = [copy for copy in copies if copy.state == "make-again"]
    away = [copy for copy in copies if copy.uploaded_on is not None]
    lines = []
    if here:
        lines.append(again_heading(len(here)))
        for copy in here:
            lines += [f"  {printable(copy.path)}", f"    {_what_to_do(copy, register)}"]
    if away:
        lines.append(tr("These were uploaded; have them removed there too:"))
        lines += [tr("  {path}, on {day}", path=printable(copy.path), day=copy.uploaded_on) for copy in away]
    return lines


def _what_to_do(copy: Copy, register: Path | None) -> str:
    if not copy.path.is_file():
        return tr("it is no longer at this place")
    if copy.recording is None or not copy.recording.is_file():
        return tr("its recording is no longer at its place, so the copy can only be deleted")
    command = f"avg-blur {typed(copy.recording)} -o {typed(copy.path)} --overwrite"
    # Without the guideline nobody's consent would be needed, and another register knows of no withdrawal: the command
    # would show people whom the copy it replaces covers.
    if copy.profile is not None:
        command += f" --profile {copy.profile}"
    return command if register is None else f"{command} --register {typed(register.absolute())}"
