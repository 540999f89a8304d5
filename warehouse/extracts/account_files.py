"""The accounts files that extracts were made with: an extract is taken again with the one it had, whatever it says now.

Each content is kept once, by its SHA-256, in the state database; a mark names the first digits.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import sqlalchemy as sa

from warehouse.errors import InputError
from warehouse.extracts.accounts import Chart, parse_accounts, read_accounts
from warehouse.settings import Settings
from warehouse.state import opened, table

DIGITS = 12
NONE = "none"  # where no file was declared


def declared(settings: Settings) -> tuple[Chart, str]:
    """The accounts as they are declared now, kept for later, and what a mark calls them."""
    chart = read_accounts(settings.accounts)
    if chart.text is None:
        return chart, NONE
    digest = hashlib.sha256(chart.text.encode()).hexdigest()
    rows = table("billing", "account_files")
    with opened(settings) as engine:
        with engine.connect() as connection:
            known = connection.execute(sa.select(rows.c.content_sha256).filter_by(content_sha256=digest)).first()
        if known is None:
            _keep(engine, digest, chart.text)
    return chart, digest[:DIGITS]


def kept(settings: Settings, name: str) -> Chart:
    """The accounts that a mark names. Raises `InputError` where no extract was made with them."""
    if name == NONE:
        return Chart()
    rows = table("billing", "account_files")
    with opened(settings) as engine, engine.connect() as connection:
        begins = rows.c.content_sha256.startswith(name, autoescape=True)
        texts = connection.execute(sa.select(rows.c.file_yaml).where(begins)).scalars().all()
    if len(texts) != 1:
        raise InputError(f"No extract was made with an accounts file {name!r}; take the mark as the report says it.")
    return parse_accounts(texts[0], name)


def _keep(engine: sa.Engine, digest: str, text: str) -> None:
    rows = table("billing", "account_files")
    try:
        with engine.begin() as connection:
            values = {"content_sha256": digest, "file_yaml": text, "first_used_at": datetime.now(UTC)}
            connection.execute(sa.insert(rows).values(**values))
    except sa.exc.IntegrityError:
        return  # another extract was faster
