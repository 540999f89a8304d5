SELECT id AS snapshot_id
FROM ducklake_current_snapshot('lake')
