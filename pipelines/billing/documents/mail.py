"""The e-mail that carries a document: its words in the document's language, PDF and structured invoice attached.

The same document, files and date give the same bytes, and the same Message-ID whenever it is sent again: a mail that
went out twice because the answer was lost is one mail to its reader. Sources: RFC 5322, RFC 2045, RFC 2183.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from pipelines.billing.documents import formats
from pipelines.billing.documents.faults import DocumentIncomplete, Fault
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.page import heading, text_key
from pipelines.billing.documents.texts import TEXTS

# A plain address (RFC 5321). Beyond ASCII it would need SMTPUTF8 (RFC 6531) of every server on its way.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def file_name(document: Document, ending: str) -> str:
    """A name for the document's file that every system takes: its number, / and the like as -."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", document.number).strip("-.") + f".{ending}"


def message_of(
    document: Document,
    *,
    pdf: bytes,
    xml: bytes | None = None,
    sent_at: datetime,
    text: str | None = None,
) -> EmailMessage:
    """A message from the document's writer to its reader, with `pdf` and (where given) the structured `xml` attached.

    `sent_at` must have a zone. `text` stands for the words that the document's language has. Raises
    `DocumentIncomplete` where an e-mail address is missing or is none.
    """
    if faults := tuple(_address_faults(document)):
        raise DocumentIncomplete(document.number, faults)
    writer, reader, texts = document.writer, document.reader, TEXTS[document.language]
    identity = _digest(writer.email, document.series, document.number, reader.email)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_line(writer.name), addr_spec=writer.email)
    message["To"] = Address(_line(reader.name), addr_spec=reader.email)
    subject = texts["mail_subject"].format(kind=heading(document), number=document.number, seller=writer.name)
    message["Subject"] = _line(subject)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{identity}@{writer.email.rpartition('@')[2]}>"
    message.set_content(text or _words(document), cte="quoted-printable")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(document, "pdf"))
    if xml is not None:
        message.add_attachment(xml, maintype="application", subtype="xml", filename=file_name(document, "xml"))
    message.set_boundary(f"=={identity}==")
    return message


def _address_faults(document: Document) -> Iterator[Fault]:
    reader, whom = ("buyer", "the contract's holder") if document.form == "invoice" else ("seller", "the owner")
    for role, party, whose in (
        ("seller" if reader == "buyer" else "buyer", document.writer, "the operator"),
        (reader, document.reader, whom),
    ):
        if not _ADDRESS.fullmatch(party.email):
            yield Fault(f"{role}.email", "is missing or no e-mail address", f"Give {whose} one, or send it by post")


def _words(document: Document) -> str:
    texts, language = TEXTS[document.language], document.language
    paragraphs = [
        texts["mail_greeting_unnamed" if document.simplified else "mail_greeting"].format(buyer=document.reader.name),
        texts[f"mail_{text_key(document)}"].format(
            number=document.number,
            date=formats.day(document.issue_date, language),
            amount=formats.money(document.totals.incl_tax, document.currency, language),
        ),
        f"{texts['mail_closing']}\n{document.writer.name}",
    ]
    # Mail programs show a no-break space as they like.
    return "\n\n".join(paragraphs).replace("\u00a0", " ") + "\n"


def _line(text: str) -> str:
    """A header is one line: what follows a line feed would be a header of its own."""
    return " ".join(text.split())


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]
