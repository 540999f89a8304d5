"""The state database: what changes row by row, with real keys. SQLite, or the PostgreSQL of the catalog.

`open_state` brings the schema up to date (Alembic) and gives an engine; `table` gives the SQLAlchemy tables.
Here belong registry, documents' numbers, payments, commands and audit; figures made from frames belong to the lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from warehouse.settings import Settings
from warehouse.state.tables import metadata, table

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0023"


def state_exists(settings: Settings) -> bool:
    """Whether anything has made the state database yet. Makes nothing."""
    if settings.state_url.startswith("sqlite"):
        return (settings.home / "state.sqlite").exists()
    engine = sa.create_engine(settings.state_url)
    try:
        return revision(engine) is not None
    finally:
        engine.dispose()


def open_state(settings: Settings) -> sa.Engine:
    """An engine on the state database, migrated to the newest schema. Safe to call from several processes."""
    if settings.state_url.startswith("sqlite"):
        settings.home.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(settings.state_url, connect_args={"timeout": 10})
        sa.event.listen(engine, "connect", _durable)
    else:
        engine = sa.create_engine(settings.state_url, pool_pre_ping=True)
    if revision(engine) != HEAD:
        _migrate(engine, settings)
    return engine


@contextmanager
def opened(settings: Settings) -> Iterator[sa.Engine]:
    """`open_state`, closed at the end: for commands."""
    engine = open_state(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def _durable(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    # WAL lets DuckDB's scanner and the collector read while the registry is written.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def revision(engine: sa.Engine) -> str | None:
    """The schema's revision; None where there is none yet."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def _migrate(engine: sa.Engine, settings: Settings) -> None:
    # Alembic is imported only when there is something to do: it costs a third of a second at each start.
    from alembic import command
    from alembic.config import Config

    from warehouse.store.connection import postgres_conninfo
    from warehouse.store.lock import advisory_lock, file_lock

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    conninfo = postgres_conninfo(settings)
    lock = advisory_lock(conninfo, 60.0) if conninfo else file_lock(settings.home / "state.lock", 60.0)
    with lock:
        if revision(engine) == HEAD:
            return
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


__all__ = ["HEAD", "metadata", "open_state", "revision", "state_exists", "table"]
