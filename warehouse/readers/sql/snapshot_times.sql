SELECT snapshot_id, snapshot_time FROM snapshots() WHERE snapshot_id = $snapshot_id
