"""Fixed words of the register as people read them."""

from __future__ import annotations

from avg_video.language import tr, trn
from avg_video.register.deadlines import Term

__all__ = ["basis_text", "event_text", "standing_text", "state_text", "term_text"]


def event_text(event: str) -> str:
    """What a storage term runs from."""
    return {
        "recording": tr("the recording"),
        "upload": tr("the upload"),
        "course-end": tr("the end of the course"),
        "study-end": tr("the end of the study"),
        "school-year-end": tr("the end of the school year"),
        "graduation": tr("the graduation"),
        "purpose-end": tr("the end of the purpose"),
        "leaving-school": tr("the pupil leaving school"),
        "assessment": tr("the assessment"),
    }.get(event, event)


def term_text(term: Term) -> str:
    """A storage term in short: "4 weeks after the upload"."""
    event, n = event_text(term.after), term.amount
    if n == 0:
        return tr("until {event}", event=event)
    if term.unit == "days":
        return trn("{n} day after {event}", "{n} days after {event}", n, event=event)
    if term.unit == "weeks":
        return trn("{n} week after {event}", "{n} weeks after {event}", n, event=event)
    if term.unit == "months":
        return trn("{n} month after {event}", "{n} months after {event}", n, event=event)
    return trn("{n} year after {event}", "{n} years after {event}", n, event=event)


def basis_text(word: str | None) -> str | None:
    """A legal basis with its place in the law; None for none."""
    return {
        "consent": tr("consent (art. 6(1)(a) GDPR)"),
        "legal-obligation": tr("legal obligation (art. 6(1)(c) GDPR)"),
        "public-task": tr("public task (art. 6(1)(e) GDPR)"),
        "legitimate-interest": tr("legitimate interest (art. 6(1)(f) GDPR)"),
    }.get(word or "")


def standing_text(word: str) -> str:
    """How a consent stands."""
    return {
        "given": tr("given"),
        "refused": tr("refused"),
        "withdrawn": tr("withdrawn"),
        "expired": tr("expired"),
        "unknown": tr("not known"),
        "invalid": tr("not valid"),
    }.get(word, word)


def state_text(word: str) -> str:
    """How a copy stands."""
    return {
        "kept": tr("kept"),
        "make-again": tr("make again or delete"),
        "replaced": tr("replaced"),
        "deleted": tr("deleted"),
    }.get(word, word)
