"""The registry in the state database, as the collector needs it: all of it once, then what has changed.

`registry.changes` names each row that was changed since; a million tokens are read once. What is owed on contracts is
read where somebody's limit depends on it, and again only when documents or payments came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from ingest.access.known import AccessRule, Contract, Credential, Known, Place, Subject, Token
from ingest.clock import microseconds
from warehouse.contract.access import DAYS_OF_WEEK

if TYPE_CHECKING:
    import sqlalchemy as sa

_KEYS_AT_ONCE: Final = 500
_MOST_CHANGES: Final = 50_000  # beyond that reading all of it is quicker
_SUBJECTS: Final = {"id_token": "token", "token_group": "group", "contract_id": "contract", "driver_id": "driver"}


class Directory(Protocol):
    """Where stations, tokens and rules are looked up."""

    def load(self) -> Known:
        """What holds now; called in a thread, again and again."""
        ...


@dataclass(slots=True)
class _Seen:
    """How far the registry and the accounts were read."""

    change_id: int
    movements: tuple[int, int]


class Registry:
    """The directory in the state database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._seen: _Seen | None = None
        self._tokens: dict[str, Token] = {}
        self._known = Known()
        self._is_limited = False

    def load(self) -> Known:
        """All of it at first; later the same tokens with what has changed, and the small tables anew."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")  # one state of the database for all that is read
            before = self._seen
            seen = _Seen(_newest_change(connection), _movements(connection) if self._is_limited else (0, 0))
            if before == seen:
                return self._known
            changed = None if before is None else _changed_tokens(connection, before.change_id, seen.change_id)
            self._tokens = _tokens(connection, self._tokens, changed)
            self._known = _read(connection, self._tokens)
            # Where nobody's limit depends on it, nothing of documents and payments is looked at.
            self._is_limited = _asks_for_debts(
                self._known.rules, (contract.prepaid for contract in self._known.contracts.values())
            )
            self._seen = seen
        return self._known


def known_for(engine: sa.Engine, id_token: str) -> Known:
    """What decides on one token now: as `Registry` tells it, without the other tokens."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "tokens")
    # SQLite's lower() knows ASCII letters only, which is what OCPP's tokens are made of; others as they are spelled.
    spelled = sa.or_(sa.func.lower(rows.c.id_token) == id_token.lower(), rows.c.id_token == id_token)
    with engine.connect() as connection:
        same = list(connection.scalars(sa.select(rows.c.id_token).where(spelled)))
        return _read(connection, _tokens(connection, {}, same))


def _asks_for_debts(rules: Mapping[Subject, tuple[AccessRule, ...]], prepaid: Iterable[bool]) -> bool:
    """Whether what is owed decides for anybody; `prepaid`: of each contract, whether it is paid in advance."""
    return any(rule.credit_limit is not None for of_one in rules.values() for rule in of_one) or any(prepaid)


def _newest_change(connection: sa.Connection) -> int:
    import sqlalchemy as sa

    from warehouse.state import table

    return connection.execute(sa.select(sa.func.max(table("registry", "changes").c.change_id))).scalar() or 0


def _movements(connection: sa.Connection) -> tuple[int, int]:
    """How many documents and payments there are: both are only ever added to."""
    import sqlalchemy as sa

    from warehouse.state import table

    counts = (
        connection.execute(sa.select(sa.func.count()).select_from(table("billing", name))).scalar_one()
        for name in ("documents", "payments")
    )
    documents, payments = counts
    return documents, payments


def _changed_tokens(connection: sa.Connection, since: int, until: int) -> list[str] | None:
    """The idTokens whose rows were changed; None where there are so many that all are to be read."""
    import sqlalchemy as sa

    from warehouse.state import table

    if until - since > _MOST_CHANGES:
        return None
    changes = table("registry", "changes")
    keys = sa.select(changes.c.row_key).where(
        changes.c.table_name == "tokens", changes.c.change_id > since, changes.c.change_id <= until
    )
    return [orjson.loads(key)[0] for key in connection.scalars(keys)]


def _read(connection: sa.Connection, tokens: Mapping[str, Token]) -> Known:
    import sqlalchemy as sa

    from warehouse.state import table

    stations, sites = table("registry", "stations"), table("registry", "sites")
    placed = sa.select(stations.c.station_id, stations.c.site_id, sites.c.time_zone).outerjoin(
        sites, sites.c.site_id == stations.c.site_id
    )
    rules = _rules(connection)
    return Known(
        {station: Place(site, zone or "UTC") for station, site, zone in connection.execute(placed)},
        tokens,
        _contracts(connection, rules),
        rules,
        _credentials(connection),
    )


def _credentials(connection: sa.Connection) -> dict[str, Credential]:
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("access", "station_credentials")
    found = connection.execute(sa.select(rows)).mappings()
    return {
        row["station_id"]: Credential(
            row["security_profile"],
            tuple(phc for phc in (row["password_hash"], row["previous_hash"]) if phc is not None),
        )
        for row in found
    }


