WITH days AS (
    SELECT *, local_date >= $first AS within
    FROM mart.site_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $before AND $last
),
sums AS (
    SELECT
        within,
        sum(sessions_started)::BIGINT AS sessions,
        sum(energy_wh) / 1000 AS energy_kwh,
        sum(open_seconds)::BIGINT AS open_seconds,
        sum(occupied_seconds)::BIGINT AS occupied_seconds,
        sum(charging_seconds)::BIGINT AS charging_seconds,
        -- A rate is of what was in service: stations that no site has registered yet are open at no time.
        sum(occupied_seconds) FILTER (open_seconds > 0)::BIGINT AS occupied_open_seconds,
        sum(charging_seconds) FILTER (open_seconds > 0)::BIGINT AS charging_open_seconds,
        sum(energy_wh) FILTER (rated_wh > 0) / 1000 AS rated_energy_kwh,
        sum(rated_wh) / 1000 AS rated_kwh,
        max(peak_load_w) / 1000 AS peak_load_kw,
        count(DISTINCT local_date) AS days_in_service
    FROM days
    GROUP BY within
),
rates AS (
    SELECT
        *,
        occupied_open_seconds / nullif(open_seconds, 0) AS occupied_utilization,
        charging_open_seconds / nullif(open_seconds, 0) AS charging_utilization,
        (occupied_open_seconds - charging_open_seconds) / nullif(open_seconds, 0) AS idle_utilization,
        rated_energy_kwh::DOUBLE / nullif(rated_kwh, 0) AS capacity_factor
    FROM sums
),
covered AS (
    SELECT min(local_date) <= $before AS wholly
    FROM mart.site_days
    WHERE list_contains($sites, site_id)
),
earlier AS (
    SELECT rates.* FROM rates CROSS JOIN covered WHERE NOT within AND wholly
)
SELECT
    now.sessions,
    now.energy_kwh::DOUBLE AS energy_kwh,
    now.open_seconds / 3600 AS open_hours,
    now.occupied_seconds / 3600 AS occupied_hours,
    now.charging_seconds / 3600 AS charging_hours,
    now.rated_kwh::DOUBLE AS rated_kwh,
    now.peak_load_kw::DOUBLE AS peak_load_kw,
    now.occupied_utilization,
    now.charging_utilization,
    now.idle_utilization,
    now.capacity_factor,
    now.energy_kwh::DOUBLE / nullif(now.days_in_service, 0) AS energy_kwh_per_day,
    now.energy_kwh::DOUBLE / nullif(now.sessions, 0) AS energy_kwh_per_session,
    now.sessions / nullif(earlier.sessions, 0) - 1 AS sessions_change,
    (now.energy_kwh / nullif(earlier.energy_kwh, 0) - 1)::DOUBLE AS energy_change,
    now.occupied_utilization - earlier.occupied_utilization AS occupied_change_points,
    now.charging_utilization - earlier.charging_utilization AS charging_change_points,
    now.idle_utilization - earlier.idle_utilization AS idle_change_points,
    now.capacity_factor - earlier.capacity_factor AS capacity_change_points
FROM rates AS now
LEFT JOIN earlier ON true
WHERE now.within
