-- The sessions of the fleet as they truly were: who, when, how much, and what goes wrong in telling of them.
WITH drawn AS (
    SELECT
        session_no,
        session_no % $stations AS station_no,
        session_no // $stations AS round_no,
        hash(session_no, 'length') AS length_draw,
        hash(session_no, 'start') AS start_draw,
        hash(session_no, 'fault') % 1000 AS fault_draw,
        hash(session_no, 'latency') AS latency_draw,
        hash(session_no, 'token') AS token_draw,
        hash(session_no % $stations, 'power') AS power_draw
    FROM range($stations * $rounds) AS sessions (session_no)
),
placed AS (
    SELECT
        session_no,
        CAST(station_no AS INTEGER) AS station_no,
        CAST(round_no AS INTEGER) AS round_no,
        'CP' || lpad(CAST(station_no AS VARCHAR), 6, '0') AS station_id,
        station_no % 100 < $v2_percent AS is_v2,
        -- One station of each version in two hundred was silent and sends everything later.
        station_no % 200 IN (7, 150) AS is_late,
        CAST(1 + round_no % 2 AS INTEGER) AS connector_id,
        CAST(28 + length_draw % 37 AS INTEGER) AS readings,
        list_extract([3680, 7360, 11040, 22080, 50000, 149500], CAST(1 + power_draw % 6 AS INTEGER)) AS power_w,
        -- A round is half a day: all its sessions have ended, and their last frames have come, before the next.
        CAST($first_day AS TIMESTAMP) + to_hours(CAST(12 * round_no AS BIGINT))
            + to_seconds(CAST(start_draw % 36000 AS BIGINT)) AS started_at,
        to_milliseconds(CAST(100 + latency_draw % 800 AS BIGINT)) AS latency,
        'TAG' || lpad(CAST(token_draw % greatest(10, 4 * $stations) AS VARCHAR), 6, '0') AS id_tag,
        CAST(90 + length_draw // 37 % 10 AS INTEGER) AS power_percent,
        CASE
            WHEN NOT $faults THEN NULL
            WHEN fault_draw < 4 THEN 'repeated_stop'
            WHEN fault_draw < 8 THEN 'late_reading'
            -- The next start on the connector comes two rounds later.
            WHEN fault_draw < 12 AND round_no < $rounds - 2 THEN 'missing_stop'
            WHEN fault_draw BETWEEN 12 AND 14 AND round_no >= 2 THEN 'reused_id'
        END AS fault,
        fault_draw BETWEEN 500 AND 501 AS has_status_fault,
        fault_draw BETWEEN 600 AND 604 AS has_call_error
    FROM drawn
),
charged AS (
    SELECT *, CAST(power_w * power_percent * readings // 6000 AS BIGINT) AS energy_wh FROM placed
),
numbered AS (
    SELECT
        *,
        session_no - CASE WHEN fault = 'reused_id' THEN 2 * $stations ELSE 0 END AS id_source,
        -- A lifetime register for each connector, going on over its sessions.
        1000 * (1 + station_no) + CAST(coalesce(sum(energy_wh) OVER (
            PARTITION BY station_no, connector_id ORDER BY round_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS register_wh
    FROM charged
)
SELECT
    *,
    CASE WHEN is_v2 THEN CAST(CAST(md5(CAST(id_source AS VARCHAR)) AS UUID) AS VARCHAR) ELSE CAST(1000 + id_source AS VARCHAR) END AS transaction_id,
    -- Two sessions share a reused id: of neither it is said here what it must become.
    fault IS NULL AND NOT (lead(coalesce(fault, ''), 2, '') OVER (PARTITION BY station_no ORDER BY round_no) = 'reused_id')
        AS is_clean
FROM numbered
