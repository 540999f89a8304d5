"""Parsed tariffs as temporary tables, for the SQL of the rating engine.

- `tariff_terms`, one row per tariff version: tariff_no (its number within these tables), tariff_id, tariff_version,
  currency, tax_included, is_restricted, asks_flow (power or current), the bounds of the price
  (min_before_taxes, min_after_taxes, max_before_taxes, max_after_taxes) and first_vat_percent.
- `tariff_elements`, one row per element: its restrictions in SI units (see `tariff_elements.sql`).
- `tariff_components`, one row per price component.
- `tariff_marks`, one row per value at which an element for charging may begin or cease to hold: kind `clock` (µs of the
  local day), `energy` (µWh) or `duration` (µs).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import Component, Tariff
from pipelines.billing.tariffs.restrictions import Restrictions
from pipelines.stages import sql

_HERE = Path(__file__).parent
_EVERY_DAY = (1 << 7) - 1
_MICRO = 1_000_000


def load_tariffs(con: duckdb.DuckDBPyConnection, tariffs: Iterable[tuple[str, int, Tariff]]) -> None:
    """Make the tables from (tariff_id, version, tariff)."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in ("terms", "elements", "components", "marks")}
    for number, (tariff_id, version, tariff) in enumerate(tariffs):
        rows["terms"].append({"tariff_id": tariff_id, "tariff_version": version, **_terms(tariff), "no": number})
        rows["marks"] += [{"no": number, "kind": kind, "value": value} for kind, value in sorted(_marks(tariff))]
        for element_no, element in enumerate(tariff.elements):
            place = {"no": number, "element_no": element_no}
            dimensions = {component.dimension for component in element.components}
            rows["elements"].append({**place, **_restrictions(element.restrictions), "dimensions": sorted(dimensions)})
            rows["components"] += [
                {**place, **_component(component, tariff.tax_included)} for component in element.components
            ]
    for name, some in rows.items():
        query = sql(_HERE / f"tariff_{name}.sql")
        con.execute(f"CREATE OR REPLACE TEMP TABLE tariff_{name} AS {query}", {"rows": json.dumps(some)})


# Decimals go as text: JSON's numbers would pass through floats.
def _text(value: Decimal | None, factor: int = 1) -> str | None:
    return None if value is None else format(value * factor, "f")


def _terms(tariff: Tariff) -> dict[str, object]:
    first = tariff.elements[0].components[0]
    return {
        "currency": tariff.currency,
        "tax_included": tariff.tax_included,
        "is_restricted": tariff.is_restricted,
        "asks_flow": any(element.restrictions.asks_flow for element in tariff.elements),
        "first_vat_percent": _vat(first, tariff.tax_included),
        **_limit("min", tariff.min_price),
        **_limit("max", tariff.max_price),
    }


def _limit(name: str, limit: Limit | None) -> dict[str, object]:
    if limit is None:
        return {}
    return {f"{name}_before_taxes": _text(limit.before_taxes), f"{name}_after_taxes": _text(limit.after_taxes)}


def _vat(component: Component, tax_included: str) -> str | None:
    # Where no taxes apply the rate is known: none.
    return "0" if tax_included == "N/A" else _text(component.vat_percent)


def _component(component: Component, tax_included: str) -> dict[str, object]:
    return {
        "dimension": component.dimension,
        "price": _text(component.price),
        "vat_percent": _vat(component, tax_included),
        "step_size": component.step_size,
    }


def _restrictions(asked: Restrictions) -> dict[str, object]:
    return {
        "start_us": None if asked.start_second is None else asked.start_second * _MICRO,
        "end_us": None if asked.end_second is None else asked.end_second * _MICRO,
        "start_date": None if asked.start_date is None else asked.start_date.isoformat(),
        "end_date": None if asked.end_date is None else asked.end_date.isoformat(),
        "min_energy_wh": _text(asked.min_kwh, 1000),
        "max_energy_wh": _text(asked.max_kwh, 1000),
        "min_current_a": _text(asked.min_current),
        "max_current_a": _text(asked.max_current),
        "min_power_w": _text(asked.min_power, 1000),
        "max_power_w": _text(asked.max_power, 1000),
        "min_seconds": _text(asked.min_duration),
        "max_seconds": _text(asked.max_duration),
        "weekdays": sum(1 << (day - 1) for day in asked.days) or _EVERY_DAY,
        "reservation": asked.reservation,
    }


def _marks(tariff: Tariff) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for element in tariff.elements:
        asked = element.restrictions
        if asked.reservation is None:
            found |= set(_marks_of(asked))
    return found


def _marks_of(asked: Restrictions) -> Iterator[tuple[str, int]]:
    yield from (("clock", second * _MICRO) for second in asked.clock_seconds)
    yield from (("energy", int(kwh * 1000 * _MICRO)) for kwh in asked.kwh_thresholds)
    yield from (("duration", int(seconds * _MICRO)) for seconds in asked.duration_thresholds)
