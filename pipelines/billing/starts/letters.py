"""Mail to drivers that is no document: the links that prove an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

import sqlalchemy as sa

from pipelines.billing.documents.smtp import connected, send
from pipelines.billing.issuing.sending import mail_server
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.state import table


def mail_of(settings: Settings, engine: sa.Engine) -> Callable[[str, str, str], None] | None:
    """What sends a text to an address through the mail server of the settings; None where there is none."""
    if settings.mail_host is None:
        return None
    server = mail_server(settings)

    def mail(to: str, subject: str, text: str) -> None:
        name, address = _sender(engine)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
        message.set_content(text, cte="quoted-printable")
        with connected(server) as client:
            send(client, message, server)

    return mail


def _sender(engine: sa.Engine) -> tuple[str, str]:
    """The operator that mail of the whole house comes from: the first one with an address."""
    rows = table("registry", "operators")
    known = sa.select(rows.c.name, rows.c.email).where(rows.c.email.is_not(None)).order_by(rows.c.operator_id)
    with engine.connect() as connection:
        row = connection.execute(known.limit(1)).first()
    if row is None:
        raise SettingsError("No operator has an e-mail address that mail could come from: declare operators.email.")
    return " ".join(str(row.name).split()), str(row.email)
