"""The report for people: it stands alone, can't be broken out of, and says what the record says."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator, Sequence

import pytest
from jinja2 import nodes

from avg_video import language
from avg_video.errors import printable
from avg_video.record.model import HumanReview, ProcessingEntry, Record, RuleEntry, SoundEntry
from avg_video.record.report import TEMPLATE, _template_environment, report_html
from tests.record import report_samples as samples
from tests.record.page import Page, faults

PAGES: dict[str, Sequence[Record]] = {
    "lesson": [samples.lesson()],
    "publication": [samples.publication()],
    "crowd": [samples.crowd()],
    "photo": [samples.photo()],
    "empty": [samples.empty()],
    "batch": samples.batch(),
    "mixed-batch": [samples.lesson(1), samples.photo(), samples.empty(), samples.crowd()],
    "hostile": [samples.hostile()],
}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    language.use("en")
    yield
    language.use("en")


@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_stands_alone_and_can_be_read_aloud(name: str, spoken: str) -> None:
    html = report_html(PAGES[name], spoken)
    assert faults(html) == []
    assert Page(html).all("html") == [{"lang": spoken}]


@pytest.mark.parametrize(
    ("hole", "found"),
    [
        ('<script src="https://example.org/x.js"></script>', "<script> has no place here"),
        ('<img src="x.png">', "<img> has no place here"),
        ('<p style="color:red">x</p>', "<p style> has no place here"),
        ('<p onclick="x()">x</p>', "<p onclick> has no place here"),
        ('<a href="https://example.org">x</a>', "<a> leads to https://example.org"),
        ('<a href="#nowhere">x</a>', "<a> points at nowhere, which is not there"),
        ('<section aria-labelledby="nowhere"></section>', "<section> points at nowhere, which is not there"),
        ('<p id="r1-made">x</p>', "id r1-made 2 times"),
        ("<p>\u202ex</p>", "character 0x202e"),
        ("<h3>x</h3></main>", "</main> closes something else"),
    ],
)
def test_the_reader_of_pages_finds_what_is_wrong(hole: str, found: str) -> None:
    html = report_html(PAGES["lesson"], "en").replace("</footer>", f"{hole}</footer>")
    assert any(found in fault for fault in faults(html)), faults(html)


def test_style_that_is_not_the_one_of_the_policy_is_found() -> None:
    html = report_html(PAGES["lesson"], "en").replace("<style>", "<style>p { color: url(x) }")
    assert {fault.split(":")[0] for fault in faults(html)} == {"style", "content security policy"}


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_hostile_text_changes_no_element_of_the_page(spoken: str) -> None:
    hostile, tame = Page(report_html([samples.hostile()], spoken)), Page(report_html([samples.hostile("tame")], spoken))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in tame.elements]
    for (tag, attributes), (_, others) in zip(hostile.elements, tame.elements, strict=True):
        assert attributes == others, tag
    assert hostile.said.count(printable(samples.HOSTILE)) == tame.said.count("tame") > 15


def test_text_of_a_record_is_no_part_of_the_writing_around_it() -> None:
    html = report_html([samples.hostile("\u202e שלום")], "en")
    assert "\u202e" not in html
    assert all(tag in ("bdi",) for tag, text in Page(html).texts if "שלום" in text)


def test_language_is_that_asked_for_and_the_one_before_comes_back() -> None:
    assert '<html lang="nl">' in report_html(PAGES["photo"], "nl")
    assert language.active() == "en"
    language.use("nl")
    assert '<html lang="nl">' in report_html(PAGES["photo"])
    assert '<html lang="en">' in report_html(PAGES["photo"], "en")
    assert language.active() == "nl"


def test_no_records_and_an_unknown_language_are_refused() -> None:
    with pytest.raises(ValueError, match="records"):
        report_html([])
    with pytest.raises(ValueError, match="language"):
        report_html(PAGES["photo"], "fr")
    assert language.active() == "en"


def test_same_records_give_the_same_page() -> None:
    assert report_html(PAGES["crowd"], "nl") == report_html([samples.crowd()], "nl")


def test_texts_in_another_language_say_which() -> None:
    rule = samples.stated().rules[0].text
    assert f'<bdi lang="nl">{rule}</bdi>' in report_html([samples.lesson()], "en")
    assert f"<bdi>{rule}</bdi>" in report_html([samples.lesson()], "nl")


OWN_WORDS = "avg blur UTC november MB kB Python PyAV FFmpeg ONNX Runtime OpenCV NumPy"
"""Names and units, which are the same in both languages."""


def test_lines_of_the_program_are_translated_and_words_of_people_are_not() -> None:
    record = samples.photo(processing=samples.stated(controller="Photo", recipients=("Summary",)))
    said = Page(report_html([record], "nl")).said
    assert "reflections in windows and mirrors" not in said
    assert "spiegelingen in ramen en spiegels" in said
    assert '<bdi lang="en">Photo</bdi>' in report_html([record], "nl")
    assert '<bdi lang="en">Summary</bdi>' in report_html([record], "nl")


class _Bracketed(gettext.NullTranslations):
    """A language in which every translated text stands between brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


