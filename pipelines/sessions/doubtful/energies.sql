-- What each doubtful session delivered, by the best evidence there is.
WITH by_steps AS (
    SELECT
        no,
        CAST(sum(energy_wh) AS DECIMAL(18, 6)) AS energy_wh,
        sum(date_sub('millisecond', from_at, to_at)) AS charging_ms,
        max(3600000 * CAST(energy_wh AS DOUBLE) / date_sub('millisecond', from_at, to_at))
            FILTER (date_sub('second', from_at, to_at) >= 60) AS step_power_w
    FROM doubtful_steps
    GROUP BY no
),
by_register AS (
    -- One register at one time, told twice, is no evidence; begin and end are two, whatever the clock says.
    SELECT
        no,
        bool_or(falls) AS has_fallen,
        bool_or(is_implausible) AS is_implausible,
        sum(energy_wh) AS energy_wh
    FROM register_steps
    GROUP BY no
    HAVING max(to_at) > min(from_at) OR no IN (
        SELECT no FROM points GROUP BY no HAVING min(edge) = 0 AND max(edge) > 0
    )
),
ends AS (
    SELECT
        no,
        arg_min(register_wh, (at_time, edge, register_wh)) AS begin_register_wh,
        arg_min(edge, (at_time, edge, register_wh)) = 0 AS has_begin,
        arg_max(register_wh, (at_time, edge, register_wh)) AS end_register_wh,
        arg_max(edge, (at_time, edge, register_wh)) = 2 AS has_end,
        count(*) FILTER (edge = 1) AS between
    FROM points
    GROUP BY no
),
substituted AS (
    SELECT no, min(energy_source) AS energy_source FROM substitutes GROUP BY no
),
counted AS (
    SELECT no, count(DISTINCT true_at) AS readings FROM dated WHERE kind = 'sample' GROUP BY no
)
SELECT
    edges.no,
    CASE
        -- A register that fell, and nothing rising to be shown.
        WHEN by_register.has_fallen AND by_register.energy_wh = 0 THEN NULL
        WHEN by_register.no IS NOT NULL THEN coalesce(by_steps.energy_wh, 0)
        WHEN substituted.no IS NOT NULL THEN coalesce(by_steps.energy_wh, 0)
    END AS energy_wh,
    CASE
        WHEN by_register.no IS NULL THEN substituted.energy_source
        WHEN has_fallen OR NOT has_begin OR NOT has_end THEN 'periodic_registers'
        ELSE 'registers'
    END AS energy_source,
    begin_register_wh,
    CASE WHEN end_register_wh BETWEEN begin_register_wh - 1 AND begin_register_wh AND NOT coalesce(has_fallen, false)
         THEN begin_register_wh ELSE end_register_wh END AS end_register_wh,
    by_steps.charging_ms,
    by_steps.step_power_w,
    coalesce(between, 0) AS registers_between,
    coalesce(has_end, false) AS has_end,
    coalesce(has_fallen, false) AS has_fallen,
    coalesce(is_implausible, false) AS is_implausible,
    coalesce(counted.readings, 0) AS readings
FROM edges
LEFT JOIN by_steps USING (no)
LEFT JOIN by_register USING (no)
LEFT JOIN ends USING (no)
LEFT JOIN substituted USING (no)
LEFT JOIN counted USING (no)
