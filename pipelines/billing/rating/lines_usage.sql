-- Usage of CDRs as sent, out of one JSON text: a list of rows for each period.
SELECT
    CAST(row ->> 0 AS BIGINT) AS session_no,
    CAST(row ->> 1 AS INTEGER) AS period_no,
    CAST(row ->> 2 AS TIMESTAMPTZ) AS started_at,
    CAST(row ->> 3 AS TIMESTAMP) AS local_started_at,
    CAST(row ->> 4 AS DECIMAL(18, 6)) AS session_seconds,
    CAST(row ->> 5 AS DECIMAL(18, 6)) AS session_energy_wh,
    CAST(row ->> 6 AS DECIMAL(18, 6)) AS energy_wh,
    CAST(row ->> 7 AS DECIMAL(18, 6)) AS charging_seconds,
    CAST(row ->> 8 AS DECIMAL(18, 6)) AS parking_seconds,
    CAST(row ->> 9 AS DECIMAL(18, 6)) AS reservation_seconds,
    CAST(row ->> 10 AS DECIMAL(18, 6)) AS min_power_w,
    CAST(row ->> 11 AS DECIMAL(18, 6)) AS max_power_w,
    CAST(row ->> 12 AS DECIMAL(18, 6)) AS min_current_a,
    CAST(row ->> 13 AS DECIMAL(18, 6)) AS max_current_a,
    row ->> 14 AS reservation
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS row)
