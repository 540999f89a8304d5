"""What the pages of a driver's phone ask and do: the one object that the HTTP API is handed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipelines.billing.cards import pages
from pipelines.billing.documents import formats
from pipelines.billing.documents.model import Language
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.issuing.archive import issued_document
from pipelines.billing.ledger.ad_hoc import account_of_session
from pipelines.billing.payments import records as payments_kept
from pipelines.billing.payments.errors import PaymentMisconfigured
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.service import PaymentService, hold_amount
from pipelines.billing.payments.webhooks import Taken
from pipelines.billing.pricing.running import RunningCost
from pipelines.billing.starts import records
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.figures import Figures
from pipelines.billing.starts.flow import Refusal, Starts, Wanted
from pipelines.billing.starts.model import Start
from pipelines.billing.starts.place import Evse, contract_at, contracts_of, evse_at
from pipelines.billing.starts.prices import Spot
from pipelines.billing.starts.showing import Charge, Invoice, Past, Place, charge_shown, kwh, place_shown
from pipelines.billing.tariffs.model import Tariff
from pipelines.billing.tariffs.posted import posted
from warehouse.errors import CannotStart
from warehouse.settings import Settings
from warehouse.state import table
from warehouse.store.apart import LakeApart

_MOST_PAST = 30


def _now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """Places, charges and receipts for the pages of a phone. `refusal`: as in `Starts`."""

    def __init__(
        self,
        settings: Settings,
        service: PaymentService,
        lake: LakeApart,
        refusal: Refusal,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._settings, self._engine, self._now = settings, service.engine, now
        self._service = service
        self.starts = Starts(service.engine, service.payments, now, refusal)
        self._figures = Figures(lake, service.engine, now)

    def webhook(self, payload: bytes, signature: str | None) -> Taken:
        """Take in a webhook of the payment provider, as `PaymentService.webhook`; what was paid by it begins."""
        taken = self._service.webhook(payload, signature)
        self.starts.begin_paid()
        return taken

    def place(self, station_id: str, evse_id: int, driver_id: str | None, language: Language) -> Place | None:
        """The page of an EVSE; None where there is none in service."""
        evse = evse_at(self._engine, station_id, evse_id, self._now())
        if evse is None:
            return None
        contract_id = self._contract(evse, driver_id)
        tariff = self._tariff(evse, contract_id)
        prices = posted(tariff, language) if isinstance(tariff, Tariff) else None
        return place_shown(evse, prices, contract_id, self._hold(evse), language)

    def begin(
        self, page_token: str, station_id: str, evse_id: int, driver_id: str | None, payer_email: str | None
    ) -> str | None:
        """Begin to charge; gives the path where the phone goes on: to pay, or to the charge. None: no such EVSE.

        Raises `CannotStart` where nobody can begin so.
        """
        evse = evse_at(self._engine, station_id, evse_id, self._now())
        if evse is None:
            return None
        contract_id = self._contract(evse, driver_id)
        if records.find(self._engine, page_token=page_token) is None:
            self._refuse(evse, contract_id)
        hold = None if contract_id else self._hold(evse)
        start = self.starts.begin(
            Wanted(page_token, station_id, evse_id, evse.operator_id, driver_id, contract_id, hold, payer_email)
        )
        if start.state == "awaiting_payment" and start.payment_id is not None:
            return f"/pay/{payments_kept.get(self._engine, start.payment_id).pay_token}"
        return f"/s/{page_token}"

    def charge(self, page_token: str, language: Language) -> Charge | None:
        """The page of a charge, after the next steps of it were taken; None where there is none."""
        start = self.starts.of_page(page_token)
        if start is None:
            return None
        if start.session_id is None and start.state in ("charging", "ended"):
            self._figures.find()
            start = records.find(self._engine, page_token=page_token) or start
        cost = self._cost(start)
        payment = payments_kept.get(self._engine, start.payment_id) if start.payment_id else None
        evse = evse_at(self._engine, start.station_id, start.evse_id, start.made_at)
        is_stopping = start.state == "charging" and self.starts.is_stopping(start)
        rest = pages.page(self._service, payment.pay_token) if payment is not None and payment.open_minor else None
        is_rest_open = rest is not None and rest["state"] == "open"
        receipt, now, may_begin = self._receipt(start), self._now(), self.starts.may_begin(start)
        return charge_shown(start, evse, cost, payment, receipt, is_stopping, is_rest_open, may_begin, now, language)

    def stop(self, page_token: str) -> bool:
        """Stop a charge, or give it up before it begins; False where there is none."""
        start = records.find(self._engine, page_token=page_token)
        if start is not None:
            self.starts.stop(start.start_id)
        return start is not None

    def receipt(self, page_token: str) -> tuple[str, bytes] | None:
        """Number and PDF of the document of a charge that no contract pays; None while there is none."""
        start = records.find(self._engine, page_token=page_token)
        number = None if start is None else self._receipt(start)
        return None if number is None else (number, to_pdf(issued_document(self._engine, number)))

    def page_of_payment(self, pay_token: str) -> str | None:
        """The path of the charge whose money a payment page holds; None for other payments."""
        payment = payments_kept.find(self._engine, pay_token=pay_token)
        start = records.find(self._engine, payment_id=payment.payment_id) if payment else None
        return None if start is None else f"/s/{start.page_token}"

    def past(self, driver_id: str, language: Language) -> list[Past]:
        """The charges of a driver, by phone or card, the newest first: those that go on, then the priced ones."""
        begun = records.of_driver(self._engine, driver_id, _MOST_PAST)
        by_session = {start.session_id: start for start in begun if start.session_id}
        contracts = [row.contract_id for row in contracts_of(self._engine, driver_id)]
        priced = self._figures.ended(list(by_session), contracts)
        shown = {cost.session_id for cost in priced}
        sites = self._sites([*(start.station_id for start in begun), *(cost.station_id for cost in priced)])
        rows = [
            (start.made_at, self._under_way(start, sites, language)) for start in begun if start.session_id not in shown
        ]
        for cost in priced:
            start = by_session.get(cost.session_id)
            page_token = start.page_token if start is not None else None
            rows.append((cost.started_at, self._priced(cost, page_token, sites, language)))
        return [row for _, row in sorted(rows, key=lambda pair: pair[0], reverse=True)]

    def invoices(self, driver_id: str, language: Language) -> list[Invoice]:
        """Invoices of the driver's contracts that stand, the newest first."""
        return [
            Invoice(row.document_id, formats.short_day(row.issue_date, language), _amount(row, language))
            for row in self._invoices(driver_id)
        ]

    def invoice(self, driver_id: str, number: str) -> bytes | None:
        """The PDF of one of them; None for one that is not the driver's."""
        if number not in {row.document_id for row in self._invoices(driver_id)}:
            return None
        return to_pdf(issued_document(self._engine, number))

    def _invoices(self, driver_id: str) -> list[sa.Row[Any]]:
        rows = table("billing", "documents")
        contracts = [row.contract_id for row in contracts_of(self._engine, driver_id)]
        mine = rows.c.contract_id.in_(contracts) & (rows.c.kind == "invoice") & (rows.c.status == "issued")
        names = ("document_id", "issue_date", "total_incl_vat", "currency")
        query = sa.select(*(rows.c[name] for name in names)).where(mine).order_by(rows.c.issued_at.desc())
        with self._engine.connect() as connection:
            return list(connection.execute(query.limit(_MOST_PAST)))

    def _refuse(self, evse: Evse, contract_id: str | None) -> None:
        """Raises `CannotStart` where nobody can begin now, whoever pays."""
        if evse.state != "free":
            raise CannotStart(evse.state, f"EVSE {evse.evse_id} of {evse.station_id} is {evse.state}.")
        if not isinstance(self._tariff(evse, contract_id), Tariff):
            raise CannotStart("price", f"There is no price at EVSE {evse.evse_id} of {evse.station_id}.")

    def _contract(self, evse: Evse, driver_id: str | None) -> str | None:
        return None if driver_id is None else contract_at(self._engine, driver_id, evse, self._now())

    def _tariff(self, evse: Evse, contract_id: str | None) -> Tariff | str:
        return self._figures.tariff(Spot(evse.station_id, evse.site_id, evse.evse_id, evse.connector_id, contract_id))

    def _hold(self, evse: Evse) -> Money | None:
        if not self._service.can_hold:
            return None
        try:
            return hold_amount(self._settings, evse.currency)
        except PaymentMisconfigured:
            return None

    def _cost(self, start: Start) -> RunningCost | EndedCost | None:
        if start.session_id is None:
            return None
        ended = self._figures.ended([start.session_id]) if start.state == "ended" else []
        return ended[0] if ended else self._figures.running(start.session_id)

    def _receipt(self, start: Start) -> str | None:
        if start.session_id is None or start.payment_id is None:
            return None
        rows = table("billing", "documents")
        mine = sa.select(rows.c.document_id).filter_by(
            contract_id=account_of_session(start.session_id), kind="invoice", status="issued"
        )
        with self._engine.connect() as connection:
            return connection.execute(mine.order_by(rows.c.issued_at.desc()).limit(1)).scalar()

    def _sites(self, station_ids: list[str]) -> dict[str, tuple[str, ZoneInfo]]:
        stations, sites = table("registry", "stations"), table("registry", "sites")
        query = (
            sa.select(stations.c.station_id, sites.c.name, sites.c.time_zone)
            .join(sites, sites.c.site_id == stations.c.site_id)
            .where(stations.c.station_id.in_(set(station_ids)))
        )
        with self._engine.connect() as connection:
            return {station: (name, ZoneInfo(zone)) for station, name, zone in connection.execute(query)}

    def _under_way(self, start: Start, sites: dict[str, tuple[str, ZoneInfo]], language: Language) -> Past:
        site, zone = sites.get(start.station_id, (start.station_id, ZoneInfo("UTC")))
        day = formats.short_day(start.made_at.astimezone(zone).date(), language)
        return Past(day, site, None, None, start.state, start.page_token)

    def _priced(
        self, cost: EndedCost, page_token: str | None, sites: dict[str, tuple[str, ZoneInfo]], language: Language
    ) -> Past:
        site, zone = sites.get(cost.station_id, (cost.station_id, ZoneInfo("UTC")))
        day = formats.short_day(cost.started_at.astimezone(zone).date(), language)
        total = cost.total_excl_vat if cost.total_incl_vat is None else cost.total_incl_vat
        money = None if total is None else formats.money(total, cost.currency, language)
        return Past(day, site, kwh(cost.energy_wh, language), money, "ended", page_token)


def _amount(row: sa.Row[Any], language: Language) -> str:
    return formats.money(row.total_incl_vat, row.currency, language)
