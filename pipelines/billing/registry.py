"""The registry as it stood at the end of a stage's window, read from `ops.registry_history`.

The lake alone decides prices: the same snapshot gives the same amounts, whatever has been declared since. Tokens stand
there by their pseudonym.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import sql, temp_table
from warehouse.contract import BY_NAME
from warehouse.contract.ddl import stored_type
from warehouse.store import Lake

_HERE = Path(__file__).parent


def load_registry(lake: Lake, *names: str) -> None:
    """Make a temporary table `registry_<name>` with the contract's columns for each of `names`.

    `registry_tokens.id_token` is the pseudonym. Columns with personal data are not kept in the lake and are NULL.
    """
    temp_table(lake, "registry_rows", sql(_HERE / "registry_rows.sql"))
    for name in names:
        columns = ", ".join(
            f"CAST(entry ->> '{column.name}' AS {stored_type(column)}) AS {column.name}"
            for column in BY_NAME[f"registry.{name}"].columns
            if (name, column.name) != ("tokens", "id_token")
        )
        if name == "tokens":
            columns += ", row_key ->> 0 AS id_token"
        # The names come from the contract; values are never put into SQL.
        query = f"SELECT {columns} FROM registry_rows WHERE table_name = $name"  # noqa: S608
        temp_table(lake, f"registry_{name}", query, {"name": name})


def load_standing_decisions(lake: Lake) -> None:
    """Make the temporary table `standing_decisions` of `registry_session_decisions` and `all_sessions`.

    `session_id` and `standing`, the decision of a person that is in force.
    """
    temp_table(lake, "standing_decisions", sql(_HERE / "standing_decisions.sql"))
