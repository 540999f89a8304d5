"""Who sees some sites only is shown no row of another: in no table, by no reader, in no extract, at no snapshot."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from tests import small_warehouse
from tests.homes import new_home
from tests.small_warehouse import FIRST, LAST
from warehouse import readers, story
from warehouse.contract import LAKE_TABLES, STATE_TABLES, TABLES, Column, Table
from warehouse.errors import KwhouseError, SessionUnknown
from warehouse.extracts import EXTRACTS, extract_bytes
from warehouse.people.roles import Permission, Principal, Role
from warehouse.readers import Grain, Scope
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import Lake, open_lake
from warehouse.store.sight import Sight

MINE, THEIRS = "market", "harbour"
OWNER = Principal("the owner of the market", frozenset({Role.SITE_OWNER}), frozenset({MINE}))
EVERYTHING = Scope(("campus", THEIRS, MINE), FIRST, LAST)


# ── every table ──────────────────────────────────────────────────────────────────────────────────────────────────────
WHOSE = ("mine", "theirs", "nobody")
# Without a site, an owner or a station, its rows are of no site: who sees some sites sees none of them.
OF_NO_SITE = {
    declared.full_name
    for declared in TABLES
    if not declared.by_name.keys() & {"site_id", "owner_id", "station_id"} and declared.rows_of is None
} - {declared.full_name for declared in TABLES if declared.for_everybody}


def value(column: Column, whose: str) -> object:
    """A value of the column's type that names whose it is, where it is a text."""
    by_type: dict[str, object] = {
        "VARCHAR": whose,
        "JSON": f'["{whose}"]',
        "BIGINT": WHOSE.index(whose),
        "INTEGER": WHOSE.index(whose),
        "BOOLEAN": True,
        "DOUBLE": 1.0,
        "DATE": FIRST,
        "TIMESTAMPTZ": datetime(2025, 1, 1, tzinfo=UTC),
    }
    one = by_type.get(column.type.removesuffix("[]"), Decimal(1))
    return [one] if column.type.endswith("[]") else one


def row(declared: Table, whose: str) -> dict[str, object]:
    return {column.name: value(column, whose) for column in declared.columns}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Every table with a row of mine, one of theirs and one of nobody's, all keys called so."""
    settings = Settings(home=new_home(tmp_path_factory.mktemp("full")))
    engine = open_state(settings)
    with engine.begin() as connection:
        for declared in STATE_TABLES:
            connection.execute(
                sa.insert(table(declared.schema, declared.name)), [row(declared, whose) for whose in WHOSE]
            )
    engine.dispose()
    with open_lake(settings) as lake:
        with lake.write("rows of three owners") as con:
            for declared in LAKE_TABLES:
                marks = ", ".join("?" for _ in declared.columns)
                made = [list(row(declared, whose).values()) for whose in WHOSE]
                con.executemany(f"INSERT INTO lake.{declared.full_name} VALUES ({marks})", made)
        yield lake


