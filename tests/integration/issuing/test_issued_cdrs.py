"""A CDR that leaves the house is kept with all that it says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from pipelines.billing.rating.lines import rate_lines
from tests.integration.billing_world import OPEN
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world
from tests.signing import Meter, reading
from warehouse import exact_json
from warehouse.extracts import extract_bytes

MAY = (date(2019, 5, 1), date(2019, 6, 1))
BY_DAY = (
    '[{"price_components": [{"type": "ENERGY", "price": 0.50, "vat": 19, "step_size": 1},'
    ' {"type": "TIME", "price": 1.2, "vat": 19, "step_size": 60}],'
    ' "restrictions": {"start_time": "14:30", "end_time": "20:00"}},'
    ' {"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19, "step_size": 1},'
    ' {"type": "PARKING_TIME", "price": 3, "vat": 7, "step_size": 60}]}]'
)
SITE = {"operator_id": "O", "name": "Site", "time_zone": "Europe/Berlin", "country_code": "DE", "currency": "EUR"}
PLACE = {"address": "Kai 1", "city": "Hamburg", "post_code": "20457", "latitude": 53.5, "longitude": 10.0}
PLUG = {"standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "connector_format": "SOCKET", "rated_power_w": 22_000}


def sign(world: IssuingWorld, text: str) -> None:
    """A signed record within a frame of session s1."""
    moment = datetime(2019, 5, 10, 13, tzinfo=UTC)
    sample = {"format": "SignedData", "value": text}
    payload = json.dumps({"meterValue": [{"sampledValue": [sample]}]})
    rows = {
        "raw.messages": {
            "collector_id": "c", "seq": 1, "station_id": "station", "received_at": moment, "direction": "in",
            "ocpp_version": "1.6", "message_type": 2, "message_id": "1", "action": "MeterValues", "payload": payload,
        },
        "core.signed_readings": {
            "collector_id": "c", "seq": 1, "value_no": 0, "station_id": "station", "transaction_id": "s1",
            "received_at": moment, "format": "ocmf", "verdict": "valid", "reason": "", "markers": ["B", "E"],
            "obis_codes": [], "registers_wh": [],
        },
        "core.signed_sessions": {
            "session_id": "s1", "station_id": "station", "transaction_id": "s1", "verdict": "valid", "reason": "",
            "billable": False, "time_billable": False, "records": 1,
        },
    }  # fmt: skip
    with world.lake.write("test") as con:
        for name, row in rows.items():
            marks = ", ".join("?" for _ in row)
            con.execute(f"INSERT INTO lake.{name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def test_what_left_is_told_the_same_for_ever(tmp_path: Path) -> None:
    with issuing_world(tmp_path) as world:
        world.basic()
        world.people("C1")
        world.tariff("T", 1, BY_DAY)
        world.set("sites", ["site"], **SITE, **PLACE)
        world.set("connectors", ["station", 1, 1, OPEN], **PLUG)
        world.session()
        world.step("s1", 1, "2019-05-10T12:00:00+00:00", "2019-05-10T13:00:00+00:00", 10_000)
        world.write()
        sign(world, Meter().record(reading("B", 0), reading("E", 10)))
        world.run()
        assert world.issue().refused == ()
        # Half past two in Berlin is a cut; the car stood there half an hour.
        assert world.rows(
            "SELECT period_no, energy_wh, charging_seconds, parking_seconds FROM billing.issued_cdr_periods ORDER BY 1"
        ) == [(1, 5000, 1800, 0), (2, 5000, 1800, 0), (3, 0, 0, 1800)]
        assert world.rows("SELECT count(*), sum(amount_excl_vat) FROM billing.issued_cdr_lines") == [
            (4, Decimal("6.1"))
        ]
        first = extract_bytes(world.lake, "cdrs_ocpi", *MAY, "json").decode()

        # Everything that a CDR speaks of changes.
        world.session(energy_wh=Decimal(12_000))
        world.set("sites", ["site"], **SITE | {"name": "Other"}, **PLACE | {"address": "Kai 2", "latitude": 54.0})
        world.tariff("T", 2, BY_DAY.replace("0.30", "0.35"))
        world.run()
        assert world.issue().refused == ()
        told = extract_bytes(world.lake, "cdrs_ocpi", *MAY, "json").decode()
        assert first.strip("[]\n") in told
        [original] = json.loads(first)
        assert original["signed_data"]["signed_values"][0]["nature"] == "End"
        found = {cdr["id"]: cdr for cdr in exact_json.loads(told)}  # type: ignore[union-attr,index,call-overload]
        credit = found.pop(f"{original['id']}-C")
        assert (credit["credit_reference_id"], credit["total_energy"]) == (original["id"], 10)
        assert credit["charging_periods"] == found[original["id"]]["charging_periods"]
        assert len(found) == 2
        # Priced again by the tariff that each carries, they cost what they say.
        lines = [exact_json.dumps({"cdr": cdr, "time_zone": "Europe/Berlin"}) for cdr in found.values()]
        for text, cdr in zip(rate_lines(lines), found.values(), strict=True):
            again = exact_json.loads(text)["cdr"]  # type: ignore[index,call-overload]
            costs = [{n: c for n, c in one.items() if n.endswith("_cost")} for one in (again, cdr)]
            assert costs[0] == costs[1]
