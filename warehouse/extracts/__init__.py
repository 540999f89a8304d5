"""Named extracts for finance: fixed columns, a range of local days, and the same bytes again from the same snapshot.

`catalog.py` says which there are and what their columns mean, `sql/` holds one SELECT each, `marks.py` says as of when,
`writing.py` and `spreadsheet.py` write them; `datev.py`, `ocpi.py` and `journal.py` write the formats of others. No
extract holds personal data, nor the pseudonyms that stand for drivers.
"""

from warehouse.extracts.catalog import EXTRACTS, FORMATS, Extract, Format
from warehouse.extracts.writing import ExtractReport, extract_bytes, extract_content, format_of, write_extract

__all__ = [
    "EXTRACTS",
    "FORMATS",
    "Extract",
    "ExtractReport",
    "Format",
    "extract_bytes",
    "extract_content",
    "format_of",
    "write_extract",
]
