"""The tokens that stations are told for charges begun on a phone: of each guest's charge, and of each contract."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from warehouse.registry.changes import Author
from warehouse.registry.editing import RowRefused, add_row, change_row
from warehouse.state import table

SOURCE: Final = "phone page"
# OCPP 1.6 allows 20 characters (CiString20Type); 80 random bits.
_TOKEN_BYTES: Final = 10
# Stations' clocks differ: a session that seems to begin a little before its token must not be unpriced for it.
_BACKDATED: Final = timedelta(days=1)
_LASTS: Final = timedelta(days=3)
_APP: Final = "APP_USER"


def ad_hoc_token(engine: sa.Engine, author: str, now: datetime) -> str:
    """A new token for one charge of somebody without a contract."""
    row = {"token_type": "AD_HOC_USER", "valid_from": now - _BACKDATED, "valid_to": now + _LASTS}
    return _added(engine, row, author)


def app_token(engine: sa.Engine, contract_id: str, author: str, now: datetime) -> tuple[str, bool]:
    """The token by which a contract is charged from a phone, and whether it was made just now."""
    rows = table("registry", "tokens")
    mine = sa.select(rows.c.id_token).filter_by(token_type=_APP, contract_id=contract_id, status="active")
    with engine.connect() as connection:
        found = connection.execute(mine.order_by(rows.c.id_token).limit(1)).scalar()
    if found is not None:
        return str(found), False
    row = {"token_type": _APP, "contract_id": contract_id, "valid_from": now - _BACKDATED}
    return _added(engine, row, author), True


def block(engine: sa.Engine, id_token: str) -> None:
    """The token has done what it was made for: who overheard it charges nothing with it."""
    try:
        change_row(engine, "tokens", {"id_token": id_token}, {"status": "blocked"}, Author("phone", SOURCE))
    except RowRefused:
        return  # erased meanwhile


def _added(engine: sa.Engine, row: dict[str, object], author: str) -> str:
    id_token = secrets.token_hex(_TOKEN_BYTES).upper()
    add_row(engine, "tokens", {"id_token": id_token, "status": "active", **row}, Author(author, SOURCE))
    return id_token
