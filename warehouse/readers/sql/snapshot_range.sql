-- The oldest snapshot that is kept and has the table, and the newest.
SELECT
    greatest((SELECT min(snapshot_id) FROM __ducklake_metadata_lake.ducklake_snapshot), tables.begin_snapshot)::BIGINT AS first,
    (SELECT id FROM ducklake_current_snapshot('lake'))::BIGINT AS last
FROM __ducklake_metadata_lake.ducklake_table AS tables
JOIN __ducklake_metadata_lake.ducklake_schema AS schemas USING (schema_id)
WHERE schema_name = 'core' AND table_name = 'sessions' AND tables.end_snapshot IS NULL
ORDER BY tables.begin_snapshot DESC
LIMIT 1
