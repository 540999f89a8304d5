"""Views over the state database as it was: documents and payments up to an instant, the registry by its history.

The lake has snapshots, the state database has none. What was issued never changes, and registry rows are carried into
`ops.registry_history`: with both, a snapshot and an instant say everything that an extract reads. What the lake had not
heard of by then is not there, and personal columns are empty: the lake keeps none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from warehouse.contract import documents, ledger, ops, owners
from warehouse.contract.ddl import CATALOG, quoted, stored_type, view_statement
from warehouse.contract.model import Column, Table
from warehouse.contract.registry import DECLARED

_HISTORY = f"{CATALOG}.{ops.REGISTRY_HISTORY.full_name}"


def as_of_views(state: str, until: datetime) -> Iterator[str]:
    """Statements that make the views; run them after the views over `state` as it is now."""
    moment = f"CAST({quoted(until.astimezone(UTC).isoformat())} AS TIMESTAMPTZ)"
    yield from _documents(state, moment)
    yield from _payments(state, moment)
    for table in DECLARED:
        yield _registry(table)


def _documents(state: str, moment: str) -> Iterator[str]:
    for table in (documents.DOCUMENTS, owners.OWNER_DOCUMENTS):
        # What was credited later stood then.
        yield _view(
            table,
            f"""
WITH issued AS ({_now(table, state)})
SELECT * REPLACE (
    CASE WHEN status = 'credited' AND document_id IN (SELECT corrects FROM issued WHERE issued_at > {moment})
        THEN 'issued' ELSE status END AS status
)
FROM issued
WHERE issued_at <= {moment}
""",  # noqa: S608 (names from the contract, an instant that was parsed)
        )
    lines = _now(documents.DOCUMENT_LINES, state)
    yield _view(documents.DOCUMENT_LINES, f"FROM ({lines}) SEMI JOIN billing.documents USING (document_id)")
    yield _view(
        documents.BILLED_DRAFTS,
        "SELECT draft_id, document_id FROM billing.documents WHERE kind = 'invoice' AND status = 'issued'"
        " QUALIFY row_number() OVER (PARTITION BY draft_id ORDER BY issued_at DESC, serial DESC) = 1",
    )


def _payments(state: str, moment: str) -> Iterator[str]:
    # A movement is never changed; what we had not heard of by then did not count.
    payments = _now(ledger.PAYMENTS, state)
    yield _view(ledger.PAYMENTS, f"SELECT * FROM ({payments}) WHERE received_at <= {moment}")  # noqa: S608
    allocations = _now(ledger.ALLOCATIONS, state)
    yield _view(ledger.ALLOCATIONS, f"FROM ({allocations}) SEMI JOIN billing.payments USING (payment_id)")


def _registry(table: Table) -> str:
    columns = ", ".join(
        f'CAST({_told(column)} AS {stored_type(column)}) AS "{column.name}"' for column in table.columns
    )
    return _view(
        table,
        f"""
WITH newest AS (
    SELECT change, CAST(row_json AS JSON) AS entry
    FROM {_HISTORY}
    WHERE table_name = {quoted(table.name)}
    QUALIFY row_number() OVER (PARTITION BY row_key ORDER BY changed_at DESC) = 1
)
SELECT {columns} FROM newest WHERE change = 'set'
""",  # noqa: S608 (names from the contract)
    )


def _told(column: Column) -> str:
    # The lake holds no personal data: nobody's name is known as of then, and none of now is taken in its place.
    return "NULL" if column.personal else f"entry ->> {quoted(column.name)}"


def _now(table: Table, state: str) -> str:
    return view_statement(table, state).partition(" AS ")[2]


def _view(table: Table, query: str) -> str:
    return f"CREATE OR REPLACE VIEW memory.{table.full_name} AS {query}"
