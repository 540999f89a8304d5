"""`kwhouse tariff …` on a real warehouse: its own sessions explained, its registry checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.billing.commands.tariff import tariff_app
from pipelines.billing.explaining import explain_session, in_words
from pipelines.billing.pricing import cdrs
from pipelines.billing.tariffs.model import why_refused
from tests.homes import new_home
from tests.integration.billing_world import World
from warehouse.errors import SessionUnknown, StoreMissing
from warehouse.registry import apply
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake

ELEMENTS = json.dumps(
    [
        {
            "price_components": [{"type": "ENERGY", "price": 0.2, "vat": 19, "step_size": 1}],
            "restrictions": {"end_time": "15:00", "min_kwh": 3},
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": 0.3, "vat": 19, "step_size": 1},
                {"type": "PARKING_TIME", "price": 2, "vat": 19, "step_size": 1200},
            ]
        },
    ]
)
# 14:00 to 15:30 in Berlin: the first 3 kWh at 0.30, then 0.20 until 15:00; half an hour's parking in steps of 20 min.
IN_WORDS = """\
Session s1 at station station, site site, 2019-05-10 14:00:00 to 15:30:00 (Europe/Berlin)

Tariff U version 2: EUR, prices before taxes
  by assignment B (site_id site), the most particular one that fits
  not by assignment A (everywhere and for everybody): tariff T

1. 14:00:00 to 14:18:00: 3 kWh and 18 min charging
   ENERGY            3 kWh at 0.3 EUR per kWh (element 1, VAT 19 %)
                     not element 0: 0 kWh so far are below 3 kWh
   TIME              18 min: free, the tariff has no price for it

2. 14:18:00 to 15:00:00: 7 kWh and 42 min charging
   18 min after the start, 3 kWh so far
   ENERGY            7 kWh at 0.2 EUR per kWh (element 0, VAT 19 %)
   TIME              42 min: free, the tariff has no price for it

3. 15:00:00 to 15:30:00: 30 min parking
   1 h after the start, 10 kWh so far
   PARKING_TIME      30 min at 2 EUR per h (element 1, VAT 19 %)

PARKING_TIME: 30 min is rounded up to steps of 20 min; the 10 min more is billed in period 3 at 2 EUR per h

ENERGY            7 kWh × 0.2 = 1.4 EUR before taxes, 1.666 with taxes
ENERGY            3 kWh × 0.3 = 0.9 EUR before taxes, 1.071 with taxes
PARKING_TIME      0.666667 h × 2 = 1.333333333333 EUR before taxes, 1.586666666667 with taxes
Total             3.6333 EUR before taxes, 4.3237 with taxes
The CDR says the same."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=new_home(tmp_path))


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with open_lake(settings) as lake:
        world = World(lake).basic()
        world.tariff("U", 1, ELEMENTS.replace("0.3", "9"))
        world.tariff("U", 2, ELEMENTS)
        world.assign("B", "U", site_id="site")
        world.session("s1")
        world.session("bad", grade="unbillable")
        world.session("lost", site_id="elsewhere")
        world.run(cdrs.STAGE)
        yield world


def test_own_sessions(world: World) -> None:
    told = explain_session(world.lake, "s1")
    assert in_words(told) == IN_WORDS
    [(net, gross)] = world.rows("SELECT total_excl_vat, total_incl_vat FROM billing.cdrs WHERE session_id = 's1'")
    assert (told.total_excl_vat, told.total_incl_vat) == (net, gross) == (Decimal("3.6333"), Decimal("4.3237"))
    assert in_words(explain_session(world.lake, "bad")).endswith(
        "No price: It is graded unbillable: it is not billed"
        " unless a person releases it with `kwhouse session release`."
    )
    assert explain_session(world.lake, "lost").reason == "The station belongs to no registered site."
    with pytest.raises(SessionUnknown):
        explain_session(world.lake, "nobody")
    # What is not refreshed yet shows.
    world.session("s1", energy_wh=Decimal(3000))
    world.assign("C", "T", site_id="site", valid_from="2019-02-01T00:00:00+00:00")
    world.write()
    ambiguous = explain_session(world.lake, "s1")
    assert ambiguous.reason == "Equally particular rules name different tariffs: B, C."
    assert [(rule.assignment_id, rule.won) for rule in ambiguous.rules] == [("B", False), ("C", False), ("A", False)]
    assert "The CDR says otherwise: 3.6333 EUR before taxes, 4.3237 with taxes." in in_words(ambiguous)


