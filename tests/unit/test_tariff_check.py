"""`tariff check`, finding by finding."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.billing.checking import Finding, check
from pipelines.billing.checking.spans import EVER, NEVER, without
from warehouse import exact_json

pytestmark = pytest.mark.fast


def at(year: int, month: int = 1) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    return {"price_components": list(components), "restrictions": restrictions or None}


def price(dimension: str = "ENERGY", amount: str = "0.3", step: int = 1, vat: int | None = 19) -> dict[str, Any]:
    return {"type": dimension, "price": Decimal(amount), "step_size": Decimal(step), "vat": vat}


def version(*elements: dict[str, Any], **columns: Any) -> dict[str, Any]:
    row = {"tariff_id": "T", "version": 1, "currency": "EUR", "elements": list(elements), "valid_from": at(2026)}
    return {**row, "valid_to": None, **columns}


def found(*elements: dict[str, Any], **columns: Any) -> list[Finding]:
    return check({"tariffs": [version(*elements, **columns)]})


def told(findings: list[Finding]) -> list[tuple[str, str, int | None]]:
    return [(finding.level, finding.kind, finding.element_no) for finding in findings]


def test_nothing_is_odd_about_a_plain_tariff() -> None:
    assert found(element(price(), price("PARKING_TIME", "3", 60))) == []


def test_an_element_behind_one_that_always_holds_is_unreachable() -> None:
    [one] = found(element(price()), element(price(amount="0.5"), start_time="08:00", end_time="20:00"))
    assert (one.level, one.kind, one.element_no) == ("error", "unreachable", 1)
    assert one.words == "It is never chosen: element 0 before it holds wherever it does."
    assert one.place == "tariff T version 1 element 1"


def test_several_elements_together_hide_one() -> None:
    [one] = found(
        element(price(), start_time="08:00", end_time="20:00"),
        element(price(amount="0.2"), start_time="20:00", end_time="08:00"),
        element(price(amount="0.5"), day_of_week=["SATURDAY"], min_kwh=Decimal(10)),
        element(price("FLAT", "1")),
    )
    assert told([one]) == [("error", "unreachable", 2)]
    assert one.words == "It is never chosen: of elements 0 and 1 before it one holds wherever it does."


def test_a_dimension_of_its_own_keeps_an_element_alive() -> None:
    [one] = found(element(price()), element(price(amount="0.5"), price("FLAT", "1")))
    assert told([one]) == [("warning", "hidden", 1)]
    assert one.words == "Its price for ENERGY is never used: element 0 before it holds wherever it does."


def test_power_that_is_not_known_matches_neither_side() -> None:
    by_power = (element(price(), min_power=Decimal(11)), element(price(amount="0.2"), max_power=Decimal(11)))
    assert told(found(*by_power, element(price(amount="0.25")))) == []
    [one] = found(*by_power)
    assert (one.level, one.kind) == ("warning", "no_element")
    assert "power changing across a boundary or power not known" in one.words


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"min_kwh": Decimal(10), "max_kwh": Decimal(10)}, "min_kwh 10 is not below max_kwh 10"),
        ({"min_duration": Decimal(60), "max_duration": Decimal(30)}, "min_duration 60 is not below max_duration 30"),
        ({"min_power": Decimal(50), "max_power": Decimal("7.5")}, "min_power 50 is not below max_power 7.5"),
        ({"max_current": Decimal(0)}, "max_current 0 leaves nothing"),
        (
            {"start_date": "2026-05-01", "end_date": "2026-05-01"},
            "start_date 2026-05-01 is not before end_date 2026-05-01",
        ),
        ({"end_date": "2025-12-31"}, "end_date 2025-12-31 is over before the version is in force"),
        (
            # A Monday and a Tuesday.
            {"start_date": "2026-06-01", "end_date": "2026-06-03", "day_of_week": ["SUNDAY"]},
            "no day between its dates is one of its weekdays",
        ),
    ],
)
def test_what_can_never_hold_is_told_with_the_reason(asked: dict[str, Any], reason: str) -> None:
    [one] = found(element(price(amount="0.5"), **asked), element(price()))
    assert told([one]) == [("error", "impossible", 0)]
    assert one.words == f"It never holds: {reason}."


def test_the_last_day_before_a_version_is_in_force_may_be_today_further_west() -> None:
    assert found(element(price(amount="0.5"), end_date="2026-01-01"), element(price())) == []


def test_local_days_are_those_of_the_sites() -> None:
    old = element(price(amount="0.5"), end_date="2026-01-01")
    tariffs = [version(old, element(price()))]
    assigned = [rule("a", valid_from=EVER)]
    for zone, kinds in (("America/New_York", []), ("Asia/Kolkata", ["impossible"])):
        sites = [{"site_id": "s", "time_zone": zone}]
        findings = check({"tariffs": tariffs, "tariff_assignments": assigned, "sites": sites})
        assert [finding.kind for finding in findings if finding.kind != "no_version"] == kinds


def test_same_start_and_end_is_the_whole_day() -> None:
    assert ("warning", "whole_day", 0) in told(found(element(price(), start_time="08:00", end_time="08:00")))


def test_no_weekdays_are_every_day() -> None:
    assert told(found(element(price(), day_of_week=[]))) == [("warning", "no_weekday", 0)]


def test_a_start_after_the_end_of_the_version() -> None:
    late = element(price(amount="0.5"), start_date="2027-03-01")
    assert told(found(late, element(price()), valid_to=at(2027))) == [("warning", "too_late", 0)]
    assert found(late, element(price())) == []


def test_energy_that_is_free_at_some_time_is_a_warning() -> None:
    week = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
    [one] = found(
        element(price(), start_time="06:00", end_time="22:00", day_of_week=week),
        element(price("FLAT", "1")),
    )
    assert (one.level, one.kind, one.element_no) == ("warning", "gap", None)
    assert one.words == "Energy is free: 22:00–06:00; Saturday and Sunday."


def test_thresholds_of_gaps() -> None:
    [energy] = found(element(price(), min_kwh=Decimal("2.5"), max_kwh=Decimal(50)), element(price("FLAT", "1")))
    assert energy.words == "Energy is free: below 2.5 kWh or from 50 kWh on."
    [parking] = found(element(price()), element(price("PARKING_TIME", "3"), min_duration=Decimal(5400)))
    assert (parking.level, parking.words) == ("note", "Parking time is free: below 1 h 30 min after the start.")


def test_where_no_element_holds_there_is_no_price() -> None:
    [one] = found(element(price(), start_date="2026-03-01", end_date="2026-09-01"))
    assert (one.level, one.kind) == ("warning", "no_element")
    assert one.words == (
        "No element holds: until before 2026-03-01 or from 2026-09-01 on."
        " A session that lies wholly there has no price."
    )


def test_a_fee_is_looked_at_where_sessions_start() -> None:
    fee = element(price("FLAT", "1"), max_duration=Decimal(60))
    assert found(fee, element(price())) == []
    [later] = found(fee, element(price("FLAT", "2"), min_kwh=Decimal(10)), element(price()))
    assert told([later]) == [("error", "unreachable", 1)]
    assert later.words.endswith("it holds only after the start, and every session pays another FLAT at its start.")
    # Not every session pays one at its start: some pay the later one.
    by_day = element(price("FLAT", "1"), end_time="20:00")
    assert told(found(by_day, element(price("FLAT", "2"), min_kwh=Decimal(10)), element(price()))) == [
        ("note", "gap", None)
    ]


def test_reservations_have_elements_of_their_own() -> None:
    reserved = element(price("TIME", "5"), reservation="RESERVATION")
    expired = element(price("TIME", "7"), reservation="RESERVATION_EXPIRES")
    assert found(element(price("TIME", "2")), reserved, expired) == []
    [one] = found(element(price("TIME", "2")), expired, element(price("TIME", "9"), reservation="RESERVATION_EXPIRES"))
    assert told([one]) == [("error", "unreachable", 2)]


def test_prices_without_vat() -> None:
    [one] = found(element(price(vat=None), price("FLAT", "1")))
    assert (one.kind, one.words) == (
        "no_vat",
        "No VAT is given in element 0 (ENERGY): what is gross is then not known.",
    )
    assert found(element(price(vat=None)), tax_included="N/A") == []


def law(rate: str, begin: datetime = EVER, end: datetime | None = None, **columns: Any) -> dict[str, Any]:
    row = {"country_code": "DE", "tax_code": "S", "rate_percent": Decimal(rate), "valid_from": begin, "valid_to": end}
    return {**row, **columns}


def by_law(tariff: dict[str, Any], *rates: dict[str, Any], **seller: Any) -> list[Finding]:
    sites = [
        {"site_id": name, "operator_id": "O", "country_code": country, "time_zone": "Europe/Berlin"}
        for name, country in (("s", "DE"), ("t", "AT"))
    ]
    found = check(
        {
            "tariffs": [tariff],
            "tariff_assignments": [rule("a", site_id="s")],
            "sites": sites,
            "operators": [{"operator_id": "O", **seller}],
            "tax_rates": rates,
        }
    )
    return [finding for finding in found if finding.kind in ("no_vat", "unlawful_vat")]


def test_a_vat_that_is_not_the_laws_is_told_with_the_time() -> None:
    changing = (law("19", end=at(2026, 7)), law("21", at(2026, 7)), law("20", country_code="AT"))
    [one] = by_law(version(element(price())), *changing)
    assert (one.level, one.kind) == ("warning", "unlawful_vat")
    assert one.words == ("VAT is 19 % in element 0 (ENERGY); tax_rates says 21 % for DE from 2026-07-01 00:00 UTC on.")
    # At the time of the version alone, and where it holds.
    assert by_law(version(element(price()), valid_to=at(2026, 7)), *changing) == []
    assert by_law(version(element(price(vat=20))), law("20", country_code="AT")) == []
    [exempt] = by_law(version(element(price())), law("19"), tax_category="E")
    assert exempt.words == "VAT is 19 % in element 0 (ENERGY); its operator in DE charges none (tax_category)."


def test_a_price_without_vat_bears_the_laws_where_it_is_told() -> None:
    bare = version(element(price(vat=None)))
    [told_by_law] = by_law(bare, law("19"))
    assert (told_by_law.level, told_by_law.kind) == ("note", "no_vat")
    assert told_by_law.words == "No VAT is given in element 0 (ENERGY): that of tax_rates holds, 19 % for DE."
    [late] = by_law(bare, law("19", at(2026, 2)))
    assert late.level == "warning"
    assert "tax_rates does not tell it for DE all that time" in late.words


def test_a_site_in_another_state_of_india_needs_another_operator() -> None:
    def found_for(state_code: str) -> list[str]:
        site = {"site_id": "s", "operator_id": "O", "country_code": "IN", "state_code": state_code}
        operators = [{"operator_id": "O", "state_code": "36"}]
        return [one.words for one in check({"sites": [site], "operators": operators}) if one.kind == "other_state"]

    assert found_for("36") == []
    [words] = found_for("29")
    assert words.startswith("It is in state 29, its operator O registered in 36")


def test_odd_steps_and_what_cannot_be_priced() -> None:
    assert told(found(element(price("TIME", step=3601)))) == [("warning", "odd_step", 0)]
    assert told(found(element(price(step=1001)))) == [("warning", "odd_step", 0)]
    assert told(found(element(price("TIME", step=3600), price(step=1000)))) == []
    [refused] = found(element(price(step=0)))
    assert (refused.level, refused.kind) == ("error", "refused")
    assert "elements[0].price_components[0].step_size" in refused.words


def test_too_many_boundaries_are_said_to_be_not_looked_at() -> None:
    elements = [
        element(
            price(),
            min_kwh=Decimal(n),
            max_kwh=Decimal(n + 1),
            min_duration=Decimal(n),
            min_power=Decimal(n),
            min_current=Decimal(n),
        )
        for n in range(1, 40)
    ]
    assert told(found(*elements)) == [("note", "not_looked_at", None)]


def test_versions_at_one_time() -> None:
    plain = element(price())
    open_end = [version(plain), version(plain, version=2, valid_from=at(2026, 6))]
    [note] = check({"tariffs": open_end})
    assert (note.level, note.kind, note.version) == ("note", "overlap", 1)
    back_again = [version(plain), version(plain, version=2, valid_from=at(2026, 6), valid_to=at(2026, 7))]
    [warning] = check({"tariffs": back_again})
    assert (warning.level, warning.kind) == ("warning", "overlap")
    assert "After that version 1 holds again." in warning.words
    [never] = check({"tariffs": [version(plain), version(plain, version=2)]})
    assert (never.level, never.kind, never.version) == ("warning", "never_in_force", 1)
    assert told(check({"tariffs": [version(plain, valid_to=at(2025))]})) == [("error", "backward", None)]


def rule(name: str, tariff: str = "T", **columns: Any) -> dict[str, Any]:
    return {"assignment_id": name, "tariff_id": tariff, "valid_from": at(2026), "valid_to": None, **columns}


def world(*rules: dict[str, Any], **tables: Any) -> list[Finding]:
    tariffs = [version(element(price())), version(element(price()), tariff_id="U")]
    return check({"tariffs": tariffs, "tariff_assignments": rules, **tables})


def test_equally_particular_rules() -> None:
    [one] = world(rule("a", site_id="s"), rule("b", "U", site_id="s", valid_from=at(2026, 3)))
    assert (one.level, one.kind, one.place) == ("error", "ambiguous", "assignments a and b")
    assert one.words == (
        "Equally particular, site_id s, and they name different tariffs from 2026-03-01 00:00 UTC on: T and U."
    )
    assert told(world(rule("a", site_id="s"), rule("b", site_id="s"))) == [("note", "repeated", None)]
    assert (
        world(rule("a", site_id="s"), rule("b", "U", site_id="t"), rule("c", "U", site_id="s", token_group="g")) == []
    )
    assert world(rule("a", valid_to=at(2026, 3)), rule("b", "U", valid_from=at(2026, 3))) == []


def test_rules_that_name_nothing() -> None:
    assert told(world(rule("a", "V"))) == [("error", "no_tariff", None)]
    [early] = world(rule("a", valid_from=at(2025)))
    assert early.kind == "no_version"
    assert early.words == "Tariff T has no version in force from 2025-01-01 00:00 UTC until 2026-01-01 00:00 UTC."
    stations = [{"station_id": "st", "site_id": "s"}]
    assert told(world(rule("a", site_id="t", station_id="st"), stations=stations)) == [("error", "nowhere", None)]
    assert told(world(rule("a", valid_to=at(2025)))) == [("error", "backward", None)]


PLACES = {
    "sites": [{"site_id": "s"}],
    "stations": [{"station_id": "st", "site_id": "s"}, {"station_id": "st2", "site_id": "s"}],
    "connectors": [
        {"station_id": "st", "evse_id": 1, "connector_id": n, "in_service_from": at(2026), "in_service_to": None}
        for n in (1, 2)
    ],
}


def test_places_without_a_price() -> None:
    assert world(rule("everywhere", valid_from=at(2026)), sites=PLACES["sites"]) != []  # since ever, not since 2026
    [site] = world(rule("group", token_group="g"), **PLACES)
    assert (site.level, site.kind, site.place) == ("error", "unassigned", "site s")
    [station] = world(rule("a", station_id="st"), **PLACES)
    assert (station.level, station.place) == ("error", "station st2")
    late = {"station_id": "st2", "valid_from": at(2026)}
    places = {**PLACES, "stations": PLACES["stations"][:1]}
    one = rule("a", station_id="st", evse_id=1, connector_id=1)
    other = rule("b", station_id="st", evse_id=1, connector_id=2, valid_from=at(2026, 4))
    [connector] = world(one, other, rule("c", **late), **places)
    assert (connector.level, connector.place) == ("warning", "connector 2 of EVSE 1 of station st")
    assert connector.words == (
        "No tariff is assigned for everybody from 2026-01-01 00:00 UTC until 2026-04-01 00:00 UTC."
    )


def test_spans_without_others() -> None:
    span = (at(2026), NEVER)
    assert list(without(span, [])) == [span]
    assert list(without(span, [(at(2025), at(2026, 2)), (at(2026, 3), at(2026, 4))])) == [
        (at(2026, 2), at(2026, 3)),
        (at(2026, 4), NEVER),
    ]
    assert list(without((at(2026), at(2027)), [(at(2025), NEVER)])) == []


def test_the_gravest_come_first() -> None:
    findings = found(element(price(vat=None)), element(price()))
    assert [finding.level for finding in findings] == ["error", "warning"]
    assert exact_json.dumps(findings[0].place)  # plain text
    assert str(findings[0]).startswith("error: tariff T version 1 element 1: It is never chosen")
