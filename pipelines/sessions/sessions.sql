-- One row a session: where it was, what it delivered and by which evidence, what is odd about it, and its grade.
WITH simultaneous AS (
    -- Of what stations told themselves: records of other systems may tell the same session again.
    SELECT station_id, evse_id, second_of(started_at) AS start_second
    FROM measured_sessions
    WHERE readings IS NOT NULL
    GROUP BY ALL
    HAVING count(*) > 1
),
figures AS (
    SELECT
        measured_sessions.*,
        coalesce(stations.site_id, 'unregistered') AS site_id,
        unplugged.unplugged_at,
        date_sub('second', started_at, ended_at) AS duration_seconds,
        greatest(date_sub('second', started_at, known_until), 0) AS known_seconds,
        greatest(date_sub('second', started_at, greatest(known_until, unplugged.unplugged_at)), 0) AS plugged_seconds,
        readings IS NOT NULL AND simultaneous.station_id IS NOT NULL AS starts_with_another
    FROM measured_sessions
    LEFT JOIN registry.stations AS stations USING (station_id)
    LEFT JOIN unplugged USING (session_id)
    LEFT JOIN simultaneous
        ON simultaneous.station_id = measured_sessions.station_id
        AND simultaneous.evse_id IS NOT DISTINCT FROM measured_sessions.evse_id
        AND simultaneous.start_second = second_of(started_at)
),
judged AS (
    SELECT
        *,
        -- Mean power above the rating: the check of the whole session, from its begin to its end.
        coalesce(CAST(energy_wh AS DOUBLE) > most_wh, false) AS over_rating,
        coalesce(CAST(energy_wh AS DOUBLE) > most_wh + 100, false) AS implausible_session,
        list_has_any(faults, ['register_decreased', 'missing_start']) AS energy_explained
    FROM (
        SELECT
            *,
            CASE WHEN duration_seconds >= 0
                 THEN 1.1 * coalesce(rated_power_w, 1000000)::DOUBLE * duration_seconds / 3600 END AS most_wh
        FROM figures
    )
),
flagged AS (
    SELECT
        *,
        list_sort(list_distinct(faults || list_filter([
            -- Faults that only the whole session shows: they decide the grade.
            CASE WHEN implausible_session THEN 'implausible_power' END,
            CASE WHEN ended_at IS NOT NULL AND energy_wh IS NULL AND NOT energy_explained THEN 'no_registers' END,
            -- One plug takes one vehicle: of two starts in the same second, one did not happen so.
            CASE WHEN starts_with_another AND NOT list_contains(faults, 'reused_transaction_id')
                 THEN 'simultaneous_start' END,
            -- Checks: they tell, and never change the grade.
            CASE WHEN duration_seconds < 0 THEN 'negative_duration' END,
            CASE WHEN duration_seconds BETWEEN 0 AND 59 OR (duration_seconds BETWEEN 60 AND 119 AND energy_wh > 0)
                 THEN 'short_session' END,
            CASE WHEN known_seconds > 48 * 3600 THEN 'long_session' END,
            CASE WHEN charging_seconds > 24 * 3600 THEN 'long_charging' END,
            CASE WHEN charging_seconds > known_seconds THEN 'charging_exceeds_session' END,
            CASE WHEN ended_at IS NOT NULL AND energy_wh = 0 THEN 'no_energy' END,
            CASE WHEN ended_at IS NOT NULL AND energy_wh > 0 AND energy_wh < 500 THEN 'low_energy' END,
            CASE WHEN energy_wh > 250000 THEN 'high_energy' END,
            CASE WHEN over_rating THEN 'mean_power_over_rating' END,
            CASE WHEN started_at < TIMESTAMPTZ '2017-01-01 00:00:00+00' THEN 'before_2017' END,
            CASE WHEN id_token IS NULL THEN 'no_token' END
        ], lambda flag: flag IS NOT NULL))) AS flags
    FROM judged
)
SELECT
    row_no,
    session_id,
    station_id,
    site_id,
    evse_id,
    connector_id,
    transaction_id,
    external_session_id,
    id_token,
    started_at,
    ended_at,
    state,
    energy_wh,
    energy_source,
    begin_register_wh,
    end_register_wh,
    charging_seconds,
    CASE WHEN charging_seconds IS NOT NULL THEN greatest(plugged_seconds - charging_seconds, 0) END AS idle_seconds,
    CAST(max_power_w AS DECIMAL(18, 3)) AS max_power_w,
    stop_reason,
    unplugged_at,
    clock_offset_seconds,
    readings,
    CASE
        WHEN ended_at IS NOT NULL AND energy_wh IS NULL THEN 'unbillable'
        WHEN list_has_any(flags, $suspect) THEN 'suspect'
        ELSE 'ok'
    END AS grade,
    flags,
    origin,
    last_received_at
FROM flagged
