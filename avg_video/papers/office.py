"""Before a run: whose guideline holds, what was confirmed, and whom the consents on record allow to be shown.

After it: the line in the signed log and the row in the register, right before the copy gets its name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from avg_video.errors import AvgError, CheckFailed, PolicyError, RegisterError, UsageError
from avg_video.language import tr
from avg_video.papers.statement import statement, unconfirmed
from avg_video.policy.consent import Finding, apply_consents, purpose_of, tokens_asked, tokens_behind
from avg_video.policy.document import Policy
from avg_video.policy.profile import Profile, Term, load_profile
from avg_video.record.hashes import holds, sha256_file
from avg_video.record.log import Head, append, check_log_place, unbegin
from avg_video.record.model import Record
from avg_video.record.processing import ConsentEntry, ProcessingEntry
from avg_video.register.database import Register, open_register
from avg_video.register.runs import (
    RunRow,
    add_run,
    add_run_in,
    call_off_in,
    expect_in,
    reference,
    standings_in_copy,
    state_of,
    visible_before,
)
from avg_video.register.standing import AGAINST, standing, standing_in

__all__ = ["Filed", "Office", "Papers", "prepare"]


@dataclass(frozen=True)
class Office:
    """What belongs to a run beside the policy.

    Attributes
    ----------
    profile: name or file of the guideline; None is as the policy says.
    confirmed: ids of the profile's checklist.
    log: the signed log that gets a line; None keeps none.
    register: the register that is asked about consents and gets a row; None asks and keeps none, so that every consent
        is unknown.
    register_anew: whether a register that is not there is begun even where no profile holds.
    """

    profile: str | None = None
    confirmed: tuple[str, ...] = ()
    log: Path | None = None
    register: Path | None = None
    register_anew: bool = True


@dataclass(frozen=True)
class Filed:
    """What was written down when the copy got its name.

    Attributes
    ----------
    head: the line in the log; None where none is kept.
    register_ref: how the register calls the run; None where none is kept.
    """

    head: Head | None = None
    register_ref: str | None = None


@dataclass(frozen=True)
class Papers:
    """Everything on paper about one run.

    Attributes
    ----------
    policy: in which what the consents don't allow is withheld, and which names the profile that holds.
    shown, objected: people's numbers from the command line, after the consents were looked at.
    warnings: clauses for the user and the record.
    needs_look: whether a person must look, because something is not confirmed or somebody is covered after all.
    """

    policy: Policy
    shown: frozenset[int] = frozenset()
    objected: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()
    needs_look: bool = False
    office: Office = field(default_factory=Office)
    profile: Profile | None = None
    confirmed: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    chosen: Mapping[int, str | None] = field(default_factory=dict)

    def statement(self, run_id: UUID, duration_s: float) -> ProcessingEntry:
        """The record's part on purpose, ground, terms, checklist and consents, of a copy of `duration_s` seconds."""
        consents = [ConsentEntry(token=f.token, state=f.state, line=f.rule) for f in self.findings]
        ref = None if self.office.register is None else reference(run_id)
        chosen = {number: said for number, said in self.chosen.items() if number in self.shown}
        return statement(self.policy, self.profile, self.confirmed, consents, duration_s, ref, chosen)

    def tokens_behind(self, rules: Iterable[str | None]) -> tuple[str, ...]:
        """Tokens of those who are visible by those rules, each once, in order."""
        named = (tokens_behind(rule, self.policy, self.chosen) for rule in rules if rule is not None)
        return tuple(sorted({token for tokens in named for token in tokens}))

    def may_stay(self, record: Record, *, source: Path, output: Path, record_path: Path) -> bool:
        """Whether a copy that lies there from an earlier run, as this run would make it, need not be made again. A
        register that does not know it learns of it: who is visible in it may withdraw their consent.

        Raises `RegisterError` when the register can't be read or written to.
        """
        if self.office.register is None:
            return True
        with open_register(self.office.register) as register:
            state = state_of(register, record.output.sha256, output)
            if state is None:
                digest = sha256_file(record_path)
                add_run(register, self._row(record, digest, source=source, output=output, record_path=record_path))
                state = state_of(register, record.output.sha256, output)
            return state != "make-again"

    def shows_too_many(self, copy: Path) -> bool:
        """Whether the register knows the file at `copy` as a copy that shows somebody who may no longer be shown: who
        said no, or, where consent is needed, whose consent does not count now. A register that is not asked knows none.

        Raises `RegisterError` when the register can't be read, and what reading the file raises.
        """
        if self.office.register is None:
            return False
        digest = sha256_file(copy)
        with open_register(self.office.register) as register:
            if state_of(register, digest, copy) == "make-again":
                return True
            states = standings_in_copy(register, digest, copy, date.today()).values()
        needed = self.profile is not None and self.profile.needs_consent
        return any(state in AGAINST or (needed and state != "given") for state in states)

    @contextlib.contextmanager
    def filed(
        self, record: Record, record_sha256: str, *, source: Path, output: Path, record_path: Path
    ) -> Iterator[Filed]:
        """Within the block, give copy and record their names. The log has its line before that and the register its
        row: whenever the computer stops, no copy is there that they do not know. A line or a row without its copy is
        harmless. When the block is left by an exception, the row is taken back, and so is a log that was begun for it.

        Raises
        ------
        CheckFailed: somebody who is shown has refused or withdrawn consent while the copy was made.
        UsageError, OutputError, RegisterError: log or register can't be written to.
        """
        with contextlib.ExitStack() as open_:
            row = self._row(record, record_sha256, source=source, output=output, record_path=record_path)
            register = ref = head = None
            if self.office.register is not None:
                register = open_.enter_context(open_register(self.office.register))
                ref = self._expect(register, row, source)
            try:
                if self.office.log is not None:
                    head = append(
                        self.office.log,
                        output_sha256=record.output.sha256,
                        record_sha256=record_sha256,
                        run_id=record.run_id,
                    )
                yield Filed(head, ref)
            except BaseException:  # Ctrl-C too, which may come when the copy just got its name
                if not holds(output, record.output.sha256):
                    self._call_off(row, register, head)
                raise
            if register is not None:
                # The copy has its name and its row, and is no failure any more. What a full disk keeps from being
                # written now, that an older copy of this name is gone, the hashes tell, and the next run writes down.
                with contextlib.suppress(RegisterError), register.changing() as db:
                    add_run_in(db, row)

    def _expect(self, register: Register, row: RunRow, source: Path) -> str:
        """The row of a copy that is about to get its name, unless somebody in it said no by now."""
        with register.changing() as db:
            for token in row.shown:
                if standing_in(db, token, row.purpose, date.today()) in AGAINST:
                    raise CheckFailed(
                        tr("{token} said no while the copy was being made", token=token),
                        remedy=tr("run it again; that person is covered then"),
                        file=source,
                    )
            return expect_in(db, row)

    def _call_off(self, row: RunRow, register: Register | None, head: Head | None) -> None:
        """After a failure. What can't be taken back is harmless, and the failure itself is what the user must know."""
        if head is not None and self.office.log is not None:
            with contextlib.suppress(AvgError):
                unbegin(self.office.log, head)
        if register is not None:
            with contextlib.suppress(AvgError), register.changing() as db:
                call_off_in(db, row)

    def _row(self, record: Record, record_sha256: str, *, source: Path, output: Path, record_path: Path) -> RunRow:
        profile = self.profile
        breach = None if profile is None else profile.breach
        return RunRow(
            run_id=record.run_id,
            made_at=record.finished,
            recording_sha256=record.input.sha256,
            recording_bytes=record.input.bytes,
            recording_path=source.absolute(),
            output_sha256=record.output.sha256,
            output_bytes=record.output.bytes,
            output_path=output.absolute(),
            record_path=record_path.absolute(),
            record_sha256=record_sha256,
            profile=None if profile is None else profile.name,
            purpose=purpose_of(self.policy, profile),
            shown=self.tokens_behind(person.rule for person in record.people if person.verdict == "show"),
            breach_hours=None if breach is None else breach.hours,
            breach_contact=None if breach is None else breach.contact,
            keep_original=None if profile is None else _terms(profile.retention.original),
            keep_output=None if profile is None else _terms(profile.retention.output),
            role=self.policy.operator_role,
        )


