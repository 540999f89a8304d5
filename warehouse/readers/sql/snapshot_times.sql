SELECT snapshot_id, snapshot_time FROM ducklake_snapshots('lake') WHERE snapshot_id = $snapshot_id
