"""DATEV's Buchungsstapel: EXTF header 700, category 21, format version 13; Windows-1252, CRLF, decimal comma.

Source: developer.datev.de, DATEV-Format, "Header" (31 fields) and "Buchungsstapel" (125 columns). Amounts are above
zero; S or H says on which side `Konto` stands: receivables, or what a movement of money touches beside the account
where the money is. Accounts and keys come from the declared accounts file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from warehouse.errors import QueryError
from warehouse.extracts.accounts import Datev

if TYPE_CHECKING:
    from warehouse.extracts.writing import Request, Result

_BEFORE: Final = (
    "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;"
    "Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext;Postensperre;"
    "Diverse Adressnummer;Geschäftspartnerbank;Sachverhalt;Zinssperre;Beleglink"
)
_BETWEEN: Final = (
    "KOST1 - Kostenstelle;KOST2 - Kostenstelle;Kost-Menge;EU-Land u. UStID (Bestimmung);EU-Steuersatz (Bestimmung);"
    "Abw. Versteuerungsart;Sachverhalt L+L;Funktionsergänzung L+L;BU 49 Hauptfunktionstyp;BU 49 Hauptfunktionsnummer;"
    "BU 49 Funktionsergänzung"
)
_AFTER: Final = (
    "Stück;Gewicht;Zahlweise;Forderungsart;Veranlagungsjahr;Zugeordnete Fälligkeit;Skontotyp;Auftragsnummer;"
    "Buchungstyp;USt-Schlüssel (Anzahlungen);EU-Land (Anzahlungen);Sachverhalt L+L (Anzahlungen);"
    "EU-Steuersatz (Anzahlungen);Erlöskonto (Anzahlungen);Herkunft-Kz;Buchungs GUID;KOST-Datum;"
    "SEPA-Mandatsreferenz;Skontosperre;Gesellschaftername;Beteiligtennummer;Identifikationsnummer;Zeichnernummer;"
    "Postensperre bis;Bezeichnung SoBil-Sachverhalt;Kennzeichen SoBil-Buchung;Festschreibung;Leistungsdatum;"
    "Datum Zuord. Steuerperiode;Fälligkeit;Generalumkehr (GU);Steuersatz;Land;Abrechnungsreferenz;BVV-Position;"
    "EU-Land u. UStID (Ursprung);EU-Steuersatz (Ursprung);Abw. Skontokonto"
)
# The titles as DATEV spells them, missing blanks included.
COLUMNS: Final = (
    *_BEFORE.split(";"),
    *(f"Beleginfo - {what} {n}" for n in range(1, 9) for what in ("Art", "Inhalt")),
    *_BETWEEN.split(";"),
    *(f"{what} {n}" for n in range(1, 21) for what in ("Zusatzinformation - Art", "Zusatzinformation- Inhalt")),
    *_AFTER.split(";"),
)
# What Belegfeld 1 does not take.
_NOT_IN_BELEGFELD: Final = re.compile(r"[^A-Za-z0-9$&%*+/-]")
# Columns of text, from 1: always in quotation marks, also when empty.
_TEXT: Final = frozenset(
    {2, 3, 6, 9, 11, 12, 14, 16, *range(20, 39), 40, 42, *range(48, 88)}
    | {91, 95, 96, 98, 102, 103, 105, 107, 109, 110, 112, 118, 120, 121, 123}
)


def write_datev(result: Result, file: BinaryIO) -> int:
    """Write the batch and give the number of postings. Raises `QueryError` where it cannot be one of one operator."""
    names = result.columns
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for batch in result.batches() for row in batch]
    operator_id = _only_operator(result.request, rows)
    accounts = result.chart.of(operator_id) if operator_id else None
    if accounts is None or accounts.datev is None:
        raise QueryError(
            f"DATEV needs the accounts of operator {operator_id or '(name it: --operator)'}: declare them in a file "
            "with a part `datev` and set KWHOUSE_ACCOUNTS; docs/how-to/finance.md has an example."
        )
    currencies = {row["currency"] for row in rows}
    if len(currencies) > 1:
        raise QueryError(
            f"A batch has one currency; these documents have {', '.join(sorted(currencies))}. Take `journal`."
        )
    currency = currencies.pop() if currencies else "EUR"
    created = result.mark.until.astimezone(UTC)
    stamp = f"{created:%Y%m%d%H%M%S}{created.microsecond // 1000:03}"
    lines = [_header(result.request, accounts.datev, currency, stamp), ";".join(COLUMNS)]
    lines += [_posting(row) for row in rows]
    file.write(("\r\n".join(lines) + "\r\n").encode("cp1252", "replace"))
    return len(rows)


def _only_operator(request: Request, rows: list[dict[str, Any]]) -> str | None:
    found = {row["operator_id"] for row in rows} | ({request.operator} if request.operator else set())
    if len(found) > 1:
        raise QueryError(f"A batch is of one operator; name it with --operator: {', '.join(sorted(found))}.")
    return found.pop() if found else None


def _header(request: Request, datev: Datev, currency: str, stamp: str) -> str:
    first, last = request.date_from, request.date_to - timedelta(days=1)
    begin = _year_begin(first, datev.year_begins)
    if last >= date(begin.year + 1, begin.month, 1):
        raise QueryError(f"A batch lies within one business year: the one of {first} began on {begin}.")
    fields = (
        *(_quoted("EXTF"), "700", "21", _quoted("Buchungsstapel"), "13", stamp, ""),
        *(_quoted("KW"), _quoted("kwhouse"), _quoted("")),
        *(str(datev.consultant), str(datev.client), f"{begin:%Y%m%d}", str(datev.account_length)),
        *(f"{first:%Y%m%d}", f"{last:%Y%m%d}", _quoted(f"kwhouse {first:%Y-%m}"), _quoted("")),
        # Financial accounting, for no particular accounting purpose, not fixed: the accountant does that.
        *("1", "0", "0", _quoted(currency), "", _quoted(""), "", "", _quoted(datev.chart), "", ""),
        *(_quoted(""), _quoted("")),
    )
    return ";".join(fields)


def _posting(row: Mapping[str, Any]) -> str:
    if row["account"] is None or row["contra"] is None:
        raise QueryError(_undeclared(row))
    month: date = row["booked_month"]
    last = date(month.year + month.month // 12, month.month % 12 + 1, 1) - timedelta(days=1)
    issued: date = row["issue_date"]
    told = {
        "Umsatz (ohne Soll/Haben-Kz)": _number(abs(row["gross"])),
        "Soll/Haben-Kennzeichen": "S" if row["gross"] > 0 else "H",
        "WKZ Umsatz": row["currency"],
        "Konto": row["account"],
        "Gegenkonto (ohne BU-Schlüssel)": row["contra"]["account"],
        "BU-Schlüssel": row["contra"]["bu_key"],
        # A batch takes no date outside its months: what is issued later is posted on the month's last day.
        "Belegdatum": f"{issued if month <= issued <= last else last:%d%m}",
        "Belegfeld 1": _NOT_IN_BELEGFELD.sub("-", row["document_id"])[:36],
        "Buchungstext": f"{row['document_kind'].replace('_', ' ').capitalize()} {row['contract_id'] or ''}"[
            :60
        ].strip(),
        "Festschreibung": "0",
        "Fälligkeit": f"{row['due_date']:%d%m%Y}" if row["due_date"] else "",
    }
    return ";".join(
        _quoted(told.get(name, "")) if number in _TEXT else told.get(name, "")
        for number, name in enumerate(COLUMNS, start=1)
    )


def _undeclared(row: Mapping[str, Any]) -> str:
    """Which account is missing, and where it is declared."""
    if row["vat_percent"] is not None:
        return (
            f"No account is declared for {row['vat_percent'].normalize():f} % in {row['country_code']} "
            f"({row['document_id']}). Add a row to `revenue` in the accounts file."
        )
    role = row["role"] if row["account"] is None else row["contra_role"]
    part = f"clearing: {{{role.removeprefix('clearing_')}: …}}" if role.startswith("clearing_") else f"{role}: …"
    return (
        f"No account is declared for {role} ({row['document_kind']} {row['document_id']}). Add `{part}` to the "
        "accounts file."
    )


def _year_begin(day: date, month: int) -> date:
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def _number(value: Decimal) -> str:
    return format(value.quantize(Decimal("0.01")), "f").replace(".", ",")


def _quoted(text: str) -> str:
    clean = "".join(" " if ord(letter) < 32 else letter for letter in text)
    return '"' + clean.replace('"', '""') + '"'
