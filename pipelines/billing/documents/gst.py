"""India's goods and services tax: which taxes a supply bears, and what a tax invoice must say.

The rate of the whole is told by the tariff or `registry.tax_rates`, never by this module.
Sources: IGST Act 2017, sections 7, 8, 12 and 13; CGST Rules 2017, rules 46 and 53 (contents of invoices and credit
notes); CGST Act 2017, section 170 (rounding); state codes of the GST portal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from pipelines.billing.documents.faults import Fault
from pipelines.billing.documents.model import Document, Party, Tax

# Charging a vehicle's battery is a service (Authority for Advance Rulings Karnataka, Chamundeshwari Electricity Supply
# Corporation, 2023: maintenance and repair of motor vehicles). The default; a line may bear another code.
SAC_CHARGING = "998714"

STATES = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}
# Union territories without a legislature: UTGST stands in the place of SGST (UTGST Act 2017, section 1).
_UNION_TERRITORIES = frozenset({"04", "26", "31", "35", "38", "97"})

_NUMBER = re.compile(r"[A-Za-z0-9/-]{1,16}")  # rule 46 (b)
_SAC = re.compile(r"\d{4}(\d{2})?")


def place_of_supply(seller: Party, buyer: Party) -> str:
    """GST state code of the place of supply.

    Within India the buyer's place where one is on record, else the seller's (IGST Act, section 12 (2)); for a buyer
    abroad the place where the vehicle was charged, taken to be the seller's state (section 13 (3)).
    """
    if buyer.country_code == "IN" and buyer.vat_id:
        return buyer.vat_id[:2]
    return buyer.state_code if buyer.country_code == "IN" and buyer.state_code else seller.state_code


def taxes(seller_state: str, place: str, percent: Decimal) -> tuple[Tax, ...]:
    """IGST of `percent` between states; within one CGST and SGST (UTGST), each half of it.

    The halves are the law's: what is notified for IGST under section 5 of its Act is notified under section 9 of the
    CGST Act and of each state's (section 7 of the UTGST Act) at half the rate; the registry refuses others.
    """
    if seller_state != place:
        return (Tax("IGST", percent),)
    return tuple(Tax(code, percent / 2) for code in ("CGST", "UTGST" if seller_state in _UNION_TERRITORIES else "SGST"))


def rounding(payable: Decimal) -> Decimal:
    """What makes `payable` whole rupees: 50 paise and more go up, less goes down (section 170)."""
    return payable.quantize(Decimal(1), ROUND_HALF_UP) - payable


def faults(document: Document) -> Iterator[Fault]:
    """What a tax invoice or credit note under GST lacks."""
    if not _NUMBER.fullmatch(document.number):
        yield Fault(
            "number", "has not 1 to 16 letters, digits, - or / (rule 46)", "Choose a shorter pattern for the series"
        )
    if document.place_of_supply not in STATES:
        yield Fault("place_of_supply", "is no GST state code", "Give the seller and the buyer a state")
    for role, party in (("seller", document.seller), ("buyer", document.buyer)):
        if party.country_code == "IN" and party.vat_id and party.state_code != party.vat_id[:2]:
            yield Fault(f"{role}.state_code", "is not the state of the GSTIN", f"Set it to {party.vat_id[:2]}")
    if document.seller.state_code not in STATES:
        yield Fault("seller.state_code", "is no GST state code", "Set it in the operator's data")
    yield from _line_faults(document)


def _line_faults(document: Document) -> Iterator[Fault]:
    within = document.seller.state_code == document.place_of_supply
    wanted = {"CGST", "SGST", "UTGST"} if within else {"IGST"}
    for line in document.lines:
        place = f"lines[{line.line_no}]"
        if not _SAC.fullmatch(line.sac_code):
            yield Fault(f"{place}.sac_code", "must be a SAC of 4 or 6 digits", f"Charging is {SAC_CHARGING}")
        names = {tax.name for tax in line.taxes or ()}
        if names - wanted:
            where = "within one state" if within else "between states"
            yield Fault(
                f"{place}.taxes",
                f"{' and '.join(sorted(names))} on a supply {where}",
                f"It bears {' and '.join(sorted(wanted))}: take the taxes from gst.taxes",
            )
