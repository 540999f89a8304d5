"""Plans, subscriptions and agreements with owners: what the registry refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from warehouse.errors import RegistryError
from warehouse.registry import apply

pytestmark = pytest.mark.fast

PLAN = (
    "- {plan_id: p, version: 1, name: Plus, currency: NOK, monthly_fee: 49, included_kwh: 20.5, vat_percent: 25, "
    "tariff_id: day, valid_from: 2020-01-01T00:00:00Z%s}\n"
)
SECOND = (
    "- {plan_id: p, version: 2, name: Plus, currency: NOK, monthly_fee: 59, included_kwh: 20, "
    "valid_from: 2021-01-01T00:00:00Z}\n"
)
SUBSCRIPTION = "- {subscription_id: s, contract_id: c1, plan_id: p, valid_from: 2020-02-01T00:00:00Z%s}\n"
OWNERS = "- {owner_id: w, name: Wilma Example, iban: NO9386011117947}\n"
AGREEMENT = (
    "- {owner_contract_id: a, owner_id: w, site_id: north, currency: NOK, revenue_share_percent: %s, "
    "rent_per_month: %s, valid_from: 2020-01-01T00:00:00Z}\n"
)


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def reasons(engine: sa.Engine, folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as refused:
        apply(engine, folder)
    return [str(problem) for problem in refused.value.problems]


def test_sound_rows_are_taken(engine: sa.Engine, folder: Path) -> None:
    write(
        folder,
        plans=PLAN % "" + SECOND,
        subscriptions=SUBSCRIPTION % "",
        site_owners=OWNERS,
        owner_contracts=AGREEMENT % (100, 0),
    )
    assert apply(engine, folder).tables["plans"].added == 2
    assert not apply(engine, folder).changed


def test_a_plans_price_is_not_edited_in_place(engine: sa.Engine, folder: Path) -> None:
    write(folder, plans=PLAN % "" + SECOND)
    apply(engine, folder)
    write(folder, plans=(PLAN % "").replace("Plus", "Plus!").replace("20.5", "20.50").replace("49", "48") + SECOND)
    assert reasons(engine, folder) == [
        "plans.yaml:1: monthly_fee: differs from the stored version 1 of plan p, and a price is never edited in place: "
        "keep that version as it is and make version 3"
    ]
    write(folder, plans=(PLAN % ", valid_to: 2021-01-01T00:00:00Z").replace("Plus", "Plus!") + SECOND)
    assert apply(engine, folder).tables["plans"].changed == 1


def test_a_subscription_needs_a_version_all_the_time(engine: sa.Engine, folder: Path) -> None:
    ends = ", valid_to: 2020-06-01T00:00:00Z"
    write(folder, plans=PLAN % ends + SECOND, subscriptions=SUBSCRIPTION % "")
    told = "plan p has no version in force at 2020-06-01T00:00:00Z"
    assert reasons(engine, folder) == [f"subscriptions.yaml:1: plan_id: {told}"]
    write(folder, subscriptions=SUBSCRIPTION % ends)
    apply(engine, folder)
    write(folder, plans=PLAN % ", valid_to: 2020-05-01T00:00:00Z")
    (folder / "subscriptions.yaml").unlink()
    assert reasons(engine, folder) == [
        "plans.yaml: valid_to: plan p has no version in force at 2020-05-01T00:00:00Z, and is subscribed"
    ]
    write(folder, plans=SECOND)
    assert reasons(engine, folder) == [
        "plans.yaml: valid_to: plan p has no version in force at 2020-02-01T00:00:00Z, and is subscribed"
    ]


def test_amounts_below_nothing_and_shares_of_more_than_all_are_refused(engine: sa.Engine, folder: Path) -> None:
    write(
        folder,
        plans=(PLAN % "").replace("49", "-49").replace("25,", "125,").replace("day", "night"),
        site_owners=OWNERS,
        owner_contracts=AGREEMENT % (100.5, -1),
    )
    assert sorted(reason.split(": ", 1)[1] for reason in reasons(engine, folder)) == [
        "monthly_fee: -49 must be at least 0",
        "rent_per_month: -1 must be at least 0",
        "revenue_share_percent: 100.5 must be between 0 and 100",
        "tariff_id: tariffs has no tariff_id night",
        "vat_percent: 125 must be between 0 and 100",
    ]
