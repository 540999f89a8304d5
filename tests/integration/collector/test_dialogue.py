"""Stations and a real collector over real WebSockets: what they are told, and what lands."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.collector_harness import collector, landed, station
from warehouse.errors import SettingsError, StoreBusy

NOW = "2026-01-31T12:00:00Z"
READING = {"timestamp": NOW, "sampledValue": [{"value": "1234.5", "unit": "Wh"}]}
TRIGGER = {"timestamp": NOW, "seqNo": 0, "triggerReason": "Authorized", "transactionInfo": {"transactionId": "t-1"}}
GOOD = {"idToken": "good", "type": "ISO14443"}
EVENT = {
    "eventId": 1,
    "timestamp": NOW,
    "trigger": "Alerting",
    "actualValue": "1",
    "eventNotificationType": "HardWiredNotification",
    "component": {"name": "Connector"},
    "variable": {"name": "Problem"},
}

CORE_16: dict[str, dict[str, Any]] = {
    "BootNotification": {"chargePointVendor": "v", "chargePointModel": "m"},
    "Heartbeat": {},
    "Authorize": {"idTag": "good"},
    "StatusNotification": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    "StartTransaction": {"connectorId": 1, "idTag": "good", "meterStart": 0, "timestamp": NOW},
    "MeterValues": {"connectorId": 1, "transactionId": 1, "meterValue": [READING]},
    "StopTransaction": {"transactionId": 1, "meterStop": 9, "timestamp": NOW, "transactionData": [READING]},
    "DataTransfer": {"vendorId": "kwhouse", "messageId": "ExternalSession", "data": "{}"},
    "DiagnosticsStatusNotification": {"status": "Idle"},
    "FirmwareStatusNotification": {"status": "Idle"},
    "LogStatusNotification": {"status": "Idle"},
    "SecurityEventNotification": {"type": "SettingSystemTime", "timestamp": NOW},
    "SignedFirmwareStatusNotification": {"status": "Idle"},
}
CORE_2: dict[str, dict[str, Any]] = {
    "BootNotification": {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}},
    "Heartbeat": {},
    "Authorize": {"idToken": GOOD},
    "StatusNotification": {"timestamp": NOW, "connectorStatus": "Available", "evseId": 1, "connectorId": 1},
    "TransactionEvent": {"eventType": "Started", "idToken": GOOD, "evse": {"id": 1, "connectorId": 1}} | TRIGGER,
    "MeterValues": {"evseId": 1, "meterValue": [{"timestamp": NOW, "sampledValue": [{"value": 1234.5}]}]},
    "DataTransfer": {"vendorId": "kwhouse", "messageId": "ExternalSession"},
    "NotifyEvent": {"generatedAt": NOW, "seqNo": 0, "eventData": [EVENT]},
    "NotifyReport": {"requestId": 1, "generatedAt": NOW, "seqNo": 0},
    "NotifyMonitoringReport": {"requestId": 1, "generatedAt": NOW, "seqNo": 0},
    "FirmwareStatusNotification": {"status": "Idle"},
    "LogStatusNotification": {"status": "Idle"},
    "SecurityEventNotification": {"type": "SettingSystemTime", "timestamp": NOW},
}


@pytest.mark.parametrize(("version", "core"), [("1.6", CORE_16), ("2.0.1", CORE_2), ("2.1", CORE_2)])
def test_the_core_set_is_answered_and_lands_as_sent(
    tmp_path: Path, version: str, core: dict[str, dict[str, Any]]
) -> None:
    async def talk() -> None:
        async with station(running, version=version) as cp:
            for number, (action, payload) in enumerate(core.items(), start=1):
                message_type, message_id, *_ = await cp.call(action, payload)
                assert (message_type, message_id) == (3, str(number)), action

    with collector(tmp_path) as running:
        asyncio.run(talk())
    assert running.status == 0
    rows = landed(running, "messages")
    calls, answers = rows[0::2], rows[1::2]
    assert [row["action"] for row in calls] == [row["action"] for row in answers] == list(core)
    assert [row["payload"] for row in calls] == [json.dumps(payload) for payload in core.values()]
    assert {row["direction"] for row in calls} == {"in"}
    assert {row["direction"] for row in answers} == {"out"}
    assert {(row["ocpp_version"], row["station_id"], row["connection_id"]) for row in rows} == {(version, "CP-1", 1)}
    assert [row["schema_error"] for row in rows] == [None] * len(rows)
    decisions = [row["seq"] for row in landed(running, "access_decisions")]
    seqs = [row["seq"] for row in rows]
    assert seqs == sorted(seqs)
    assert sorted([*seqs, *decisions]) == list(range(2, 2 + len(seqs) + len(decisions)))


def test_other_calls_are_kept_and_refused(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running) as cp:
            assert (await cp.call("MakeCoffee", {}))[:3] == [4, "1", "NotImplemented"]
            assert (await cp.call("SignCertificate", {"csr": "x"}))[:3] == [4, "2", "NotSupported"]

    with collector(tmp_path) as running:
        asyncio.run(talk())
    answers = [row for row in landed(running, "messages") if row["direction"] == "out"]
    assert [(row["action"], row["message_type"]) for row in answers] == [("MakeCoffee", 4), ("SignCertificate", 4)]
    assert json.loads(answers[0]["payload"])[0] == "NotImplemented"


def test_send_gets_no_answer_and_answers_of_stations_are_kept(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running, version="2.1") as cp:
            for text in (
                '[6,"a","NotifyPeriodicEventStream",{"id":1}]',
                '[3,"b",{"status":"Accepted"}]',
                '[4,"c","GenericError","",{}]',
                '[5,"d","GenericError","",{}]',
            ):
                await cp.socket.send(text)
            assert (await cp.call("Heartbeat", {}))[:2] == [3, "1"]  # the first thing the station hears

    with collector(tmp_path) as running:
        asyncio.run(talk())
    rows = landed(running, "messages")[:4]
    assert [(row["message_type"], row["message_id"]) for row in rows] == [(6, "a"), (3, "b"), (4, "c"), (5, "d")]
    assert [row["action"] for row in rows] == ["NotifyPeriodicEventStream", None, None, None]


BROKEN = [
    ("1.6", "nonsense", "unparsable", None),
    ("2.0.1", "nonsense", "unparsable", [4, "-1", "RpcFrameworkError"]),
    ("1.6", '[2,"7","MeterValues",{"transactionId":,"a":1}]', "unparsable", [4, "7", "FormationViolation"]),
    ("2.0.1", '[2,"7","MeterValues",{"evseId":1', "unparsable", [4, "7", "FormatViolation"]),
    ("1.6", '[2,"7",["Heartbeat"],{}]', "not_a_frame", [4, "7", "FormationViolation"]),
    ("2.0.1", '[9,"7","Heartbeat",{}]', "unknown_message_type", [4, "7", "MessageTypeNotSupported"]),
    ("1.6", b'[2,"7","Heartbeat",{"a":"\xff"}]', "not_utf8", [4, "7", "FormationViolation"]),
    ("1.6", "[" * 5000, "unparsable", None),
]


@pytest.mark.parametrize(("version", "text", "reason", "answer"), BROKEN)
def test_what_is_no_frame_is_kept_and_costs_no_connection(
    tmp_path: Path, version: str, text: str | bytes, reason: str, answer: list[Any] | None
) -> None:
    async def talk() -> None:
        async with station(running, version=version) as cp:
            if answer is None:
                await cp.socket.send(text, text=True)
            else:
                assert (await cp.say(text))[:3] == answer
            assert (await cp.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path) as running:
        asyncio.run(talk())
    (row,) = landed(running, "rejected")
    assert row["reason"] == reason
    assert row["text"] == (text if isinstance(text, str) else text.decode(errors="replace"))
    assert row["connection_id"] == 1


def test_a_strange_body_is_answered_as_usual_and_flagged(tmp_path: Path) -> None:
    payloads = [
        '{"connectorId":1,"meterValue":{"timestamp":"x","sampledValue":[]}}',
        '{"connectorId":1,"meterValue":[{"timestamp":"x","sampledValue":[]}]}',
        '{"connectorId":1,"transactionId":' + "9" * 4300 + ',"meterValue":[]}',
        '{"connectorId":1,"note":"\\ud800"}',
        "[]",
    ]

    async def talk() -> None:
        async with station(running) as cp:
            for payload in payloads:
                assert await cp.say(f'[2, "7", "MeterValues", {payload}]') == [3, "7", {}]

    with collector(tmp_path) as running:
        asyncio.run(talk())
    rows = [row for row in landed(running, "messages") if row["direction"] == "in"]
    assert [row["payload"] for row in rows] == payloads
    assert all(row["schema_error"] for row in rows)


def test_a_frame_that_is_too_long_is_noted_and_closes_the_connection(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running) as cp:
            with pytest.raises(ConnectionClosed):
                await cp.say(f'[2,"7","DataTransfer",{{"vendorId":"v","data":"{"x" * 2000}"}}]')
            assert cp.socket.close_code == 1009
        async with station(running) as cp:
            assert (await cp.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path, max_frame_bytes=1000) as running:
        asyncio.run(talk())
    (row,) = landed(running, "rejected")
    assert (row["reason"], row["text"]) == ("too_long", "")
    assert [row["close_code"] for row in landed(running, "connections")] == [None, 1009, None, 1000]


@pytest.mark.parametrize(
    ("path", "subprotocols", "headers", "status", "text"),
    [
        ("nobody", ["ocpp1.6"], {}, 404, "kwhouse registry apply"),
        ("", ["ocpp1.6"], {}, 404, "/ocpp/<station_id>"),
        ("CP-1", ["ocpp1.5"], {}, 400, "ocpp2.1, ocpp2.0.1, ocpp1.6"),
        ("CP-1", None, {}, 400, "asked for none"),
        ("CP-1", ["ocpp1.6"], {"X-KWhouse-Clock": "replay;2019-05-01T00:00:00Z"}, 403, "KWHOUSE_ALLOW_REPLAY"),
    ],
)
def test_the_handshake_refuses_and_says_the_mend(
    tmp_path: Path, path: str, subprotocols: list[Any] | None, headers: dict[str, str], status: int, text: str
) -> None:
    from websockets.asyncio.client import connect

    async def knock() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(running.ready.url + path, subprotocols=subprotocols, additional_headers=headers)
        assert refused.value.response.status_code == status
        assert text in bytes(refused.value.response.body).decode()

    with collector(tmp_path, allow_replay=False) as running:
        asyncio.run(knock())
    assert landed(running, "connections") == []


def test_identities_are_url_decoded_and_deflate_is_spoken(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running, "S%C3%A4ule%203", "2.0.1", compression="deflate") as cp:
            assert [extension.name for extension in cp.socket.protocol.extensions] == ["permessage-deflate"]
            assert (await cp.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path) as running:
        asyncio.run(talk())
    assert {row["station_id"] for row in landed(running, "connections")} == {"Säule 3"}


def test_a_replay_follows_the_times_of_the_station(tmp_path: Path) -> None:
    async def talk() -> None:
        headers = {"X-KWhouse-Clock": "replay;2019-05-01T00:00:00Z"}
        async with station(running, additional_headers=headers) as cp:
            boot = await cp.call("BootNotification", CORE_16["BootNotification"])
            assert boot[2]["currentTime"] == "2019-05-01T00:00:00.000Z"
            start = {"connectorId": 1, "idTag": "good", "meterStart": 0, "timestamp": "2019-05-03T08:00:00Z"}
            await cp.call("StartTransaction", start)
            await cp.call("StatusNotification", {"connectorId": 1, "timestamp": "2019-05-02T00:00:00Z"})
            assert (await cp.call("Heartbeat", {}))[2]["currentTime"] == "2019-05-03T08:00:00.000Z"
            assert (await cp.call("Authorize", {"idTag": "old"}))[2]["idTagInfo"]["status"] == "Expired"

    with collector(tmp_path) as running:
        asyncio.run(talk())
    first, third = datetime(2019, 5, 1, tzinfo=UTC), datetime(2019, 5, 3, 8, tzinfo=UTC)
    assert [row["received_at"] for row in landed(running, "messages")] == [first] * 2 + [third] * 8
    opened, closed = landed(running, "connections")
    assert (opened["happened_at"], closed["happened_at"]) == (first, third)
    assert {opened["clock"], closed["clock"]} == {"replay"}


def test_the_newest_connection_of_a_station_replaces_the_one_before(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running) as old:
            await old.call("Heartbeat", {})
            async with station(running) as new:
                assert (await new.call("Heartbeat", {}))[0] == 3
                with pytest.raises(ConnectionClosed):
                    await old.call("Heartbeat", {})
                assert old.socket.close_code == 1008
                assert (await new.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path) as running:
        asyncio.run(talk())
    rows = landed(running, "connections")
    assert [(row["event"], row["connection_id"]) for row in rows] == [
        ("opened", 1),
        ("closed", 1),
        ("opened", 5),
        ("closed", 5),
    ]
    assert rows[1]["reason"] == "replaced by a newer connection of this station"


def test_a_silent_station_does_not_delay_another(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running, "CP-1", close_timeout=0.1) as flooding, station(running, "CP-2") as other:
            for number in range(5000):  # never reads an answer
                await flooding.socket.send(f'[2,"{number}","Heartbeat",{{}}]')
                if number % 1000 == 0:
                    assert (await other.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path) as running:
        asyncio.run(talk())
    assert running.status == 0


def test_a_repeated_start_gets_the_same_transaction_also_after_a_restart(tmp_path: Path) -> None:
    async def start(name: str, **changes: Any) -> int:
        async with station(running, name) as cp:
            return int((await cp.call("StartTransaction", CORE_16["StartTransaction"] | changes))[2]["transactionId"])

    with collector(tmp_path) as running:
        first = asyncio.run(start("CP-1"))
        assert asyncio.run(start("CP-1")) == first
        second = asyncio.run(start("CP-2"))
    with collector(tmp_path) as running:
        assert asyncio.run(start("CP-1")) == first
        assert asyncio.run(start("CP-2")) == second
        assert len({first, second, asyncio.run(start("CP-1", meterStart=1))}) == 3


def test_stopping_closes_stations_with_going_away(tmp_path: Path) -> None:
    codes: list[int | None] = []
    connected = threading.Event()

    async def wait() -> None:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            connected.set()
            await cp.socket.wait_closed()
            codes.append(cp.socket.close_code)

    with collector(tmp_path) as running:
        thread = threading.Thread(target=lambda: asyncio.run(wait()))
        thread.start()
        assert connected.wait(20)
    thread.join()
    assert (codes, running.status) == ([1001], 0)
    assert [row["event"] for row in landed(running, "connections")] == ["opened", "closed"]
    assert landed(running, "connections")[1]["close_code"] == 1001


def test_a_port_in_use_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with collector(tmp_path / "one") as running:
        port = int(running.ready.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(SettingsError, match="KWHOUSE_COLLECT_PORT"), collector(tmp_path / "two", collect_port=port):
            pass
    with collector(tmp_path / "two"):
        pass


def test_two_collectors_on_one_data_folder_are_refused(tmp_path: Path) -> None:
    with collector(tmp_path), pytest.raises(StoreBusy), collector(tmp_path):
        pass


def test_health_and_metrics_tell_of_a_running_collector(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            facts = json.loads(await asyncio.to_thread(get, "health"))
            assert (facts["status"], facts["connections"]) == ("ok", 1)
            assert "kwhouse_connections 1.0" in await asyncio.to_thread(get, "metrics")

    def get(path: str) -> str:
        with urllib.request.urlopen(running.ready.metrics_url + path, timeout=10) as answer:
            return str(answer.read().decode())

    with collector(tmp_path) as running:
        asyncio.run(talk())


def test_a_station_that_answers_no_pings_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.online._PING_SECONDS", 0.02)

    async def talk() -> None:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            cp.socket.transport.pause_reading()
            await asyncio.sleep(0.5)
            cp.socket.transport.resume_reading()
            assert (await cp.call("Heartbeat", {}))[0] == 3

    with collector(tmp_path) as running:
        asyncio.run(talk())