def _tokens(connection: sa.Connection, before: dict[str, Token], changed: Sequence[str] | None) -> dict[str, Token]:
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "tokens")
    names = ("id_token", "status", "valid_from", "valid_to", "token_group", "contract_id", "ocpp_type")
    query = sa.select(*(rows.c[name] for name in names), rows.c.certificate_key)
    if changed is None:
        return _by_key(connection.execute(query))
    # Changed in place: copying a million entries would stop every decision for a tenth of a second, and a decision
    # reads one token, once.
    for begin in range(0, len(changed), _KEYS_AT_ONCE):
        wanted = changed[begin : begin + _KEYS_AT_ONCE]
        found = _by_key(connection.execute(query.where(rows.c.id_token.in_(wanted))))
        before.update(found)
        for key in {id_token.casefold() for id_token in wanted} - found.keys():
            before.pop(key, None)
    return before


def _by_key(rows: Iterable[Any]) -> dict[str, Token]:
    groups: dict[str | None, str | None] = {}  # texts that many tokens share are kept once
    return {
        id_token.casefold(): Token(
            status == "blocked",
            _instant(begin),
            _instant(end),
            groups.setdefault(group, group),
            groups.setdefault(contract, contract),
            groups.setdefault(kind, kind),
            certificate,
        )
        for id_token, status, begin, end, group, contract, kind, certificate in rows
    }


def _rules(connection: sa.Connection) -> dict[Subject, tuple[AccessRule, ...]]:
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "access_rules")
    found: dict[Subject, list[AccessRule]] = defaultdict(list)
    for row in connection.execute(sa.select(rows).order_by(rows.c.access_rule_id)).mappings():
        name = next(name for name in _SUBJECTS if row[name] is not None)
        key = row[name].casefold() if name == "id_token" else row[name]
        found[Subject(_SUBJECTS[name], key)].append(
            AccessRule(
                row["access_rule_id"],
                bool(row["blocked"]),
                _instant(row["valid_from"]),
                _instant(row["valid_to"]),
                None if row["site_ids"] is None else frozenset(orjson.loads(row["site_ids"])),
                None
                if row["day_of_week"] is None
                else frozenset(DAYS_OF_WEEK.index(day) for day in orjson.loads(row["day_of_week"])),
                None if row["start_time"] is None else time.fromisoformat(row["start_time"]),
                None if row["end_time"] is None else time.fromisoformat(row["end_time"]),
                row["most_sessions"],
                row["credit_limit"],
            )
        )
    return {subject: tuple(rules) for subject, rules in found.items()}


def _contracts(connection: sa.Connection, rules: Mapping[Subject, tuple[AccessRule, ...]]) -> dict[str, Contract]:
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "contracts")
    names = ("contract_id", "currency", "valid_from", "valid_to", "driver_id", "payment_method")
    found = connection.execute(sa.select(*(rows.c[name] for name in names))).all()
    owed = _owed(connection) if _asks_for_debts(rules, (row.payment_method == "prepaid" for row in found)) else {}
    return {
        row.contract_id: Contract(
            _instant(row.valid_from),
            _instant(row.valid_to),
            row.driver_id,
            row.payment_method == "prepaid",
            owed.get((row.contract_id, row.currency)),
        )
        for row in found
    }


# What a movement does to what is owed; prepaid_use and set_off move nothing between the contract and the operator.
_SIGNS: Final = {"payment": -1, "topup": -1, "write_off": -1, "refund": 1, "chargeback": 1}


def _owed(connection: sa.Connection) -> dict[tuple[str, str], Decimal]:
    """Documents (credit notes count below 0) less payments, by contract and currency."""
    import sqlalchemy as sa

    from warehouse.state import table

    documents, payments = table("billing", "documents"), table("billing", "payments")
    claims = _summed(connection, documents, documents.c.total_incl_vat, sa.literal(1))
    moved = _summed(connection, payments, payments.c.amount, sa.case(_SIGNS, value=payments.c.kind, else_=0))
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for key, amount in (*claims, *moved):
        found[key] += amount
    return dict(found)


def _summed(
    connection: sa.Connection, rows: sa.Table, amount: sa.Column[Any], sign: sa.ColumnElement[Any]
) -> list[tuple[tuple[str, str], Decimal]]:
    """Sums by contract and currency. Amounts are texts with four decimals: they are summed as whole numbers."""
    import sqlalchemy as sa

    whole = sa.cast(sa.func.round(sa.cast(sa.cast(amount, sa.Text), sa.Double) * 10_000), sa.BigInteger)
    query = sa.select(rows.c.contract_id, rows.c.currency, sa.func.sum(whole * sign))
    query = query.where(rows.c.contract_id.is_not(None)).group_by(rows.c.contract_id, rows.c.currency)
    return [
        ((contract, currency), Decimal(int(total)).scaleb(-4))
        for contract, currency, total in connection.execute(query)
    ]


def _instant(value: datetime | None) -> int | None:
    return None if value is None else microseconds(value.isoformat())