def prepare(
    office: Office,
    policy: Policy,
    *,
    shown: Mapping[int, str | None] | None = None,
    audio: Literal["drop", "keep"] | None = None,
    source: Path | str | None = None,
    today: date | None = None,
) -> Papers:
    """Settle what holds for a run, before any work is done.

    Parameters
    ----------
    shown: people's numbers from the command line, each with a token, a role or None.
    audio: from the command line; it beats the policy, which beats the profile.
    source: the recording, of which the register may know earlier copies, or its SHA-256; None asks for none.
    today: the day on which consents are asked; None is today.

    Raises
    ------
    PolicyError: there is no such profile, or it is not the one the policy names.
    UsageError: something is confirmed that the checklist does not hold, or log or register are of another kind.
    OutputError, RegisterError: log or register can't be used.
    """
    profile = _profile(office, policy)
    # Whoever keeps no register and follows no guideline gets none: it would say where their recordings are.
    if profile is None and not office.register_anew and office.register is not None and not office.register.exists():
        office = replace(office, register=None)
    confirmed = _confirmed(office, policy, profile)
    if office.log is not None:
        check_log_place(office.log)
    if profile is not None:
        policy = policy.model_copy(
            update={
                "profile": profile.name,
                "purpose": purpose_of(policy, profile),
                "audio": audio or policy.audio or profile.audio or "drop",
            }
        )
    tokens = tokens_asked(policy, shown)
    states: dict[str, Any] = {}
    said_no: dict[str, str] = {}
    if office.register is not None:
        with open_register(office.register) as register:
            states = dict(standing(register, tokens, policy.purpose, today or date.today()))
            if source is not None:
                said_no = _said_no(register, source, policy.purpose, today or date.today())
    keep_sound = (audio or policy.audio) == "keep"
    allowed = apply_consents(policy, states, profile=profile, shown=shown, keep_sound=keep_sound, said_no=said_no)
    missing = unconfirmed(profile, confirmed)
    warnings = list(allowed.warnings)
    # Where consent is needed nobody is shown then anyway; elsewhere a no would have counted.
    unasked = bool(tokens) and office.register is None and not (profile is not None and profile.needs_consent)
    if unasked:
        warnings.append(
            tr("whether somebody said no was not looked up in a register, for: {tokens}", tokens=", ".join(tokens))
        )
    if missing:
        assert profile is not None
        warnings.append(
            tr(
                "not confirmed of the checklist of {profile}: {checks}; confirm with --confirm what is true",
                profile=profile.name,
                checks=", ".join(missing),
            )
        )
    return Papers(
        policy=allowed.policy,
        shown=allowed.shown,
        objected=allowed.objected,
        warnings=tuple(warnings),
        needs_look=allowed.needs_look or bool(missing) or unasked,
        office=office,
        profile=profile,
        confirmed=confirmed,
        findings=allowed.findings,
        chosen=dict(shown or {}),
    )


