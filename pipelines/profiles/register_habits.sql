-- How the register went from one session to the next on a connector, counted by model and firmware: did it go on, or
-- begin anew, and had the station booted in between?
WITH pairs AS (
    SELECT
        vendor,
        model,
        firmware,
        begin_register_wh,
        lag(end_register_wh) OVER turns AS before_wh,
        booted_at > lag(ended_at) OVER turns AS booted
    FROM profiled_sessions
    WINDOW turns AS (
        PARTITION BY vendor, model, firmware, station_id, evse_id, connector_id ORDER BY started_at, session_id
    )
)
SELECT
    vendor,
    model,
    firmware,
    count(*) FILTER (NOT booted) AS pairs,
    count(*) FILTER (NOT booted AND begin_register_wh >= before_wh) AS went_on,
    count(*) FILTER (NOT booted AND begin_register_wh < before_wh AND begin_register_wh <= $anew_wh) AS anew,
    count(*) FILTER (booted) AS boot_pairs,
    count(*) FILTER (booted AND begin_register_wh >= before_wh) AS boot_went_on,
    count(*) FILTER (booted AND begin_register_wh < before_wh AND begin_register_wh <= $anew_wh) AS boot_anew
FROM pairs
-- A register that ended at 0 would look the same either way.
WHERE before_wh > 0 AND begin_register_wh IS NOT NULL AND booted IS NOT NULL
GROUP BY ALL
