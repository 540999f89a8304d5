-- One row a transaction of which anything was read: what has just been written of its energy and power.
WITH grouped AS (
    SELECT
        station_id,
        transaction_id,
        min(evse_id) FILTER (tells) AS least_evse_id,
        max(evse_id) FILTER (tells) AS greatest_evse_id,
        max(samples[power_place]) AS power_w,
        sum(samples[power_place]) AS power_sum_w,
        count(samples[power_place]) AS power_readings,
        coalesce(bool_or(has_other_registers), false) AS has_other_registers,
        bool_or(tells AND (
            breaks_schema IS NOT NULL OR contradicts_itself
            OR register_place IS NOT NULL AND samples[register_place] IS NULL
            OR power_place IS NOT NULL AND samples[power_place] IS NULL
            OR other_places IS NOT NULL AND list_contains(list_transform(other_places, lambda p: samples[p] IS NULL), true)
        )) AS has_defects,
        min(received_at) AS first_received_at,
        max(received_at) FILTER (tells) AS last_received_at,
        max(measured_at) FILTER (tells) AS last_measured_at
    FROM (
        SELECT *, layouts.layout_id IS NOT NULL AS tells FROM written_readings LEFT JOIN layouts USING (layout_id)
    )
    WHERE transaction_id IS NOT NULL
    GROUP BY station_id, transaction_id
)
SELECT
    run_of(station_id, transaction_id) AS run_id,
    *
FROM grouped
