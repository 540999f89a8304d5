"""The letter of each dunning step, in English and German. Made here, sent elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from string import Template
from typing import Literal

from pipelines.billing.ledger.dunning import Action
from pipelines.billing.ledger.model import Due
from warehouse.money import MINOR_UNITS

Language = Literal["en", "de"]


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and body, plain text."""

    language: Language
    subject: str
    body: str


_SUBJECTS: dict[Language, dict[str, str]] = {
    "en": {
        "reminder_1": "Reminder: invoice $number",
        "reminder_2": "Second reminder: invoice $number",
        "final_notice": "Final notice: invoice $number",
        "collection": "Invoice $number is handed over for collection",
    },
    "de": {
        "reminder_1": "Zahlungserinnerung: Rechnung $number",
        "reminder_2": "Zweite Mahnung: Rechnung $number",
        "final_notice": "Letzte Mahnung: Rechnung $number",
        "collection": "Rechnung $number geht an das Inkasso",
    },
}
_OPENINGS: dict[Language, dict[str, str]] = {
    "en": {
        "reminder_1": "Perhaps it was overlooked: invoice $number of $issued was due on $due.",
        "reminder_2": "We have reminded you before: invoice $number of $issued was due on $due and is not yet paid.",
        "final_notice": "Despite our reminders, invoice $number of $issued, due on $due, is not paid. "
        "This is our final notice.",
        "collection": "Invoice $number of $issued, due on $due, was not paid after our final notice. "
        "We now hand the claim over for collection.",
    },
    "de": {
        "reminder_1": "vielleicht ist es nur untergegangen: Die Rechnung $number vom $issued war am $due fällig.",
        "reminder_2": "wir haben Sie bereits erinnert: Die Rechnung $number vom $issued war am $due fällig und ist "
        "noch nicht bezahlt.",
        "final_notice": "trotz unserer Mahnungen ist die Rechnung $number vom $issued, fällig am $due, nicht bezahlt. "
        "Dies ist unsere letzte Mahnung.",
        "collection": "die Rechnung $number vom $issued, fällig am $due, wurde auch nach unserer letzten Mahnung nicht "
        "bezahlt. Wir geben die Forderung nun an das Inkasso.",
    },
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "hello": "Dear customer,",
        "open": "Open",
        "fee": "Dunning fees",
        "total": "To pay",
        "ask": "Please pay by $pay_by, with the number $number as reference.",
        "crossed": "If you have paid in the meantime, please disregard this letter. If something on the invoice is not "
        "right, please tell us: we then look at it before anything else happens.",
        "bye": "Kind regards",
    },
    "de": {
        "hello": "Guten Tag,",
        "open": "Offen",
        "fee": "Mahngebühren",
        "total": "Zu zahlen",
        "ask": "Bitte zahlen Sie bis zum $pay_by und geben Sie die Nummer $number als Verwendungszweck an.",
        "crossed": "Haben Sie inzwischen bezahlt, ist dieses Schreiben gegenstandslos. Stimmt etwas an der Rechnung "
        "nicht, sagen Sie es uns bitte: Wir prüfen es, bevor etwas Weiteres geschieht.",
        "bye": "Mit freundlichen Grüßen",
    },
}


def letter(due: Due, action: Action, language: Language, sender: str, open_fees: Decimal = Decimal(0)) -> Letter:
    """The letter of `action`; `open_fees`: fees of earlier steps that are still open."""
    words = _WORDS[language]
    fees = open_fees + action.fee
    facts = {
        "number": due.number,
        "issued": _day(due.issue_date, language),
        "due": _day(due.due_date, language),
        "pay_by": _day(action.pay_by, language),
    }
    sums = [(words["open"], action.open_amount)]
    if fees:
        sums += [(words["fee"], fees), (words["total"], action.open_amount + fees)]
    width = max(len(name) for name, _ in sums) + 1
    table = [f"{name + ':':<{width}} {money(amount, due.currency, language)}" for name, amount in sums]
    ask = [] if action.step == "collection" else [Template(words["ask"]).substitute(facts), ""]
    lines = [
        words["hello"],
        "",
        Template(_OPENINGS[language][action.step]).substitute(facts),
        "",
        *table,
        "",
        *ask,
        words["crossed"],
        "",
        words["bye"],
        sender,
    ]
    return Letter(language, Template(_SUBJECTS[language][action.step]).substitute(facts), "\n".join(lines))


def money(amount: Decimal, currency: str, language: Language) -> str:
    """`1,234.50 EUR`, in German `1.234,50 EUR`; rupees in lakhs: `1,23,456.00 INR`."""
    whole, _, part = f"{abs(amount):.{MINOR_UNITS[currency]}f}".partition(".")
    if currency == "INR" and language == "en" and len(whole) > 3:
        head = whole[:-3]
        pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
        grouped = ",".join([*pairs, whole[-3:]])
    else:
        grouped = f"{int(whole):,}"
    text = f"{'-' if amount < 0 else ''}{grouped}" + (f".{part}" if part else "")
    return (text.translate(str.maketrans(",.", ".,")) if language == "de" else text) + f" {currency}"


def _day(day: date, language: Language) -> str:
    if language == "de":
        return f"{day:%d.%m.%Y}"
    # Day, month's name, year: no reader takes the month for the day.
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
