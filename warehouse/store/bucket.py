"""The bucket that the lake's files may lie in: how it is reached, and how one object is put there."""

from __future__ import annotations

import os

import duckdb

from warehouse.contract.ddl import quoted
from warehouse.store.extensions import connect_with


def write_object(address: str, content: bytes) -> None:
    """Put `content` to s3://bucket/key, as the lake's own bucket is reached; it is there whole or not at all."""
    with connect_with(["httpfs"]) as con:
        make_secret(con)
        con.execute("CREATE TEMP TABLE object AS SELECT CAST($content AS BLOB) AS content", {"content": content})
        con.execute(f"COPY (SELECT content FROM object) TO {quoted(address)} (FORMAT BLOB)")  # noqa: S608 (quoted)


def make_secret(con: duckdb.DuckDBPyConnection) -> None:
    """Let `con` reach the bucket by the variables that AWS' own tools read (AWS_ACCESS_KEY_ID …)."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    options = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "ENDPOINT": endpoint.removeprefix("http://").removeprefix("https://") or None,
        "URL_STYLE": "path" if endpoint else None,
    }
    given = [f"{name} {quoted(value)}" for name, value in options.items() if value]
    if endpoint.startswith("http://"):
        given.append("USE_SSL false")
    con.execute(f"CREATE OR REPLACE SECRET bucket (TYPE s3{''.join(', ' + option for option in given)})")
