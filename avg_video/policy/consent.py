"""Applies consents to a policy: what the consents on record don't allow shows nobody.

Pure: the register is asked elsewhere, and its answers come in as one word for each token. Under a profile that needs
consent, a line shows people only if everybody it means has given a valid one. Without such a profile a line needs none,
but a refusal or a withdrawal still covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from avg_video.language import tr
from avg_video.policy.answers import is_token
from avg_video.policy.decision import number_rule
from avg_video.policy.document import Policy
from avg_video.policy.profile import Profile

__all__ = [
    "STATES",
    "Consented",
    "Finding",
    "apply_consents",
    "purpose_of",
    "tokens_asked",
    "tokens_behind",
    "tokens_named",
]

STATES = ("given", "refused", "withdrawn", "expired", "unknown", "invalid")
"""How the consent of a pupil may stand; "invalid" is one given by somebody who could not give it."""
_AGAINST = ("refused", "withdrawn")
"""Covers even where no consent is needed."""
_NO_PUPIL = frozenset(
    {
        *("teacher", "student-teacher", "trainee", "supervisor", "coach", "mentor", "assistant", "colleague", "staff"),
        *("principal", "parent", "guest", "speaker"),
        *("docent", "docente", "leraar", "lerares", "leerkracht", "meester", "juf", "stagiair", "stagiaire"),
        *("begeleider", "werkplekbegeleider", "onderwijsassistent", "collega", "medewerker", "directeur", "ouder"),
        *("gast", "spreker"),
    }
)
"""Roles that say of whoever is shown that they are not the pupil who said no. Any other word could mean that pupil:
"pupil", "chosen", or "student", which some call their pupils; so could a line without a role."""


@dataclass(frozen=True)
class Finding:
    """What the register says of a token: its state (one of `STATES`), and the line of the policy that names it."""

    token: str
    state: str
    rule: str


@dataclass(frozen=True)
class Consented:
    """What may be shown by the consents on record.

    Attributes
    ----------
    policy: the same policy, in which lines that lack consent are withheld; their numbers stay what they were.
    shown: numbers from the command line that may be shown.
    objected: numbers from the command line that must be covered instead, so that no region shows them.
    findings: one for each token and the line it is in, for the record.
    warnings: clauses for the user and the record.
    needs_look: whether a person must look, because somebody who was to be shown is covered, or is heard.
    """

    policy: Policy
    shown: frozenset[int]
    objected: frozenset[int]
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    needs_look: bool = False


@dataclass
class _Court:
    """Judges one line after the other, and keeps what was found."""

    standing: Mapping[str, str]
    needed: bool
    no_consent_of: tuple[str, ...]
    said_no: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    withheld: int = 0

    def allows(self, rule: str, tokens: tuple[str, ...], who: str | None = None) -> bool:
        """Whether that line may show people; `who` is the role it gives somebody, if it gives one."""
        states = [self.standing.get(token, "unknown") for token in tokens]
        self.findings += [Finding(token, state, rule) for token, state in zip(tokens, states, strict=True)]
        lacking = [
            (token, state)
            for token, state in zip(tokens, states, strict=True)
            if state in _AGAINST or (self.needed and state != "given")
        ]
        if lacking:
            token, state = lacking[0]
            self._withhold(tr("{rule}: it shows nobody, because {why}", rule=rule, why=_why(token, state)))
            return False
        if self.needed and not tokens and who not in self.no_consent_of:
            self._withhold(tr("{rule}: it shows nobody, because it does not say whose consent it needs", rule=rule))
            return False
        if not tokens and who not in _NO_PUPIL and who not in self.no_consent_of and self.said_no:
            self.findings += [Finding(token, state, rule) for token, state in self.said_no.items()]
            self._withhold(
                tr(
                    "{rule}: it shows nobody, because it does not say whom it shows, and {token}, who could be seen in "
                    "an earlier copy of this recording, said no",
                    rule=rule,
                    token=next(iter(self.said_no)),
                )
            )
            return False
        for token, state in zip(tokens, states, strict=True):
            if state in ("expired", "invalid"):
                self.warnings.append(tr("{rule}: {why}; no consent is needed here", rule=rule, why=_why(token, state)))
        return True

    def _withhold(self, warning: str) -> None:
        self.warnings.append(warning)
        self.withheld += 1


def apply_consents(
    policy: Policy,
    standing: Mapping[str, str],
    *,
    profile: Profile | None,
    shown: Mapping[int, str | None] | None = None,
    keep_sound: bool = False,
    said_no: Mapping[str, str] | None = None,
) -> Consented:
    """Withhold every line, and every number in `shown`, that the consents on record don't allow.

    Parameters
    ----------
    standing: one of `STATES` for each token of `tokens_asked`, for the purpose `purpose_of`, on the day of the run. A
        token that is not in it is unknown.
    profile: whether consent is needed; None needs none.
    shown: people's numbers from the command line, each with a token, a role such as "teacher", or nothing.
    keep_sound: whether the copy will have sound.
    said_no: tokens of those who could be seen in an earlier copy of this recording and refused or withdrew since, with
        their state. As long as no line names them, lines that don't say whom they show may show them, so those show
        nobody.
    """
    needed = profile is not None and profile.needs_consent
    named = {*tokens_named(policy, shown)}
    unnamed = {token: state for token, state in (said_no or {}).items() if token not in named}
    court = _Court(standing, needed, () if profile is None else profile.no_consent_of, unnamed)
    if needed and purpose_of(policy, profile) is None and tokens_asked(policy, shown):
        court.standing = {}
        court.warnings.append(tr("no purpose is stated, and a consent holds for one purpose, so none of them holds"))
    regions = tuple(
        line.model_copy(update={"withheld": line.withheld or not court.allows(f"consent_region {k}", line.pupils)})
        for k, line in enumerate(policy.consent_region, 1)
    )
    shows = tuple(
        line.model_copy(update={"withheld": line.withheld or not court.allows(line.rule, _one(line.pupil), line.who)})
        for line in policy.show
    )
    numbers: set[int] = set()
    against: set[int] = set()
    for number, said in sorted((shown or {}).items()):
        token = said if said is not None and is_token(said) else None
        allowed = court.allows(number_rule(number, said), _one(token), said if token is None else None)
        (numbers if allowed else against).add(number)
    heard = keep_sound and needed and profile is not None and profile.audio == "drop"
    if heard:
        court.warnings.append(
            tr("the sound is kept: everybody who can be heard must have given consent, which was not checked")
        )
    return Consented(
        policy.model_copy(update={"consent_region": regions, "show": shows}),
        frozenset(numbers),
        frozenset(against),
        tuple(court.findings),
        tuple(court.warnings),
        bool(court.withheld) or heard,
    )


def purpose_of(policy: Policy, profile: Profile | None) -> str | None:
    """For which purpose consent is asked: the policy's, or else the profile's."""
    return policy.purpose or (None if profile is None else profile.purpose)


def tokens_asked(policy: Policy, shown: Mapping[int, str | None] | None = None) -> tuple[str, ...]:
    """Every token that a showing line or number names, each once, in order."""
    return tuple(sorted({token for _, tokens in _lines(policy, shown or {}) for token in tokens}))


def tokens_named(policy: Policy, shown: Mapping[int, str | None] | None = None) -> tuple[str, ...]:
    """Tokens of those whom a line or a number points out, to show or to cover them, each once, in order."""
    pointed = [line.pupil for line in policy.show] + [line.pupil for line in policy.objected]
    pointed += [said for said in (shown or {}).values() if said is not None and is_token(said)]
    return tuple(sorted({token for token in pointed if token is not None}))


def tokens_behind(rule: str, policy: Policy, shown: Mapping[int, str | None] | None = None) -> tuple[str, ...]:
    """Whose tokens stand behind a rule that showed somebody, as `Decision.rule` gives it ("consent_region 1, 2")."""
    regions = rule.removeprefix("consent_region ")
    wanted = {rule} if regions == rule else {f"consent_region {number.strip()}" for number in regions.split(",")}
    return tuple(sorted({t for name, tokens in _lines(policy, shown or {}) if name in wanted for t in tokens}))


def _lines(policy: Policy, shown: Mapping[int, str | None]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every line and number that shows people, with its tokens."""
    for k, region in enumerate(policy.consent_region, 1):
        yield f"consent_region {k}", region.pupils
    for show in policy.show:
        yield show.rule, _one(show.pupil)
    for number, said in sorted(shown.items()):
        yield number_rule(number, said), _one(said if said is not None and is_token(said) else None)


def _one(token: str | None) -> tuple[str, ...]:
    return () if token is None else (token,)


def _why(token: str, state: str) -> str:
    """A clause about the consent of a token."""
    return {
        "refused": tr("{token} refused consent", token=token),
        "withdrawn": tr("{token} withdrew consent", token=token),
        "expired": tr("the consent of {token} has expired", token=token),
        "invalid": tr("the consent of {token} was given by somebody who could not give it", token=token),
    }.get(state, tr("no consent of {token} is known", token=token))
