"""Who pays and who is paid, from the registry: names, addresses and accounts stand only in the state database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.billing.documents.model import Form, Language, Party, Payment
from pipelines.billing.issuing.parties import PAYMENT_DAYS
from warehouse.errors import InputError
from warehouse.state import table


class OwnerUnknown(InputError):
    """Nobody can be named on a statement. `key` is the operator or owner that the registry does not know."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"The registry knows no {what} {key!r}. Declare it in {what.replace('site ', 'site_')}s.yaml.")
        self.key = key


@dataclass(frozen=True, slots=True)
class Terms:
    """What the registry says on the two sides: the owner sells, the operator buys and writes."""

    owner: Party
    operator: Party
    payment: Payment
    form: Form
    vat_exemption: str
    series: str
    payment_days: int
    language: Language


def terms_of(connection: sa.Connection, operator_id: str, owner_id: str) -> Terms:
    """Both parties and their terms. Raises `OwnerUnknown`."""
    operator = row_of(connection, "operators", operator_id=operator_id)
    if operator is None:
        raise OwnerUnknown("operator", operator_id)
    owner = row_of(connection, "site_owners", owner_id=owner_id)
    if owner is None:
        raise OwnerUnknown("site owner", owner_id)
    return Terms(
        owner=_party(owner, str(operator["country_code"])),
        operator=_party(operator, str(operator["country_code"]), legal_id=operator["legal_id"] or ""),
        payment=Payment(means="bank_transfer", iban=_spaceless(owner["iban"]), account_name=owner["name"] or ""),
        form="self_billed" if owner["invoicing"] == "self_billed" else "statement",
        vat_exemption=owner["vat_exemption"] or "",
        # A series of its own, beside that of the customers' documents.
        series=f"{operator['invoice_series'] or operator_id.upper()}O",
        payment_days=PAYMENT_DAYS if operator["payment_days"] is None else operator["payment_days"],
        language="de" if operator["language"] == "de" else "en",
    )


def row_of(connection: sa.Connection, name: str, **key: str) -> Mapping[str, Any] | None:
    """A row of the registry by its key."""
    declared = table("registry", name)
    chosen = sa.select(declared).where(*(declared.c[column] == value for column, value in key.items()))
    row = connection.execute(chosen).mappings().one_or_none()
    return None if row is None else dict(row)


def _party(row: Mapping[str, Any], country_code: str, legal_id: str = "") -> Party:
    return Party(
        name=row["name"] or "",
        country_code=row["country_code"] or country_code,
        email=row["email"] or "",
        vat_id=row["vat_id"] or "",
        legal_id=legal_id,
        **{name: row[name] or "" for name in ("street", "post_code", "city", "state_code")},
    )


def _spaceless(iban: str | None) -> str:
    return "".join((iban or "").split())
