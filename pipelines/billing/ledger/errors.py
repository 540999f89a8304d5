"""What the ledger refuses.

InputError
 └── LedgerError
      ├── AmountRefused        no amount of that currency, or not above zero
      ├── NotEnough            more is to be taken than there is
      ├── DocumentUnknown      no issued document has that id or number
      └── MovementConflict     the same reference was recorded with other facts
"""

from __future__ import annotations

from decimal import Decimal

from warehouse.errors import InputError


class LedgerError(InputError):
    """A movement that cannot be recorded; nothing was."""


class AmountRefused(LedgerError):
    """Not an amount that can be paid in that currency."""

    def __init__(self, amount: Decimal, currency: str, why: str) -> None:
        super().__init__(f"{amount} {currency} cannot be recorded: {why}.")
        self.amount, self.currency, self.why = amount, currency, why


class NotEnough(LedgerError):
    """More is to be taken than there is."""

    def __init__(self, what: str, wanted: Decimal, available: Decimal, currency: str) -> None:
        super().__init__(
            f"{what}: {wanted} {currency} wanted, {available} {currency} there. "
            "Take that much at most, or look with `kwhouse payment balance`."
        )
        self.what, self.wanted, self.available, self.currency = what, wanted, available, currency


class DocumentUnknown(LedgerError):
    """No issued document has that id or number."""

    def __init__(self, document: str) -> None:
        super().__init__(f"No issued document has the id or number {document!r}. `kwhouse payment balance` lists them.")
        self.document = document


class MovementConflict(LedgerError):
    """The same reference of the same source was recorded with other facts."""

    def __init__(self, source: str, external_ref: str, differences: str) -> None:
        super().__init__(
            f"{source} has told {external_ref} before, with other facts ({differences}). What was recorded stays; "
            "give a new movement a reference of its own."
        )
        self.source, self.external_ref, self.differences = source, external_ref, differences
