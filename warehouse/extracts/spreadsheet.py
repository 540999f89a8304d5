"""An extract as an Excel workbook: typed cells, frozen header, filter, totals, and a page that says what it is.

Excel keeps 15 digits of a number; exact figures are in the other formats.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from warehouse.errors import QueryError
from warehouse.plain import for_text

if TYPE_CHECKING:
    from warehouse.extracts.writing import Result

MOST_ROWS = 1_048_576 - 20  # Excel's limit less header and totals

# Amounts in rupees are grouped as they are read in India: 12,34,567.00. Two conditions are all that a format has.
LAKH = r"[>=10000000]##\,##\,##\,##0.00##;[>=100000]##\,##\,##0.00##;#,##0.00##"
MONEY = frozenset(
    {
        *("amount_excl_vat", "total_excl_vat", "total_incl_vat", "total_vat", "rounding_amount"),
        *("rated_excl_vat", "billed_excl_vat", "revenue_excl_vat", "share", "rent"),
        *("price", "net", "vat", "gross", "debit", "credit", "open", "amount", "money_in", "allocated"),
    }
)

# In characters: what a column holds, and room for its name with the filter's button.
WIDEST = 36
_BUTTON = 3


def write_workbook(result: Result, file: BinaryIO) -> int:
    """Write the workbook and give the number of rows."""
    # Cell text from stations and files must stay text: no formulas, no links.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        # The same mark gives the same bytes: no clock.
        created = result.mark.until.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"created": created, "comments": f"kwhouse snapshot {result.mark}"})
        sheet = book.add_worksheet(result.request.extract.name)
        return _Sheet(book, sheet, result).write()


class _Sheet:
    def __init__(self, book: Any, sheet: Any, result: Result) -> None:
        self.book, self.sheet, self.result = book, sheet, result
        self.columns, self.types = result.columns, result.types
        self.bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.formats = [self._format(kind, {}) for kind in self.types]
        money = [n for n, name in enumerate(self.columns) if name in MONEY]
        self.lakh = {n: book.add_format({"num_format": LAKH}) for n in money}
        self.lakh_totals = {n: book.add_format({"num_format": LAKH, "bold": True, "top": 1}) for n in money}
        self.totals: dict[str | None, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.sums = [self.columns.index(name) for name in result.request.extract.sums]
        self.widths = [len(name) + _BUTTON for name in self.columns]
        self.currency = self.columns.index("currency") if "currency" in self.columns else None

    def write(self) -> int:
        for n, name in enumerate(self.columns):
            self.sheet.write_string(0, n, name, self.bold)
        self.sheet.freeze_panes(1, 0)
        rows = 0
        for batch in self.result.batches():
            if rows + len(batch) > MOST_ROWS:
                raise QueryError(f"Excel holds {MOST_ROWS} rows at most. Take fewer days, or csv or parquet.")
            for row in batch:
                rows += 1
                self._write_row(rows, row)
        if rows:
            self.sheet.autofilter(0, 0, rows, len(self.columns) - 1)
            self._write_totals(rows)
        for n, width in enumerate(self.widths):
            self.sheet.set_column(n, n, min(width, WIDEST) + 1)
        self._write_about(rows)
        return rows

    def _write_row(self, number: int, row: tuple[object, ...]) -> None:
        group = None if self.currency is None else str(row[self.currency])
        for n, value in enumerate(row):
            self._widen(n, value)
            if isinstance(value, datetime):
                # Excel knows no zones: instants are written in UTC, as the page `about` says.
                naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
                self.sheet.write_datetime(number, n, naive, self.formats[n])
            elif isinstance(value, date):
                self.sheet.write_datetime(number, n, value, self.formats[n])
            elif isinstance(value, int | float | Decimal):
                lakh = self.lakh.get(n) if group == "INR" else None
                self.sheet.write_number(number, n, value, lakh or self.formats[n])
            elif value is not None:
                self.sheet.write_string(number, n, for_text(value))
        for n in self.sums:
            value = row[n]
            if isinstance(value, int | Decimal):
                self.totals[group][n] += value

    def _write_totals(self, rows: int) -> None:
        """A formula for each sum, one line per currency: amounts in different currencies do not add up."""
        strong = [self._format(kind, {"bold": True, "top": 1}) for kind in self.types]
        label = self.book.add_format({"bold": True, "top": 1})
        for number, group in enumerate(sorted(self.totals, key=str), start=rows + 1):
            self.sheet.write_string(number, 0, "Total" if group is None else f"Total {group}", label)
            for n in self.sums:
                cells = self._range(n, rows)
                if group is None or self.currency is None:
                    formula = f"=SUM({cells})"
                else:
                    formula = f'=SUMIFS({cells},{self._range(self.currency, rows)},"{group}")'
                self._widen(n, self.totals[group][n])
                # The value is kept beside the formula for programs that do not calculate.
                style = (self.lakh_totals.get(n) if group == "INR" else None) or strong[n]
                self.sheet.write_formula(number, n, formula, style, float(self.totals[group][n]))

    def _widen(self, column: int, value: object) -> None:
        """Make room for a value as it is shown; a number without room would be shown as ####."""
        if isinstance(value, str):
            width = len(value)
        elif isinstance(value, datetime):
            width = len("2026-03-31 23:59:59")
        elif isinstance(value, int | float | Decimal):
            width = len(f"{value:,}")
        else:
            width = len(for_text(value))
        self.widths[column] = max(self.widths[column], width)

    def _range(self, column: int, rows: int) -> str:
        name = xl_col_to_name(column)
        return f"{name}2:{name}{rows + 1}"

    def _write_about(self, rows: int) -> None:
        about = self.book.add_worksheet("about")
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 90)
        request = self.result.request
        facts = {
            "extract": request.extract.name,
            "one row is": request.extract.about,
            "from (included)": request.date_from.isoformat(),
            "to (not included)": request.date_to.isoformat(),
            "sites": "all" if request.sites is None else ", ".join(request.sites),
            "rows": str(rows),
            "operator": request.operator or "all",
            "warehouse snapshot": str(self.result.mark),
        }
        for number, (name, text) in enumerate({**facts, "": "", **request.extract.columns}.items()):
            about.write_string(number, 0, name, self.bold if name in facts else None)
            about.write_string(number, 1, text)

    def _format(self, kind: str, properties: dict[str, object]) -> Any:
        decimal = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", kind)
        if decimal:
            # Two digits at least, as money is read; more only where they are not zero.
            pattern = "#,##0.00" + "#" * (int(decimal[1]) - 2)
        else:
            pattern = {
                "DATE": "yyyy-mm-dd",
                "TIMESTAMP": "yyyy-mm-dd hh:mm:ss",
                "TIMESTAMP WITH TIME ZONE": "yyyy-mm-dd hh:mm:ss",
                "BIGINT": "#,##0",
            }.get(kind, "General")
        return self.book.add_format({"num_format": pattern, **properties})
