"""What must hold of declared taxes, and of contracts whose holder owes the VAT.

Sources: EN 16931-1, BR-E-05 and its likes (the rate of each category); VAT Directive 2006/112/EC, Articles 38, 195 and
199a (1) (e); CGST Act 2017, section 9, and IGST Act 2017, section 5.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from warehouse.contract.registry import CONTRACTS, DRIVERS, OPERATORS, TAX_RATES
from warehouse.errors import Problem
from warehouse.registry.records import Record

# The tables that `reverse_charge` looks at.
OF_REVERSE_CHARGE = frozenset(table.name for table in (CONTRACTS, DRIVERS, OPERATORS, TAX_RATES))

_GST = ("CGST", "SGST", "UTGST", "IGST")
_HALVES = _GST[:3]
_NEVER = datetime.max.replace(tzinfo=UTC)


def odd_rates(rates: Sequence[Record]) -> Iterator[Problem]:
    """Rates that their category or their country does not have."""
    for record in rates:
        code, rate = record.get("tax_code"), record.get("rate_percent")
        is_indian = record.get("country_code") == "IN"
        if is_indian and code == "S":
            yield record.problem("tax_code", f"India has no S: its taxes are {', '.join(_GST)}")
        elif not is_indian and code in _GST and record.get("country_code") is not None:
            yield record.problem("tax_code", f"{code} is a tax of India (IN)")
        elif isinstance(rate, Decimal) and code not in (None, "S", *_GST) and rate != 0:
            yield record.problem("rate_percent", f"must be 0: no VAT is charged in category {code}")
        elif code == "S" and rate == 0:
            yield record.problem("rate_percent", "is 0, and S is taxed: a rate of 0 is category Z")
        if code == "E" and record.values.get("exemption_reason", "") is None:
            yield record.problem("exemption_reason", "is missing: invoices name the law that exempts")
    yield from _unequal_halves([record for record in rates if record.get("country_code") == "IN"])


def _unequal_halves(rates: Sequence[Record]) -> Iterator[Problem]:
    whole = [record for record in rates if record.get("tax_code") == "IGST"]
    for half in rates:
        percent = half.get("rate_percent")
        if half.get("tax_code") not in _HALVES or not isinstance(percent, Decimal):
            continue
        for other in whole:
            igst = other.get("rate_percent")
            if isinstance(igst, Decimal) and _meet(half, other) and percent * 2 != igst:
                reason = f"{percent.normalize():f} % is not half of IGST, {igst.normalize():f} %, at the same time"
                yield half.problem("rate_percent", reason)


def _meet(one: Record, other: Record) -> bool:
    (begin, end), (start, stop) = _span(one), _span(other)
    return begin < stop and start < end


def _span(record: Record) -> tuple[datetime, datetime]:
    begin, end = record.get("valid_from"), record.get("valid_to")
    return begin if isinstance(begin, datetime) else _NEVER, end if isinstance(end, datetime) else _NEVER


def reverse_charge(registry: Mapping[str, Sequence[Record]]) -> Iterator[Problem]:
    """Contracts of category AE whose holder cannot owe the VAT: without a VAT id, or at home where no law says so.

    That the VAT id is one, and both countries are of the EU, is looked at when an invoice is made.
    """
    drivers = {record.get("driver_id"): record for record in registry[DRIVERS.name]}
    operators = {record.get("operator_id"): record for record in registry[OPERATORS.name]}
    at_home = {record.get("country_code") for record in registry[TAX_RATES.name] if record.get("tax_code") == "AE"}
    for contract in registry[CONTRACTS.name]:
        operator = operators.get(contract.get("operator_id"))
        # Of one that has ended the holder may be erased.
        if contract.get("tax_category") != "AE" or operator is None or contract.get("valid_to") is not None:
            continue
        holder = drivers.get(contract.get("driver_id"))
        reason = _refusal(holder, operator, at_home)
        if reason is not None:
            words = f"AE of contract {contract.get('contract_id')} (its holder owes the VAT): {reason}"
            yield contract.problem("tax_category", words)


def _refusal(holder: Record | None, operator: Record, at_home: Container[object]) -> str | None:
    if holder is None or holder.get("vat_id") is None:
        return "its driver needs a vat_id"
    if operator.get("tax_category") is not None:
        return "its operator charges no VAT at all (tax_category)"
    home = operator.get("country_code")
    # Without a country of its own the address is taken to be in the operator's.
    if holder.get("country_code") in (None, home) and home not in at_home:
        return (
            f"its driver is in {home} as the operator is; where that country's law has reverse charge at home, too, "
            "declare it in tax_rates (tax_code AE, rate 0, exemption_reason)"
        )
    return None
