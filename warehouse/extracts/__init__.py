"""Named extracts for finance: fixed columns, a range of local days, four file formats.

`catalog.py` says which there are and what their columns mean, `sql/` holds one SELECT each, `writing.py` and
`spreadsheet.py` write them. No extract holds personal data, nor the pseudonyms that stand for drivers.
"""

from warehouse.extracts.catalog import EXTRACTS, Extract
from warehouse.extracts.writing import FORMATS, ExtractReport, Format, extract_bytes, format_of, write_extract

__all__ = ["EXTRACTS", "FORMATS", "Extract", "ExtractReport", "Format", "extract_bytes", "format_of", "write_extract"]
