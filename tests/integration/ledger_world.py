"""A state database with an operator, contracts and issued documents."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from warehouse.settings import Settings
from warehouse.state import open_state, table

DAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPERATOR_IBAN = "DE89370400440532013000"
# Published examples of the IBAN registry: valid, and nobody's.
IBANS = {"c1": "NL91ABNA0417164300", "c2": "AT611904300234573201", "c3": "BE68539007547034", "c4": "FI2112345600000785"}


def build(settings: Settings) -> sa.Engine:
    """The database with four contracts, each of its own driver with a mandate."""
    engine = open_state(settings)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(table("registry", "operators")).values(
                operator_id="op",
                name="Müller & Söhne Ladestrom GmbH",
                country_code="DE",
                party_id="KWH",
                iban=OPERATOR_IBAN,
                bic="COBADEFFXXX",
                creditor_id="DE98ZZZ09999999999",
                language="de",
            )
        )
        for n, (contract, iban) in enumerate(IBANS.items(), start=1):
            connection.execute(
                sa.insert(table("registry", "drivers")).values(
                    driver_id=f"d{n}",
                    name=f"Driver {n}",
                    iban=iban,
                    mandate_id=f"MANDATE-{n}",
                    mandate_signed_on=date(2026, 1, n),
                    city="Town",
                    country_code=iban[:2],
                )
            )
            connection.execute(
                sa.insert(table("registry", "contracts")).values(
                    contract_id=contract,
                    operator_id="op",
                    driver_id=f"d{n}",
                    currency="EUR",
                    payment_method="sepa_debit",
                    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
    return engine


def issue(
    engine: sa.Engine,
    number: str,
    contract: str,
    amount: str,
    issued: date = DAY,
    corrects: str | None = None,
) -> str:
    """One issued invoice, or with a negative amount a credit note; gives its id."""
    total = Decimal(amount)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(table("billing", "documents")).values(
                document_id=number,
                series="R",
                serial=int("".join(it for it in number if it.isdigit())),
                kind="credit_note" if total < 0 else "invoice",
                status="issued",
                operator_id="op",
                contract_id=contract,
                draft_id=f"draft {number}",
                month=issued.replace(day=1),
                booked_month=issued.replace(day=1),
                currency="EUR",
                issue_date=issued,
                due_date=issued + timedelta(days=14),
                issued_at=datetime.combine(issued, datetime.min.time(), UTC),
                issued_by="test",
                corrects=corrects,
                sessions=1,
                energy_wh=Decimal(1000),
                total_excl_vat=total,
                total_vat=Decimal(0),
                total_incl_vat=total,
                rounding="half_up_per_line",
                lines_hash="",
                snapshot=1,
                content="{}",
                content_sha256="",
            )
        )
    return number
