-- The register of plain transactions by quarter-hour, as it was read.
SELECT plain_runs.no, quarter.*, false AS is_overlapping
FROM all_reading_quarters AS quarter
JOIN plain_runs USING (run_id)
