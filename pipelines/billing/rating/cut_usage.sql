-- The usage of all sessions to rate.
SELECT * FROM cut_periods
UNION ALL BY NAME
SELECT
    * EXCLUDE (parking_seconds),
    CAST(parking_seconds AS DECIMAL(18, 6)) AS parking_seconds,
    CAST(0 AS DECIMAL(18, 6)) AS reservation_seconds
FROM whole_periods
