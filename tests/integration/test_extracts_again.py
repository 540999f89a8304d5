"""Extracts of documents, in the formats of others, and the same bytes again from the snapshot that a report names."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from ingest.importing.cdrs import import_cdrs
from pipelines.billing.issuing.drafts import Wanted, read_drafts
from pipelines.billing.issuing.issued_cdrs import keep_issued
from pipelines.billing.ledger import posting, reversing, store
from pipelines.billing.ledger.model import Ledger, Posting, payment_id_of
from pipelines.billing.ledger.posting import Account, Told
from pipelines.billing.received import stage as received_cdrs
from pipelines.maintenance import maintain
from pipelines.stages import run_stage
from tests.homes import new_home
from tests.integration.billing_world import OPEN
from tests.integration.closing_world import ClosingWorld
from warehouse.errors import InputError, QueryError
from warehouse.extracts import EXTRACTS, extract_bytes, extract_content, write_extract
from warehouse.extracts.accounts import read_accounts
from warehouse.extracts.datev import COLUMNS
from warehouse.settings import load_settings
from warehouse.state import table
from warehouse.store import open_lake
from warehouse.store.landing import register_landed

MAY = (date(2019, 5, 1), date(2019, 6, 1))
ACCOUNTS = """operators:
  O:
    receivables: "10000"
    clearing: {bank_transfer: "1200", card: "1361", cash: "1000"}
    prepaid: "1718"
    write_offs: "2400"
    revenue:
      - {vat_percent: 19, country: AT, account: "8338", vat_account: "1776"}
      - {vat_percent: 19, account: "8400", vat_account: "1776", bu_key: "3"}
    datev: {consultant: 29098, client: 55003, account_length: 4, chart: "03"}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClosingWorld]:
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text(ACCOUNTS)
    with open_lake(load_settings(home=new_home(tmp_path / "home"), accounts=accounts)) as lake:
        world = ClosingWorld(lake).basic()
        place = {"address": "Kai 1", "city": "Hamburg", "latitude": 53.5, "longitude": 10.0}
        site = {"operator_id": "O", "name": "Site", "time_zone": "Europe/Berlin", "country_code": "DE"}
        world.set("sites", ["site"], currency="EUR", **site, **place)
        plug = {"standard": "CHADEMO", "power_type": "DC", "rated_power_w": 50_000}
        world.set("connectors", ["station", 1, 1, OPEN], **plug)
        world.session()
        world.run()
        yield world


def the_draft(world: ClosingWorld) -> str:
    return str(world.rows("SELECT invoice_id FROM billing.invoice_drafts")[0][0])


def issue_cdrs(world: ClosingWorld) -> None:
    """The CDR of the session leaves, is taken back as late data come, and the next one leaves."""
    for energy_wh in (Decimal(12_000), Decimal(10_000)):
        world.session(energy_wh=energy_wh)
        world.run()
        keep_issued(world.lake, list(read_drafts(world.lake, Wanted())), datetime.now(UTC))


