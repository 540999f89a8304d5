"""The document as PDF/A-3b, with its Factur-X invoice inside where EN 16931 can say it.

typst sets the page (`invoice.typ`) in Noto fonts that come as Python packages; fonts of the machine are never used, so
the same document gives the same bytes everywhere. More scripts are a matter of installing `fontpkg-noto-sans-…`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, Literal

import fontpkg
import typst

from pipelines.billing.documents import xmp
from pipelines.billing.documents.check import check, require
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.page import draft_page_of, page_of
from pipelines.billing.documents.structured import possible
from warehouse.errors import InputError

_MAIN_FAMILY = "Noto Sans"
_UNKNOWN_TEXT = re.compile(r'the text `"(.+?)"` could not be displayed')
# What a Factur-X reader looks for; the technical appendix wants just this name.
XML_NAME = "factur-x.xml"


class Unprintable(InputError):
    """A text of the document has characters that no installed font has. `characters` are they."""

    def __init__(self, number: str, characters: tuple[str, ...]) -> None:
        super().__init__(
            f"Document {number} cannot be printed: no font has {' '.join(characters)}. "
            "Install the Noto font package of that script (fontpkg-noto-sans-…), or write the text in another one."
        )
        self.number, self.characters = number, characters


@dataclass(frozen=True, slots=True)
class Look:
    """What an operator may choose: the colour of headings (#rrggbb) and a logo (SVG text) instead of the name."""

    accent: str = "#0b5d4e"
    logo: str = ""


def to_pdf(document: Document, look: Look = Look()) -> bytes:
    """PDF/A-3b bytes, the same for the same document, look and fonts.

    Raises `DocumentIncomplete` where `check` finds a fault, `Unprintable`.
    """
    require(document)
    xml = to_cii(document) if possible(document) else b""
    pages = _compiled(document, page_of(document), look, xml, "pdf")
    return xmp.with_factur_x(pages[0], XML_NAME) if xml else pages[0]


def to_pngs(document: Document, look: Look = Look(), *, ppi: float = 144) -> list[bytes]:
    """A picture of each page, for previews. Raises as `to_pdf` does."""
    require(document)
    return _compiled(document, page_of(document), look, b"", "png", ppi)


def to_draft(document: Document, look: Look = Look()) -> bytes:
    """PDF of a document that is yet to be issued, for people to look over: marked, without number, code and XML.

    A missing due date is no fault of a draft. Raises as `to_pdf` does for other faults.
    """
    draft = replace(document, number="")
    if faults := tuple(fault for fault in check(draft) if fault.place not in ("number", "due_date")):
        raise DocumentIncomplete("", faults)
    return _compiled(draft, draft_page_of(draft), look, b"", "pdf")[0]


def _compiled(
    document: Document,
    page: dict[str, Any],
    look: Look,
    xml: bytes,
    form: Literal["pdf", "png"],
    ppi: float | None = None,
) -> list[bytes]:
    inputs = {
        "page": json.dumps(page, ensure_ascii=False),
        "fonts": json.dumps([_MAIN_FAMILY, *(name for name in _families() if name != _MAIN_FAMILY)]),
        "accent": look.accent,
        "logo": look.logo,
        "xml": xml.decode(),
    }
    issued = datetime(document.issue_date.year, document.issue_date.month, document.issue_date.day, tzinfo=UTC)
    try:
        made = typst.Compiler(font_paths=_fonts()).compile(
            _template(),
            format=form,
            ppi=ppi,
            sys_inputs=inputs,
            pdf_standards="a-3b" if form == "pdf" else [],
            timestamp=int(issued.timestamp()),
        )
    except typst.TypstError as error:
        if characters := tuple(dict.fromkeys(_UNKNOWN_TEXT.findall(error.diagnostic))):
            raise Unprintable(document.number, characters) from error
        raise
    return made if isinstance(made, list) else [made or b""]


@cache
def _template() -> bytes:
    return resources.files(__package__).joinpath("invoice.typ").read_bytes()


@cache
def _families() -> tuple[str, ...]:
    """Installed font packages of the Noto Sans family, by name."""
    return tuple(sorted(family.name for family in fontpkg.families().values() if family.name.startswith(_MAIN_FAMILY)))


@cache
def _fonts() -> typst.Fonts:
    folders = sorted({file.path.parent for name in _families() for file in fontpkg.family(name).files})
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
