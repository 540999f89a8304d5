-- One row a session: what it delivered, by which evidence, and what is odd about it.
WITH flows AS (
    SELECT
        session_id,
        CAST(sum(energy_wh) AS DECIMAL(18, 6)) AS energy_wh,
        CAST(round(sum(date_sub('millisecond', from_at, to_at)) FILTER (measured) / 1000) AS BIGINT)
            AS charging_seconds,
        -- Shorter steps are dominated by the resolution of the register.
        max(3600000 * CAST(energy_wh AS DOUBLE) / date_sub('millisecond', from_at, to_at))
            FILTER (date_sub('second', from_at, to_at) >= 60) AS step_power_w,
        bool_or(is_implausible) AS has_implausible_step
    FROM energy_step_rows
    GROUP BY session_id
),
figures AS (
    SELECT
        session_frame.* EXCLUDE (last_received_at),
        registers.* EXCLUDE (session_id),
        date_sub('second', started_at, ended_at) AS duration_seconds,
        greatest(date_sub('second', started_at, evidence_until), 0) AS known_seconds,
        CASE WHEN end_register_wh = begin_register_wh THEN 0 ELSE flows.energy_wh END AS energy_wh,
        CASE WHEN has_readings AND evidence_until >= started_at THEN coalesce(flows.charging_seconds, 0) END AS charging_seconds,
        flows.step_power_w,
        coalesce(flows.has_implausible_step, false) AS has_implausible_step,
        end_register_wh < begin_register_wh AS register_decreased,
        count(*) OVER (PARTITION BY station_id, evse_id, date_trunc('second', started_at)) AS starts_in_second
    FROM session_frame
    JOIN registers USING (session_id)
    LEFT JOIN flows USING (session_id)
),
judged AS (
    SELECT
        *,
        -- Mean power above the rating: the check of the whole session, from its begin to its end.
        CAST(energy_wh AS DOUBLE) > most_wh AS over_rating,
        CAST(energy_wh AS DOUBLE) > most_wh + 100 AS implausible_session
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
        list_sort(list_filter([
            -- Faults: they decide the grade.
            CASE WHEN has_implausible_step OR implausible_session THEN 'implausible_power' END,
            CASE WHEN register_decreased THEN 'register_decreased' END,
            CASE WHEN ended_at IS NOT NULL AND energy_wh IS NULL AND NOT coalesce(register_decreased, false)
                 THEN 'no_registers' END,
            -- One plug takes one vehicle: of two starts in the same second, one did not happen so.
            CASE WHEN starts_in_second > 1 THEN 'simultaneous_start' END,
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
        ], lambda flag: flag IS NOT NULL)) AS flags
    FROM judged
)
SELECT
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
    CASE WHEN ended_at IS NULL THEN 'active' ELSE 'completed' END AS state,
    energy_wh,
    CASE WHEN energy_wh IS NULL THEN NULL WHEN both_edges THEN 'registers' ELSE 'periodic_registers' END
        AS energy_source,
    begin_register_wh,
    end_register_wh,
    charging_seconds,
    CASE WHEN charging_seconds IS NOT NULL THEN greatest(known_seconds - charging_seconds, 0) END AS idle_seconds,
    CAST(greatest(step_power_w, power_w) AS DECIMAL(18, 3)) AS max_power_w,
    stop_reason,
    CASE
        WHEN list_has_any(flags, $unbillable) THEN 'unbillable'
        WHEN list_has_any(flags, $suspect) THEN 'suspect'
        ELSE 'ok'
    END AS grade,
    flags,
    origin,
    last_received_at
FROM flagged
