"""Which extracts there are.

Types and order of their columns come from the SQL; a test holds that both name the same columns.
"""

from __future__ import annotations

from warehouse.extracts import of_books, of_sessions
from warehouse.extracts.extract import FORMATS, TABLES, Extract, Format

EXTRACTS: dict[str, Extract] = {extract.name: extract for extract in (*of_sessions.EXTRACTS, *of_books.EXTRACTS)}

__all__ = ["EXTRACTS", "FORMATS", "TABLES", "Extract", "Format"]
