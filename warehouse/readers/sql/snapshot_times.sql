SELECT snapshot_id, snapshot_time::TIMESTAMPTZ AS snapshot_time
FROM __ducklake_metadata_lake.ducklake_snapshot
WHERE snapshot_id = $snapshot_id
