-- What the rating engine prices: charging first, the time plugged in without energy flowing after it.
SELECT session_id, 1 AS period_no, tariff_id, tariff_version,
    energy_wh, CAST(coalesce(charging_seconds, 0) AS DECIMAL(18, 6)) AS charging_seconds,
    CAST(0 AS DECIMAL(18, 6)) AS parking_seconds
FROM billing_candidates
WHERE reason IS NULL
UNION ALL
SELECT session_id, 2, tariff_id, tariff_version, 0, 0, CAST(idle_seconds AS DECIMAL(18, 6))
FROM billing_candidates
WHERE reason IS NULL AND idle_seconds > 0
