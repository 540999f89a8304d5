"""What Dagster's pages show of a table: from the contract, and counted when it was written."""

from __future__ import annotations

import dagster as dg

from pipelines.stages import StageResult
from warehouse.contract import Table
from warehouse.contract.ddl import comment
from warehouse.store import Lake


def key(table: Table) -> dg.AssetKey:
    """The asset key is the table's name."""
    return dg.AssetKey([table.schema, table.name])


def spec(table: Table, *, inputs: tuple[Table, ...] = ()) -> dg.AssetSpec:
    """An asset for `table` with its columns, made from `inputs`."""
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            comment(column),
            dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (column.name,)),
        )
        for column in table.columns
    ]
    return dg.AssetSpec(
        key(table),
        deps=[key(source) for source in inputs],
        description=f"One row: {table.grain}.",
        group_name=table.schema,
        kinds={"duckdb"},
        metadata={"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": table.full_name},
    )


def written(lake: Lake, table: Table, result: StageResult) -> dict[str, dg.MetadataValue]:
    """Figures of one materialization. The total is counted only where rows were written."""
    figures: dict[str, dg.MetadataValue] = {
        "rows_written": dg.MetadataValue.int(result.rows.get(table.full_name, 0)),
        "seconds": dg.MetadataValue.float(round(result.seconds, 3)),
    }
    if result.rows:
        total = lake.con.execute(f"SELECT count(*) FROM {table.full_name}").fetchone()  # noqa: S608
        figures["dagster/row_count"] = dg.MetadataValue.int(total[0] if total else 0)
        figures["snapshot"] = dg.MetadataValue.int(lake.snapshot())
    return figures
