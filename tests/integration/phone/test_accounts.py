"""Drivers' accounts over real HTTP: registering, signing in and out, the mailed link, and who tries passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from typer.testing import CliRunner

from ingest.api.driver.accounts import Accounts
from kwhouse import app
from tests.api_harness import Api, running_api
from tests.homes import new_home
from tests.mail_server import Mailbox, started
from tests.registered import connector, register, site
from warehouse.settings import load_settings
from warehouse.state import open_state, table

GOOD = {"new_email": "ada@example.org", "name": "Ada", "new_password": "long enough"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_home(tmp_path_factory.mktemp("accounts"))
    operator = {"operator_id": "op", "name": "Op", "country_code": "DE", "party_id": "KWH", "email": "op@example.org"}
    register(load_settings(home=folder), operators=[operator])
    return folder


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[sa.Engine]:
    opened = open_state(load_settings(home=home))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[Api]:
    with running_api(home, public_url="https://charge.example.org") as running:
        yield running


def post(api: Api, path: str, session: requests.Session | None = None, **fields: str) -> requests.Response:
    sent = session or requests.Session()
    return sent.post(api.url + path, data=fields, headers={"Origin": api.url}, timeout=30, allow_redirects=False)


def cookie_of(answer: requests.Response) -> str:
    found = re.match(r"kwhouse_driver=([^;]+);", answer.headers["Set-Cookie"])
    assert found is not None
    return found[1]


def test_register_sign_in_and_out(api: Api, engine: sa.Engine) -> None:
    made = post(api, "/d/register", **GOOD)
    assert (made.status_code, made.headers["Location"]) == (303, "/d")
    assert "Secure" in made.headers["Set-Cookie"], "phones reach it by https"
    signed_in = requests.Session()
    signed_in.headers["Cookie"] = f"kwhouse_driver={cookie_of(made)}"
    assert "ada@example.org" in signed_in.get(f"{api.url}/d", timeout=30).text
    assert post(api, "/d/sign-out", signed_in).status_code == 303
    assert "ada@example.org" not in signed_in.get(f"{api.url}/d", timeout=30).text
    again = post(api, "/d/sign-in", email="ADA@example.org ", password="long enough")
    assert again.status_code == 303

    taken = post(api, "/d/register", **{**GOOD, "new_password": "another one"})
    assert (taken.status_code, "cannot be registered" in taken.text) == (400, True)
    wrong = post(api, "/d/sign-in", email="ada@example.org", password="another one")
    nobody = post(api, "/d/sign-in", email="nobody@example.org", password="another one")
    assert (wrong.status_code, nobody.status_code) == (403, 403)
    assert wrong.text == nobody.text.replace("nobody@", "ada@"), "nothing tells whether an address is registered"

    accounts, changes = table("access", "driver_accounts"), table("registry", "changes")
    with engine.connect() as connection:
        [phc] = connection.execute(sa.select(accounts.c.password_hash)).scalars()
        told = list(connection.execute(sa.select(changes.c.table_name, changes.c.after)))
    assert phc.startswith("$argon2id$")
    assert [name for name, _ in told] == ["drivers", "driver_accounts"]
    assert "argon2" not in "".join(after for _, after in told)
    assert "long enough" not in "".join(api.lines)


def test_who_tries_passwords_waits(home: Path) -> None:
    with running_api(home) as api:
        answers = [post(api, "/d/sign-in", email="a@example.org", password=f"number {n}") for n in range(6)]
        assert [answer.status_code for answer in answers] == [403] * 5 + [429]
        assert "Please wait" in answers[-1].text
        # A proxy on this machine says whose request it is, and whether it came by TLS.
        behind = requests.Session()
        behind.headers.update({"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
        made = post(api, "/d/register", behind, **{**GOOD, "new_email": "cy@example.org"})
        assert (made.status_code, "Secure" in made.headers["Set-Cookie"]) == (303, True)


def test_the_code_on_a_station(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(home=home)
    register(settings, sites=[site("depot")], stations=[{"station_id": "Säule 3", "site_id": "depot"}])
    register(settings, connectors=[connector("Säule 3")])
    monkeypatch.setenv("KWHOUSE_HOME", str(home))
    run = CliRunner()
    assert "KWHOUSE_PUBLIC_URL" in str(run.invoke(app, ["station", "code", "Säule 3", "1"]).exception)
    monkeypatch.setenv("KWHOUSE_PUBLIC_URL", "https://charge.example.org/")
    made = run.invoke(app, ["station", "code", "Säule 3", "1", "-o", str(tmp_path / "code.svg")])
    assert made.output.strip() == "https://charge.example.org/c/S%C3%A4ule%203/1"
    assert "<svg" in (tmp_path / "code.svg").read_text()
    assert "no EVSE 2" in str(run.invoke(app, ["station", "code", "Säule 3", "2"]).exception)
    assert run.invoke(app, ["station", "code", "Säule 3", "1", "-o", "code.gif"]).exit_code == 2


def test_a_link_proves_the_address_and_sets_the_password(home: Path, engine: sa.Engine) -> None:
    box = Mailbox()
    controller = started(box)
    try:
        mail = {"mail_host": "127.0.0.1", "mail_port": str(controller.port), "mail_encryption": "none"}
        with running_api(home, **mail) as api:
            for email, password in (("bo@example.org", "first password"), ("bo@example.org", "second password")):
                sent = post(api, "/d/register", new_email=email, name="Bo", new_password=password)
                assert "Look at your mail" in sent.text
                assert "Set-Cookie" not in sent.headers
                assert "Look at your mail" in post(api, "/d/register", **GOOD).text, (
                    "registered or not: the same answer"
                )
            mails = [bytes(taken.content).decode() for taken in box.taken if taken.rcpt_tos == ["bo@example.org"]]
            links = [re.search(r"(/d/letters/\S+)", text.replace("=\r\n", "")) for text in mails]
            first, second = (found[1] for found in links if found is not None)
            assert post(api, "/d/sign-in", email="bo@example.org", password="first password").status_code == 403
            assert "Confirm" in requests.get(api.url + first, timeout=30).text, "who looks at mail opens links, too"
            opened = post(api, first)
            assert opened.headers["Location"] == "/d"
            assert post(api, first).status_code == 404, "once"
            phone = Accounts(engine)
            assert phone.visitor(cookie_of(opened)) is not None
            assert post(api, second).status_code == 303
            assert phone.visitor(cookie_of(opened)) is None, "a new password signs other phones out"
            assert post(api, "/d/sign-in", email="bo@example.org", password="first password").status_code == 403
            assert post(api, "/d/sign-in", email="bo@example.org", password="second password").status_code == 303
            assert first.rpartition("/")[2] not in "".join(api.lines)
    finally:
        controller.stop()
