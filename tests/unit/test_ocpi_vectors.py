"""Every vector of the OCPI specification and of tandemdrive against the engine, read where they are.

pytest tests/unit/test_ocpi_vectors.py -s        prints a table: ours and expected
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.billing.rating.lines import rate_lines
from pipelines.billing.tariffs.model import Tariff
from tests.rated import Period, Rated, component, element, rated, read_tariff, tariff
from warehouse import exact_json

pytestmark = pytest.mark.fast


def vectors() -> list[Any]:
    folder = os.environ.get("KWHOUSE_REFERENCE_DATA")
    if not folder:
        return [pytest.param(None, marks=pytest.mark.skip("KWHOUSE_REFERENCE_DATA is not set: no OCPI vectors"))]
    paths = sorted((Path(folder) / "ocpi-vectors").glob("*.json"))
    return [pytest.param(json.loads(path.read_text("utf-8"), parse_float=Decimal), id=path.stem) for path in paths]


BEFORE_17 = {"start_second": 0, "end_second": 17 * 3600}


def both(step: int, time_price: str = "1", parking_price: str = "1") -> Tariff:
    return tariff(element(component("TIME", time_price, step), component("PARKING_TIME", parking_price, step)))


# Tariffs that the vectors give in words.
IN_WORDS = {
    "039-spec-step-5min-charge-park": both(300),
    "040-spec-step-500wh-across-17h": tariff(
        element(component("ENERGY", "0.20", 500), **BEFORE_17), element(component("ENERGY", "0.27", 500))
    ),
    "041-spec-step-10min-across-17h": tariff(
        element(component("TIME", "5", 600), **BEFORE_17), element(component("TIME", "7", 600))
    ),
    "042-spec-step-10min-park-16": both(600, "1", "2"),
    "043-spec-step-1wh": tariff(element(component("ENERGY", "0.25", 1))),
    "044-spec-step-25wh": tariff(element(component("ENERGY", "0.25", 25))),
    "045-spec-step-500wh": tariff(element(component("ENERGY", "0.25", 500))),
    "046-spec-step-parking-300": both(300),
}


@pytest.mark.parametrize("vector", vectors())
def test_ocpi_vector(vector: dict[str, Any]) -> None:
    checked = {**_by_session(vector), **_by_line(vector)}
    for name, (ours, expected) in checked.items():
        print(f"{vector['id']:36} {name:24} {ours!s:>12} {expected!s:>12}")
    assert checked
    assert {name: ours for name, (ours, _) in checked.items()} == {
        name: theirs for name, (_, theirs) in checked.items()
    }


def _by_session(vector: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """The session as told, straight through the engine: amounts, and billed volumes where they are given."""
    expected = vector["expected"]
    if "cdr" in vector:
        return {}
    terms = IN_WORDS[vector["id"]] if "tariff_in_words" in vector else read_tariff(vector["tariff"])
    if "session" not in vector:
        return _single(terms, expected)
    found = rated(terms, *_periods(vector["session"]))
    checked: dict[str, tuple[object, object]] = {}
    exact = {name: Decimal(check["exact"]) for name, check in vector.get("hand_check", {}).items()}
    if "excl" in exact:
        checked["net"] = (found.excl, round(exact["excl"], 4))
    if "incl" in exact:
        checked["gross"] = (found.incl, round(exact["incl"], 4))
    elif terms.tax_included == "NO" and any(c.vat_percent is None for e in terms.elements for c in e.components):
        checked["gross"] = (found.incl, None)
    return {**checked, **_billed(found, expected)}


def _billed(found: Rated, expected: dict[str, Any]) -> dict[str, tuple[object, object]]:
    checked: dict[str, tuple[object, object]] = {}
    billed = {"TIME": Decimal(0), "PARKING_TIME": Decimal(0), "ENERGY": Decimal(0)}
    for period in found.periods:
        if period["dimension"] in billed:
            billed[period["dimension"]] += period["billed_volume"]
    for name, dimension, unit in (
        ("billed_time_min", "TIME", 60),
        ("billed_parking_min", "PARKING_TIME", 60),
        ("billed_energy_kwh", "ENERGY", 1000),
    ):
        if name in expected:
            checked[name] = (billed[dimension] / unit, Decimal(expected[name]))
    for name, unit in (("billed_after_17h_min", 60), ("billed_after_17h_kwh", 1000)):
        if name in expected:
            checked[name] = (found.periods[-1]["billed_volume"] / unit, Decimal(expected[name]))
    return checked


def _single(terms: Tariff, expected: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """Vectors that give one volume (or several that bill the same) and what is billed of it."""
    if "parking_min" in expected:
        found = rated(terms, Period(parking=int(expected["parking_min"]) * 60))
        return {"billed_min": (found.periods[0]["billed_volume"] / 60, Decimal(expected["billed_min"]))}
    volumes = expected["energy_wh"]
    checked: dict[str, tuple[object, object]] = {}
    for wh in volumes if isinstance(volumes, list) else [volumes]:
        found = rated(terms, Period(wh))
        checked[f"billed of {wh} Wh"] = (found.periods[0]["billed_volume"], Decimal(expected["billed_wh"]))
        assert found.excl is not None
        # The specification shows three decimals.
        checked[f"net of {wh} Wh"] = (int(found.excl * 1000), int(Decimal(expected["total_excl"]) * 1000))
    return checked


def _periods(session: dict[str, Any]) -> list[Period]:
    periods: list[Period] = []
    told = session["periods"]
    if reservation := session.get("reservation"):
        kind = "RESERVATION_EXPIRES" if reservation["expired"] else "RESERVATION"
        begin = _at(told[0]["start"]) if told else datetime.fromisoformat("2026-01-12T12:00")
        seconds = reservation["minutes"] * 60
        periods.append(Period(reserved=seconds, reservation=kind, at=begin - timedelta(seconds=seconds)))
    for period in told:
        begin, end = _at(period["start"]), _at(period["end"])
        seconds = int((end - begin).total_seconds())
        charging = period["state"] == "CHARGING"
        power = period.get("power_kw")
        periods.append(
            Period(
                energy=Decimal(period.get("energy_kwh", 0)) * 1000,
                charging=seconds if charging else 0,
                parking=0 if charging else seconds,
                at=begin,
                min_power=None if power is None else Decimal(power) * 1000,
                max_power=None if power is None else Decimal(power) * 1000,
                min_current=period.get("min_current_a"),
                max_current=period.get("max_current_a"),
            )
        )
    return periods


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


# ---- the same through `kwhouse rate`


def _by_line(vector: dict[str, Any]) -> dict[str, tuple[object, object]]:
    if "tariff_in_words" in vector:
        return {}
    line = {"id": vector["id"], "time_zone": vector.get("time_zone", "UTC")}
    line |= {"tariff": vector["tariff"]} if "tariff" in vector else {}
    line["cdr"] = vector.get("cdr") or _cdr(vector)
    [answer] = list(rate_lines([json.dumps(line, default=float)]))
    found: Any = exact_json.loads(answer)
    assert "error" not in found, found
    costs = found["cdr"]
    if "cdr" in vector:
        names = [name for name in vector["expected"] if name.endswith("_cost")]
        return {f"line {name}": (_plain(costs[name]), _plain(vector["expected"][name])) for name in names}
    checked: dict[str, tuple[object, object]] = {}
    exact = {name: round(Decimal(check["exact"]), 4) for name, check in vector["hand_check"].items()}
    cost = costs["total_cost"]
    if "excl" in exact:
        checked["line net"] = (cost.get("before_taxes", cost.get("excl_vat")), exact["excl"])
    if "incl" in exact:
        taxes = sum(tax["amount"] for tax in cost.get("taxes", []))
        gross = cost["before_taxes"] + taxes if "taxes" in cost else cost.get("incl_vat", cost.get("after_taxes"))
        checked["line gross"] = (gross, exact["incl"])
    return checked


def _plain(cost: dict[str, Any]) -> object:
    taxes = cost.get("taxes")
    plain = {name: Decimal(str(value)) for name, value in cost.items() if name != "taxes"}
    return {**plain, "tax": sum(Decimal(str(tax["amount"])) for tax in taxes)} if taxes else plain


def _cdr(vector: dict[str, Any]) -> dict[str, Any]:
    """The vector's session as a CDR: hours to four decimals, as OCPI has them."""
    periods = []
    for period in _periods(vector["session"]):
        assert period.at is not None
        volumes = {
            "ENERGY": Decimal(period.energy) / 1000,
            "TIME": Decimal(period.charging) / 3600,
            "PARKING_TIME": Decimal(period.parking) / 3600,
            "RESERVATION_TIME": Decimal(period.reserved) / 3600,
        }
        flows = {
            "MIN_POWER": period.min_power and period.min_power / 1000,
            "MAX_POWER": period.max_power and period.max_power / 1000,
            "MIN_CURRENT": period.min_current,
            "MAX_CURRENT": period.max_current,
        }
        dimensions = [{"type": name, "volume": float(round(volume, 4))} for name, volume in volumes.items() if volume]
        dimensions += [{"type": name, "volume": float(flow)} for name, flow in flows.items() if flow is not None]
        begin = f"{period.at.isoformat()}Z"
        end = f"{(period.at + timedelta(seconds=int(period.charging + period.parking + period.reserved))).isoformat()}Z"
        periods.append({"start_date_time": begin, "dimensions": dimensions})
    return {"start_date_time": periods[0]["start_date_time"], "end_date_time": end, "charging_periods": periods}
