"""What tables that people declare have in common."""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

VALID_FROM = required("valid_from", "TIMESTAMPTZ", "in force from this instant on")
VALID_TO = optional("valid_to", "TIMESTAMPTZ", "in force until this instant (exclusive); NULL: open end")
NOTE = optional("note", "VARCHAR", "free text, e.g. that a row is made up for the demo")


def declared(name: str, grain: str, key: tuple[str, ...], *columns: Column, rows_of: str | None = None) -> Table:
    """A table `registry.name` of the state database."""
    return Table("registry", name, grain, key, columns, home=Home.STATE, rows_of=rows_of)
