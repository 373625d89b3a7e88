"""What for, on which ground, for whom and until when: what a school must be able to show (art. 5(2) and 30 GDPR).

Nothing here is guessed. What neither the policy nor the profile states is null, empty or "not-stated".
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from avg_video.record.fields import Count, Entry, Line, PupilToken, Sha256, Stretches, Word, as_node

__all__ = [
    "CONSENT_STATES",
    "CheckEntry",
    "ConsentEntry",
    "HumanReview",
    "LegalBasis",
    "ProcessingEntry",
    "ProfileEntry",
    "RecipientEntry",
    "RoleEntry",
    "RuleEntry",
    "StorageEntry",
    "StorageTerm",
]

CONSENT_STATES = ("given", "refused", "withdrawn", "expired", "unknown", "invalid")
"""What the register may answer when it is asked for somebody's consent."""

ConsentState = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(CONSENT_STATES)})$"),
    WithJsonSchema({"type": "string", "enum": list(CONSENT_STATES)}),
]
LegalBasis = Literal["consent", "legal-obligation", "public-task", "legitimate-interest", "not-stated"]
"""Art. 6(1) GDPR under a, c, e and f; never a default of this program."""


class StorageTerm(Entry):
    """Until when something may be kept: so long after an event, or at the event itself."""

    jsonld_type: Literal["dpv:StorageDuration"] = Field(default="dpv:StorageDuration", alias="@type")
    of: Literal["original", "output"] | None = None
    """What may be kept so long: the recording itself or the output; filled in by its place in the record."""
    after: Word
    """The event from which it counts, such as upload or course-end."""
    days: Count | None = None
    """How many days after it; null when it isn't counted in days."""
    weeks: Count | None = None
    """How many weeks after it; null when it isn't counted in weeks."""
    months: Count | None = None
    """How many months after it; null when it isn't counted in months."""
    years: Count | None = None
    """How many years after it; null when it isn't counted in years."""
    latest: Word | None = None
    """An event by which it must go in any case; null when there is none."""
    text: Line
    """The term in words."""
    place: Line | None = None
    """Where the guideline says so; null when it isn't from a guideline."""

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if sum(n is not None for n in (self.days, self.weeks, self.months, self.years)) > 1:
            raise ValueError("expected at most one of days, weeks, months and years")
        return self


def _term_of(what: Literal["original", "output"]) -> AfterValidator:
    """Fills in what a term is about, since both are storage conditions of the run in RDF."""

    def check(term: StorageTerm) -> StorageTerm:
        if term.of not in (None, what):
            raise ValueError(f"expected a term for the {what}, got one for the {term.of}")
        return term.model_copy(update={"of": what})

    return AfterValidator(check)


class ProfileEntry(Entry):
    """The guideline that was followed."""

    jsonld_type: Literal["avg:Profile"] = Field(default="avg:Profile", alias="@type")
    name: Word
    """Its name in this program, or that of the school's own."""
    version: Annotated[int, Field(ge=1)]
    """Its version, raised when a rule in it changes."""
    sha256: Sha256 | None = None
    """SHA-256 of the file it was read from; null when it was read from none."""
    title: Line
    """What it is called."""
    source: Line
    """The document it was made from, and its date."""


class RuleEntry(Entry):
    """One rule of the guideline that held for this run."""

    jsonld_type: Literal["dpv:Rule"] = Field(default="dpv:Rule", alias="@type")
    text: Line
    """The rule in words."""
    place: Line | None = None
    """Where the guideline says so; null when it isn't from a guideline."""


def _with_its_text(value: object) -> object:
    """A bare text is a line that no guideline stands behind."""
    return {"text": value} if isinstance(value, str) else value


class RecipientEntry(Entry):
    """Who may look."""

    jsonld_type: Literal["dpv:Recipient"] = Field(default="dpv:Recipient", alias="@type")
    text: Line
    """Who, in words."""
    place: Line | None = None
    """Where the guideline says so; null when it isn't from a guideline."""


class StorageEntry(Entry):
    """Where something may be kept, or may not."""

    jsonld_type: Literal["dpv:StorageLocation"] = Field(default="dpv:StorageLocation", alias="@type")
    text: Line
    """Where, in words."""
    place: Line | None = None
    """Where the guideline says so; null when it isn't from a guideline."""


class CheckEntry(Entry):
    """Something that only a person can know, and whether a person confirmed it."""

    jsonld_type: Literal["avg:Check"] = Field(default="avg:Check", alias="@type")
    id: Word
    """The word by which it is confirmed."""
    ask: Line
    """The question."""
    place: Line | None = None
    """Where the guideline asks for it; null when no guideline does."""
    confirmed: bool
    """Whether the user confirmed it. False is "not confirmed", which may be no more than forgotten."""