def test_on_the_command_line(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))
    # The lake is read beside its writer, as in life.
    run = CliRunner().invoke
    shown = run(tariff_app, ["explain", "s1"])
    assert (shown.exit_code, shown.output.rstrip()) == (0, IN_WORDS), shown.exception
    as_json = json.loads(run(tariff_app, ["explain", "s1", "--json"]).output)
    assert (as_json["total_excl_vat"], as_json["rules"][0]["assignment_id"]) == ("3.6333", "B")
    assert run(tariff_app, ["explain"]).exit_code == 2
    assert run(tariff_app, ["explain", "s1", "--cdr", __file__]).exit_code == 2


def test_a_cdr_on_the_command_line(tmp_path: Path) -> None:
    cdr, tariff = tmp_path / "cdr.json", tmp_path / "tariff.json"
    start = "2026-01-12T15:00:00Z"
    cdr.write_text(
        json.dumps({"charging_periods": [{"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": 2}]}]})
    )
    tariff.write_text(json.dumps({"id": "X", "currency": "EUR", "elements": json.loads(ELEMENTS)}))
    arguments = ["explain", "--cdr", str(cdr), "--tariff", str(tariff)]
    run = CliRunner().invoke
    shown = run(tariff_app, [*arguments, "--time-zone", "Asia/Kolkata"])
    assert "CDR without an id, 2026-01-12 from 20:30:00 (Asia/Kolkata)" in shown.output
    assert "Total             0.6 EUR before taxes, 0.714 with taxes" in shown.output
    assert run(tariff_app, [*arguments, "--time-zone", "Atlantis"]).exit_code == 2


def test_check_and_import_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke
    assert isinstance(run(tariff_app, ["check"]).exception, StoreMissing)
    ocpp, files = tmp_path / "ocpp.json", tmp_path / "files"
    prices = {"prices": [{"priceKwh": 0.5}, {"priceKwh": 0.3, "conditions": {"startTimeOfDay": "22:00"}}]}
    ocpp.write_text(json.dumps({"tariffId": "T", "currency": "EUR", "energy": prices}))
    files.mkdir()
    imported = run(tariff_app, ["import", str(ocpp), "--valid-from", "2026-01-01T00:00+01:00"])
    assert imported.exit_code == 0, imported.exception
    (files / "tariffs.yaml").write_text(imported.output)
    apply(load_settings(), files, why_refused)
    checked = run(tariff_app, ["check"])
    assert checked.exit_code == 1
    assert checked.output.splitlines()[0] == (
        "error: tariff T version 1 element 1: It is never chosen: element 0 before it holds wherever it does."
        " Move it before, or leave it out."
    )
    found = json.loads(run(tariff_app, ["check", "--json", "--tariff", "T"]).output)
    assert [(one["level"], one["kind"], one["element_no"]) for one in found] == [
        ("error", "unreachable", 1),
        ("warning", "no_vat", None),
    ]
    energy = {"prices": [{"priceKwh": 1}], "taxRates": [{"type": "VAT", "tax": 19}]}
    (tmp_path / "good.json").write_text(json.dumps({"tariffId": "G", "currency": "EUR", "energy": energy}))
    good = run(tariff_app, ["import", str(tmp_path / "good.json"), "--valid-from", "2026-01-01"])
    (files / "tariffs.yaml").write_text(good.output)
    apply(load_settings(), files, why_refused)
    nothing = run(tariff_app, ["check"])
    assert (nothing.exit_code, nothing.output) == (0, "Nothing is odd.\n")
