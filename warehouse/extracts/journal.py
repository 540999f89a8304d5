"""The journal as XML, after the general ledger entries of the OECD's SAF-T: transactions with debit and credit lines.

It is no country's SAF-T (each has its own schema), but it holds what all of them ask for: transaction, date, account,
debit, credit, document, and totals. That debit and credit are equal was checked before.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree import ElementTree as ET

from warehouse.plain import for_text, instant

if TYPE_CHECKING:
    from warehouse.extracts.writing import Result


def write_journal(result: Result, file: BinaryIO) -> int:
    """Write the entries and give the number of lines."""
    request, rows = result.request, list(_rows(result))
    root = ET.Element("AuditFile")
    header = ET.SubElement(root, "Header")
    for name, text in {
        "SoftwareID": "kwhouse",
        "SelectionStartDate": request.date_from.isoformat(),
        "SelectionEndDateExclusive": request.date_to.isoformat(),
        "Snapshot": str(result.mark),
        "AsOf": instant(result.mark.until),
    }.items():
        ET.SubElement(header, name).text = text
    entries = ET.SubElement(root, "GeneralLedgerEntries")
    ET.SubElement(entries, "NumberOfEntries").text = str(len({row["transaction_id"] for row in rows}))
    ET.SubElement(entries, "TotalDebit").text = for_text(_sum(rows, "debit"))
    ET.SubElement(entries, "TotalCredit").text = for_text(_sum(rows, "credit"))
    for document_id, group in groupby(rows, key=lambda row: row["transaction_id"]):
        _transaction(entries, document_id, list(group))
    ET.indent(root)
    ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    file.write(b"\n")
    return len(rows)


def _transaction(entries: ET.Element, document_id: str, lines: list[dict[str, Any]]) -> None:
    first = lines[0]
    transaction = ET.SubElement(entries, "Transaction")
    for name, value in {
        "TransactionID": document_id,
        "Period": f"{first['booked_month']:%Y-%m}",
        "TransactionDate": first["posting_date"],
        "SourceDocumentID": first["document"],
        "SourceDocumentType": first["document_kind"],
        "OperatorID": first["operator_id"],
        "CustomerID": first["contract_id"],
        "CurrencyCode": first["currency"],
    }.items():
        ET.SubElement(transaction, name).text = for_text(value)
    for line in lines:
        element = ET.SubElement(transaction, "Line")
        ET.SubElement(element, "RecordID").text = str(line["line_no"])
        ET.SubElement(element, "AccountID").text = line["account"]
        if line["document"] is not None and line["document"] != first["document"]:
            ET.SubElement(element, "SourceDocumentID").text = line["document"]
        if line["vat_percent"] is not None:
            ET.SubElement(element, "TaxCountry").text = line["country_code"]
            ET.SubElement(element, "TaxPercentage").text = for_text(line["vat_percent"])
        side = "debit" if line["debit"] else "credit"
        ET.SubElement(element, f"{side.capitalize()}Amount").text = for_text(line[side])


def _rows(result: Result) -> Iterator[dict[str, Any]]:
    names = result.columns
    for batch in result.batches():
        for row in batch:
            yield dict(zip(names, row, strict=True))


def _sum(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((row[name] for row in rows), Decimal(0))