class ConsentEntry(Entry):
    """Whose consent was asked of the register, and what came."""

    jsonld_type: Literal["dpv:Consent"] = Field(default="dpv:Consent", alias="@type")
    token: PupilToken
    """Whose, by token."""
    state: ConsentState
    """given, refused, withdrawn, expired, unknown (nothing is registered), or invalid (not given by who must)."""
    line: Line
    """The line of the policy that named the token."""


class RoleEntry(Entry):
    """A line that shows somebody by a role such as teacher. That they are it, and want to be seen, the user stated."""

    jsonld_type: Literal["avg:ShownByRole"] = Field(default="avg:ShownByRole", alias="@type")
    role: Word
    """The role, as the policy or the command line gives it."""
    line: Line
    """The line that names it."""
    place: Line | None = None
    """Where the guideline says that it asks no consent of that role; null when it asks none of anybody, or there is no
    guideline."""


class HumanReview(Entry):
    """Whether a person watched the copy, as stated by the user; the program can't know it."""

    jsonld_type: Literal["avg:HumanReview"] = Field(default="avg:HumanReview", alias="@type")
    done: bool = False
    """Whether anything was watched."""
    all: bool = False
    """Whether it was watched from beginning to end."""
    stretches_s: Stretches = ()
    """The stretches that were watched, [from, to] in seconds; none when nothing or all was."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.done != (self.all or bool(self.stretches_s)) or (self.all and self.stretches_s):
            raise ValueError("expected done with either all or stretches_s, or else none of the three")
        return self


class ProcessingEntry(Entry):
    """What for, on which ground, for whom, and until when, as far as the policy and the profile state it."""

    profile: ProfileEntry | None = None
    """The guideline that was followed; null when there was none."""
    controller: Annotated[Line, *as_node("dpv:DataController", "name")] | None = None
    """The organisation that answers for the recording (art. 4(7) GDPR); null when not stated."""
    controller_place: Line | None = None
    """Where the guideline says so; null when it doesn't, or the policy said it."""
    contact: Line | None = None
    """The function to turn to, such as the address of the data-protection officer; null when not stated."""
    operator_role: Word | None = None
    """What whoever ran the program is to the school, such as student; no name. Null when not stated."""
    purpose: Annotated[Line, *as_node("dpv:Purpose", "label")] | None = None
    """What the recording is for; null when not stated."""
    purpose_place: Line | None = None
    """Where the guideline says so; null when it doesn't, or the policy said it."""
    legal_basis: LegalBasis = "not-stated"
    """The ground of art. 6(1) GDPR."""
    legal_basis_place: Line | None = None
    """Where the guideline says so; null when it doesn't, or the policy said it."""
    recipients: tuple[Annotated[RecipientEntry, BeforeValidator(_with_its_text)], ...] = ()
    """Who may look at the output; none when not stated."""
    storage: tuple[Annotated[StorageEntry, BeforeValidator(_with_its_text)], ...] = ()
    """Where it may be kept; none when not stated."""
    keep_original: Annotated[StorageTerm, _term_of("original")] | None = None
    """Until when the recording may be kept; null when not stated."""
    keep_output: Annotated[StorageTerm, _term_of("output")] | None = None
    """Until when the output may be kept; null when not stated."""
    breach_hours: Count | None = None
    """Within how many hours a breach must be reported; null when not stated."""
    breach_contact: Line | None = None
    """The function to report it to; null when not stated."""
    breach_place: Line | None = None
    """Where the guideline says so; null when it doesn't."""
    rules: tuple[RuleEntry, ...] = ()
    """The rules of the guideline, each with its place."""
    checklist: tuple[CheckEntry, ...] = ()
    """What the guideline wants to be known first, and whether it was confirmed."""
    consents: tuple[ConsentEntry, ...] = ()
    """Whose consent was asked of the register; none when it wasn't asked."""
    shown_by_role: tuple[RoleEntry, ...] = ()
    """Lines that show somebody by role, as stated by the user; nobody's consent was asked for them."""
    human_review: HumanReview = HumanReview()
    """Whether a person watched the copy."""
    register_ref: Annotated[Line, *as_node("dpv:DataProcessingRecord", "ref")] | None = None
    """Where a register of processing (art. 30 GDPR) speaks of this; null when none does."""
    dpia_ref: Annotated[Line, *as_node("dpv:DPIA", "ref")] | None = None
    """The data protection impact assessment it falls under (art. 35 GDPR); null when not stated."""
