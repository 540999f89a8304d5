"""The billing world with a registry in the state database, and documents issued by hand from its drafts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.issuing.drafts import Wanted, read_drafts
from pipelines.billing.issuing.issued_cdrs import keep_issued
from tests.integration.billing_world import World
from warehouse.contract import BY_NAME
from warehouse.state import open_state, table
from warehouse.store import Lake

ISSUED_AT = datetime(2019, 6, 3, 9, tzinfo=UTC)
MAY = date(2019, 5, 1)


class ClosingWorld(World):
    """`World`, whose operator, site and contract also stand in the state database."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake)
        self.engine = open_state(lake.settings)

    def basic(self) -> ClosingWorld:
        super().basic()
        self.declare("operators", operator_id="O", country_code="DE", party_id="KWH", name="kWhouse GmbH")
        self.declare(
            "sites",
            site_id="site",
            operator_id="O",
            name="Site",
            time_zone="Europe/Berlin",
            country_code="DE",
            currency="EUR",
        )
        return self

    def declare(self, name: str, /, **row: object) -> None:
        """Insert a row of the registry."""
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table("registry", name)).values(**row))

    def session(self, session_id: str = "s1", start: str = "2019-05-10T12:00:00+00:00", **changes: object) -> None:
        """A session with the registers and the step that its energy was read from."""
        energy = changes.get("energy_wh", Decimal(10_000))
        if energy is not None:
            changes = {"begin_register_wh": Decimal(0), "end_register_wh": energy, **changes}
        seen_at = changes.pop("seen_at", None) or start
        super().session(session_id, start, **changes)
        self._changes.append(("DELETE FROM lake.core.energy_steps WHERE session_id = ?", [session_id]))
        if energy:
            self._changes.append(
                (
                    "INSERT INTO lake.core.energy_steps VALUES (?, 1, 'station', ?, 1, 1, ?, ?, ?, true)",
                    [session_id, changes.get("site_id", "site"), start, seen_at, energy],
                )
            )

    def issue(
        self, draft_id: str, *, at: datetime = ISSUED_AT, booked_month: date | None = None, series: str = "KWH-2019-"
    ) -> str:
        """Issue a draft; gives the number."""
        (row,) = self._dicts("SELECT * FROM billing.invoice_drafts WHERE invoice_id = ?", draft_id)
        lines = self._dicts("SELECT * FROM billing.invoice_draft_lines WHERE invoice_id = ?", draft_id)
        keep_issued(self.lake, list(read_drafts(self.lake, Wanted(draft_ids=(draft_id,)))), at)
        return self._document("invoice", row, lines, draft_id, at, booked_month or row["month"], series, None)

    def credit(self, document_id: str, *, at: datetime = ISSUED_AT, booked_month: date | None = None) -> str:
        """Take an invoice back; gives the credit note's number."""
        (row,) = self._dicts("SELECT * FROM billing.documents WHERE document_id = ?", document_id)
        lines = self._dicts("SELECT * FROM billing.document_lines WHERE document_id = ?", document_id)
        for name in ("energy_wh", "total_excl_vat", "total_vat", "total_incl_vat"):
            row[name] = -row[name]
        for line in lines:
            line["energy_wh"], line["amount_excl_vat"] = -line["energy_wh"], -line["amount_excl_vat"]
        number = self._document(
            "credit_note",
            row,
            lines,
            row["draft_id"],
            at,
            booked_month or row["booked_month"],
            row["series"],
            document_id,
        )
        documents, billed = table("billing", "documents"), table("billing", "billed_drafts")
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(documents).where(documents.c.document_id == document_id).values(status="credited")
            )
            connection.execute(sa.delete(billed).where(billed.c.document_id == document_id))
        return number

    def spoil(self, name: str, document_id: str, **values: object) -> dict[str, object]:
        """Change a stored document or its lines, which nobody may; gives what stood there."""
        spoiled = table("billing", name)
        with self.engine.begin() as connection:
            chosen = sa.select(*(spoiled.c[column] for column in values)).where(spoiled.c.document_id == document_id)
            before = dict(connection.execute(chosen).mappings().one())
            connection.execute(sa.update(spoiled).where(spoiled.c.document_id == document_id).values(**values))
        return before

    def _document(
        self,
        kind: str,
        row: dict[str, Any],
        lines: list[dict[str, Any]],
        draft_id: str,
        at: datetime,
        booked_month: date,
        series: str,
        corrects: str | None,
    ) -> str:
        numbers, documents = table("billing", "number_series"), table("billing", "documents")
        with self.engine.begin() as connection:
            serial = connection.execute(sa.select(numbers.c.next_serial).where(numbers.c.series == series)).scalar()
            if serial is None:
                serial = 1
                connection.execute(
                    sa.insert(numbers).values(series=series, operator_id=row["operator_id"], next_serial=1)
                )
            connection.execute(sa.update(numbers).where(numbers.c.series == series).values(next_serial=serial + 1))
            number = f"{series}{serial:04}"
            same = ("operator_id", "contract_id", "month", "currency", "sessions", "energy_wh", "total_excl_vat")
            same += ("total_vat", "total_incl_vat", "rounding", "lines_hash")
            connection.execute(
                sa.insert(documents).values(
                    document_id=number,
                    series=series,
                    serial=serial,
                    kind=kind,
                    status="issued",
                    draft_id=draft_id,
                    booked_month=booked_month,
                    issue_date=at.date(),
                    due_date=at.date(),
                    issued_at=at,
                    issued_by="test",
                    corrects=corrects,
                    snapshot=self.lake.snapshot(),
                    content=json.dumps({"number": number}),
                    content_sha256="0" * 64,
                    **{name: row[name] for name in same},
                )
            )
            columns = BY_NAME["billing.document_lines"].column_names
            connection.execute(
                sa.insert(table("billing", "document_lines")),
                [{**{name: line.get(name) for name in columns}, "document_id": number} for line in lines],
            )
            if kind == "invoice":
                billed = table("billing", "billed_drafts")
                connection.execute(sa.delete(billed).where(billed.c.draft_id == draft_id))
                connection.execute(sa.insert(billed).values(draft_id=draft_id, document_id=number))
        return number

    def _dicts(self, query: str, *values: object) -> list[dict[str, Any]]:
        answer = self.lake.con.execute(query, list(values))
        columns = [column[0] for column in answer.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