def rows(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table, by its full name."""
    cursor = lake.cursor()
    try:
        cursor.execute("BEGIN")  # the catalog is asked once
        return {one.full_name: cursor.execute(f"SELECT * FROM {one.full_name}").fetchall() for one in TABLES}
    finally:
        cursor.close()


@pytest.mark.parametrize("owner_id", ["mine", None])
def test_of_every_table_only_own_rows_are_shown(full: Lake, owner_id: str | None) -> None:
    shown = rows(full.seen_with(Sight(sites=frozenset({"mine"}), owner_id=owner_id)))
    for_everybody = {declared.full_name for declared in TABLES if declared.for_everybody}
    others = {name for name, found in shown.items() if "theirs" in str(found) or "nobody" in str(found)}
    assert others == for_everybody
    for declared in (*LAKE_TABLES, *STATE_TABLES):
        if declared.for_everybody:
            continue
        wanted = declared.full_name not in OF_NO_SITE and ("owner_id" not in declared.by_name or owner_id is not None)
        assert len(shown[declared.full_name]) == wanted, declared.full_name


def test_who_sees_no_site_is_shown_nothing(full: Lake) -> None:
    shown = rows(full.seen_with(Sight(sites=frozenset())))
    assert [declared.full_name for declared in TABLES if shown[declared.full_name] and not declared.for_everybody] == []


def test_who_sees_every_site_by_name_still_sees_no_row_of_none(full: Lake) -> None:
    shown = rows(full.seen_with(Sight(sites=frozenset(WHOSE), owner_id="mine")))
    assert not any(shown[name] for name in OF_NO_SITE)


@pytest.mark.parametrize("role", Role)
def test_personal_columns_are_empty_without_the_permission(full: Lake, role: Role) -> None:
    who = Principal("x", frozenset({role}), frozenset({"mine"}), owner_id="mine")
    shown = rows(full.seen_with(Sight.of(who)))
    personal = [
        value
        for declared in STATE_TABLES
        for found in shown[declared.full_name]
        for column, value in zip(declared.readable, found, strict=True)
        if column.personal and value is not None
    ]
    assert bool(personal) == who.may(Permission.READ_PERSONAL)


def test_a_sight_is_only_ever_narrowed(full: Lake) -> None:
    whole, mine = Sight(), Sight(sites=frozenset({"mine"}), owner_id="mine")
    assert whole.within(mine) == mine.within(whole) == mine
    other = Sight(personal=False, sites=frozenset({"theirs"}), owner_id="theirs")
    assert mine.within(other) == Sight(personal=False, sites=frozenset())
    again = full.seen_with(mine).seen_with(whole)
    assert again.sight == mine
    assert [site for site, *_ in rows(again)["registry.sites"]] == ["mine"]


# ── every reader and extract ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(small_warehouse.build(tmp_path_factory.mktemp("sight")), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def seen(lake: Lake) -> Lake:
    return lake.seen_with(Sight.of(OWNER))


@pytest.fixture(scope="module")
def foreign(lake: Lake) -> frozenset[str]:
    """Ids and names of sites, stations, sessions, CDRs and invoices that are not of the market."""
    found = lake.con.execute(
        "SELECT unnest([site_id, station_id, session_id]) FROM core.sessions WHERE site_id <> $mine "
        "UNION SELECT cdr_id FROM billing.cdrs WHERE site_id <> $mine "
        "UNION SELECT unnest([site_id, name]) FROM registry.sites WHERE site_id <> $mine "
        "UNION SELECT station_id FROM registry.stations WHERE site_id <> $mine "
        "UNION SELECT invoice_id FROM billing.invoices",
        {"mine": MINE},
    ).fetchall()
    return frozenset(text for (text,) in found)


def everything_asked(lake: Lake) -> dict[str, list[object]]:
    """For each parameter of a reader the values that it is asked with: all that would show rows of others."""
    # The newest one, and the one that has its frames.
    theirs = lake.con.execute(
        "(SELECT session_id, station_id FROM core.sessions WHERE site_id = $1 ORDER BY started_at DESC LIMIT 1)"
        " UNION ALL "
        "SELECT session_id, station_id FROM core.sessions SEMI JOIN core.transaction_events USING (transaction_id)",
        [THEIRS],
    ).fetchall()
    ids = [session_id for session_id, _ in theirs]
    assert len(ids) > 1
    invoices = lake.con.execute("SELECT invoice_id FROM billing.invoices ORDER BY 1 LIMIT 3").fetchall()
    gone = dict.fromkeys(("transaction_id", "evse_id", "connector_id", "started_at", "ended_at"))
    return {
        "scope": [EVERYTHING],
        "grain": [Grain.MONTH],
        "sites": [EVERYTHING.sites],
        "days": [10_000],
        "site_id": [None, THEIRS],
        "state": [None],
        "begun_from": [None],
        "begun_to": [None],
        "after": [None],
        "id_token": [None, "tok_01"],
        "refused": [False],
        "station_id": [None, theirs[0][1]],
        "session_id": [*ids],
        "session_ids": [tuple(ids)],
        "invoice_id": [row[0] for row in invoices],
        "document_id": [row[0] for row in invoices],
        "payout_id": ["none"],
        "contract_id": [small_warehouse.TOLD_CONTRACT],
        "operator_id": [None, "kwh"],
        "owner_id": [None],
        "month": [date(2025, 6, 1)],
        "status": [None],
        "standing": [None],
        "grades": [("ok", "suspect", "unbillable")],
        "statuses": [("waiting", "held", "released", "lapsed")],
        "verdicts": [None],
        "flag": [None],
        "text": ["", THEIRS, ids[0][:6]],
        "limit": [100_000],
        "tokens": [frozenset({f"{small_warehouse.TOLD_TOKEN}01"})],
        "pseudonym": ["tok_01"],
        "moment": [datetime.now(UTC) + timedelta(days=1)],
        "now": [datetime.now(UTC)],
        "snapshot_id": [1],
        "gone": [{"station_id": theirs[0][1], **gone}],
    }


def all_readers() -> Iterator[Callable[..., Any]]:
    """Every public function of `warehouse.readers` that asks a lake."""
    for module in pkgutil.iter_modules(readers.__path__):
        if module.name == "query":  # what the others ask with
            continue
        loaded = importlib.import_module(f"warehouse.readers.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            public = function.__module__ == loaded.__name__ and not name.startswith("_")
            if public and "lake" in inspect.signature(function).parameters:
                yield function


def answers(reader: Callable[..., Any], lake: Lake, asked: dict[str, list[object]]) -> Iterator[Any]:
    """What a reader gives for each value of each of its parameters."""
    names = [name for name in inspect.signature(reader).parameters if name != "lake"]
    unknown = [name for name in names if name not in asked]
    assert not unknown, f"{reader.__name__}: say in `everything_asked` what {unknown} would show rows of others with"
    for turn in range(max((len(asked[name]) for name in names), default=1)):
        try:
            yield reader(lake, **{name: asked[name][turn % len(asked[name])] for name in names})
        except KwhouseError as refusal:  # its message says no more than the question did
            yield type(refusal).__name__


def texts(answer: Any) -> set[str]:
    """All texts of an answer's cells."""
    if isinstance(answer, pl.DataFrame):
        return texts(answer.rows())
    if isinstance(answer, dict):
        return texts(list(answer.items()))
    if isinstance(answer, list | tuple | set | frozenset):
        return set().union(*map(texts, answer)) if answer else set()
    return {str(answer)}


@pytest.mark.parametrize(
    "reader", list(all_readers()), ids=lambda one: f"{one.__module__.split('.')[-1]}.{one.__name__}"
)
def test_no_reader_gives_rows_of_other_sites(
    reader: Callable[..., Any], lake: Lake, seen: Lake, foreign: frozenset[str]
) -> None:
    for answer in answers(reader, seen, everything_asked(lake)):
        assert not texts(answer) & foreign


def test_readers_by_site_say_the_same_of_ones_own_sites(lake: Lake, seen: Lake) -> None:
    """What is left out of others' rows changes nothing of one's own."""
    mine = Scope((MINE,), FIRST, LAST)
    by_scope = [one for one in all_readers() if "scope" in inspect.signature(one).parameters]
    assert len(by_scope) > 10
    asked = {**everything_asked(lake), "scope": [mine], "text": [""], "station_id": [None], "month": [None]}
    for reader in by_scope:
        if "invoice" in reader.__name__:
            continue  # whole invoices of contracts are nobody's site
        told, wanted = ([*answers(reader, one, asked)] for one in (seen, lake))
        assert [one.equals(other) for one, other in zip(told, wanted, strict=True)] == [True], reader.__name__


# Of `datev` see `journal`, whose rows it writes for one operator.
@pytest.mark.parametrize("name", [name for name in EXTRACTS if name != "datev"])
def test_no_extract_holds_rows_of_other_sites(name: str, seen: Lake, foreign: frozenset[str]) -> None:
    extract = EXTRACTS[name]
    fmt = "json" if "json" in extract.formats else extract.formats[0]
    content = extract_bytes(seen, name, FIRST, LAST + timedelta(days=1), fmt).decode()
    assert not [text for text in foreign if f'"{text}"' in content]
    if name in ("sessions", "cdrs", "revenue_days"):
        assert f'"{MINE}"' in content


def test_the_story_of_a_session_elsewhere_is_unknown(lake: Lake, seen: Lake) -> None:
    (theirs,) = (
        lake.con.execute("SELECT max(session_id) FROM core.sessions WHERE site_id = $1", [THEIRS]).fetchone() or ()
    )
    (mine,) = lake.con.execute("SELECT max(session_id) FROM core.sessions WHERE site_id = $1", [MINE]).fetchone() or ()
    assert story.history(lake, theirs)
    for ask in (story.find, story.history):
        with pytest.raises(SessionUnknown):
            ask(seen, theirs)
    with pytest.raises(SessionUnknown):
        story.explain(seen, theirs, str(lake.snapshot()))
    assert story.explain(seen, mine).session == story.explain(lake, mine).session
