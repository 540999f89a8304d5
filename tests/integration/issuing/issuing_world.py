"""A World whose drafts can be issued: seller, buyers and their contracts stand in the state database too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.billing.issuing.drafts import Wanted
from pipelines.billing.issuing.issue import IssueReport, issue
from tests.homes import new_home
from tests.integration.billing_world import OPEN, World
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

NOW = datetime(2019, 6, 3, 9, 0, tzinfo=UTC)
SELLER = {
    "operator_id": "O",
    "name": "kWhouse GmbH",
    "country_code": "DE",
    "party_id": "KWH",
    "vat_id": "DE136695976",
    "street": "Ladeweg 1",
    "post_code": "10115",
    "city": "Berlin",
    "time_zone": "Europe/Berlin",
    "legal_id": "HRB 1",
    "email": "billing@kwhouse.example",
    "iban": "DE89370400440532013000",
    "invoice_series": "KWH",
}
BUYER = {
    "name": "Ada Example",
    "email": "ada@example.org",
    "street": "Hauptstr. 2",
    "post_code": "20095",
    "city": "Hamburg",
    "country_code": "DE",
}


class IssuingWorld(World):
    """World with an engine on its state database; `declare` puts registry rows there."""

    engine: sa.Engine

    def declare(self, registry_table: str, /, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table("registry", registry_table)), values)

    def people(self, *contracts: str) -> IssuingWorld:
        """The operator, and a driver of each contract."""
        self.declare("operators", **SELLER)
        self.declare(
            "sites",
            site_id="site",
            operator_id="O",
            name="Am Hafen",
            time_zone="Europe/Berlin",
            country_code="DE",
            currency="EUR",
        )
        for contract in contracts:
            self.declare("drivers", driver_id=f"driver of {contract}", **BUYER)
            self.declare(
                "contracts",
                contract_id=contract,
                operator_id="O",
                driver_id=f"driver of {contract}",
                currency="EUR",
                valid_from=datetime.fromisoformat(OPEN),
            )
        return self

    def issue(self, now: datetime = NOW, **wanted: Any) -> IssueReport:
        return issue(self.lake, self.engine, Wanted(**wanted), clock=lambda: now, by="tester")

    def documents(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT document_id, kind, status, total_incl_vat, corrects FROM billing.documents ORDER BY series, serial"
        )


@contextmanager
def issuing_world(home: Path, **settings_given: Any) -> Iterator[IssuingWorld]:
    settings = Settings(home=new_home(home), **settings_given)
    engine = open_state(settings)
    with open_lake(settings) as lake:
        world = IssuingWorld(lake)
        world.engine = engine
        yield world
    engine.dispose()
