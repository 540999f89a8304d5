"""What banks refuse.

InputError
 └── BankError
      ├── BankDataRefused      an IBAN, BIC, creditor identifier or mandate that no bank accepts
      ├── NothingToSend        a file would hold no transaction
      ├── StatementRefused     a bank statement that cannot be read, or does not add up
      └── StatementConflict    the same statement was read before, with other content
"""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.errors import InputError


class BankError(InputError):
    """Something about bank files."""


class BankDataRefused(BankError):
    """An IBAN, BIC, creditor identifier or mandate reference that no bank accepts."""

    def __init__(self, what: str, value: str, why: str) -> None:
        super().__init__(f"{what} {value!r}: {why}")
        self.what, self.value, self.why = what, value, why


class NothingToSend(BankError):
    """A file would hold no transaction."""

    def __init__(self, what: str, reasons: Sequence[str]) -> None:
        listing = "".join(f"\n  {reason}" for reason in reasons)
        super().__init__(f"Nothing to {what}: no file was made.{listing}")
        self.reasons = tuple(reasons)


class StatementRefused(BankError):
    """A bank statement that cannot be read, or does not add up; nothing of it was kept."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file}: {why}. Nothing of it was kept; fetch the statement from the bank again.")
        self.file, self.why = file, why


class StatementConflict(BankError):
    """A statement with the id of one that was read before and other content."""

    def __init__(self, file: str, statement: str, iban: str) -> None:
        super().__init__(
            f"{file}: statement {statement} of account …{iban[-4:]} was read before with other content. What was read "
            "stays; ask the bank which one holds."
        )
        self.file, self.statement = file, statement