def _profile(office: Office, policy: Policy) -> Profile | None:
    named = office.profile or policy.profile
    if named is None:
        return None
    profile = load_profile(named)
    if policy.profile is not None and policy.profile != profile.name:
        raise PolicyError(
            tr("the policy names the profile {name}", name=policy.profile),
            remedy=tr("leave out --profile, or take the line out of the policy"),
        )
    return profile


def _said_no(register: Register, source: Path | str, purpose: str | None, on: date) -> dict[str, str]:
    """Who could be seen in an earlier copy of that recording and says no now, with the state of their consent."""
    with register.reading() as db:
        standings = {token: standing_in(db, token, purpose, on) for token in visible_before(db)}
    against = {token: str(state) for token, state in standings.items() if state in AGAINST}
    if not against:
        return {}  # a long recording takes seconds to hash
    sha256 = sha256_file(source) if isinstance(source, Path) else source
    with register.reading() as db:
        return {token: against[token] for token in visible_before(db, sha256) if token in against}


def _confirmed(office: Office, policy: Policy, profile: Profile | None) -> frozenset[str]:
    confirmed = frozenset((*office.confirmed, *policy.confirm))
    known = [] if profile is None else [check.id for check in profile.checklist]
    unknown = sorted(confirmed - set(known))
    if unknown and profile is None:
        raise UsageError(
            tr("nothing can be confirmed without a profile"),
            remedy=tr("give --profile; avg-blur profiles list names them"),
        )
    if unknown:
        assert profile is not None
        raise UsageError(
            tr("{check} is not on the checklist of {profile}", check=unknown[0], profile=profile.name),
            remedy=tr("confirm some of {checks}", checks=", ".join(known)) if known else tr("leave out --confirm"),
        )
    return confirmed


def _terms(term: Term | None) -> list[dict[str, str | int | None]] | None:
    """A term as the register keeps it: several that hold together."""
    if term is None:
        return None
    said = {"text": term.text.said(), "place": term.place}
    return [{**reckoned, **said} for reckoned in term.reckoned()]
