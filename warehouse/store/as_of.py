"""Views over the state database as it was: documents and payments up to an instant, the registry by its history.

The lake has snapshots, the state database has none. What was issued never changes, and registry rows are carried into
`ops.registry_history`: with both, a snapshot and an instant say everything that an extract reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from warehouse.contract import documents, ledger, ops, owners
from warehouse.contract.ddl import CATALOG, quoted, stored_type, view_statement
from warehouse.contract.model import Table
from warehouse.contract.registry import DECLARED

_HISTORY = f"{CATALOG}.{ops.REGISTRY_HISTORY.full_name}"


def as_of_views(state: str, until: datetime) -> Iterator[str]:
    """Statements that make the views; run them after the views over `state` as it is now."""
    moment = f"CAST({quoted(until.astimezone(UTC).isoformat())} AS TIMESTAMPTZ)"
    yield from _documents(state, moment)
    yield from _payments(state, moment)
    for table in DECLARED:
        if not any(column.personal for column in table.columns):
            yield _registry(table, state)


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


def _registry(table: Table, state: str) -> str:
    columns = ", ".join(
        f'CAST(entry ->> {quoted(column.name)} AS {stored_type(column)}) AS "{column.name}"' for column in table.columns
    )
    key = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in table.key)
    # A row that the lake has never heard of is taken as it is now.
    query = f"""
WITH newest AS (
    SELECT row_key, change, CAST(row_json AS JSON) AS entry
    FROM {_HISTORY}
    WHERE table_name = {quoted(table.name)}
    QUALIFY row_number() OVER (PARTITION BY row_key ORDER BY changed_at DESC) = 1
)
SELECT {columns} FROM newest WHERE change = 'set'
UNION ALL
SELECT * FROM ({_now(table, state)}) AS declared
WHERE CAST(to_json([{key}]) AS VARCHAR) NOT IN (SELECT row_key FROM newest)
"""  # noqa: S608 (names from the contract)
    return _view(table, query)


def _now(table: Table, state: str) -> str:
    return view_statement(table, state).partition(" AS ")[2]


def _view(table: Table, query: str) -> str:
    return f"CREATE OR REPLACE VIEW memory.{table.full_name} AS {query}"
