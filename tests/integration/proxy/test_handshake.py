"""Who gets in at the proxy: whoever the central system lets in, as it lets them in."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import logging
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response

from tests.collector_harness import collector, landed, proxy, station
from tests.csms_harness import csms
from warehouse.errors import SettingsError, StoreBusy

PASSWORD = "Basic Q1AtMTp2ZXJ5LXNlY3JldA=="


def everything_written(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_the_central_system_gets_path_and_password_and_nothing_of_it_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk() -> None:
        headers = {"Authorization": PASSWORD, "User-Agent": "Säule/1.0", "X-Client-Cert": "CN=CP 1"}
        async with connect(
            running.ready.url + "CP%201;a?key=hidden", subprotocols=["ocpp1.6"], additional_headers=headers
        ) as socket:
            await socket.send('[2,"1","Heartbeat",{}]')
            assert await socket.recv() == '[3,"1",{}]'

    with caplog.at_level(logging.DEBUG), csms() as system, proxy(tmp_path, system.url) as running:
        caplog.clear()
        asyncio.run(talk())
        told = caplog.text
    (request,) = system.requests
    assert request.path == "/steve/websocket/CP%201%3Ba?key=hidden"
    assert request.headers["Authorization"] == PASSWORD
    assert request.headers["User-Agent"] == "Säule/1.0"
    assert request.headers["X-Client-Cert"] == "CN=CP 1"
    assert request.headers["Host"].startswith("localhost:")
    assert [row["station_id"] for row in landed(running, "messages")] == ["CP 1;a"] * 2
    # The test's own station and central system log what they do; the proxy's sockets do not.
    assert not [record for record in caplog.records if record.name.startswith("ingest.")], told
    written = everything_written(tmp_path)
    assert b"Q1AtMTp2ZXJ5LXNlY3JldA" not in written
    assert b"hidden" not in written


def test_a_damaged_header_with_a_password_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), csms() as system, proxy(tmp_path, system.url) as running:
        host, port = running.ready.url.split("/")[2].split(":")
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(f"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nAuthorization : {PASSWORD}\r\n\r\n".encode())
            assert b"101" not in wire.recv(1000)
    assert PASSWORD not in caplog.text


def test_the_station_gets_the_sub_protocol_that_the_central_system_chose(tmp_path: Path) -> None:
    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=["ocpp2.1", "ocpp1.6"]) as socket:
            assert socket.subprotocol == "ocpp1.6"
            await socket.send('[2,"1","Heartbeat",{}]')
            await socket.recv()

    with csms(subprotocols=["ocpp1.6"]) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    assert system.requests[0].headers["Sec-WebSocket-Protocol"] == "ocpp2.1, ocpp1.6"
    assert {row["ocpp_version"] for row in landed(running, "messages")} == {"1.6"}


@pytest.mark.parametrize(
    ("asked", "chosen", "version", "note"),
    [
        (["ocpp2.0.1"], None, "2.0.1", "no sub-protocol agreed; read as OCPP 2.0.1"),
        (None, None, "1.6", "no sub-protocol agreed; read as OCPP 1.6"),
        (["ocpp2.0", "ocpp1.6"], "ocpp2.0", "2.0.1", "sub-protocol ocpp2.0; read as OCPP 2.0.1"),
        (["ocpp1.5"], "ocpp1.5", "1.6", "sub-protocol ocpp1.5; read as OCPP 1.6"),
    ],
)
def test_what_both_agree_on_passes_though_we_would_not(
    tmp_path: Path, asked: list[Any] | None, chosen: Any, version: str, note: str
) -> None:
    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=asked) as socket:
            assert socket.subprotocol == chosen
            await socket.send('[2,"1","Heartbeat",{}]')
            assert await socket.recv() == '[3,"1",{}]'

    with (
        csms(subprotocols=None, select_subprotocol=lambda *_: chosen) as system,
        proxy(tmp_path, system.url) as running,
    ):
        asyncio.run(talk())
    opened = landed(running, "connections")[0]
    assert (opened["ocpp_version"], opened["reason"]) == (version, note)


@pytest.mark.parametrize("status", [401, 404, 403, 400, 500, 503, 302, 200])
def test_a_refusal_reaches_the_station_as_it_is(tmp_path: Path, status: int) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(HTTPStatus(status), "not you\n")
        response.headers["WWW-Authenticate"] = 'Basic realm="csms"'
        response.headers["Location"] = "ws://elsewhere/"
        response.headers["Retry-After"] = "7"
        return response

    async def knock() -> None:
        opening = connect(running.ready.url + "CP-1", subprotocols=["ocpp1.6"])
        opening.process_redirect = lambda exc: exc  # else this station would follow it
        with pytest.raises(InvalidStatus) as refused:
            await opening
        response = refused.value.response
        assert (response.status_code, bytes(response.body or b"")) == (status, b"not you\n")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="csms"'
        assert response.headers["Location"] == "ws://elsewhere/"
        assert response.headers["Retry-After"] == "7"
        with urllib.request.urlopen(running.ready.metrics_url + "metrics", timeout=10) as answer:
            assert f'kwhouse_refused_handshakes_total{{status="{status}"}} 1.0' in answer.read().decode()

    with csms(process_request=refuse) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(knock())
    assert landed(running, "connections") == []


def status_of(url: str, **options: Any) -> int:
    async def knock() -> int:
        try:
            async with connect(url, subprotocols=["ocpp1.6"], **options):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    return asyncio.run(knock())


def test_while_the_central_system_is_down_stations_are_told_to_try_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with csms() as system:
        port = int(system.url.split(":")[2].split("/")[0])
        url = system.url
    with proxy(tmp_path, url) as running:
        assert [status_of(running.ready.url + "CP-1") for _ in range(3)] == [503] * 3
        with urllib.request.urlopen(running.ready.metrics_url + "health", timeout=10) as answer:
            assert json.load(answer)["upstream_failure"]
        with csms(port=port):
            assert status_of(running.ready.url + "CP-1") == 101
        with urllib.request.urlopen(running.ready.metrics_url + "health", timeout=10) as answer:
            assert json.load(answer)["upstream_failure"] is None
    assert running.status == 0
    warnings = [record.getMessage() for record in caplog.records if record.name == "ingest.proxy.upstream"]
    assert [text.split(" (")[0] for text in warnings] == [
        f"The central system {url} cannot be used",
        f"The central system {url} is reached again.",
    ]


@contextmanager
def raw_server(reply: bytes) -> Iterator[str]:
    """A server that answers each connection with `reply` and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            with wire:
                wire.recv(10_000)
                wire.sendall(reply)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.parametrize(
    "reply", [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"]
)
def test_what_is_no_websocket_server_is_a_bad_gateway(tmp_path: Path, reply: bytes) -> None:
    with raw_server(reply) as url, proxy(tmp_path, url) as running:
        assert status_of(running.ready.url + "CP-1") == 502


def test_addresses_without_a_station_and_replay_clocks_are_judged_here(tmp_path: Path) -> None:
    with csms() as system, proxy(tmp_path, system.url, allow_replay=False) as running:
        assert status_of(running.ready.url) == 404
        assert status_of(running.ready.url + "a/b") == 404
        clock = {"X-KWhouse-Clock": "replay;2019-05-01T00:00:00Z"}
        assert status_of(running.ready.url + "CP-1", additional_headers=clock) == 403
    assert system.requests == []


def test_a_station_that_leaves_during_the_handshake_leaves_nothing_behind(tmp_path: Path) -> None:
    knocked, may_go_on = threading.Event(), threading.Event()

    async def slow(connection: ServerConnection, request: Request) -> None:
        knocked.set()
        await asyncio.to_thread(may_go_on.wait, 20)

    with csms(process_request=slow) as system, proxy(tmp_path, system.url) as running:
        host, port = running.ready.url.split("/")[2].split(":")
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(
                b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
            )
            assert knocked.wait(20)
        may_go_on.set()
        system.until_closed(1)
        assert system.closed == [(1001, "the station left")]
    assert landed(running, "connections") == []


def test_tls_to_the_central_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    with csms(ssl=server) as system:
        with proxy(tmp_path / "strangers", system.url) as running:
            assert status_of(running.ready.url + "CP-1") == 503  # nobody vouches for it
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with proxy(tmp_path / "known", system.url) as running:
            assert status_of(running.ready.url + "CP-1") == 101


def self_signed(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "certificate.pem", folder / "key.pem"


@pytest.mark.parametrize(
    "url",
    ["http://csms", "csms:9000", "ws://", "ws://csms:port", "ws://[", "ws://csms/#a", "ws://me:" + "very-secret@csms"],
)
def test_an_unusable_address_is_refused_at_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="--upstream") as refused, proxy(tmp_path, url):
        pass
    assert "very-secret" not in str(refused.value)


def test_a_collector_and_a_proxy_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with collector(tmp_path), pytest.raises(StoreBusy), proxy(tmp_path, "ws://localhost:1/"):
        pass


def test_beyond_this_machine_it_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with proxy(tmp_path, "ws://csms.example/ocpp?token=hidden", collect_host="0.0.0.0"):
        pass
    assert "The proxy listens on 0.0.0.0 without TLS" in caplog.text
    assert "ws://csms.example/ocpp is reached without TLS" in caplog.text
    assert "hidden" not in caplog.text


def test_the_newest_connection_of_a_station_replaces_the_one_before(tmp_path: Path) -> None:
    async def talk() -> None:
        async with station(running) as old:
            await old.call("Heartbeat", {})
            async with station(running) as new:
                assert (await new.call("Heartbeat", {}))[0] == 3
                await old.socket.wait_closed()
                assert old.socket.close_code == 1008
                assert (await new.call("Heartbeat", {}))[0] == 3

    with csms() as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    assert system.closed[0] == (1001, "replaced by a newer connection of this station")
    rows = landed(running, "connections")
    assert [row["event"] for row in rows] == ["opened", "closed", "opened", "closed"]
    assert rows[1]["reason"] == "replaced by a newer connection of this station"
