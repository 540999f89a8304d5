"""Drafts as they stand in the lake, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.billing.documents.model import arranged
from pipelines.stages import sql
from warehouse.store import Lake

_HERE = Path(__file__).parent
# Drafts whose lines are read at once: bounds the memory of a run over a large network.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Component:
    """One priced component behind a line. `price`: of one `quantity_unit`; `element_no` None: a price bound."""

    dimension: str
    quantity: Decimal
    quantity_unit: str
    price: Decimal
    element_no: int | None


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of a draft (`billing.invoice_draft_lines`) with what describes it; times are local to the site."""

    line_no: int
    kind: str
    cdr_id: str | None
    session_id: str | None
    site_id: str | None
    started_at: datetime | None
    subscription_id: str | None
    cost_centre: str | None
    energy_wh: Decimal
    vat_percent: Decimal | None
    amount_excl_vat: Decimal
    site: str | None
    station_id: str | None
    local_start: datetime | None
    local_end: datetime | None
    tariff_id: str | None
    tariff_version: int | None
    plan: str | None
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an invoice would say now. `standing`: number of the document that says an older state of it.

    `tax_category`: AE, E or O where no VAT is charged, as declared when it was drafted.
    Without lines nothing is to be billed any more, and the standing document is only taken back.
    """

    draft_id: str
    contract_id: str
    operator_id: str
    month: date
    currency: str
    sessions: int
    energy_wh: Decimal
    lines_hash: str
    standing: str | None
    lines: tuple[DraftLine, ...]
    tax_category: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which drafts: None means any."""

    operator_id: str | None = None
    month: date | None = None
    contract_id: str | None = None
    draft_ids: tuple[str, ...] | None = None

    def parameters(self) -> dict[str, object]:
        """Named parameters of the SQL."""
        return {
            "operator_id": self.operator_id,
            "month": self.month,
            "contract_id": self.contract_id,
            "draft_ids": None if self.draft_ids is None else list(self.draft_ids),
        }


def read_drafts(lake: Lake, wanted: Wanted) -> Iterator[Draft]:
    """Drafts to issue (`billing.due_documents`), those that are gone while a document stands last.

    Read them within `lake.read()`, so that heads and lines are of one snapshot.
    """
    heads = _rows(lake, "drafts", wanted.parameters())
    for begin in range(0, len(heads), BATCH):
        batch = heads[begin : begin + BATCH]
        lines = _lines(lake, [str(head["draft_id"]) for head in batch])
        for head in batch:
            yield Draft(**head, lines=arranged(lines.get(head["draft_id"], ())))


def _lines(lake: Lake, draft_ids: Sequence[str]) -> dict[str, list[DraftLine]]:
    found: dict[str, list[DraftLine]] = {}
    for row in _rows(lake, "draft_lines", {"draft_ids": list(draft_ids)}):
        draft_id = row.pop("draft_id")
        components = tuple(Component(**component) for component in row.pop("components"))
        found.setdefault(draft_id, []).append(DraftLine(**row, components=components))
    return found


def _rows(lake: Lake, name: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    found = lake.con.execute(sql(_HERE / f"{name}.sql"), parameters)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
