"""The page on which finance sees whether a month closes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from pipelines.billing import closing
from pipelines.billing.closing import periods
from pipelines.billing.closing.close import control_sums
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.numbers import Number
from pipelines.billing.issuing.register import Act
from pipelines.billing.owners.compose import compose
from pipelines.billing.owners.dues import Wanted, read_dues
from pipelines.billing.owners.parties import terms_of
from pipelines.billing.owners.register import register
from tests import small_warehouse
from tests.app.conftest import APP, OpenPage
from warehouse.readers import documents
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

MAY = date(2025, 5, 1)


def chain(app: AppTest) -> list[dict[str, object]]:
    frame = next(shown.value for shown in app.dataframe if "adds_up" in shown.value.columns)
    rows: list[dict[str, object]] = frame.to_dict("records")
    return rows


def test_the_page_shows_the_chain_and_what_keeps_the_month_open(open_page: OpenPage, settings: Settings) -> None:
    app = open_page("close")
    assert not app.error
    assert app.title[0].value == "Month close"
    assert app.selectbox(key="close_month").value == "May 2025"
    rows = chain(app)
    assert {row["adds_up"] for row in rows} == {"✓"}
    with open_lake(settings, read_only=True) as lake:
        report = closing.status(lake, "kwh", MAY)
    assert len(rows) == len(report.chain.steps)
    (lines,) = [
        row
        for row in rows
        if "invoice lines" in str(row["step"]) and row["site_id"] == "market" and row["unit"] == "EUR"
    ]
    assert "rounding, at most half of the last digit each" in str(lines["explained_by"])
    assert "drafts not issued" in app.warning[0].value
    assert "kwhouse close 2025-05 --operator kwh" in app.warning[0].value
    assert [button.label for button in app.get("download_button")][-6:] == [
        "Invoices", "Invoice lines", "CDRs", "VAT summary", "Journal", "Revenue connectors",
    ]  # fmt: skip


def state_an_owner(settings: Settings, now: datetime) -> str:
    """Owner `W` of the market gets a rent for May, and has his statement; gives its number."""
    statement = {
        "owner_contract_id": "OC",
        "owner_id": "W",
        "site_id": "market",
        "month": MAY,
        "currency": "EUR",
        **dict.fromkeys(("revenue_excl_vat", "share_percent", "share", "vat", "sessions", "energy_wh"), 0),
        **dict.fromkeys(("rent", "total_excl_vat", "total_incl_vat"), 50),
    }
    with open_lake(settings) as lake:
        with lake.write("a statement") as con:
            marks = ", ".join("?" for _ in statement)
            names = ", ".join(statement)
            con.execute(f"INSERT INTO lake.billing.owner_statements ({names}) VALUES ({marks})", [*statement.values()])
        engine = open_state(settings)
        try:
            with engine.begin() as connection:
                place = {"street": "Kade 1", "post_code": "1011", "city": "Amsterdam"}
                connection.execute(sa.update(table("registry", "operators")).values(**place))
                owner = {"owner_id": "W", "name": "Wilma", "iban": "NL91ABNA0417164300", **place}
                connection.execute(sa.insert(table("registry", "site_owners")), owner)
            [due] = read_dues(lake, Wanted())
            with engine.connect() as connection:
                terms = terms_of(connection, "kwh", "W")

            def made(number: Number) -> Document:
                return compose(
                    due,
                    terms,
                    number=number.text,
                    series=number.series,
                    issue_date=now.date(),
                    snapshot=lake.snapshot(),
                )

            [issued] = register(engine, due, terms.series, made, Act(lambda: now, now.date(), "Ada", lake.snapshot()))
        finally:
            engine.dispose()
    return issued.document_id


def test_a_closed_month_says_so_with_its_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = small_warehouse.build(tmp_path)
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path))
    now = datetime(2025, 6, 3, 8, tzinfo=UTC)
    number = state_an_owner(settings, now)
    with open_lake(settings, read_only=True) as lake:
        closing.lock(lake, "kwh", MAY, by="Ada", now=now)
        engine = open_state(settings)
        chain_of_may = closing.reconcile(lake, engine, "kwh", MAY)
        sums = {"mark": str(chain_of_may.snapshot)} | control_sums(chain_of_may)
        periods.move(engine, "kwh", MAY, "closed", at=now, by="Ada", snapshot=chain_of_may.snapshot, control_sums=sums)
        engine.dispose()
    app = AppTest.from_file(str(APP), default_timeout=60).run().switch_page("views/close.py").run()
    assert not app.exception
    assert app.success[0].value == f"Closed on 3 Jun 2025, 08:00 UTC by Ada, snapshot {chain_of_may.snapshot}."
    assert not app.warning
    (sites,) = [shown.value for shown in app.dataframe if "session_kwh" in shown.value.columns]
    assert sites.to_dict("records")[0]["cdrs"] == str(chain_of_may.sites[0]["cdrs"])
    assert any("always the same file" in caption.value for caption in app.caption)
    (owners,) = [shown.value for shown in app.dataframe if "payout_id" in shown.value.columns]
    assert owners[["document_id", "owner_id", "status"]].to_numpy().tolist() == [[number, "W", "issued"]]
    # A statement is read as invoices are.
    with open_lake(settings, read_only=True) as lake:
        assert number in documents.content(lake, number)
