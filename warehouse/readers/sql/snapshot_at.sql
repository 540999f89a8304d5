-- The newest snapshot that was there at an instant, and when the oldest one that is kept was made.
SELECT
    max(snapshot_id) FILTER (snapshot_time::TIMESTAMPTZ <= $moment) AS snapshot_id,
    min(snapshot_time::TIMESTAMPTZ) AS oldest_at
FROM __ducklake_metadata_lake.ducklake_snapshot
