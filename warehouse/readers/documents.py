"""Invoices and credit notes, issued or draft; the content of any document."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from warehouse.errors import QueryError
from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def listing(
    lake: Lake, *, month: date | None = None, contract_id: str | None = None, status: str | None = None
) -> pl.DataFrame:
    """One row a document or draft, the newest month first; amounts before VAT, of VAT and with it."""
    return frame(lake, "documents", month=month, contract_id=contract_id, status=status)


def due(
    lake: Lake, *, month: date | None = None, contract_id: str | None = None, standing: str | None = None
) -> pl.DataFrame:
    """One row a draft that is to be issued: new, or beside the document that stands until then (`standing`)."""
    return frame(lake, "due_documents", month=month, contract_id=contract_id, standing=standing)


def content(lake: Lake, document_id: str) -> str:
    """The whole document as it was issued, as JSON text. Raises `QueryError` where there is none of that number, or
    none for who does not see personal data.
    """
    rows = frame(lake, "document_content", document_id=document_id)
    if rows.is_empty() or rows.item() is None:
        raise QueryError(f"No document {document_id} was issued.")
    return str(rows.item())
