"""The report for people: one self-contained page, made from records alone, in Dutch or English.

It is written for a teacher, and for the data-protection officer who asks what was done. It holds no picture, no
script, and nothing that is loaded from elsewhere; free text of a record can't become part of its markup.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from avg_video.errors import printable
from avg_video.language import active, tr, trn, use
from avg_video.record import report_words as words
from avg_video.record.model import ProcessingEntry, Record
from avg_video.record.report_timeline import Bar, Group, Tick, bars_of, groups_of, ticks_of

__all__ = ["report_html"]

TEMPLATE: Final = "report.html.j2"
PARTS: Final = ("why", "terms", "rules", "checklist", "not_checked", "tool")
"""Parts of the report that are often the same for all recordings of a batch, and are then said once."""
OF_ONE_RUN: Final = ("consents", "shown_by_role", "human_review", "register_ref")
"""What is stated of each recording by itself, and stands in its own part."""


def report_html(records: Sequence[Record], language: str | None = None) -> str:
    """The page for one record, or for those of a batch in that order.

    language: one of `language.LANGUAGES`; None is the one that is active. Texts that a record brings, such as the rules
    of a guideline, stay in the language that they were recorded in, and are marked with it.

    Raises `ValueError` for no records at all, or a language that there is no catalogue for.
    """
    if not records:
        raise ValueError("records: expected at least one")
    before = active()
    use(language or before)
    try:
        style = files("avg_video.record").joinpath("report.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
        views = [_view(record, f"r{number}", number) for number, record in enumerate(records, 1)]
        return (
            _template_environment()
            .get_template(TEMPLATE)
            .render(
                language=active(),
                style=Markup(style),
                rules=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
                views=views,
                common=replace(views[0], key="all"),
                batch=len(views) > 1,
                shared=_shared(records) if len(views) > 1 else frozenset(),
            )
        )
    finally:
        use(before)


@dataclass(frozen=True)
class _View:
    """One record, with what the page says about it worked out. Everything that is `str` here is escaped on the page."""

    key: str
    """Begins every id of its section, which keeps ids of a batch apart."""
    number: int
    record: Record
    processing: ProcessingEntry
    photo: bool
    length: str
    purpose: str | None
    missing: tuple[str, ...]
    """What nobody stated of the facts that art. 30 GDPR asks for."""
    attention: tuple[Markup | str, ...]
    hidden: tuple[str, ...]
    neighbours: tuple[str, ...]
    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    watched: tuple[Bar, ...]

    def quoted(self, text: str) -> Markup:
        """Free text of the record: harmless, apart from the direction of the writing around it, in its language."""
        return _quoted(text, self.record.language)

    def own(self, text: str) -> Markup:
        """A line of the record that this program wrote."""
        return _quoted(text, self.record.language, own=True)


def _view(record: Record, key: str, number: int) -> _View:
    photo = record.input.decoded_frames == 1 and not record.input.decoded_seconds
    length_s = max([record.input.decoded_seconds, *(person.last_s for person in record.people)])
    review = record.processing.human_review
    return _View(
        key=key,
        number=number,
        record=record,
        processing=record.processing,
        photo=photo,
        length=words.clock(record.input.decoded_seconds, tenths=record.input.decoded_seconds < 60),
        purpose=record.processing.purpose or record.policy.purpose,
        missing=tuple(_missing(record)),
        attention=tuple(_attention(record, photo=photo)),
        hidden=tuple(words.word(words.HIDDEN, kind) for kind in record.input.hidden),
        neighbours=tuple(
            f"{words.word(words.NEIGHBOURS, kind)} ({words.count(n)})"
            for kind, n in sorted((record.input.neighbours or {}).items())
        ),
        groups=groups_of(record.people, length_s or 1.0),
        ticks=() if photo or not length_s else ticks_of(length_s),
        watched=()
        if photo or not length_s
        else bars_of("watched", [(0.0, length_s)] if review.all else review.stretches_s, length_s),
    )


def _missing(record: Record) -> list[str]:
    stated = record.processing
    facts = (
        (stated.profile, tr("guideline")),
        (stated.purpose or record.policy.purpose, tr("purpose")),
        (stated.legal_basis != "not-stated", tr("legal basis")),
        (stated.controller, tr("controller")),
        (stated.contact, tr("contact")),
        (stated.operator_role, tr("role of the maker")),
        (stated.recipients, tr("who may look")),
        (stated.storage, tr("where it may be kept")),
        (stated.dpia_ref, tr("impact assessment")),
    )
    return [name for fact, name in facts if not fact]


def _attention(record: Record, *, photo: bool) -> list[Markup | str]:
    """What a person must do or know before using the copy, most pressing first."""
    processing, said = record.processing, [_quoted(line, record.language, own=True) for line in record.warnings]
    items: list[Markup | str] = [*said]
    open_checks = [check.id for check in processing.checklist if not check.confirmed]
    if not _named(open_checks, record.warnings):
        items.append(
            trn(
                "{n} point of the checklist is not confirmed.",
                "{n} points of the checklist are not confirmed.",
                len(open_checks),
            )
        )
    without = [entry.token for entry in processing.consents if entry.state != "given"]
    if not _named(without, record.warnings):
        items.append(
            trn(
                "For {n} token there is no valid consent: {tokens}.",
                "For {n} tokens there is no valid consent: {tokens}.",
                len(without),
                tokens=", ".join(printable(token) for token in without),
            )
        )
    if record.output.style in words.WEAK_STYLES:
        items.append(tr("The covers are computed from the faces, and software can sometimes see through them."))
    if record.output.sound.kept:
        items.append(tr("The sound was kept: a voice tells who someone is."))
    if not processing.human_review.done:
        items.append(
            tr("Nobody has confirmed that they looked at the copy. Look at it before you pass it on.")
            if photo
            else tr("Nobody has confirmed that they watched the copy. Watch it before you pass it on.")
        )
    if processing.legal_basis == "not-stated":
        items.append(tr("It is not stated on which legal basis the pictures are used."))
    return items


def _named(words: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the lines name all of the words already, so that nothing has to be said twice."""
    named = {part for line in lines for part in re.findall(r"[\w-]+", line)}
    return named.issuperset(words)


