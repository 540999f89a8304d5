"""Who bills and who owes, from the registry: names, addresses and accounts stand only in the state database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipelines.billing.documents.model import Language, Means, Party, Payment
from pipelines.billing.documents.texts import TEXTS
from pipelines.billing.issuing.buyers import buyer_of
from pipelines.billing.issuing.drafts import Draft
from pipelines.billing.ledger import ad_hoc
from pipelines.billing.ledger.posting import Account
from warehouse.errors import InputError
from warehouse.state import table

PAYMENT_DAYS = 14


class PartyUnknown(InputError):
    """Nobody can be named on an invoice. `contract_id` is the contract, `what` is missing."""

    def __init__(self, contract_id: str, what: str, mend: str) -> None:
        super().__init__(f"Contract {contract_id}: {what}. {mend}")
        self.contract_id, self.what = contract_id, what


@dataclass(frozen=True, slots=True)
class Terms:
    """What the registry says on the two sides of one contract."""

    seller: Party
    buyer: Party
    payment: Payment
    series: str
    payment_days: int
    language: Language
    sac_code: str
    tax_category: str | None = None  # UNCL5305, where no VAT is charged: AE, E or O
    exemption_reason: str = ""  # the law that says so, as `registry.tax_rates` has it
    received: Decimal | None = None  # of a session without a contract, paid so far; None: there is a contract
    is_named: bool = True  # whether the buyer has a name; else the document is a simplified one


def terms_of(connection: sa.Connection, contract_id: str, month: date) -> Terms:
    """Seller, buyer and terms of a contract, the law being that at the end of `month` (first day).

    Raises `PartyUnknown`.
    """
    contract = _one(connection, "contracts", contract_id=contract_id)
    if contract is None:
        raise PartyUnknown(contract_id, "the registry does not know it", "Declare it in contracts.yaml.")
    operator = _one(connection, "operators", operator_id=contract["operator_id"])
    if operator is None:
        raise PartyUnknown(contract_id, f"its operator {contract['operator_id']} is unknown", "Declare the operator.")
    driver = _one(connection, "drivers", driver_id=contract["driver_id"]) if contract["driver_id"] else None
    if driver is None:
        raise PartyUnknown(
            contract_id, "it names nobody who owes its invoices", "Declare a driver (or company) and name it there."
        )
    terms = _terms(operator, _buyer(driver, operator), _payment(contract, operator, driver))
    return _taxed(connection, terms, contract["tax_category"] or operator["tax_category"], month)


def terms_for(connection: sa.Connection, draft: Draft) -> Terms:
    """Terms of a draft: those of its contract, or of the one session that has none. Raises `PartyUnknown`."""
    if ad_hoc.is_ad_hoc(draft.contract_id):
        return receipt_terms(connection, Account(draft.operator_id, draft.contract_id, draft.currency), draft.month)
    return terms_of(connection, draft.contract_id, draft.month)


def receipt_terms(connection: sa.Connection, account: Account, month: date) -> Terms:
    """Seller and terms of a session without a contract; its buyer has a name where somebody gave one (`buyers`).

    Raises `PartyUnknown`.
    What is not paid by card is to be transferred, or paid by UPI where the operator has an address there.
    """
    operator = _one(connection, "operators", operator_id=account.operator_id)
    if operator is None:
        raise PartyUnknown(
            str(account.contract_id), f"its operator {account.operator_id} is unknown", "Declare the operator."
        )
    driver = _named_buyer(connection, str(account.contract_id))
    if driver is None:
        buyer = Party(name=TEXTS[_language(operator)]["ad_hoc_buyer"], country_code=operator["country_code"])
    else:
        buyer = _buyer(driver, operator)
    buyer = replace(buyer, email=buyer.email or ad_hoc.payer_email(connection, account))
    has_upi = operator["upi_vpa"] and account.currency == "INR"
    method = {"payment_method": "upi" if has_upi else "bank_transfer"}
    terms = _taxed(connection, _terms(operator, buyer, _payment(method, operator, {})), operator["tax_category"], month)
    return replace(terms, received=ad_hoc.received(connection, account), is_named=driver is not None)


def _named_buyer(connection: sa.Connection, contract_id: str) -> Mapping[str, Any] | None:
    driver_id = buyer_of(connection, ad_hoc.session_of_account(contract_id))
    driver = None if driver_id is None else _one(connection, "drivers", driver_id=driver_id)
    if driver_id is not None and driver is None:
        raise PartyUnknown(contract_id, f"its buyer {driver_id} is unknown", "Declare the driver (or company).")
    return driver


def _terms(operator: Mapping[str, Any], buyer: Party, payment: Payment) -> Terms:
    return Terms(
        seller=_seller(operator),
        buyer=buyer,
        payment=payment,
        series=operator["invoice_series"] or operator["operator_id"].upper(),
        payment_days=PAYMENT_DAYS if operator["payment_days"] is None else operator["payment_days"],
        language=_language(operator),
        sac_code=operator["sac_code"] or "",
    )


def _taxed(connection: sa.Connection, terms: Terms, category: str | None, month: date) -> Terms:
    """`terms` with the reason for `category`, where no VAT is charged, by the law at the end of `month`."""
    if not category:
        return terms
    seller = terms.seller.country_code
    # What a country's law says of buyers at home; across borders it is the Union's, in the words of the document.
    abroad = category == "AE" and terms.buyer.country_code != seller
    reason = "" if abroad else _exemption_reason(connection, seller, category, month)
    return replace(terms, tax_category=category, exemption_reason=reason)


def _exemption_reason(connection: sa.Connection, country_code: str, category: str, month: date) -> str:
    rates = table("registry", "tax_rates")
    end = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    chosen = sa.select(rates.c.exemption_reason).where(
        rates.c.country_code == country_code,
        rates.c.tax_code == category,
        rates.c.valid_from < end,
        sa.or_(rates.c.valid_to.is_(None), rates.c.valid_to >= end),
    )
    return connection.execute(chosen).scalar() or ""


def _language(operator: Mapping[str, Any]) -> Language:
    return "de" if operator["language"] == "de" else "en"


def zone_of(connection: sa.Connection, operator_id: str) -> ZoneInfo:
    """The zone of an operator's books: decides the day of issue."""
    operator = _one(connection, "operators", operator_id=operator_id)
    return ZoneInfo((operator or {}).get("time_zone") or "UTC")


