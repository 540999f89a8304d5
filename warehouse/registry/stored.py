"""The registry's rows as they stand in the state database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from warehouse import exact_json
from warehouse.contract import BY_NAME
from warehouse.errors import StoreMissing
from warehouse.registry.applying import state_engine
from warehouse.settings import Settings
from warehouse.state import state_exists, table


def stored_tables(where: Settings | sa.Engine, *names: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by table name, in the order of their keys; JSON columns read, their numbers exact.

    Raises `StoreMissing` where there is no state database.
    """
    if isinstance(where, Settings) and not state_exists(where):
        mend = "Check KWHOUSE_HOME, or declare one with `kwhouse registry apply FOLDER` first."
        raise StoreMissing(f"A registry in {where.home}", mend)
    found: dict[str, list[dict[str, Any]]] = {}
    with state_engine(where) as engine, engine.connect() as connection:
        for name in names:
            declared, rows = BY_NAME[f"registry.{name}"], table("registry", name)
            read = connection.execute(sa.select(rows).order_by(*(rows.c[key] for key in declared.key))).mappings()
            texts = {column.name for column in declared.columns if column.type == "JSON"}
            found[name] = [
                {key: exact_json.loads(v) if key in texts and v is not None else v for key, v in row.items()}
                for row in read
            ]
    return found