def _shared(records: Sequence[Record]) -> frozenset[str]:
    """Which of `PARTS` are the same in all records, and so are said once."""

    def facts(record: Record, part: str) -> object:
        stated = record.processing
        if part == "why":
            return record.policy, stated.model_copy(
                update={name: getattr(ProcessingEntry(), name) for name in OF_ONE_RUN}
            )
        if part == "terms":
            breach = (stated.breach_hours, stated.breach_contact, stated.breach_place)
            return stated.keep_original, stated.keep_output, breach
        if part == "rules":
            return stated.profile, stated.rules
        if part == "checklist":
            return stated.checklist
        if part == "not_checked":
            return record.not_checked
        return record.tool, record.model, record.settings_sha256

    first, *others = records
    return frozenset(
        part
        for part in PARTS
        if all(facts(other, part) == facts(first, part) and other.language == first.language for other in others)
    )


def _quoted(text: str, language: str, *, own: bool = False) -> Markup:
    """`own`: a line that this program wrote, which may have its translation; what people wrote stays as it is."""
    if own and language != active() and (translated := tr(text)) != text:
        text, language = translated, active()
    attribute = Markup("") if language == active() else Markup(' lang="{}"').format(language)
    return Markup("<bdi{}>{}</bdi>").format(attribute, printable(text))


@cache
def _template_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("avg_video.record", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(tr=tr, trn=trn, words=words)
    environment.filters.update(
        clock=words.clock,
        count=words.count,
        moment=words.moment,
        seconds=words.seconds,
        size=words.size,
        term=words.term,
        harmless=printable,
    )
    return environment
