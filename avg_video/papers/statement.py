"""What policy and profile state about a recording, as the record tells it. What neither states stays unstated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from avg_video.language import tr
from avg_video.policy.answers import is_token
from avg_video.policy.decision import number_rule
from avg_video.policy.document import Policy
from avg_video.policy.profile import Profile, Term
from avg_video.record.processing import (
    CheckEntry,
    ConsentEntry,
    HumanReview,
    ProcessingEntry,
    ProfileEntry,
    RecipientEntry,
    RoleEntry,
    RuleEntry,
    StorageEntry,
    StorageTerm,
)

__all__ = ["statement", "unconfirmed"]


def statement(
    policy: Policy,
    profile: Profile | None,
    confirmed: Collection[str],
    consents: Iterable[ConsentEntry],
    duration_s: float,
    register_ref: str | None = None,
    chosen: Mapping[int, str | None] | None = None,
) -> ProcessingEntry:
    """The record's part on purpose, ground, recipients, terms, checklist and consents, in the language spoken now.

    The policy's own words come before those of the profile. `confirmed`: ids of the checklist. `duration_s`: of the
    copy. `register_ref`: how the register of this program calls the run. `chosen`: people's numbers from the command
    line that may be shown, each with a token, a role or None.
    """
    stated = _of_profile(profile, confirmed) if profile is not None else ProcessingEntry()
    own = {
        "controller": policy.controller,
        "purpose": policy.purpose,
        "legal_basis": policy.legal_basis,
        "recipients": tuple(RecipientEntry(text=who) for who in policy.recipients) or None,
    }
    # What the policy says in the guideline's own words is as much the guideline's.
    places = {
        f"{key}_place": None
        for key in ("controller", "purpose", "legal_basis")
        if own[key] not in (None, getattr(stated, key))
    }
    # Built anew and not changed in place, so that every line is checked.
    return ProcessingEntry.model_validate(
        dict(stated)
        | {key: value for key, value in own.items() if value is not None}
        | places
        | {
            "contact": policy.contact,
            "operator_role": policy.operator_role,
            "register_ref": policy.register_ref or register_ref,
            "dpia_ref": policy.dpia_ref,
            "human_review": _review(policy, duration_s),
            "consents": tuple(consents),
            "shown_by_role": tuple(_roles(policy, profile, chosen or {})),
        }
    )


def unconfirmed(profile: Profile | None, confirmed: Collection[str]) -> tuple[str, ...]:
    """Ids of the checklist that nobody confirmed, in its order."""
    return () if profile is None else tuple(check.id for check in profile.checklist if check.id not in confirmed)


def _of_profile(profile: Profile, confirmed: Collection[str]) -> ProcessingEntry:
    breach = profile.breach
    rules = [RuleEntry(text=rule.text.said(), place=rule.place) for rule in profile.rules]
    more = [RuleEntry(text=term.text.said(), place=term.place) for term in profile.retention.more]
    adapted = [] if profile.adapted is None else [RuleEntry(text=profile.adapted.said(), place=profile.adapted.place)]
    return ProcessingEntry(
        profile=ProfileEntry(
            name=profile.name,
            version=profile.version,
            sha256=profile.file_sha256,
            title=profile.title.said(),
            source=profile.source.said(),
        ),
        controller=profile.controller,
        controller_place=profile.places.controller,
        purpose=profile.purpose,
        purpose_place=profile.places.purpose,
        legal_basis=profile.legal_basis or "not-stated",
        legal_basis_place=profile.places.legal_basis,
        recipients=tuple(RecipientEntry(text=line.said(), place=line.place) for line in profile.recipients),
        storage=tuple(StorageEntry(text=line.said(), place=line.place) for line in profile.storage),
        keep_original=_term(profile.retention.original),
        keep_output=_term(profile.retention.output),
        breach_hours=None if breach is None else breach.hours,
        breach_contact=None if breach is None else breach.contact,
        breach_place=None if breach is None else breach.place,
        rules=(*_kept(profile), *rules, *more, *adapted),
        checklist=tuple(
            CheckEntry(id=check.id, ask=check.ask.said(), place=check.place, confirmed=check.id in confirmed)
            for check in profile.checklist
        ),
    )


def _kept(profile: Profile) -> Iterator[RuleEntry]:
    """The rules that the program itself keeps, whatever else the guideline says."""
    places = profile.places
    if profile.needs_consent:
        yield RuleEntry(text=tr("Nobody is shown without a valid consent in the register"), place=places.needs_consent)
    if profile.no_consent_of:
        roles = ", ".join(profile.no_consent_of)
        yield RuleEntry(text=tr("No consent is asked of: {roles}", roles=roles), place=places.no_consent_of)
    if profile.objection:
        yield RuleEntry(text=tr("Pupils or their parents may object; who objected is covered"), place=places.objection)
    if profile.audio == "drop":
        yield RuleEntry(text=tr("The sound is left out, unless the user keeps it"), place=places.audio)
    elif profile.audio == "keep":
        yield RuleEntry(text=tr("The sound is kept, unless the user leaves it out"), place=places.audio)


def _roles(policy: Policy, profile: Profile | None, chosen: Mapping[int, str | None]) -> Iterator[RoleEntry]:
    """Lines and numbers that show somebody by role, and for which no consent was asked."""
    said = [(line.who, line.rule) for line in policy.show if line.pupil is None and not line.withheld]
    said += [(role, number_rule(n, role)) for n, role in chosen.items() if role is not None and not is_token(role)]
    for role, line in dict.fromkeys(said):
        asks = profile is not None and role in profile.no_consent_of
        yield RoleEntry(role=role, line=line, place=profile.places.no_consent_of if profile and asks else None)


def _term(term: Term | None) -> StorageTerm | None:
    if term is None:
        return None
    return StorageTerm(
        after=term.after,
        days=term.days,
        weeks=term.weeks,
        months=term.months,
        years=term.years,
        latest=term.latest,
        text=term.text.said(),
        place=term.place,
    )


def _review(policy: Policy, duration_s: float) -> HumanReview:
    """What the user says was watched; stretches over one another are one."""
    spans = sorted((s.start_s or 0.0, duration_s if s.end_s is None else s.end_s) for s in policy.reviewed)
    stretches: list[tuple[float, float]] = []
    for start, end in ((start, min(end, duration_s)) for start, end in spans if start <= min(end, duration_s)):
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], end))
        else:
            stretches.append((start, end))
    if stretches and stretches[0][0] == 0.0 and stretches[0][1] >= duration_s:
        return HumanReview(done=True, all=True)
    return HumanReview(done=bool(stretches), stretches_s=tuple(stretches))
