"""The Factur-X entry in a PDF's XMP metadata, which typst cannot write (typst issue 5667).

It is appended as an incremental update (ISO 32000-1, 7.5.6): all bytes that typst wrote stay as they are, and a new
version of the one metadata object, with its own cross-reference section, follows them.
Source: Factur-X 1.08 technical appendix, "XMP extension schema"; ISO 19005-3, 6.6.2.
"""

from __future__ import annotations

import re

_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_LEVEL = "EN 16931"
_PROPERTIES = {
    "DocumentFileName": "name of the embedded XML document",
    "DocumentType": "type of the hybrid document: INVOICE",
    "Version": "version of the standard that the XML document follows",
    "ConformanceLevel": "profile of the XML document",
}
_METADATA = re.compile(
    rb"\n(\d+) 0 obj\n<</Length \d+/Type/Metadata/Subtype/XML>>\nstream\n(.*?)\nendstream\nendobj\n", re.DOTALL
)
_TRAILER = re.compile(rb"\ntrailer\n<<(.*)>>\nstartxref\n(\d+)\n%%EOF\s*$", re.DOTALL)
_SCHEMAS_END = b"</rdf:Bag></pdfaExtension:schemas>"
_DESCRIPTION_END = b"</rdf:Description></rdf:RDF>"


class PdfUnexpected(RuntimeError):
    """A PDF that is not laid out as typst's are: this version of typst was not tried with it."""


def with_factur_x(pdf: bytes, xml_name: str) -> bytes:
    """`pdf` (as typst writes PDF/A) with metadata that name the attached `xml_name` a Factur-X invoice."""
    found, trailer = _METADATA.search(pdf), _TRAILER.search(pdf)
    if found is None or trailer is None:
        raise PdfUnexpected("no plain XMP metadata, or no plain trailer")
    metadata = found[2]
    if metadata.count(_SCHEMAS_END) != 1 or metadata.count(_DESCRIPTION_END) != 1:
        raise PdfUnexpected("XMP metadata without an extension schema")
    metadata = metadata.replace(_SCHEMAS_END, _schema() + _SCHEMAS_END)
    metadata = metadata.replace(_DESCRIPTION_END, b"</rdf:Description>" + _entry(xml_name) + b"</rdf:RDF>")
    body = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    number = int(found[1])
    head = b"%d 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n" % (number, len(metadata))
    changed = head + metadata + b"\nendstream\nendobj\n"
    # Some readers take a section that does not begin with object 0 for a mistake.
    section = b"xref\n0 1\n0000000000 65535 f\r\n%d 1\n%010d 00000 n\r\n" % (number, len(body))
    ending = b"trailer\n<<%b/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (trailer[1], int(trailer[2]), len(body + changed))
    return body + changed + section + ending


def _schema() -> bytes:
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description>"
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, description in _PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    ).encode()


def _entry(xml_name: str) -> bytes:
    return (
        f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">'
        "<fx:DocumentType>INVOICE</fx:DocumentType>"
        f"<fx:DocumentFileName>{xml_name}</fx:DocumentFileName>"
        "<fx:Version>1.0</fx:Version>"
        f"<fx:ConformanceLevel>{_LEVEL}</fx:ConformanceLevel></rdf:Description>"
    ).encode()
