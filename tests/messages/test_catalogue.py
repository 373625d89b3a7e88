"""Every language says everything: nothing missing, nothing left over, every placeholder kept, and compiled as kept."""

from __future__ import annotations

import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from avg_video.language import DOMAIN, LANGUAGES
from tests.messages.__main__ import compiled, load, po_path, written
from tests.messages.extract import NotALiteral, from_python, template

OTHERS = [language for language in LANGUAGES if language != "en"]
HOLE = re.compile(r"\{[^{}]*\}")


@pytest.fixture(scope="module")
def said() -> Catalog:
    return template()


def texts(message: Message) -> list[tuple[str, str]]:
    """Each English text with its translation; one pair, or two for a plural."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(str(message.id), str(message.string))]


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


@pytest.mark.parametrize("language", OTHERS)
def test_it_holds_every_text_and_no_other(language: str, said: Catalog) -> None:
    wanted, kept = ({message.id for message in messages(catalog)} for catalog in (said, load(language)))
    assert len(wanted) > 1000, "the code was not read"
    remedy = "run python -m tests.messages and translate"
    assert wanted - kept == set(), f"not in the catalogue: {remedy}"
    assert kept - wanted == set(), f"no longer in the code: {remedy}"


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_empty_fuzzy_or_of_another_shape(language: str) -> None:
    catalog = load(language)
    assert not catalog.obsolete
    for message in messages(catalog):
        assert not message.fuzzy, message.id
        for english, other in texts(message):
            assert other.strip(), english
            # Spaces at the ends align columns; a text that ends like a sentence is one in every language.
            for edge in (re.compile(r"\A\s*"), re.compile(r"\s*\Z")):
                assert edge.findall(english)[0] == edge.findall(other)[0], english
            if not english.endswith("..."):
                assert english.endswith(".") == other.endswith("."), english


@pytest.mark.parametrize("language", OTHERS)
def test_every_placeholder_is_kept_and_can_be_filled(language: str) -> None:
    for message in messages(load(language)):
        for english, other in texts(message):
            assert set(HOLE.findall(english)) == set(HOLE.findall(other)), english
            assert len(HOLE.findall(other)) <= len(HOLE.findall(english)) + 1, other


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_one_is_made_of_the_kept_one(language: str) -> None:
    path = po_path(language)
    kept = load(language)
    assert path.read_bytes() == written(load(language)), "run python -m tests.messages"
    fresh = gettext.GNUTranslations(io.BytesIO(compiled(load(language))))
    shipped = gettext.GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes()))
    for message in messages(kept):
        for n in (1, 2):
            if isinstance(message.id, tuple):
                one, many = message.id
                assert shipped.ngettext(one, many, n) == fresh.ngettext(one, many, n) == message.string[n - 1]
            else:
                assert shipped.gettext(message.id) == fresh.gettext(message.id) == message.string
    assert path.stem == DOMAIN


def found_in(code: str) -> list[str | tuple[str, ...]]:
    return [text for _, _, text, _ in from_python(io.BytesIO(code.encode()), None, None, None)]


def test_the_reader_finds_texts_wherever_they_stand() -> None:
    assert found_in('tr("a {b}", b=tr("c"))') == ["a {b}", "c"]
    assert found_in("""f'x {tr("in a string")}'""") == ["in a string"]
    assert found_in('tr("yes" if good else "no")') == ["yes", "no"]
    assert found_in('trn("one", "many", n)') == [("one", "many")]
    assert found_in('mark(\n    "two "\n    "parts"\n)') == ["two parts"]
    assert found_in("tr(text)") == []
    assert found_in('@click.command(cls=Command)\ndef look():\n    """Help.\n\n    More.\n    """') == [
        "Help.\n\nMore."
    ]
    assert found_in('def look():\n    """Not shown."""') == []


@pytest.mark.parametrize("code", ['tr(f"a {b}")', 'mark("a" + b)', 'trn("one", f"{n} many", n)'])
def test_a_text_that_is_put_together_is_refused(code: str) -> None:
    with pytest.raises(NotALiteral):
        found_in(code)


def test_the_catalogues_travel_with_the_package() -> None:
    ignored = (Path(__file__).parents[2] / ".gitignore").read_text(encoding="utf-8").split()
    assert not {"*.mo", "*.po", "locale/"} & set(ignored), "the wheel would lack them"
    for language in OTHERS:
        assert po_path(language).with_suffix(".mo").is_file()
