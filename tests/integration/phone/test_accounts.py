"""Drivers' accounts over real HTTP: registering, signing in and out, the mailed link, and who tries passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
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

PUBLIC = "https://charge.example.org"
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
    with running_api(home, public_url=PUBLIC) as running:
        yield running


def post(
    api: Api, path: str, session: requests.Session | None = None, origin: str = PUBLIC, **fields: str
) -> requests.Response:
    sent = session or requests.Session()
    return sent.post(api.url + path, data=fields, headers={"Origin": origin}, timeout=30, allow_redirects=False)


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
        given = {"origin": api.url, "password": "wrong again"}
        answers = [post(api, "/d/sign-in", email="a@example.org", **given) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [403] * 5 + [429]
        assert "Please wait" in answers[-1].text
        assert post(api, "/d/sign-in", email="b@example.org", **given).status_code == 403, "neighbours do not wait"
        # A proxy on this machine says whose request it is, and whether it came by TLS.
        behind = requests.Session()
        behind.headers.update({"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
        assert post(api, "/d/sign-in", behind, email="a@example.org", **given).status_code == 403
        made = post(api, "/d/register", behind, origin=api.url, **{**GOOD, "new_email": "cy@example.org"})
        assert (made.status_code, "Secure" in made.headers["Set-Cookie"]) == (303, True)
        mine = {"origin": api.url, "email": "cy@example.org", "password": GOOD["new_password"]}
        assert post(api, "/d/sign-in", behind, **mine).status_code == 303
        assert post(api, "/d/sign-in", **mine).status_code == 303
        left = post(api, "/d/sign-in", email="a@example.org", **given).status_code
        assert left == 429, "who has an account of their own still waits for the one they guess at"


def test_only_proxies_that_are_named_are_believed(home: Path) -> None:
    with running_api(home, trusted_proxies="192.0.2.0/24") as api:
        behind = requests.Session()
        behind.headers["X-Forwarded-Proto"] = "https"
        made = post(api, "/d/register", behind, origin=api.url, **{**GOOD, "new_email": "di@example.org"})
        assert (made.status_code, "Secure" in made.headers["Set-Cookie"]) == (303, False)


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


@contextmanager
def mailing_api(home: Path, **more: str) -> Iterator[tuple[Api, Mailbox]]:
    box = Mailbox()
    controller = started(box)
    try:
        mail = {"mail_host": "127.0.0.1", "mail_port": str(controller.port), "mail_encryption": "none"}
        with running_api(home, **mail, **more) as api:
            yield api, box
    finally:
        controller.stop()


def links_to(box: Mailbox, email: str) -> list[str]:
    """The addresses of all links that were mailed there."""
    mails = [bytes(taken.content).decode().replace("=\r\n", "") for taken in box.taken if taken.rcpt_tos == [email]]
    return [found[0] for text in mails if (found := re.search(r"\S+/d/letters/\S+", text))]


def test_who_has_the_mail_chooses_the_password(home: Path, engine: sa.Engine) -> None:
    with mailing_api(home, public_url=PUBLIC) as (api, box):
        typed = {"new_email": "Bo@Example.org", "name": "Mallory", "new_password": "of somebody else"}
        asked = [post(api, "/d/register", **typed) for _ in range(2)]
        assert all("Look at your mail" in answer.text and "Set-Cookie" not in answer.headers for answer in asked)
        links = links_to(box, "Bo@Example.org")
        assert [link.startswith(f"{PUBLIC}/d/letters/") for link in links] == [True, True]
        first, second = (link.removeprefix(PUBLIC) for link in links)
        page = requests.get(api.url + first, timeout=30).text
        assert 'value="bo@example.org"' in page
        assert 'name="name"' in page
        short = post(api, first, name="Bo", new_password="short")
        assert (short.status_code, "8 to 200 characters" in short.text) == (400, True)
        opened = post(api, first, name="Bo", new_password="chosen by Bo")
        assert opened.headers["Location"] == "/d"
        assert [post(api, link, new_password="once more").status_code for link in (first, second)] == [404, 404]
        assert post(api, "/d/sign-in", email="bo@example.org", password="of somebody else").status_code == 403
        assert post(api, "/d/sign-in", email="bo@example.org", password="chosen by Bo").status_code == 303

        post(api, "/d/register", new_email="bo@example.org")
        [forgotten] = (link.removeprefix(PUBLIC) for link in links_to(box, "bo@example.org"))
        assert 'name="name"' not in requests.get(api.url + forgotten, timeout=30).text, "there is one already"
        assert post(api, forgotten, new_password="a new password").status_code == 303
        phone = Accounts(engine)
        assert phone.visitor(cookie_of(opened)) is None, "a new password signs other phones out"
        driver_id = phone.sign_in("bo@example.org", "a new password")
        assert driver_id is not None
        assert phone.of_driver(driver_id) == ("bo@example.org", "Bo")
        assert first.rpartition("/")[2] not in "".join(api.lines)


def test_links_to_others_are_few_and_who_asks_in_vain_is_told(home: Path) -> None:
    with mailing_api(home, public_url=PUBLIC) as (api, box):
        answers = [post(api, "/d/register", new_email="ed@example.org").text for _ in range(4)]
        assert ["Open it within an hour" in text for text in answers] == [True, True, True, False]
        assert "on their way to ed@example.org already" in answers[-1]
        assert post(api, "/d/register", new_email="not an address").status_code == 400
        assert post(api, "/d/register", new_email="flo@example.org").status_code == 429, "five an hour from one address"
        assert (len(links_to(box, "ed@example.org")), links_to(box, "flo@example.org")) == (3, [])


def test_no_link_goes_out_to_an_address_that_a_request_made_up(home: Path) -> None:
    with mailing_api(home) as (api, box):
        sent = {"Origin": "https://evil.example", "Host": "evil.example"}
        form = {"new_email": "gil@example.org"}
        answer = requests.post(f"{api.url}/d/register", data=form, headers=sent, timeout=30)
        assert answer.status_code == 500
        assert not box.taken
    assert "KWHOUSE_PUBLIC_URL is not set" in "".join(api.lines)


def test_forms_come_from_the_public_address_only_where_there_is_one(api: Api) -> None:
    for origin in (api.url, "http://charge.example.org", "https://charge.example.org:444", "https://x:y", "null"):
        assert post(api, "/d/sign-in", origin=origin, email="a@example.org").status_code == 403
        assert "open this page itself" in post(api, "/d/sign-in", origin=origin).text
    assert "open this page itself" not in post(api, "/d/sign-in", origin="https://charge.example.org:443").text