@pytest.mark.parametrize("name", ["lesson", "publication", "crowd", "photo", "empty", "batch"])
def test_every_word_of_the_page_goes_through_the_catalogue(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_load", lambda spoken: _Bracketed())
    records = PAGES[name]
    page = Page(report_html(records, "nl"))
    left = page.said
    while "⟦" in left:
        shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", left)
        assert shorter != left, "brackets that don't close"
        left = shorter
    words = set(re.findall(r"[^\W\d_]{2,}", left))
    from_records = set(re.findall(r"[^\W\d_]{2,}", " ".join(record.model_dump_json() for record in records)))
    assert words <= {*OWN_WORDS.split(), *from_records}
    assert page.said.count("⟦") > 40


def test_texts_of_the_template_are_literals_so_that_the_extractor_finds_them() -> None:
    environment = _template_environment()
    source = environment.loader.get_source(environment, TEMPLATE)[0] if environment.loader else ""
    calls = [
        call
        for call in environment.parse(source).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in ("tr", "trn")
    ]
    assert len(calls) > 80
    for call in calls:
        texts = call.args[: 1 if isinstance(call.node, nodes.Name) and call.node.name == "tr" else 2]
        assert all(isinstance(text, nodes.Const) and isinstance(text.value, str) for text in texts), call.lineno


def attention(record: Record) -> list[str]:
    """The list of what to do before the copy is used, as the page says it."""
    html = report_html([record], "en")
    box = html[html.index('<div class="status') : html.index('<dl class="glance')]
    items = re.findall(r"<li>(.*?)</li>", box)
    return [re.sub(r"<[^>]+>", "", item) for item in items]


def test_before_use_lists_everything_that_a_person_must_know() -> None:
    record = samples.publication(
        output=samples.copy(1, frames=291, seconds=58.2, style="blur", sound=SoundEntry(kept=True, muted_seconds=1.5)),
        warnings=("first", "second"),
    )
    assert attention(record) == [
        "first",
        "second",
        "1 point of the checklist is not confirmed.",
        "For 1 token there is no valid consent: L06.",
        "The covers are computed from the faces, and software can sometimes see through them.",
        "The sound was kept: a voice tells who someone is.",
    ]
    assert attention(samples.crowd()) == [
        "Nobody has confirmed that they watched the copy. Watch it before you pass it on.",
        "It is not stated on which legal basis the pictures are used.",
    ]


def test_before_use_says_nothing_twice() -> None:
    told = ("not confirmed of the checklist of rug: objections-asked", "the consent of L06 was withdrawn")
    assert attention(samples.publication(warnings=told)) == list(told)
    half = ("not confirmed: objections-asked-for, in part", "the consent of L060 was withdrawn")
    assert attention(samples.publication(warnings=half)) == [
        *half,
        "1 point of the checklist is not confirmed.",
        "For 1 token there is no valid consent: L06.",
    ]


def test_nothing_to_do_has_no_list() -> None:
    done = samples.stated(checklist=(), human_review=HumanReview(done=True, all=True))
    html = report_html([samples.lesson(processing=done)], "en")
    assert "Before you use the copy" not in html
    assert "Made and checked." in html


def test_a_person_must_look_is_said_at_the_top() -> None:
    said = Page(report_html([samples.empty()], "en")).said
    assert said.index("a person must look before it is used") < said.index("What was done")


def test_what_nobody_stated_is_said_to_be_missing_and_nothing_is_made_up() -> None:
    said = Page(report_html([samples.photo()], "en")).said
    assert "Not stated guideline, purpose, legal basis, controller, contact" in said
    assert "Delete the recording not stated Delete the copy not stated In case of a breach not stated" in said
    for made_up in ("GDPR art.", "consent (", "hours", "Checklist"):
        assert made_up not in said


def test_everything_stated_stands_on_the_page() -> None:
    record = samples.lesson()
    stated, said = record.processing, Page(report_html([record], "en")).said
    for text in (
        stated.controller,
        stated.contact,
        stated.purpose,
        "public task (GDPR art. 6(1)(e))",
        *(line.text for line in stated.recipients),
        *(line.place for line in stated.recipients),
        *(line.text for line in stated.storage),
        *(line.place for line in stated.storage),
        stated.purpose_place,
        stated.legal_basis_place,
        stated.breach_place,
        "Shown by role, as stated by the user",
        *(entry.line for entry in stated.shown_by_role),
        *(entry.place for entry in stated.shown_by_role),
        "4 weeks after the upload",
        "directly after the end of the course",
        "report it within 24 hours",
        stated.breach_contact,
        stated.register_ref,
        *(rule.text for rule in stated.rules),
        *(rule.place for rule in stated.rules),
        *(check.ask for check in stated.checklist),
        record.input.sha256,
        record.output.sha256,
        str(record.run_id),
        record.settings_sha256,
        record.model.sha256,
        *record.not_checked,
    ):
        assert text is not None
        assert text in said
    assert said.count("confirmed Is ") == 2
    assert "✓" not in said, "the mark is decoration; the word says it"


def test_dutch_page_speaks_dutch() -> None:
    said = Page(report_html([samples.lesson()], "nl")).said
    for text in ("Zichtbaar", "Afgedekt", "0:00,0", "24:26,2", "20 november 2026", "4 weken na", "2.942", "812,3 MB"):
        assert text in said
    english = {"covered", "visible", "the", "and", "with", "recording", "stated", "picture", "pictures", "number"}
    assert english.isdisjoint(re.findall(r"[a-z]+", said))


def test_numbers_that_are_covered_and_visible_are_those_of_the_record() -> None:
    html = report_html([samples.crowd()], "en")
    page = Page(html)
    assert re.search(r"<dt>Covered</dt><dd>295</dd>", html)
    assert re.search(r"<dt>Visible</dt><dd>5</dd>", html)
    assert "205 numbers" in page.said
    assert "70 numbers" in page.said


def test_photo_has_a_table_and_no_timeline() -> None:
    page = Page(report_html([samples.photo()], "en"))
    assert page.all("svg") == []
    assert "visible within a consent region all the time 3\N{EN DASH}4" in page.said
    assert "silent" not in page.said


def test_a_film_of_one_picture_is_no_photo() -> None:
    record = samples.record_of((samples.stretch(1, 0.0, 0.0),), 0.04)
    assert "A de-identified copy of a recording of 0:00.0" in report_html([record], "en")


def test_batch_says_once_what_is_the_same_for_all() -> None:
    records = samples.batch(4)
    html = report_html(records, "nl")
    rule = samples.stated().rules[0].text
    assert html.count(rule) == 1
    assert html.count('<article id="r') == 4
    other = samples.stated(rules=(RuleEntry(text="een andere regel"),))
    html = report_html([*records, samples.lesson(9, processing=other)], "nl")
    assert html.count(rule) == 4
    assert html.count("een andere regel") == 1


def test_batch_lists_every_copy_with_its_state() -> None:
    records = samples.batch(3)
    page = Page(report_html(records, "en"))
    assert [a["href"] for a in page.all("a")] == ["#r1", "#r2", "#r3"]
    summary = page.said[page.said.index("Summary") : page.said.index("The same for all")]
    assert summary.count("made and checked") == 2
    assert summary.count("a person must look") == 1
    assert all(record.output.sha256[:12] in summary for record in records)


def test_a_batch_without_anything_in_common_has_no_common_part() -> None:
    other = samples.lesson(
        2,
        processing=ProcessingEntry(),
        not_checked=("something else",),
        settings_sha256="1" * 64,
        warnings=(),
    )
    assert "The same for all" not in report_html([samples.lesson(1), other], "en")
