-- One row a model and firmware that ever booted.
WITH booted AS (
    SELECT
        vendor,
        model,
        firmware,
        count(DISTINCT station_id) AS stations,
        min(received_at) AS first_seen_at,
        max(received_at) AS last_booted_at
    FROM all_boots
    SEMI JOIN touched_profiles USING (vendor, model, firmware)
    GROUP BY ALL
),
learned AS (
    SELECT
        vendor,
        model,
        firmware,
        count(*) AS sessions,
        CAST(quantile_disc(coalesce(clock_offset_seconds, 0), 0.5) AS BIGINT) AS clock_offset_seconds,
        -- With begin and end alone there is nothing to call an interval.
        CAST(quantile_disc(date_diff('second', started_at, ended_at) // (readings - 1), 0.5)
             FILTER (readings > 2 AND ended_at > started_at) AS BIGINT) AS sampling_seconds,
        count(*) FILTER (list_contains(flags, 'unit_mismatch')) AS unit_mismatches,
        max(last_received_at) AS last_session_at
    FROM profiled_sessions
    GROUP BY ALL
),
habits AS (
    SELECT
        *,
        went_on >= $agreeing * pairs AS goes_on,
        anew >= $agreeing * pairs AS begins_anew,
        boot_went_on >= $agreeing * boot_pairs AS goes_on_over_boots,
        boot_anew >= $agreeing * boot_pairs AS begins_anew_at_boots
    FROM register_habits
    WHERE pairs + boot_pairs >= $least_pairs
)
SELECT
    vendor,
    model,
    firmware,
    stations,
    coalesce(sessions, 0) AS sessions,
    CASE
        WHEN goes_on AND goes_on_over_boots THEN 'lifetime'
        -- Only ever seen after a boot: both habits look like that.
        WHEN pairs = 0 AND begins_anew_at_boots THEN NULL
        WHEN begins_anew AND begins_anew_at_boots THEN 'per_transaction'
        WHEN goes_on AND begins_anew_at_boots THEN 'at_boot'
        WHEN pairs IS NOT NULL THEN 'mixed'
    END AS register_behaviour,
    clock_offset_seconds,
    sampling_seconds,
    coalesce(unit_mismatches, 0) AS unit_mismatches,
    first_seen_at,
    greatest(last_booted_at, last_session_at) AS last_seen_at
FROM booted
LEFT JOIN learned USING (vendor, model, firmware)
LEFT JOIN habits USING (vendor, model, firmware)
