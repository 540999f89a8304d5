"""One issued CDR as an OCPI 2.2.1 or 2.3.0 CDR object, out of what was kept of it. Pure; nothing is made up.

The periods are those that the price was made of, in their order; the costs are sums of the kept lines. The token is
personal and stays behind: the contract stands in its place, or the session where nobody has one. No other party was
asked, so `auth_method` is WHITELIST.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_cdrs.asciidoc, "CDR Object", "CdrLocation Class", "ChargingPeriod Class" and
"Credit CDRs": only total_cost of a credit CDR is negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from warehouse import exact_json
from warehouse.countries import ALPHA_3
from warehouse.ocpi_prices import TOTALS, Cost, bound, written

_HOUR = Decimal(3600)
_FOUR = Decimal("0.0001")
_SIX = Decimal("0.000001")
# What OCPI allows at most, in characters.
_LENGTHS = {
    "site_id": ("cdr_location.id", 36),
    "site_name": ("cdr_location.name", 255),
    "address": ("cdr_location.address", 45),
    "city": ("cdr_location.city", 45),
    "post_code": ("cdr_location.postal_code", 10),
    "contract_id": ("cdr_token.contract_id", 36),
    "tariff_id": ("tariffs.id", 36),
}
_LONGEST_UID, _LONGEST_EVSE_ID = 36, 48


def unsaid(row: Mapping[str, Any], version: str) -> list[str]:
    """What OCPI requires and a row of `sql/cdrs_ocpi.sql` does not say, or says too long; none: it can be told."""
    return [*_unsaid_of_site(row), *_unsaid_of_plug(row), *_too_long(row), *_unsaid_of_price(row, version)]


def _unsaid_of_site(row: Mapping[str, Any]) -> Iterator[str]:
    site = f"of site {row['site_id']}"
    for name in ("address", "city"):
        if row[name] is None:
            yield f"cdr_location.{name} {site} is not declared"
    if row["latitude"] is None or row["longitude"] is None:
        yield f"cdr_location.coordinates {site} are not declared"
    if row["site_country_code"] not in ALPHA_3:
        yield f"cdr_location.country {site} is not a country of ISO 3166-1"


def _unsaid_of_plug(row: Mapping[str, Any]) -> Iterator[str]:
    if row["evse_id"] is None or row["connector_id"] is None:
        yield f"cdr_location.connector_id of {row['station_id']} is not known of the session"
        return
    plug = f"of {row['station_id']} EVSE {row['evse_id']} connector {row['connector_id']}"
    for name in ("connector_standard", "connector_format", "power_type"):
        if row[name] is None:
            yield f"cdr_location: {name} {plug} is not declared"
    if len(_evse_uid(row)) > _LONGEST_UID or len(_evse_id(row)) > _LONGEST_EVSE_ID:
        yield f"cdr_location.evse_id {plug} is too long"


def _too_long(row: Mapping[str, Any]) -> Iterator[str]:
    for name, (place, greatest) in _LENGTHS.items():
        if row[name] is not None and len(row[name]) > greatest:
            yield f"{place} {row[name]!r} is longer than {greatest} characters"


def _unsaid_of_price(row: Mapping[str, Any], version: str) -> Iterator[str]:
    tariff = f"of tariff {row['tariff_id']} version {row['tariff_version']}"
    if not row["periods"]:
        yield f"charging_periods of CDR {row['issued_cdr_id']} were not kept"
    if row["total_excl_vat"] is None:
        yield f"total_cost before VAT {tariff} is not known"
    if row["tariff"] is None:
        yield f"tariffs: nothing was kept {tariff}"
    elif version == "2.2.1" and _declaration(row)["tax_included"] == "YES":
        yield f"prices {tariff} include taxes, which 2.2.1 cannot say: take the extract of 2.3.0"


def ocpi_cdr(row: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The CDR object of a row that says all; numbers are exact decimals."""
    is_credit = row["kind"] == "credit"
    owner = row["contract_id"] or row["session_id"]
    cdr = {
        "country_code": row["country_code"],
        "party_id": row["party_id"],
        "id": row["issued_cdr_id"],
        "start_date_time": _time(row["started_at"]),
        "end_date_time": _time(row["ended_at"]),
        "session_id": row["session_id"],
        "cdr_token": {
            "country_code": row["country_code"],
            "party_id": row["party_id"],
            "uid": owner,
            "type": "OTHER" if row["contract_id"] else "AD_HOC_USER",
            "contract_id": owner,
        },
        "auth_method": "WHITELIST",
        "cdr_location": _location(row),
        "currency": row["currency"],
        "tariffs": [_tariff(row, version)],
        "charging_periods": list(_periods(row)),
        "signed_data": None if row["signed_data"] is None else exact_json.loads(row["signed_data"]),
        "total_cost": _price(_total(row, -1 if is_credit else 1), version),
        **{name: _price(cost, version) for name, cost in _costs(row["lines"]).items()},
        "total_energy": _plain(row["energy_wh"] / 1000),
        "total_time": _hours(Decimal((row["ended_at"] - row["started_at"]) // timedelta(microseconds=1)) / 1_000_000),
        "total_parking_time": None if row["parking_seconds"] is None else _hours(row["parking_seconds"]),
        "credit": True if is_credit else None,
        "credit_reference_id": row["credit_reference_id"],
        "last_updated": _time(row["issued_at"]),
    }
    return {name: value for name, value in cdr.items() if value is not None}


def _location(row: Mapping[str, Any]) -> dict[str, Any]:
    location = {
        "id": row["site_id"],
        "name": row["site_name"],
        "address": row["address"],
        "city": row["city"],
        "postal_code": row["post_code"],
        "country": ALPHA_3[row["site_country_code"]],
        "coordinates": {"latitude": f"{row['latitude']:.6f}", "longitude": f"{row['longitude']:.6f}"},
        "evse_uid": _evse_uid(row),
        "evse_id": _evse_id(row),
        "connector_id": str(row["connector_id"]),
        "connector_standard": row["connector_standard"],
        "connector_format": row["connector_format"],
        "connector_power_type": row["power_type"],
    }
    return {name: value for name, value in location.items() if value is not None}


def _evse_uid(row: Mapping[str, Any]) -> str:
    return f"{row['station_id']}*{row['evse_id']}"


def _evse_id(row: Mapping[str, Any]) -> str:
    """Country, operator, E and a number that the operator gives, of letters, digits and * (eMI3, part 2; ISO 15118)."""
    return f"{row['country_code']}*{row['party_id']}*E{re.sub('[^A-Za-z0-9*]', '*', _evse_uid(row))}"


def _declaration(row: Mapping[str, Any]) -> dict[str, Any]:
    declared: Any = exact_json.loads(row["tariff"])
    return dict(declared)


def _tariff(row: Mapping[str, Any], version: str) -> dict[str, Any]:
    declared = _declaration(row)
    inner: dict[str, Any] = {
        name: None if declared[name] is None else exact_json.loads(declared[name])
        for name in ("elements", "min_price", "max_price")
    }
    tariff = {
        "country_code": row["country_code"],
        "party_id": row["party_id"],
        "id": row["tariff_id"],
        "currency": row["currency"],
        "type": declared["type"],
        "min_price": bound(inner["min_price"], version),
        "max_price": bound(inner["max_price"], version),
        "elements": inner["elements"],
        # What the registry calls nothing is before taxes.
        "tax_included": None if version == "2.2.1" else declared["tax_included"] or "NO",
        "start_date_time": _declared(declared["valid_from"]),
        "end_date_time": _declared(declared["valid_to"]),
        "last_updated": _time(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(declared["changed_at"]))),
    }
    return {name: value for name, value in tariff.items() if value is not None}


def _periods(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    asks_power = "_power" in row["tariff"]
    for period in row["periods"]:
        volumes = {
            "ENERGY": _plain(period["energy_wh"] / 1000),
            "TIME": _hours(period["charging_seconds"]),
            "PARKING_TIME": _hours(period["parking_seconds"]),
        }
        told = {name: volume for name, volume in volumes.items() if volume} or {"ENERGY": Decimal(0)}
        if asks_power and period["power_w"] is not None:
            # The mean of the step, which the price was tested against; what lay above and below it was not measured.
            told |= dict.fromkeys(("MIN_POWER", "MAX_POWER"), _plain(period["power_w"] / 1000))
        yield {
            "start_date_time": _time(period["started_at"]),
            "dimensions": [{"type": name, "volume": volume} for name, volume in told.items()],
            "tariff_id": row["tariff_id"],
        }


def _costs(lines: Sequence[Mapping[str, Any]]) -> dict[str, Cost]:
    """OCPI's totals by kind, of what there is, where they are known before VAT."""
    found = {name: _cost([line for line in lines if line["dimension"] in kinds]) for name, kinds in TOTALS.items()}
    return {name: cost for name, cost in found.items() if cost is not None and cost.net is not None}


def _cost(lines: Sequence[Mapping[str, Any]]) -> Cost | None:
    return Cost(_sum(lines, "net"), _sum(lines, "gross"), _taxes(lines)) if lines else None


def _total(row: Mapping[str, Any], sign: int) -> Cost:
    """The total as kept; a credit CDR keeps it below zero already."""
    taxes = tuple((rate, sign * tax) for rate, tax in _taxes(row["lines"]))
    return Cost(row["total_excl_vat"], row["total_incl_vat"], taxes)


def _sum(lines: Sequence[Mapping[str, Any]], name: str) -> Decimal | None:
    amounts = [line[name] for line in lines]
    return None if None in amounts else Decimal(sum(amounts)).quantize(_FOUR, ROUND_HALF_UP)


def _taxes(lines: Sequence[Mapping[str, Any]]) -> tuple[tuple[Decimal, Decimal], ...]:
    found: dict[Decimal, Decimal] = {}
    for line in lines:
        if None not in (line["vat_percent"], line["net"], line["gross"]):
            found[line["vat_percent"]] = found.get(line["vat_percent"], Decimal(0)) + line["gross"] - line["net"]
    return tuple((_plain(rate), tax.quantize(_FOUR, ROUND_HALF_UP)) for rate, tax in sorted(found.items()))


def _price(cost: Cost, version: str) -> dict[str, Any]:
    price = written(cost, version)
    taxes = [{**tax, "amount": _plain(tax["amount"])} for tax in price.pop("taxes", [])]
    plain: dict[str, Any] = {name: _plain(amount) for name, amount in price.items()}
    return plain | ({"taxes": taxes} if taxes else {})


def _declared(time: str | None) -> str | None:
    return None if time is None else _time(datetime.fromisoformat(time))


def _time(value: datetime) -> str:
    """OCPI has room for milliseconds."""
    text = value.astimezone(UTC).isoformat(timespec="milliseconds" if value.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def _hours(seconds: Decimal | int) -> Decimal:
    return _plain((Decimal(seconds) / _HOUR).quantize(_SIX))


def _plain(value: Decimal) -> Decimal:
    """Without zeros at the end, and without an exponent."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