def test_the_same_snapshot_gives_the_same_bytes_of_every_extract(world: ClosingWorld) -> None:
    issue_cdrs(world)
    world.session("nowhere", "2019-05-11T12:00:00+00:00", site_id="unheard of")
    world.run()
    number = world.issue(the_draft(world), at=datetime.now(UTC) + timedelta(hours=1))
    # Each extract, and each writer: for those of the lake, of documents, and of both.
    every = [
        (name, fmt)
        for name, extract in EXTRACTS.items()
        for fmt in (extract.formats if name in ("cdrs", "invoices", "journal") else extract.formats[:1])
    ]
    first = {(name, fmt): extract_content(world.lake, name, *MAY, fmt) for name, fmt in every}
    plain, mark = sorted({mark for _, _, mark in first.values()})
    assert plain.startswith(f"{world.lake.snapshot()}@"), "a document was issued after the snapshot"
    assert mark.startswith(f"{plain}#"), "journal and DATEV also name their accounts"

    world.credit(number, at=datetime.now(UTC) + timedelta(hours=2))
    world.session(energy_wh=Decimal(7_000))
    world.session("late", "2019-05-20T12:00:00+00:00")
    world.set("sites", ["site"], operator_id="O", name="Other", time_zone="UTC", country_code="AT", currency="EUR")
    sites = table("registry", "sites")
    with world.engine.begin() as connection:
        connection.execute(sa.update(sites).values(name="Other", time_zone="UTC", country_code="AT"))
    # Declared now, and unknown to the snapshot: it was not there.
    place = {"operator_id": "O", "time_zone": "UTC", "country_code": "AT", "currency": "EUR"}
    world.declare("sites", site_id="unheard of", name="Found", **place)
    world.set("sites", ["unheard of"], name="Found", **place)
    world.run()
    maintain(world.lake, [], keep_files=timedelta(0))

    again = {(name, fmt): extract_bytes(world.lake, name, *MAY, fmt, snapshot=mark) for name, fmt in every}
    assert [key for key in every if again[key] != first[key][0]] == []
    now = {name: extract_bytes(world.lake, name, *MAY, extract.formats[0]) for name, extract in EXTRACTS.items()}
    # What left the house stays; there are no CDRs of others, no owners and no payments in this world.
    same = [name for name, content in now.items() if content == first[name, EXTRACTS[name].formats[0]][0]]
    everlasting = ["cdrs_ocpi", "cdrs_ocpi_230", "received_cdrs", "owner_statements", "owner_documents", "payments"]
    assert same == everlasting


def test_a_bare_snapshot_ends_with_the_documents_of_its_time(world: ClosingWorld, tmp_path: Path) -> None:
    snapshot = world.lake.snapshot()
    world.issue(the_draft(world), at=datetime.now(UTC) + timedelta(hours=1))
    rows = json.loads(extract_bytes(world.lake, "invoices", *MAY, "json", snapshot=str(snapshot)))
    assert [(row["invoice_id"], row["status"]) for row in rows] == [(the_draft(world), "draft")]
    rows = json.loads(extract_bytes(world.lake, "invoices", *MAY, "json"))
    assert [(row["invoice_id"], row["status"]) for row in rows] == [("KWH-2019-0001", "issued")]
    report = write_extract(world.lake, "journal", *MAY, None, tmp_path / "journal.parquet")
    facts = pq.read_schema(tmp_path / "journal.parquet").metadata
    assert facts[b"kwhouse.snapshot"].decode() == report.mark
    assert str(report).endswith(f"(snapshot {report.mark})")
    for text, told in (("x", "names no snapshot"), ("999", "There is no snapshot 999"), ("1@noon", "is no time")):
        with pytest.raises(InputError, match=told):
            extract_bytes(world.lake, "cdrs", *MAY, "csv", snapshot=text)


def test_datev_takes_the_batch(world: ClosingWorld) -> None:
    number = world.issue(the_draft(world), at=datetime(2019, 5, 31, 12, tzinfo=UTC))
    world.credit(number, at=datetime(2019, 6, 3, 12, tzinfo=UTC))
    raw = extract_bytes(world.lake, "datev", *MAY, "csv")
    header, titles, invoice, note = raw.decode("cp1252").removesuffix("\r\n").split("\r\n")
    fields = header.split(";")
    assert len(fields) == 31
    assert fields[:5] == ['"EXTF"', "700", "21", '"Buchungsstapel"', "13"]
    assert fields[10:16] == ["29098", "55003", "20190101", "4", "20190501", "20190531"]
    assert (fields[21], fields[26]) == ('"EUR"', '"03"')
    assert titles.split(";") == list(COLUMNS)
    assert len(COLUMNS) == 125
    assert b"Gesch\xe4ftspartnerbank" in raw, "Windows-1252"
    posted = [dict(zip(COLUMNS, line.split(";"), strict=True)) for line in (invoice, note)]
    assert [
        (row["Umsatz (ohne Soll/Haben-Kz)"], row["Soll/Haben-Kennzeichen"], row["Belegdatum"], row["Belegfeld 1"])
        for row in posted
    ] == [("3,57", '"S"', "3105", '"KWH-2019-0001"'), ("3,57", '"H"', "3105", '"KWH-2019-0002"')]
    assert (posted[0]["Konto"], posted[0]["Gegenkonto (ohne BU-Schlüssel)"], posted[0]["BU-Schlüssel"]) == (
        "10000",
        "8400",
        '"3"',
    )
    with pytest.raises(QueryError, match="lies within one business year"):
        extract_bytes(world.lake, "datev", date(2019, 5, 1), date(2020, 2, 1), "csv")
    with pytest.raises(QueryError, match="is not written as xlsx; there are csv"):
        extract_bytes(world.lake, "datev", *MAY, "xlsx")
    with pytest.raises(QueryError, match="of whole operators"):
        extract_bytes(world.lake, "datev", *MAY, "csv", ["site"])


