"""Files are checked against the ISO 20022 schemas that `sepaxml` ships, by libxml2: large ones take no minute."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sepaxml
from lxml import etree

from pipelines.billing.bank.errors import BankError


@cache
def _schema(name: str) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.XMLSchema(etree.parse(Path(sepaxml.__file__).parent / "schemas" / f"{name}.xsd", parser))


def checked(xml: bytes, name: str) -> bytes:
    """`xml` as it is; `BankError` where the schema `name` (e.g. pain.008.001.08) does not allow it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    schema = _schema(name)
    if not schema.validate(etree.fromstring(xml, parser)):
        first = schema.error_log[0]
        raise BankError(f"The bank's schema {name} does not allow the file (line {first.line}: {first.message}).")
    return xml
