"""Asset checks: what the contract declares of each table, and that energy is conserved between them."""

# No postponed annotations here: Dagster reads the type of `context` at import.
from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines.catalog import STAGES
from pipelines.checks import ACROSS_TABLES
from pipelines.defs.metadata import key
from pipelines.defs.workspace import Workspace
from warehouse.contract import LAKE_TABLES, Table, ops, raw
from warehouse.contract.checks import Check, checks_of

ASSETS = {table.full_name for stage in STAGES for table in stage.outputs} | {
    table.full_name for table in (*raw.TABLES, ops.LANDED_FILES, ops.REGISTRY_HISTORY, ops.FAULTS)
}


def _checks_asset(table: Table, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"checks_of_{table.schema}_{table.name}",
        specs=[dg.AssetCheckSpec(check.name, asset=key(table), description=check.about) for check in checks],
        required_resource_keys={"workspace"},
    )
    def run(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        space: Workspace = context.resources.workspace
        for check in checks:
            row = space.lake.con.execute(check.sql).fetchone()
            broken = int(row[0]) if row else 0
            yield dg.AssetCheckResult(
                asset_key=key(table), check_name=check.name, passed=broken == 0, metadata={"broken": broken}
            )

    return run


def all_checks() -> list[dg.AssetChecksDefinition]:
    """One step a table, with all its checks."""
    return [
        _checks_asset(table, [*checks_of(table), *(check for check in ACROSS_TABLES if check.table is table)])
        for table in LAKE_TABLES
        if table.full_name in ASSETS
    ]


@dg.definitions
def checks() -> dg.Definitions:
    return dg.Definitions(asset_checks=all_checks())