def _one(connection: sa.Connection, name: str, **key: object) -> Mapping[str, Any] | None:
    declared = table("registry", name)
    chosen = sa.select(declared).where(*(declared.c[column] == value for column, value in key.items()))
    row = connection.execute(chosen).mappings().one_or_none()
    return None if row is None else dict(row)


def _seller(operator: Mapping[str, Any]) -> Party:
    return Party(
        name=operator["name"],
        country_code=operator["country_code"],
        email=operator["email"] or "",
        vat_id=operator["vat_id"] or "",
        tax_number=operator["tax_number"] or "",
        legal_id=operator["legal_id"] or "",
        **_address(operator),
    )


def _buyer(driver: Mapping[str, Any], operator: Mapping[str, Any]) -> Party:
    return Party(
        name=driver["company"] or driver["name"] or "",
        country_code=driver["country_code"] or operator["country_code"],
        email=driver["email"] or "",
        vat_id=driver["vat_id"] or "",
        **_address(driver),
    )


def _address(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row[name] or "" for name in ("street", "post_code", "city", "state_code")}


# What is charged to a card or a balance is charged after the invoice is issued: until then it is a transfer.
_MEANS: dict[str | None, Means] = {"sepa_debit": "sepa_direct_debit", "upi": "upi"}


def _payment(contract: Mapping[str, Any], operator: Mapping[str, Any], driver: Mapping[str, Any]) -> Payment:
    means = _MEANS.get(contract["payment_method"], "bank_transfer")
    if means == "upi":
        return Payment(means=means, upi_vpa=operator["upi_vpa"] or "")
    if means == "sepa_direct_debit":
        return Payment(
            means=means,
            mandate_id=driver["mandate_id"] or "",
            creditor_id=operator["creditor_id"] or "",
            debtor_iban=driver["iban"] or "",
        )
    return Payment(
        means=means, iban=operator["iban"] or "", bic=operator["bic"] or "", account_name=operator["name"] or ""
    )
