"""The resources of `/v1` over real sockets: what they tell, change and refuse, and to whom."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.access.waiting import Knock, keep
from ingest.clock import microseconds
from tests.integration.api.conftest import Client
from warehouse.people.roles import Role
from warehouse.state import table

NOW = microseconds(datetime.now(UTC).isoformat()) or 0


def test_who_has_no_good_key_learns_nothing(client: Callable[..., Client]) -> None:
    nobody = client()
    refused = nobody("GET", "/v1/drivers")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == 401
    assert nobody("GET", "/health").status_code == 200
    assert nobody("GET", "/v1/nothing").json()["title"] == "Not Found"


def test_wrong_keys_are_slowed_and_good_ones_are_not(client: Callable[..., Client]) -> None:
    wrong, right = client(), client(Role.OPERATOR)
    wrong.key = f"kwh_{'0' * 12}_{'0' * 64}"
    told = [wrong("GET", "/v1/whoami") for _ in range(7)]
    assert [answer.status_code for answer in told] == [401] * 5 + [429] * 2
    assert int(told[-1].headers["retry-after"]) >= 1
    assert right("GET", "/v1/whoami").status_code == 200


def test_whose_key_it_is(client: Callable[..., Client]) -> None:
    who = client(Role.SITE_OWNER, site_ids=["oslo"])("GET", "/v1/whoami").json()
    assert who["name"].startswith("API key site_owner (")
    assert (who["roles"], who["permissions"], who["sites"]) == (
        ["site_owner"],
        ["reports:read", "stations:read"],
        ["oslo"],
    )


def test_a_driver_with_contract_and_token(admin: Client) -> None:
    driver = admin("POST", "/v1/drivers", {"driver_id": "d-7", "name": "Grace Example", "email": "grace@example.org"})
    assert (driver.status_code, driver.headers["location"]) == (201, "/v1/drivers/d-7")
    contract = {"contract_id": "c-7", "operator_id": "op", "driver_id": "d-7", "currency": "INR"}
    assert admin("POST", "/v1/contracts", contract).status_code == 201
    token = {"id_token": "T*7", "token_type": "RFID", "contract_id": "c-7", "status": "active", "token_group": "fleet"}
    made = admin("POST", "/v1/tokens", token)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/tokens/T%2A7")
    assert made.json()["valid_from"].endswith("Z")
    assert admin("GET", "/v1/drivers?q=GRACE").json()["items"][0]["driver_id"] == "d-7"
    assert [row["id_token"] for row in admin("GET", "/v1/tokens?contract_id=c-7").json()["items"]] == ["T*7"]
    assert admin("GET", "/v1/token-groups").json()["items"] == [
        {"token_group": "fleet", "tokens": 1, "access_rules": 0}
    ]
    again = admin("POST", "/v1/tokens", token)
    assert (again.status_code, "is there already" in again.json()["detail"]) == (409, True)
    twin = admin("POST", "/v1/tokens", {**token, "id_token": "t*7"}).json()
    assert "no notice of case" in twin["problems"]["id_token"]
    nowhere = admin("POST", "/v1/tokens", {**token, "id_token": "T8", "contract_id": "none"})
    assert (nowhere.status_code, nowhere.json()["problems"]) == (409, {"contract_id": "none: contracts has none"})
    odd = admin("POST", "/v1/tokens", {**token, "id_token": "T 8", "token_type": "CARD", "colour": "red"})
    assert (odd.status_code, set(odd.json()["problems"])) == (422, {"id_token", "token_type", "colour"})


def test_what_somebody_else_has_changed_is_not_overwritten(admin: Client) -> None:
    admin("POST", "/v1/drivers", {"driver_id": "d-8", "name": "Ada"})
    read = admin("GET", "/v1/drivers/d-8")
    changed = admin("PATCH", "/v1/drivers/d-8", {"name": "Ada L."}, headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.json()["name"]) == (200, "Ada L.")
    late = admin("PATCH", "/v1/drivers/d-8", {"name": None}, headers={"If-Match": read.headers["etag"]})
    assert late.status_code == 412
    emptied = admin("PATCH", "/v1/drivers/d-8", {"name": None}, headers={"If-Match": changed.headers["etag"]})
    assert emptied.json()["name"] is None
    assert admin("PATCH", "/v1/drivers/nobody", {}).status_code == 404


def test_rules_are_checked_as_those_of_files(admin: Client) -> None:
    rule = {"access_rule_id": "r-1", "token_group": "night", "site_ids": ["pune"], "day_of_week": ["MONDAY"]}
    made = admin("POST", "/v1/access-rules", {**rule, "start_time": "22:00", "credit_limit": "20.5"})
    assert (made.status_code, made.json()["site_ids"], made.json()["credit_limit"]) == (201, ["pune"], "20.500000")
    both = admin("POST", "/v1/access-rules", {**rule, "access_rule_id": "r-2", "driver_id": "d1"})
    assert (both.status_code, "names one of" in both.json()["detail"]) == (409, True)
    nowhere = admin("PATCH", "/v1/access-rules/r-1", {"site_ids": ["mars"]})
    assert (nowhere.status_code, set(nowhere.json()["problems"])) == (409, {"site_ids"})
    assert admin("PATCH", "/v1/access-rules/r-1", {"start_time": "25:00"}).status_code == 409
    assert admin("DELETE", "/v1/access-rules/r-1").status_code == 204
    assert admin("DELETE", "/v1/access-rules/r-1").status_code == 404
    newest = admin("GET", "/v1/changes?table_name=access_rules&limit=1").json()
    assert (newest["items"][0]["change"], newest["items"][0]["row_key"]) == ("removed", ["r-1"])
    before = admin("GET", f"/v1/changes?table_name=access_rules&cursor={newest['next']}").json()
    assert [change["change"] for change in before["items"]] == ["added"]


def test_pages_follow_each_other(admin: Client) -> None:
    for number in range(5):
        admin("POST", "/v1/drivers", {"driver_id": f"page-{number}", "name": "Pager"})
    seen: list[str] = []
    path = "/v1/drivers?q=pager&limit=2"
    cursor = ""
    while True:
        page = admin("GET", path + cursor).json()
        seen += [row["driver_id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"page-{number}" for number in range(5)]
    assert admin("GET", "/v1/drivers?cursor=zzz").json() == {"items": [], "next": None}


def test_a_decision_is_explained_before_somebody_comes(admin: Client) -> None:
    admin("POST", "/v1/tokens", {"id_token": "ASK", "token_type": "RFID", "status": "active"})
    asked = "/v1/access/decision?id_token=ask&station_id=pune-1"
    assert admin("GET", asked).json() | {"valid_until": None} == {
        "status": "Accepted",
        "reason": "accepted",
        "access_rule_id": None,
        "valid_until": None,
    }
    admin("PATCH", "/v1/tokens/ASK", {"status": "blocked"})
    assert admin("GET", asked).json()["reason"] == "token_blocked"
    assert admin("GET", "/v1/access/decision?id_token=ask&station_id=none").status_code == 404
    assert admin("GET", f"{asked}&at=2026-01-31T00:00:00").status_code == 422


def test_stations_wait_are_taken_in_and_get_a_password(admin: Client, engine: sa.Engine) -> None:
    keep(engine, {"CP-NEW": Knock(3, NOW, "192.0.2.7")})
    (waits,) = admin("GET", "/v1/waiting-stations").json()["items"]
    assert (waits["station_id"], waits["knocks"], waits["remote_address"]) == ("CP-NEW", 3, "192.0.2.7")
    taken = admin("POST", "/v1/stations", {"station_id": "CP-NEW", "site_id": "oslo", "name": "At the gate"})
    assert (taken.status_code, taken.headers["location"]) == (201, "/v1/stations/CP-NEW")
    assert admin("GET", "/v1/waiting-stations").json() == {"items": []}
    made = admin("POST", "/v1/stations/CP-NEW/password").json()
    assert (len(made["password"]) >= 16, made["security_profile"]) == (True, 1)
    assert admin("GET", "/v1/stations/CP-NEW").json()["security_profile"] == 1
    with engine.connect() as connection:
        kept = connection.execute(sa.select(table("access", "station_credentials").c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")


def test_a_command_is_a_resource_that_is_asked_for_once(admin: Client) -> None:
    admin("POST", "/v1/tokens", {"id_token": "GO", "token_type": "APP_USER", "status": "active"})
    once = {"headers": {"Idempotency-Key": "tap-1"}}
    asked = admin("POST", "/v1/stations/pune-1/commands/start", {"id_token": "GO", "evse_id": 1}, **once)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert asked.headers["location"] == f"/v1/commands/{asked.json()['command_id']}"
    again = admin("POST", "/v1/stations/pune-1/commands/start", {"id_token": "GO", "evse_id": 1}, **once)
    assert again.json()["command_id"] == asked.json()["command_id"]
    other = admin("POST", "/v1/stations/oslo-1/commands/start", {"id_token": "GO"}, **once)
    assert (other.status_code, "Idempotency-Key" in other.json()["detail"]) == (409, True)
    found = admin("GET", f"{asked.headers['location']}?wait_seconds=0.1").json()
    assert (found["kind"], found["arguments"]) == ("start", {"id_token": "GO", "token_type": "Central", "evse_id": 1})
    assert [one["command_id"] for one in admin("GET", "/v1/stations/pune-1/commands").json()["items"]] == [
        found["command_id"]
    ]
    refused = admin("POST", "/v1/stations/pune-1/commands/start", {"id_token": "unknown"})
    assert (refused.status_code, refused.json()["problems"]) == (409, {"id_token": "unknown_token"})
    forced = admin("POST", "/v1/stations/pune-1/commands/start", {"id_token": "unknown", "force": True})
    assert forced.status_code == 202
    stop = admin("POST", "/v1/stations/pune-1/commands/stop", {"transaction_id": "17"})
    assert (stop.status_code, stop.json()["arguments"]) == (202, {"transaction_id": "17"})


def test_a_start_that_began_is_told_again_and_not_judged_again(admin: Client, engine: sa.Engine) -> None:
    admin("POST", "/v1/tokens", {"id_token": "ONE", "token_type": "RFID", "status": "active"})
    admin("POST", "/v1/access-rules", {"access_rule_id": "one", "id_token": "ONE", "most_sessions": 1})
    path, once = "/v1/stations/pune-1/commands/start", {"headers": {"Idempotency-Key": "one"}}
    asked = admin("POST", path, {"id_token": "one", "evse_id": 1}, **once)
    began = {
        "station_id": "pune-1",
        "transaction_id": "77",
        "evse_or_connector": "1",
        "id_token": "one",
        "started_at": datetime.now(UTC),
        "collector_id": "c",
    }
    going, sent = table("access", "transactions"), table("remote", "commands")
    with engine.begin() as connection:
        connection.execute(sa.insert(going), began)
        this = sent.c.command_id == asked.json()["command_id"]
        connection.execute(sa.update(sent).where(this).values(state="accepted", sent_at=datetime.now(UTC)))
    try:
        again = admin("POST", path, {"id_token": "ONE", "evse_id": 1}, **once)
        new = admin("POST", path, {"id_token": "ONE", "evse_id": 1})
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(going).where(going.c.transaction_id == "77"))
    assert (again.status_code, again.json()["command_id"]) == (202, asked.json()["command_id"])
    assert (again.json()["state"], new.status_code) == ("accepted", 409)


def test_the_same_command_twice_at_once_is_one(admin: Client) -> None:
    def tap(_number: int) -> str:
        body, once = {"transaction_id": "21"}, {"Idempotency-Key": "tap-2"}
        asked = admin("POST", "/v1/stations/oslo-1/commands/stop", body, headers=once)
        assert asked.status_code == 202
        return str(asked.json()["command_id"])

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(tap, range(12)))) == 1


def test_an_evse_is_reserved_and_given_up(admin: Client) -> None:
    admin("POST", "/v1/tokens", {"id_token": "KEEP", "token_type": "RFID", "status": "active"})
    wanted = {"id_token": "keep", "expires_at": "2126-01-01T00:00:00Z", "evse_id": 1}
    asked = admin("POST", "/v1/stations/oslo-1/reservations", wanted)
    assert (asked.status_code, asked.json()["state"], asked.json()["id_token"]) == (202, "asked", "KEEP")
    assert admin("GET", asked.headers["location"]).json()["kind"] == "reserve"
    number = asked.json()["reservation_id"]
    assert [one["reservation_id"] for one in admin("GET", "/v1/reservations").json()["items"]] == [number]
    given_up = admin("DELETE", f"/v1/reservations/{number}")
    assert (given_up.status_code, given_up.json()["kind"]) == (202, "cancel_reservation")
    assert admin("DELETE", f"/v1/reservations/{number}").json()["command_id"] == given_up.json()["command_id"]
    assert admin("DELETE", "/v1/reservations/99").status_code == 404
    over = admin("POST", "/v1/stations/oslo-1/reservations", {**wanted, "expires_at": "2026-01-01T00:00:00Z"})
    assert (over.status_code, over.json()["problems"]) == (409, {"expires_at": "is over already"})


def test_an_evse_is_reserved_once_however_often_it_is_asked(admin: Client) -> None:
    admin("POST", "/v1/tokens", {"id_token": "ONCE", "token_type": "RFID", "status": "active"})
    path, wanted = "/v1/stations/oslo-1/reservations", {"id_token": "once", "expires_at": "2126-01-01T00:00:00+01:00"}

    def ask(_number: int) -> int:
        asked = admin("POST", path, wanted, headers={"Idempotency-Key": "once"})
        assert asked.status_code == 202
        return int(asked.json()["reservation_id"])

    with ThreadPoolExecutor(4) as threads:
        numbers = set(threads.map(ask, range(8)))
    assert len(numbers) == 1
    other = admin("POST", path, {**wanted, "evse_id": 2}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, "Idempotency-Key" in other.json()["detail"]) == (409, True)
    assert admin("POST", path, wanted).json()["reservation_id"] not in numbers


@pytest.mark.parametrize(
    ("name", "body", "kind", "arguments"),
    [
        ("clear-cache", None, "clear_cache", {}),
        ("set-password", None, "set_password", {}),
        ("report", None, "report", {}),
        ("send-local-list", {"full": True}, "send_local_list", {"full": True}),
    ],
)
def test_what_keeps_a_station_in_order(
    admin: Client, name: str, body: Any, kind: str, arguments: dict[str, Any]
) -> None:
    path, once = f"/v1/stations/oslo-1/commands/{name}", {"headers": {"Idempotency-Key": name}}
    asked = admin("POST", path, body, **once)
    assert (asked.status_code, asked.json()["kind"], asked.json()["arguments"]) == (202, kind, arguments)
    assert admin("POST", path, body, **once).json()["command_id"] == asked.json()["command_id"]
    assert admin("POST", f"/v1/stations/none/commands/{name}", body).status_code == 404


def test_a_local_list_is_switched(admin: Client) -> None:
    path = "/v1/stations/oslo-1/local-list"
    assert admin("GET", path).json()["enabled"] is False
    for enabled in (True, False):
        switched = admin("PUT", path, {"enabled": enabled})
        assert (switched.status_code, switched.json()["enabled"]) == (200, enabled)
        assert admin("GET", path).json() == switched.json()
    assert admin("GET", "/v1/stations/none/local-list").status_code == 404


def test_a_station_is_limited_and_a_site_tells_its_power(
    admin: Client, client: Callable[..., Client], engine: sa.Engine
) -> None:
    path = "/v1/stations/oslo-1/power-limit"
    assert "knows no connectors" in admin("PUT", path, {"limit_w": 11_000}).json()["detail"]
    sites, connectors = table("registry", "sites"), table("registry", "connectors")
    plug = {
        "station_id": "oslo-1",
        "evse_id": 1,
        "connector_id": 1,
        "connector_type": "IEC_62196_T2",
        "power_type": "AC_3_PHASE",
        "rated_power_w": 22_000,
        "in_service_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    of_oslo = sites.c.site_id == "oslo"
    with engine.begin() as connection:
        connection.execute(sa.insert(connectors), plug)
        before = connection.execute(sa.select(sites.c.grid_limit_w).where(of_oslo)).scalar()
        connection.execute(sa.update(sites).where(of_oslo).values(grid_limit_w=50_000))
    try:
        limited = admin("PUT", path, {"limit_w": 11_000})
        power = admin("GET", "/v1/sites/oslo/power").json()
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(connectors).where(connectors.c.station_id == "oslo-1"))
            connection.execute(sa.update(sites).where(of_oslo).values(grid_limit_w=before))
    assert (limited.status_code, limited.json()["kind"]) == (202, "set_charging_profile")
    assert {name: limited.json()["arguments"][name] for name in ("unit", "evse_id")} == {"unit": "A", "evse_id": 0}
    assert admin("DELETE", path).json()["kind"] == "clear_charging_profile"
    assert (power["grid_limit_w"], [evse["remark"] for evse in power["evses"]]) == (50_000, ["no limit accepted yet"])
    without = admin("GET", "/v1/sites/pune/power").json()
    assert without == {"site_id": "pune", "grid_limit_w": None, "may_take_w": None, "evses": []}
    owner = client(Role.SITE_OWNER, site_ids=["oslo"])
    assert owner("GET", "/v1/sites/oslo/power").status_code == 200
    assert owner("GET", "/v1/sites/pune/power").status_code == 404


def test_sessions_and_their_stories(admin: Client) -> None:
    page = admin("GET", "/v1/sessions?limit=2").json()
    assert [row["session_id"] for row in page["items"]] == ["s3", "s2"]
    rest = admin("GET", f"/v1/sessions?limit=2&cursor={page['next']}").json()
    assert admin("GET", "/v1/sessions?cursor=2026-99-99T00:00:00Z~s1").status_code == 409
    assert ([row["session_id"] for row in rest["items"]], rest["next"]) == (["s1"], None)
    assert page["items"][1]["energy_wh"].rstrip("0").rstrip(".") == "2500"
    assert page["items"][0]["started_at"] == "2026-05-31T22:00:00Z"
    since = admin("GET", "/v1/sessions?begun_from=2026-05-31T18:30:00Z&site_id=pune").json()
    assert [row["session_id"] for row in since["items"]] == ["s2"]
    story = admin("GET", "/v1/sessions/s1/story").json()
    assert (story["session"]["session_id"], len(story["cdrs"])) == ("s1", 1)
    assert admin("GET", "/v1/sessions/none").status_code == 404
    ended = admin("GET", "/v1/sessions/s1/cost")
    assert (ended.status_code, "does not go on" in ended.json()["detail"]) == (404, True)


def test_extracts_are_files(admin: Client, client: Callable[..., Client]) -> None:
    days = "from=2026-05-31&to=2026-06-02"
    got = admin("GET", f"/v1/extracts/sessions?{days}")
    assert got.headers["content-disposition"] == 'attachment; filename="sessions-2026-05-31-2026-06-02.csv"'
    assert got.headers["kwhouse-snapshot"]
    assert {row["session_id"] for row in csv.DictReader(got.text.splitlines())} == {"s1", "s2", "s3"}
    assert admin("GET", f"/v1/extracts/sessions?{days}&site_id=mars").status_code == 409
    assert admin("GET", f"/v1/extracts/datev?{days}&format=xlsx").status_code == 409
    analyst = client(Role.ANALYST)
    assert analyst("GET", f"/v1/extracts/journal?{days}").status_code == 403
    named = {one["name"] for one in analyst("GET", "/v1/extracts").json()["items"]}
    assert ("sessions" in named, "journal" in named) == (True, False)
    some = client(Role.FINANCE, site_ids=["oslo"])
    cut = some("GET", f"/v1/extracts/sessions?{days}")
    assert {row["site_id"] for row in csv.DictReader(cut.text.splitlines())} == {"oslo"}
    assert some("GET", f"/v1/extracts/sessions?{days}&site_id=pune").status_code == 409


def test_decisions_of_collectors_say_how_far_they_are_known(admin: Client) -> None:
    assert admin("GET", "/v1/access/decisions").json() == {"items": [], "until": None}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/drivers", None),
        ("GET", "/v1/tokens/SECRETTOKEN", None),
        ("GET", "/v1/changes", None),
        ("GET", "/v1/waiting-stations", None),
        ("GET", "/v1/extracts/journal?from=2026-05-31&to=2026-06-02", None),
        ("GET", "/v1/reservations", None),
        ("POST", "/v1/stations/oslo-1/password", None),
        ("POST", "/v1/stations/oslo-1/commands/stop", {"transaction_id": "1"}),
        ("POST", "/v1/stations/oslo-1/commands/set-password", None),
        ("POST", "/v1/stations/oslo-1/commands/report", None),
        ("POST", "/v1/stations/oslo-1/commands/clear-cache", None),
        ("POST", "/v1/stations/oslo-1/commands/send-local-list", {}),
        ("PUT", "/v1/stations/oslo-1/local-list", {"enabled": True}),
        ("PUT", "/v1/stations/oslo-1/power-limit", {"limit_w": 1}),
        ("DELETE", "/v1/stations/oslo-1/power-limit", None),
        ("PATCH", "/v1/tokens/SECRETTOKEN", {"status": "blocked"}),
    ],
)
def test_what_a_site_owner_may_not(client: Callable[..., Client], method: str, path: str, body: Any) -> None:
    refused = client(Role.SITE_OWNER, site_ids=["oslo"])(method, path, body)
    assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")


def test_a_site_owner_sees_only_their_sites(client: Callable[..., Client], admin: Client) -> None:
    owner = client(Role.SITE_OWNER, site_ids=["oslo"])
    assert {row["site_id"] for row in owner("GET", "/v1/stations").json()["items"]} == {"oslo"}
    assert owner("GET", "/v1/stations/pune-1").status_code == 404
    assert [row["session_id"] for row in owner("GET", "/v1/sessions").json()["items"]] == ["s3"]
    assert owner("GET", "/v1/sessions?site_id=pune").json()["items"] == []
    for path in ("/v1/sessions/s1", "/v1/sessions/s1/story", "/v1/sessions/s1/cost", "/v1/stations/pune-1/commands"):
        assert owner("GET", path).status_code == 404
    asked = admin("POST", "/v1/stations/pune-1/commands/stop", {"transaction_id": "18"})
    assert owner("GET", asked.headers["location"]).status_code == 404
    seen = admin("POST", "/v1/stations/oslo-1/commands/stop", {"transaction_id": "19"})
    told = owner("GET", seen.headers["location"]).json()
    assert (told["arguments"], told["asked_by"]) == (None, None)


def test_a_program_names_whom_it_asks_for(admin: Client, client: Callable[..., Client]) -> None:
    for_ada = {"headers": {"Kwhouse-For": "ada@example.org (%C3%84da%0A)"}}
    admin("POST", "/v1/drivers", {"driver_id": "d-9"}, **for_ada)
    newest = admin("GET", "/v1/changes?table_name=drivers&limit=1").json()["items"][0]
    assert newest["changed_by"].startswith("ada@example.org (Äda\ufffd) (API key admin")
    assert client(Role.OPERATOR)("POST", "/v1/drivers", {"driver_id": "d-10"}, **for_ada).status_code == 403


def test_no_key_is_written_down(served: Any, admin: Client) -> None:
    assert admin.key is not None
    assert admin.key not in "".join(served.lines)
