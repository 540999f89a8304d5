"""Documents sent by e-mail. Every attempt is kept: when, to whom, and what the mail server said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.mail import message_of
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.documents.smtp import MailRefused, MailServer, MailUnreachable, connected
from pipelines.billing.documents.smtp import send as hand_over
from pipelines.billing.documents.structured import possible
from pipelines.billing.issuing.archive import issued_document
from pipelines.billing.issuing.register import Register
from pipelines.billing.ledger import ad_hoc
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.state import table

Outcome = Literal["accepted", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt. `detail`: the reason where it was not accepted."""

    document_id: str
    outcome: Outcome
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.document_id}  {self.outcome}" + (f": {self.detail}" if self.detail else "")


def mail_server(settings: Settings) -> MailServer:
    """The mail server of the settings. Raises `SettingsError` where there is none."""
    if settings.mail_host is None:
        raise SettingsError("No mail server is set. Set KWHOUSE_MAIL_HOST (and KWHOUSE_MAIL_USERNAME, _PASSWORD).")
    return MailServer(
        settings.mail_host,
        settings.mail_port,
        settings.mail_encryption,
        settings.mail_username,
        settings.mail_password.get_secret_value(),
        settings.mail_ca_file,
    )


def unsent(
    engine: sa.Engine,
    *,
    numbers: Sequence[str] | None = None,
    month: date | None = None,
    again: bool = False,
    kept_in: Register = "documents",
) -> list[str]:
    """Numbers of the issued documents asked for, in their order; `again`: also what a server has accepted before.

    Of a month, receipts of sessions without a contract only where the payer wants one by e-mail, or the buyer is named.
    """
    documents, deliveries = table("billing", kept_in), table("billing", "deliveries")
    chosen = sa.select(documents.c.document_id).order_by(documents.c.series, documents.c.serial)
    if numbers is not None:
        chosen = chosen.where(documents.c.document_id.in_(numbers))
    elif kept_in == "documents":
        # Who paid for one session and wanted no receipt left no address.
        payments, buyers = table("billing", "provider_payments"), table("billing", "receipt_buyers")
        wanted = sa.exists().where(
            payments.c.payer_email.is_not(None), ad_hoc.PREFIX + payments.c.session_id == documents.c.contract_id
        )
        named = sa.exists().where(ad_hoc.PREFIX + buyers.c.session_id == documents.c.contract_id)
        chosen = chosen.where(~documents.c.contract_id.startswith(ad_hoc.PREFIX, autoescape=True) | wanted | named)
    if month is not None:
        chosen = chosen.where(documents.c.month == month)
    if not again:
        accepted = sa.exists().where(
            deliveries.c.document_id == documents.c.document_id, deliveries.c.outcome == "accepted"
        )
        chosen = chosen.where(~accepted)
    with engine.connect() as connection:
        return [str(row[0]) for row in connection.execute(chosen)]


def send_documents(
    engine: sa.Engine,
    settings: Settings,
    numbers: Sequence[str],
    *,
    clock: Callable[[], datetime],
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Sent]:
    """Send issued documents to their readers over one connection; every attempt is kept in `billing.deliveries`.

    One that is refused does not hold up the others; where the server cannot be reached, the rest is left for later.
    """
    if not numbers:
        return []
    sent: list[Sent] = []
    for attempt in _attempts(engine, mail_server(settings), numbers, clock):
        sent.append(attempt)
        on_progress(len(sent), len(numbers))
    return sent


def _attempts(
    engine: sa.Engine, server: MailServer, numbers: Sequence[str], clock: Callable[[], datetime]
) -> Iterator[Sent]:
    with connected(server) as client:
        for number in numbers:
            document = issued_document(engine, number)
            moment = clock()
            message_id: str | None = None
            try:
                message = message_of(
                    document,
                    pdf=to_pdf(document),
                    xml=to_cii(document) if possible(document) else None,
                    sent_at=moment,
                )
                message_id = str(message["Message-ID"])
                hand_over(client, message, server, clock=clock)
                attempt = Sent(number, "accepted")
            except (DocumentIncomplete, MailRefused) as refused:
                attempt = Sent(number, "refused", str(refused))
            except MailUnreachable as unreachable:
                attempt = Sent(number, "failed", str(unreachable))
            _keep(engine, document, attempt, moment, message_id)
            yield attempt
            if attempt.outcome == "failed":
                return


def _keep(engine: sa.Engine, document: Document, attempt: Sent, moment: datetime, message_id: str | None) -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.insert(table("billing", "deliveries")),
            {
                "document_id": attempt.document_id,
                "sent_at": moment,
                "channel": "email",
                "recipient": document.reader.email,
                "message_id": message_id,
                "outcome": attempt.outcome,
                "detail": attempt.detail or None,
            },
        )
