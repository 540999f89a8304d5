"""Pseudonyms: `core` and `mart` never hold a token as the card has it.

Each token gets a random pseudonym the first time it is seen. Nothing but its row in the state database connects the
two, so deleting that row is enough to make the driver unknown for ever.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import Lake

# 128 bits: no two tokens meet by chance (2^-65 among 10^9 tokens).
PSEUDONYM_BYTES = 16


def ensure_pseudonyms(lake: Lake, tokens_query: str) -> int:
    """Give a pseudonym to each token of `tokens_query` (a SELECT of one column) that has none; returns how many."""
    fresh = lake.con.execute(
        f"SELECT DISTINCT token FROM ({tokens_query}) AS seen (token) "  # noqa: S608 (our own SQL)
        "WHERE token IS NOT NULL AND token NOT IN (SELECT id_token FROM registry.pseudonyms) ORDER BY token"
    ).fetchall()
    if fresh:
        _insert(lake.settings, [row[0] for row in fresh])
        lake.read_anew()  # or the transaction that is open would not see them
    return len(fresh)


def _insert(settings: Settings, tokens: list[str]) -> None:
    pseudonyms = table("registry", "pseudonyms")
    engine = open_state(settings)
    try:
        # Another process may meet the same token at the same time: the first one's pseudonym stays.
        statement = _insert_or_ignore(engine, pseudonyms)
        with engine.begin() as connection:
            connection.execute(
                statement, [{"id_token": token, "pseudonym": secrets.token_hex(PSEUDONYM_BYTES)} for token in tokens]
            )
    finally:
        engine.dispose()


def _insert_or_ignore(engine: sa.Engine, target: sa.Table) -> sa.Insert:
    if engine.dialect.name == "sqlite":
        return sa.insert(target).prefix_with("OR IGNORE")
    from sqlalchemy.dialects.postgresql import insert

    return insert(target).on_conflict_do_nothing()