def test_datev_posts_what_an_amount_due_was_rounded_by(world: ClosingWorld) -> None:
    number = world.issue(the_draft(world))
    world.spoil("documents", number, rounding_amount=Decimal("0.43"), total_incl_vat=Decimal(4))
    with pytest.raises(QueryError, match=r"No account is declared for rounding \(invoice KWH-2019-0001\)"):
        extract_bytes(world.lake, "datev", *MAY, "csv")
    path = world.lake.settings.accounts
    assert path is not None
    path.write_text(ACCOUNTS.replace("    revenue:", '    rounding: "4840"\n    revenue:'))
    lines = extract_bytes(world.lake, "datev", *MAY, "csv").decode("cp1252").splitlines()[2:]
    posted = [dict(zip(COLUMNS, line.replace('"', "").split(";"), strict=True)) for line in lines]
    shown = ("Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "Konto", "Gegenkonto (ohne BU-Schlüssel)")
    assert [tuple(row[name] for name in shown) for row in posted] == [
        ("3,57", "S", "10000", "8400"),
        ("0,43", "S", "10000", "4840"),
    ]


def test_a_line_counts_once_when_the_time_zone_of_its_site_was_mended(world: ClosingWorld) -> None:
    world.issue(the_draft(world))
    # Two o'clock of the next day: the CDR is the same, the day that was told holds.
    site = {"operator_id": "O", "name": "Site", "country_code": "DE", "currency": "EUR"}
    world.set("sites", ["site"], time_zone="Pacific/Kiritimati", **site)
    with world.engine.begin() as connection:
        connection.execute(sa.update(table("registry", "sites")).values(time_zone="Pacific/Kiritimati"))
    world.run()
    assert world.rows("SELECT local_date FROM billing.cdrs") == [(date(2019, 5, 11),)]
    lines = json.loads(extract_bytes(world.lake, "invoice_lines", *MAY, "json"))
    assert [(row["invoice_id"], row["line_no"], row["local_date"]) for row in lines] == [
        ("KWH-2019-0001", 1, "2019-05-10")
    ]
    (row,) = json.loads(extract_bytes(world.lake, "revenue_connectors", *MAY, "json"))
    assert (row["billed_sessions"], row["billed_excl_vat"]) == (1, "3.0000")


def test_datev_without_accounts_is_refused_with_the_mend(world: ClosingWorld, tmp_path: Path) -> None:
    world.issue(the_draft(world))
    path = world.lake.settings.accounts
    assert path is not None
    path.write_text('operators: {O: {receivables: "1", revenue: [], datev: {consultant: 29098, client: 1}}}')
    with pytest.raises(QueryError, match=r"No account is declared for 19 % in DE \(KWH-2019-0001\)"):
        extract_bytes(world.lake, "datev", *MAY, "csv")
    path.write_text('operators: {X: {receivables: "1", revenue: []}}')
    with pytest.raises(QueryError, match=r"DATEV needs the accounts of operator O.*KWHOUSE_ACCOUNTS"):
        extract_bytes(world.lake, "datev", *MAY, "csv")
    journal = extract_bytes(world.lake, "journal", *MAY, "csv").decode()
    assert [row["account"] for row in csv.DictReader(io.StringIO(journal))] == ["receivables", "revenue", "vat"]
    for text, told in (("operators: 1", "is not as it should be"), ("operators: {O: {}}", "KeyError")):
        path.write_text(text)
        with pytest.raises(InputError, match=told):
            read_accounts(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_accounts(tmp_path / "nowhere.yaml")


def test_the_journal_balances_or_is_not_written(world: ClosingWorld) -> None:
    number = world.issue(the_draft(world))
    world.credit(number)
    rows = json.loads(extract_bytes(world.lake, "journal", *MAY, "json"))
    sides = [(row["transaction_id"], row["account"], row["debit"], row["credit"]) for row in rows]
    assert sides == [
        ("KWH-2019-0001", "10000", "3.5700", "0.0000"),
        ("KWH-2019-0001", "8400", "0.0000", "3.0000"),
        ("KWH-2019-0001", "1776", "0.0000", "0.5700"),
        ("KWH-2019-0002", "10000", "0.0000", "3.5700"),
        ("KWH-2019-0002", "8400", "3.0000", "0.0000"),
        ("KWH-2019-0002", "1776", "0.5700", "0.0000"),
    ]
    root = ET.fromstring(extract_bytes(world.lake, "journal", *MAY, "xml"))
    assert root.findtext("GeneralLedgerEntries/TotalDebit") == "7.1400"
    for transaction in root.iter("Transaction"):
        debit = sum(Decimal(line.text or "") for line in transaction.iter("DebitAmount"))
        assert debit == sum(Decimal(line.text or "") for line in transaction.iter("CreditAmount")) == Decimal("3.57")
    (vat,) = json.loads(extract_bytes(world.lake, "vat_summary", *MAY, "json", operator="O"))
    assert (vat["invoices"], vat["credit_notes"], vat["net"], vat["country_code"]) == (1, 1, "0.0000", "DE")
    assert json.loads(extract_bytes(world.lake, "vat_summary", *MAY, "json", operator="other")) == []
    world.spoil("documents", number, total_incl_vat=Decimal("3.58"))
    with pytest.raises(QueryError, match=r"KWH-2019-0001 is posted with 3\.5800 in debit and 3\.5700 in credit"):
        extract_bytes(world.lake, "journal", *MAY, "csv")


def move_money(world: ClosingWorld, number: str) -> None:
    """Movements of every kind on C1's account, which then has 3.00 of credit and 8.00 prepaid."""
    moves: list[Callable[[Ledger, Account, Told], Posting]] = [
        lambda ledger, mine, told: posting.pay(ledger, mine, told, Decimal("5.00"), "bank_transfer", [number]),
        lambda _ledger, mine, told: posting.top_up(mine, told, Decimal("10.00"), "card"),
        lambda ledger, mine, told: posting.use_prepaid(ledger, mine, told, Decimal("2.00")),
        lambda ledger, mine, told: posting.refund(ledger, mine, told, Decimal("1.00"), "cash"),
        lambda ledger, _mine, told: reversing.charge_back(ledger, told, payment_id_of("manual", "m1")),
        lambda ledger, mine, told: posting.write_off(ledger, mine, told, number, Decimal("0.57")),
        lambda ledger, _mine, told: reversing.restore(ledger, told, payment_id_of("manual", "m5")),
    ]
    for n, make in enumerate(moves, 1):
        with store.writing(world.engine) as connection:
            told = Told("manual", f"m{n}", date(2019, 5, 20 + n), datetime(2019, 6, 1, tzinfo=UTC))
            store.write(connection, make(store.read(connection), store.account_of(connection, number), told))


def test_money_is_posted_against_where_it_is(world: ClosingWorld) -> None:
    number = world.issue(the_draft(world))
    move_money(world, number)
    rows = json.loads(extract_bytes(world.lake, "journal", *MAY, "json"))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["account"]] += Decimal(row["debit"]) - Decimal(row["credit"])
    assert {account: str(amount) for account, amount in sums.items()} == {
        "10000": "-3.0000", "8400": "-3.0000", "1776": "-0.5700", "1200": "5.0000", "1361": "10.0000",
        "1718": "-8.0000", "1000": "-1.0000", "2400": "0.5700",
    }  # fmt: skip
    assert sum(sums.values()) == 0
    (first,) = (row for row in rows if row["document"] == number and row["posting_date"] == "2019-05-21")
    assert (first["document_kind"], first["account_role"], first["credit"]) == ("payment", "receivables", "3.5700")
    root = ET.fromstring(extract_bytes(world.lake, "journal", *MAY, "xml"))
    for transaction in root.iter("Transaction"):
        debit = sum(Decimal(line.text or "") for line in transaction.iter("DebitAmount"))
        assert debit == sum(Decimal(line.text or "") for line in transaction.iter("CreditAmount"))

    lines = extract_bytes(world.lake, "datev", *MAY, "csv").decode("cp1252").removesuffix("\r\n").split("\r\n")[3:]
    posted = [dict(zip(COLUMNS, line.replace('"', "").split(";"), strict=True)) for line in lines]
    shown = ("Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "Konto", "Gegenkonto (ohne BU-Schlüssel)")
    told = [(row["Belegdatum"], row["Belegfeld 1"], *(row[name] for name in shown)) for row in posted]
    assert told == [
        ("2105", number, "3,57", "H", "10000", "1200"),
        ("2105", "m1", "1,43", "H", "10000", "1200"),
        ("2205", "m2", "10,00", "H", "1718", "1361"),
        ("2305", "m3", "2,00", "H", "10000", "1718"),
        ("2405", "m4", "1,00", "S", "10000", "1000"),
        ("2505", number, "3,57", "S", "10000", "1200"),
        ("2505", "m5", "1,43", "S", "10000", "1200"),
        ("2605", number, "0,57", "H", "10000", "2400"),
        ("2705", number, "3,00", "H", "10000", "1200"),
        ("2705", "m7", "2,00", "H", "10000", "1200"),
    ]


def test_a_changed_accounts_file_changes_no_extract_of_before(world: ClosingWorld) -> None:
    number = world.issue(the_draft(world))
    move_money(world, number)
    path = world.lake.settings.accounts
    assert path is not None
    first, _, mark = extract_content(world.lake, "journal", *MAY, "csv")
    path.write_text(ACCOUNTS.replace("1200", "1210").replace(', cash: "1000"', ""))
    now, _, other = extract_content(world.lake, "journal", *MAY, "csv")
    assert b",1210,clearing_bank_transfer," in now
    assert mark.partition("#")[0] == other.partition("#")[0]
    assert mark != other
    assert extract_bytes(world.lake, "journal", *MAY, "csv", snapshot=mark) == first
    assert b",clearing_cash,clearing_cash," in now, "an account that is not declared is named in words"
    with pytest.raises(QueryError, match=r"No account is declared for clearing_cash.*`clearing: \{cash: …\}`"):
        extract_bytes(world.lake, "datev", *MAY, "csv")
    path.unlink()
    assert extract_bytes(world.lake, "journal", *MAY, "csv", snapshot=mark) == first
    with pytest.raises(InputError, match="No extract was made with an accounts file 'abc'"):
        extract_bytes(world.lake, "journal", *MAY, "csv", snapshot=f"{world.lake.snapshot()}#abc")


@pytest.mark.parametrize("name", ["cdrs_ocpi", "cdrs_ocpi_230"])
def test_ocpi_cdrs_can_be_imported_again(world: ClosingWorld, tmp_path: Path, name: str) -> None:
    issue_cdrs(world)
    target = tmp_path / "cdrs.json"
    write_extract(world.lake, name, *MAY, None, target)
    cdr, dearer, credit = sorted(
        json.loads(target.read_text()), key=lambda told: (told["total_energy"], len(told["id"]))
    )
    assert (cdr["total_energy"], cdr["total_time"], cdr["total_parking_time"]) == (10, 1.5, 0.5)
    cost = {"excl_vat": 3, "incl_vat": 3.57}
    if name == "cdrs_ocpi_230":
        cost = {"before_taxes": 3, "taxes": [{"name": "VAT", "percentage": 19, "amount": 0.57}]}
    assert cdr["total_cost"] == cost
    assert credit["credit_reference_id"] == dearer["id"]
    assert credit["total_cost"][next(iter(cost))] == -3.6
    assert credit["total_energy_cost"] == dearer["total_cost"], "of a credit CDR only the total is below zero"
    assert credit["total_energy"] == dearer["total_energy"] == 12
    assert [period["dimensions"][0]["type"] for period in cdr["charging_periods"]] == ["ENERGY", "PARKING_TIME"]
    assert cdr["cdr_location"]["country"] == "DEU"
    assert cdr["cdr_location"]["connector_format"] == "CABLE", "nobody plugs a cable of his own into direct current"
    # Whoever receives them finds that they cost what their tariff says.
    with open_lake(load_settings(home=tmp_path / "other")) as other:
        report = import_cdrs(other.settings, [str(target)])
        assert (report.taken, report.refused) == (3, {})
        register_landed(other)
        run_stage(other, received_cdrs.STAGE)
        found = other.con.execute(
            "SELECT kind, verdict, priced_incl_vat FROM billing.received_cdrs ORDER BY 3"
        ).fetchall()
    assert [(kind, verdict, float(gross)) for kind, verdict, gross in found] == [
        ("credit", "agrees", -4.284),
        ("cdr", "agrees", 3.57),
        ("cdr", "agrees", 4.284),
    ]


def test_ocpi_cdrs_are_all_told_or_none(world: ClosingWorld) -> None:
    world.set("sites", ["site"], operator_id="O", name="Site", time_zone="UTC", country_code="DE", currency="EUR")
    issue_cdrs(world)
    with pytest.raises(QueryError, match=r"Nothing was written: OCPI 2\.2\.1 needs more than is known") as missing:
        extract_bytes(world.lake, "cdrs_ocpi", *MAY, "json")
    assert "cdr_location.coordinates of site site are not declared (3 CDRs)" in str(missing.value)
    assert json.loads(extract_bytes(world.lake, "cdrs_ocpi", *MAY, "json", [])) == []
    # What was not known then may be declared now; what was known stays as it was told.
    place = {"address": "Kai 1", "city": "Hamburg", "latitude": 53.5, "longitude": 10.0}
    site = {"operator_id": "O", "name": "Another name", "time_zone": "UTC", "country_code": "DE", "currency": "EUR"}
    world.set("sites", ["site"], **site, **place)
    world.write()
    told = json.loads(extract_bytes(world.lake, "cdrs_ocpi", *MAY, "json"))
    assert {(cdr["cdr_location"]["name"], cdr["cdr_location"]["city"]) for cdr in told} == {("Site", "Hamburg")}


def test_the_extract_of_cdrs_adds_up_over_what_was_taken_back(world: ClosingWorld) -> None:
    issue_cdrs(world)
    world.session("new", "2019-05-20T12:00:00+00:00")
    world.run()
    rows = json.loads(extract_bytes(world.lake, "cdrs", *MAY, "json"))
    kinds = [(row["session_id"], row["kind"], row["net_energy_kwh"][:2], row["total_excl_vat"]) for row in rows]
    assert sorted(kinds) == [
        ("new", "cdr", "10", "3.0000"),
        ("s1", "cdr", "10", "3.0000"),
        ("s1", "cdr", "12", "3.6000"),
        ("s1", "credit", "-1", "-3.6000"),
    ]
    assert {row["energy_kwh"][0] for row in rows} == {"1"}, "of a credit CDR too above zero"
    assert [row["session_id"] for row in rows if row["issued_cdr_id"] is None] == ["new"]
