"""A session's own account: in whatever order money and documents come, none is lost and none waits beside a claim."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.ledger import posting
from pipelines.billing.ledger.ad_hoc import account_of_session, is_ad_hoc
from pipelines.billing.ledger.balance import check, contracts
from pipelines.billing.ledger.model import ZERO, Due, Ledger
from pipelines.billing.ledger.posting import Account, Told

pytestmark = pytest.mark.fast

DAY = date(2026, 10, 1)
ACCOUNT = Account("op", account_of_session("s1"), "EUR")
AMOUNTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents).scaleb(-2))
EVENTS = st.lists(st.tuples(st.sampled_from(["captured", "issued", "taken back"]), AMOUNTS), min_size=1, max_size=12)


@dataclass
class Session:
    """The ledger of one session, as `cards.booking` and `register` write it."""

    ledger: Ledger = field(default_factory=Ledger)
    told: int = 0

    def captured(self, amount: Decimal) -> None:
        """The provider took money: it pays what is open."""
        self.ledger += posting.pay(self.ledger, ACCOUNT, self._told("stripe"), amount, "card", None)

    def issued(self, amount: Decimal) -> None:
        """A document is issued; the one that stood is taken back first."""
        self._take_back()
        self._document(amount, "invoice", None)
        self._settle()

    def taken_back(self, _amount: Decimal) -> None:
        """The document that stands is taken back."""
        self._take_back()
        self._settle()

    def _take_back(self) -> None:
        corrected = {due.corrects for due in self.ledger.dues}
        for due in self.ledger.dues:
            if due.kind == "invoice" and due.document_id not in corrected:
                self._document(due.total_incl_vat, "credit_note", due.document_id)

    def _document(self, amount: Decimal, kind: str, corrects: str | None) -> None:
        number = f"D{len(self.ledger.dues)}"
        due = Due(number, number, kind, ACCOUNT.contract_id, "op", "EUR", amount, DAY, DAY, corrects=corrects)  # type: ignore[arg-type]
        self.ledger = replace(self.ledger, dues=(*self.ledger.dues, due))

    def _settle(self) -> None:
        made = posting.set_off(self.ledger, ACCOUNT, self._told("kwhouse"))
        if made is not None:
            self.ledger += made

    def _told(self, source: str) -> Told:
        self.told += 1
        return Told(source, f"{self.told}", DAY, datetime(2026, 10, 1, tzinfo=UTC))  # type: ignore[arg-type]


@given(EVENTS)
def test_money_and_documents_of_a_session_meet_in_any_order(events: list[tuple[str, Decimal]]) -> None:
    session = Session()
    for name, amount in events:
        {"captured": session.captured, "issued": session.issued, "taken back": session.taken_back}[name](amount)
        assert check(session.ledger) == []
    came = sum((amount for name, amount in events if name == "captured"), ZERO)
    stands = ZERO
    for name, amount in events:
        stands = amount if name == "issued" else ZERO if name == "taken back" else stands
    for account in contracts(session.ledger):
        assert is_ad_hoc(account.contract_id)
        assert account.credit - account.owed == came - stands
        claims = [due for due in session.ledger.dues if session.ledger.open(due.document_id) > 0]
        # A claim stands open only where no money is left, of credit or of a document that was taken back.
        assert not claims or account.owed > 0
