"""Which account an amount is posted to: a declared file, `accounts` of the settings, per operator.

    operators:
      O:
        receivables: "10000"
        clearing: {bank_transfer: "1200", sepa_debit: "1200", card: "1361"}
        prepaid: "1718"
        write_offs: "2400"
        dunning_fees: "2650"
        rounding: "4840"
        revenue:
          - {vat_percent: 19, account: "8400", vat_account: "1776"}
          - {vat_percent: 0, tax_category: AE, account: "8336", vat_account: "1776"}
          - {vat_percent: 7, country: AT, account: "8300", vat_account: "1771", bu_key: "2"}
        datev: {consultant: 29098, client: 55003, account_length: 4, year_begins: 1, chart: "03"}

`*` stands for every operator that is not named. The first row of `revenue` that fits rate and country holds; a row
without `country` fits every one. `clearing` is by the way that money took (`billing.payments.method`). Accounts that
are not declared are named in words by the journal, and refused by DATEV.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse.contract.ledger import METHODS
from warehouse.errors import InputError

ROLES = ("receivables", "prepaid", "write_offs", "dunning_fees", "rounding")


@dataclass(frozen=True, slots=True)
class RevenueAccount:
    """Where revenue at one VAT rate goes. `bu_key`: DATEV's tax key; empty for accounts that know their tax."""

    vat_percent: Decimal
    account: str
    vat_account: str
    country: str | None = None
    bu_key: str = ""
    tax_category: str | None = None


@dataclass(frozen=True, slots=True)
class Datev:
    """What DATEV's header says: numbers of consultant and client, digits of accounts, the year's first month."""

    consultant: int
    client: int
    account_length: int = 4
    year_begins: int = 1
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one operator; `roles`: by `billing.movement_postings.role`."""

    roles: Mapping[str, str]
    revenue: tuple[RevenueAccount, ...] = ()
    datev: Datev | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts of all operators, and the file's text; None: none were declared."""

    text: str | None = None
    operators: Mapping[str, Accounts] = field(default_factory=dict)

    def of(self, operator_id: str) -> Accounts | None:
        return self.operators.get(operator_id) or self.operators.get("*")


def read_accounts(path: Path | None) -> Chart:
    """The declared accounts. Raises `InputError` naming what is wrong in the file."""
    if path is None:
        return Chart()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The accounts file {path} cannot be read: {error}.") from error
    return parse_accounts(text, str(path))


def parse_accounts(text: str, name: str) -> Chart:
    """The accounts that `text` declares. Raises `InputError` naming what is wrong in the file called `name`."""
    try:
        operators = yaml.safe_load(text)["operators"]
        return Chart(text, {str(operator): _accounts(entry) for operator, entry in operators.items()})
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise InputError(
            f"The accounts file {name} is not as it should be ({type(error).__name__}: {error}); "
            "docs/how-to/finance.md has an example."
        ) from error


def _accounts(entry: dict[str, Any]) -> Accounts:
    revenue = tuple(
        RevenueAccount(
            Decimal(str(row["vat_percent"])),
            str(row["account"]),
            str(row["vat_account"]),
            row.get("country"),
            str(row.get("bu_key", "")),
            row.get("tax_category"),
        )
        for row in entry["revenue"]
    )
    clearing = entry.get("clearing") or {}
    if unknown := sorted(set(clearing) - set(METHODS)):
        raise ValueError(f"clearing: {unknown[0]} is no way that money takes; there are {', '.join(METHODS)}")
    roles = {
        "receivables": str(entry["receivables"]),
        **{name: str(entry[name]) for name in ROLES if entry.get(name) is not None},
        **{f"clearing_{method}": str(account) for method, account in clearing.items()},
    }
    datev = entry.get("datev")
    return Accounts(roles, revenue, None if datev is None else _datev(datev))


def _datev(entry: dict[str, Any]) -> Datev:
    found = Datev(
        int(entry["consultant"]),
        int(entry["client"]),
        int(entry.get("account_length", 4)),
        int(entry.get("year_begins", 1)),
        str(entry.get("chart", "")),
    )
    if not (1001 <= found.consultant <= 9_999_999 and 1 <= found.client <= 99_999):
        raise ValueError("consultant is between 1001 and 9999999, client between 1 and 99999")
    if not (4 <= found.account_length <= 8 and 1 <= found.year_begins <= 12):
        raise ValueError("account_length is between 4 and 8, year_begins a month")
    return found


def load(con: duckdb.DuckDBPyConnection, chart: Chart) -> None:
    """Make the temporary tables `role_accounts` and `revenue_accounts`, which extracts join."""
    con.execute("CREATE OR REPLACE TEMP TABLE role_accounts (operator_id VARCHAR, role VARCHAR, account VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE revenue_accounts (operator_id VARCHAR, place INTEGER, vat_percent DECIMAL(7, 4),"
        " country_code VARCHAR, account VARCHAR, vat_account VARCHAR, bu_key VARCHAR, tax_category VARCHAR)"
    )
    for name, accounts in chart.operators.items():
        for role, account in accounts.roles.items():
            con.execute("INSERT INTO role_accounts VALUES (?, ?, ?)", [name, role, account])
        for place, row in enumerate(accounts.revenue):
            con.execute(
                "INSERT INTO revenue_accounts VALUES (?, ?, CAST(? AS DECIMAL(7, 4)), ?, ?, ?, ?, ?)",
                [
                    name,
                    place,
                    str(row.vat_percent),
                    row.country,
                    row.account,
                    row.vat_account,
                    row.bu_key,
                    row.tax_category,
                ],
            )
