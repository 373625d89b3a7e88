"""Every line of every shipped profile is held against the guideline itself: the section, the item, and its words.

The guidelines are kept beside the project, not in it; without them these tests are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from avg_video.policy.profile import load_profile, profile_names
from tests.policy.lines import placed

GUIDELINES = Path(__file__).parents[2].parent / "shared" / "guidelines"
if not GUIDELINES.is_dir():
    pytest.skip("the guidelines are not beside the project", allow_module_level=True)

BULLET = r"\n[\x0c ]*(?:o|▪|•)\s"
INDENTED = r"\n (?=[A-Z])"
NUMBERED = r"\n\d\.\s"
BLANK = r"\n[ \t]*\n[ \t]*(?=\S)"


@dataclass(frozen=True)
class Guideline:
    """One text.

    Attributes
    ----------
    number: first digits of its file.
    sections: name of a section in places, and the words that it begins with, in the order of the text; more of them
        than profiles name, so that each ends where the next begins.
    items: for each kind of item in a place ("punt"), the words that its list begins after, and what begins an item.
    """

    number: str
    sections: tuple[tuple[str, str], ...]
    items: dict[str, tuple[str, str]]


_AP_1 = "Mag ik als school onder de AVG beeldmateriaal van leerlingen publiceren?"
_AP_2 = "Hoe vraag ik onder de AVG toestemming voor het publiceren van beeldmateriaal van leerlingen?"
_AP_3 = "Waar moet ik onder de AVG op letten bij het gebruik van digitale onderwijstools?"
_AP_4 = "Hoe lang mag ik onder de AVG een leerlingdossier bewaren?"

RUG = Guideline(
    "000",
    (
        ("Hoe moet ik die persoonsgegevens opslaan?", "Hoe moet ik die persoonsgegevens opslaan?"),
        ("Wie mogen persoonsgegevens allemaal inzien?", "Wie mogen persoonsgegevens allemaal inzien?"),
        ("Nog even over het filmen", "Nog even over het filmen."),
        ("Ik mag van mijn school niet filmen! Wat nu?", "Ik mag van mijn school niet filmen!"),
        ("Wat als er iets mis gaat?", "Wat als er iets mis gaat?"),
        ("Hoe zit het eigenlijk met mijn eigen persoonsgegevens?", "Hoe zit het eigenlijk met mijn eigen"),
    ),
    {},
)
ICLON = Guideline(
    "001",
    (
        ("Uitgangspunten", "Uitgangspunten"),
        ("Doelbinding en dataminimalisatie", "Doelbinding en dataminimalisatie"),
        ("Delen en gebruiken van beeld- en geluidsopnames", "Delen en gebruiken van beeld- en geluidsopnames"),
        ("Opslagbeperking en beveiliging", "Opslagbeperking en beveiliging"),
    ),
    {"punt": ("Uitgangspunten", NUMBERED)},
)
CVO = Guideline(
    "002",
    (
        ("Inleiding", "Inleiding"),
        ("Doel", "Doel "),
        ("Richtlijnen voor scholen, Opnemen videobeelden", "Opnemen videobeelden:"),
        ("Richtlijnen voor scholen, Bewaartermijn videobeelden", "Bewaartermijn videobeelden:"),
        ("Richtlijnen voor scholen, Inzet applicaties", "Inzet applicaties:"),
        ("Richtlijnen voor scholen, Toetsing", "Toetsing:"),
        ("Richtlijnen voor scholen, Informeren", "Informeren:"),
        ("Richtlijnen voor scholen, Duidelijke richtlijnen", "Duidelijke richtlijnen:"),
        ("Bijlage 1", "Bijlage 1: Richtlijnen voor online onderwijs voor docenten2"),
        ("Bijlage 1, Streamen vanuit school", "Streamen vanuit school:"),
        ("Bijlage 1, Streamen vanuit huis", "Streamen vanuit huis:"),
        ("Bijlage 1, Opnemen van een les", "Opnemen van een les:"),
        ("Bijlage 1, Camera", "Camera voor controle van presentie"),
        ("Bijlage 2", "Bijlage 2: Richtlijnen"),
        ("Bijlage 3, Streamen vanuit huis", "Streamen vanuit huis: (enkele)"),
        ("Bijlage 3, Streamen vanuit school", "Streamen vanuit school: leerlingen thuis"),
        ("Bijlage 3, Online lesbezoeken", "Online lesbezoeken"),
    ),
    {
        "richtlijn": ("gelden de volgende richtlijnen", INDENTED),
        "aandachtspunt": ("Aandachtspunten:", BULLET),
        "punt": ("Streamen vanuit school:", INDENTED),
        "vraag": ("Streamen vanuit school:", r"\nVraag:"),
    },
)
AP = Guideline(
    "003",
    (
        (_AP_1, "• Mag ik als school onder de AVG beeldmateriaal"),
        (f"{_AP_1}, Toestemming", "\n  Toestemming\n"),
        (f"{_AP_1}, Beveiligen", "\n  Beveiligen\n"),
        (f"{_AP_1}, Overige regels", "\n  Overige regels\n"),
        (_AP_2, "• Hoe vraag ik onder de AVG toestemming"),
        (f"{_AP_2}, Waar moet de toestemming aan voldoen?", "\n  Waar moet de toestemming aan voldoen?\n"),
        (_AP_3, "• Waar moet ik onder de AVG op letten"),
        (f"{_AP_3}, Belangrijke regels om op te letten", "\n  Belangrijke regels om op te letten\n"),
        ("Wat betekent de AVG voor leerlingdossiers?", "• Wat betekent de AVG voor leerlingdossiers?"),
        (_AP_4, "• Hoe lang mag ik onder de AVG een leerlingdossier bewaren?"),
        (f"{_AP_4}, Voorbeelden van langere bewaartermijnen", "\n  Voorbeelden van langere bewaartermijnen\n"),
        (f"{_AP_4}, Adresgegevens voor reünies", "\n  Adresgegevens voor reünies\n"),
    ),
    {"punt": ("", BULLET), "par": ("", BLANK)},
)
AERES = Guideline(
    "004",
    (
        ("Memo, openingsalinea", "Vanwege Corona"),
        ("Richtlijn, punt 1", "\n1. Opnames waarin"),
        ("Richtlijn, punt 2", "\n2. Streamen van"),
        ("Richtlijn, punt 3", "\n3. Opnames en of streams"),
        ("Richtlijn, punt 4", "\n4. Opnames van een docent"),
    ),
    {"voorwaarde": ("Voorwaarden", BULLET), "onderdeel": ("in de wetenschap dat:", BULLET)},
)

WORDS: dict[str, tuple[Guideline, dict[str, str]]] = {
    "rug": (
        RUG,
        {
            "places.purpose": "voor het opleiden van leraren",
            "places.objection": "bezwaar maken tegen het filmen",
            "recipients.0": "Alleen jij en je begeleiders",
            "recipients.1": "de directie, examencommissie en leden",
            "storage.0": "Videobeelden moet je ook uploaden via Brightspace",
            "retention.original": "uiterlijk binnen 4 weken",
            "retention.output": "verwijderen van je gegevensdrager",
            "retention.more.0": "vernietigd na afronding van een vak",
            "retention.more.1": "wettelijke bewaartermijn van 7 jaar",
            "breach": "binnen 24 uur",
            "checklist.informed": "altijd checken bij de schoolopleider",
            "rules.0": "wel geïnformeerd worden over de reden",
            "rules.1": "achterin de klas buiten beeld",
            "rules.2": "persoonsgegevens dus niet met derden",
            "rules.3": "meld dit dan op tijd",
        },
    ),
    "iclon": (
        ICLON,
        {
            "places.purpose": "alleen in het kader van opdrachten",
            "adapted": "OSH, NOD Haaglanden en HOS",
            "storage.0": "uitsluitend in het gesloten systeem iRIS Connect",
            "retention.original": "in principe na zes maanden gewist",
            "retention.output": "uiterlijk nadat de leraar-in-opleiding",
            "breach": "uiterlijk binnen 24 uur na constatering",
            "checklist.needed": "noodzakelijk is voor de lespraktijk",
            "checklist.school-rule": "is een aangepaste",
            "checklist.steps": "Stappenplan beeld- en geluidsopnames",
            "checklist.consent": "overleggen met zijn/haar supervisor",
            "rules.0": "taken ten behoeve van de opleiding",
            "rules.1": "nooit langer bewaard dan nodig",
            "rules.2": "zonder uitdrukkelijke toestemming te kopiëren",
            "rules.3": "dragen er gezamenlijk zorg voor",
        },
    ),
    "cvo": (
        CVO,
        {
            "places.audio": "te zien en te horen zijn",
            "places.legal_basis": "grondslag 5 van de wet AVG",
            "places.needs_consent": "Je hebt toestemming nodig van leerlingen",
            "places.no_consent_of": "De docent komt alleen in beeld",
            "places.objection": "recht om bezwaar te maken",
            "recipients.0": "alleen geautoriseerd personeel van de school",
            "recipients.1": "alleen mogen bekijken voor hun schoolwerk",
            "storage.0": "de ELO of Microsoft Office 365",
            "storage.1": "gebruik van een usb-stick",
            "storage.2": "via een publieke link of YouTube",
            "retention.original": "niet langer dan nodig is",
            "retention.output": "niet langer dan nodig is",
            "retention.more.0": "na de identiteitscontrole direct te worden verwijderd",
            "checklist.told-purpose": "Vertel vooraf aan de leerlingen",
            "checklist.told-viewers": "Vertel wie toegang heeft",
            "checklist.informed": "recht om bezwaar te maken",
            "rules.0": "leerlingen uit beeld laten en vragen",
            "rules.1": "Geef leerlingen de kans",
            "rules.2": "Start de opname dus pas na",
            "rules.3": "hun stem uitzenden mag wel",
            "rules.4": "de overeenkomst die is gesloten tussen",
            "rules.5": "hiervoor een aparte instructievideo te maken",
            "rules.6": "niet mogen opslaan, bewerken, delen",
        },
    ),
    "ap": (
        AP,
        {
            "places.purpose": "publiceren van beeldmateriaal van leerlingen",
            "places.legal_basis": "toestemming nodig voor het publiceren",
            "places.needs_consent": "zelf toestemming geven",
            "retention.more.0": "2 jaar mag bewaren nadat",
            "retention.more.1": "5 jaar moet bewaren nadat",
            "retention.more.2": "3 jaar na het vertrek",
            "retention.more.3": "minstens 6 maanden moet bewaren",
            "checklist.consent-free": "vrij en niet onder druk",
            "checklist.consent-unambiguous": "toestemming moet ondubbelzinnig zijn",
            "checklist.consent-specific": "een specifieke verwerking en een specifiek doel",
            "checklist.consent-provable": "tonen dat u geldige toestemming",
            "checklist.withdrawal": "toestemming weer in te trekken",
            "checklist.secured": "de beelden beveiligt tegen misbruik",
            "rules.0": "herkenbaar in beeld zijn, zijn persoonsgegevens",
            "rules.1": "Is de leerling jonger dan 16",
            "rules.2": "per activiteit aan bovenstaande drie voorwaarden",
            "rules.3": "portal moet dan wel met https",
            "rules.4": "gegevens met een hoog privacyrisico",
            "rules.5": "u toestemming moet hebben",
        },
    ),
    "aeres-1": (
        AERES,
        {
            "places.purpose": "om het studieresultaat te kunnen beoordelen",
            "places.legal_basis": "Grondslag hiervoor is de wettelijke taak",
            "recipients.0": "bespreken in intervisie groepen",
            "retention.original": "2 jaar na diplomering",
            "retention.output": "niet langer bewaard dan wettelijk nodig",
            "checklist.needed": "nodig zijn om het studieresultaat",
            "checklist.context": "in de context waarin het bedoeld is",
            "checklist.closed": "niet toegankelijk voor (overige) derden",
            "checklist.safe": "worden veilig beheerd",
            "rules.0": "duidelijk herkenbaar zijn (in beeld of geluid)",
        },
    ),
    "aeres-2": (
        AERES,
        {
            "places.purpose": "om afstandsonderwijs mogelijk te maken",
            "places.legal_basis": "Grondslag hiervoor is het gerechtvaardigd belang",
            "places.objection": "die hier bezwaar tegen hebben",
            "recipients.0": "alleen toegankelijk is voor de specifieke betrokkenen",
            "retention.original": "aan het eind van het schooljaar",
            "retention.output": "niet langer bewaard worden dan wettelijk",
            "checklist.objectors-online": "de les zelf ook online te volgen",
            "checklist.not-singled-out": "niet onnodig specifiek in beeld",
            "checklist.closed": "alleen toegankelijk is voor",
            "checklist.safe": "veilig worden beheerd",
            "rules.0": "doorgang van het onderwijs zwaarder weegt",
            "rules.1": "zo normaal mogelijke weergave",
        },
    ),
    "aeres-3": (
        AERES,
        {
            "places.audio": "herkenbaar zijn in opnames (geluid en/of beeld)",
            "places.legal_basis": "toestemming is van de betrokkenen",
            "places.needs_consent": "alleen toegestaan wanneer hiervoor toestemming",
            "checklist.consent-provable": "aantoonbaar toestemming gegeven",
            "checklist.consent-specific": "voor een specifiek doel gevraagd en gegeven",
            "rules.0": "breder dan klas/lesgroep/intervisie groep/leerjaar",
            "rules.1": "rekening wordt gehouden met proportionaliteit",
            "rules.2": "aanvullende toestemming nodig",
        },
    ),
    "aeres-4": (
        AERES,
        {
            "places.purpose": "die hij gebruikt voor zijn lessen",
            "places.legal_basis": "geeft daarmee toestemming",
            "places.needs_consent": "toestemming vragen aan eventuele betrokkenen",
            "places.no_consent_of": "De docent kiest hier zelf bewust",
            "recipients.0": "bepaalt zelf de omvang van de doelgroep",
            "retention.original": "naar inschatting van de docent",
            "retention.output": "naar inschatting van de docent",
            "retention.more.0": "specifieke content 2 jaar",
            "checklist.own-choice": "De docent kiest hier zelf bewust",
            "checklist.involved-asked": "nog steeds toestemming vragen",
            "rules.0": "zijn lessen zijn toegestaan",
            "rules.1": "kan docenten niet worden verplicht",
            "rules.2": "die hij bewust in de stream",
        },
    ),
}
"""For each line of each profile, a few words of the guideline that it rests on."""


def pattern(words: str) -> str:
    """Words, however the text breaks its lines."""
    return r"\s+".join(re.escape(word) for word in words.split())


def section_of(guideline: Guideline, place: str) -> str:
    """The raw text of the section that a place names."""
    (file,) = GUIDELINES.glob(f"{guideline.number}_*.txt")
    text, at, starts = file.read_text(encoding="utf-8"), 0, []
    for name, begin in guideline.sections:
        at = text.index(begin, at)
        starts.append((name, at))
    named = max((name for name, _ in starts if place.startswith(name)), key=len)
    k = next(i for i, (name, _) in enumerate(starts) if name == named)
    return text[starts[k][1] : starts[k + 1][1] if k + 1 < len(starts) else len(text)]


def test_every_profile_is_held_against_its_guideline() -> None:
    assert set(WORDS) == set(profile_names())


@pytest.mark.parametrize("name", WORDS)
def test_every_line_rests_on_words_of_its_guideline(name: str) -> None:
    guideline, words = WORDS[name]
    lines = dict(placed(load_profile(name)))
    assert set(lines) == set(words)
    wrong = {}
    for key, place in lines.items():
        if re.search(pattern(words[key]), section_of(guideline, place)) is None:
            wrong[key] = (place, words[key])
    assert wrong == {}


@pytest.mark.parametrize("name", WORDS)
def test_every_numbered_place_has_the_right_number(name: str) -> None:
    guideline, words = WORDS[name]
    wrong, looked = {}, 0
    for key, place in placed(load_profile(name)):
        rest = place.removeprefix(max((n for n, _ in guideline.sections if place.startswith(n)), key=len))
        item = re.search(r"(punt|vraag|voorwaarde|onderdeel|onderdelen|richtlijn|aandachtspunt|par)\.? (\d+)", rest)
        kind = "" if item is None else item[1].replace("onderdelen", "onderdeel")
        if item is None or kind not in guideline.items:
            continue
        after, begins = guideline.items[kind]
        section = section_of(guideline, place)
        found = re.search(pattern(words[key]), section)
        start = re.search(pattern(after), section)
        assert found is not None
        assert start is not None
        looked += 1
        if len(re.findall(begins, section[start.start() : found.end()])) != int(item[2]):
            wrong[key] = place
    assert wrong == {}
    assert looked or name == "rug", "nothing was held against the text"


def test_addresses_and_hours_for_a_breach_stand_in_the_guideline() -> None:
    for name in ("rug", "iclon"):
        breach = load_profile(name).breach
        assert breach is not None
        assert breach.contact is not None
        section = section_of(WORDS[name][0], breach.place)
        assert breach.contact in section
        assert f"{breach.hours} uur" in section
