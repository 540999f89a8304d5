-- The register of plain transactions by quarter-hour, as it was read.
SELECT runs.no, quarter.*
FROM all_reading_quarters AS quarter
JOIN plain_runs AS runs USING (run_id)
WHERE NOT runs.is_one_of_several
