"""`python -m tests.messages`: bring the catalogues up to date with the code, compile them, and list what they lack."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from avg_video.language import DOMAIN, LANGUAGES
from tests.messages.extract import PACKAGE, template

HEADER = """\
# What avg-blur says in {name}. The code holds the English; this file is kept by hand.
# After a change of the code or of this file: python -m tests.messages
#"""


DATED = datetime(2025, 1, 1, tzinfo=UTC)
"""Instead of the moment of writing, so that equal texts are equal bytes; the history is in the repository."""
UNSTEADY = re.compile(rb'^"(?:Project-Id|Report|POT-Cre|PO-Rev|Last-Tr|Language-Team|Generated).*\\n"\n', re.MULTILINE)
"""Lines of the head that say nothing, or another thing every time."""


def po_path(language: str) -> Path:
    """Where that language's catalogue lies; the compiled one is beside it."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def load(language: str) -> Catalog:
    """The catalogue of that language as it is kept."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def compiled(catalog: Catalog) -> bytes:
    """The bytes of the .mo file."""
    catalog.creation_date = catalog.revision_date = DATED
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def written(catalog: Catalog) -> bytes:
    """The bytes of the .po file: sorted by file, without dates and line numbers."""
    catalog.fuzzy = False
    out = BytesIO()
    write_po(out, catalog, width=110, omit_header=False, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    return UNSTEADY.sub(b"", out.getvalue())


def main() -> int:
    lacking = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        catalog = load(language)
        catalog.update(template(), no_fuzzy_matching=True)
        catalog.header_comment = HEADER.format(name=catalog.locale.english_name if catalog.locale else language)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        with path.open("rb") as file:
            path.with_suffix(".mo").write_bytes(compiled(read_po(file, locale=language, domain=DOMAIN)))
        for message in catalog:
            if message.id and not (all(message.string) if isinstance(message.string, tuple) else message.string):
                lacking += 1
                sys.stdout.write(f"{language}: no translation of {message.id!r}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
