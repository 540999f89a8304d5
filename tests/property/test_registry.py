"""Whatever rows a registry holds, exporting and applying them gives the same rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse import exact_json
from warehouse.contract.registry import DECLARED
from warehouse.registry import apply, export
from warehouse.state import metadata, table

pytestmark = pytest.mark.fast

AWKWARD = [
    "null",
    "~",
    "NO",
    "yes",
    "0123",
    "1e5",
    "0x1f",
    "10:00",
    "2019-01-01",
    "- a",
    "a: b",
    "#x",
    "'",
    '"',
    "=",
    "<<",
]
printable = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"
)
words = st.one_of(
    st.sampled_from(AWKWARD), st.text(printable, min_size=1, max_size=12).map(lambda text: text.strip() or "x")
)
notes = st.text(st.one_of(printable, st.sampled_from("\n\t")), max_size=30).map(lambda text: text or None)
instants = st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
prices = st.decimals(0, 1000, places=6)
steps = st.integers(0, 900).map(Decimal)
json_values = st.recursive(
    st.one_of(words, prices, st.booleans(), st.none()), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@st.composite
def registries(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    operator = draw(words)
    site = draw(words)
    stations = draw(st.lists(words, unique=True, min_size=1, max_size=4))
    valid_from = draw(instants)
    element = {
        "price_components": [{"type": "ENERGY", "price": draw(prices), "vat": None, "step_size": draw(steps)}],
        "restrictions": {"start_time": draw(json_values)},
    }
    return {
        "operators": [
            {"operator_id": operator, "name": draw(words), "country_code": "NO", "party_id": "NUL", "note": draw(notes)}
        ],
        "sites": [
            {
                "site_id": site,
                "operator_id": operator,
                "name": draw(words),
                "time_zone": "Asia/Kolkata",
                "country_code": "IN",
                "currency": "INR",
                "latitude": draw(st.floats(-90, 90)),
                "grid_limit_w": draw(st.integers(1, 2**62)),
            }
        ],
        "stations": [{"station_id": name, "site_id": site, "note": draw(notes)} for name in stations],
        "drivers": [{"driver_id": name, "email": "a@b"} for name in draw(st.lists(words, unique=True, max_size=3))],
        "tariffs": [
            {
                "tariff_id": draw(words),
                "version": 1,
                "currency": "INR",
                "ocpi_version": "2.3.0",
                "valid_from": valid_from,
                "elements": exact_json.dumps([element]),
            }
        ],
        "station_profiles": [
            {
                "vendor": name,
                "model": draw(words),
                "firmware": "*",
                "energy_factor": draw(st.decimals(1, 1000, places=6)),
                "clock_offset_seconds": draw(st.integers(-(2**40), 2**40)),
                "token_pattern": "^(?:x|y)([A-F]+)$",
                "note": draw(notes),
            }
            for name in draw(st.lists(words, unique=True, max_size=2))
        ],
        "tax_rates": [
            {
                "country_code": "IN",
                "tax_code": "IGST",
                "name": "GST",
                "rate_percent": draw(st.decimals(0, 100, places=4)),
                "valid_from": valid_from,
            }
        ],
    }


def contents(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    found = {}
    with engine.connect() as connection:
        for declared in DECLARED:
            rows = table("registry", declared.name)
            ordered = sa.select(rows).order_by(*(rows.c[name] for name in declared.key))
            found[declared.name] = [dict(row) for row in connection.execute(ordered).mappings()]
    return found


# A loaded machine is no failure: how long making rows takes says nothing about them.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=registries(), fmt=st.sampled_from(["yaml", "csv"]))
def test_export_and_apply_are_inverse(rows: dict[str, list[dict[str, Any]]], fmt: Any) -> None:
    with TemporaryDirectory() as folder:
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        metadata().create_all(engine)
        with engine.begin() as connection:
            for name, listed in rows.items():
                for row in listed:
                    connection.execute(sa.insert(table("registry", name)), row)
        before = contents(engine)
        export(engine, Path(folder), fmt)
        assert not apply(engine, Path(folder)).changed

        with engine.begin() as connection:
            for name in rows:
                connection.execute(sa.delete(table("registry", name)))
        apply(engine, Path(folder))
        assert contents(engine) == before
        engine.dispose()
