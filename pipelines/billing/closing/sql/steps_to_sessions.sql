-- Energy that was seen in the month, by the registers that told it, beside the energy of the sessions that began in it.
-- A session over the month's edge has its energy in the month of its begin; here it says how much that moves.
WITH steps AS (
    SELECT
        steps.session_id,
        steps.site_id,
        sum(steps.energy_wh) FILTER (
            date_trunc('month', timezone(sites.time_zone, steps.to_at)) = CAST($month AS DATE)
        ) AS seen_wh,
        sum(steps.energy_wh) AS step_wh
    FROM core.energy_steps AS steps
    JOIN registry.sites AS sites USING (site_id)
    WHERE sites.operator_id = $operator
        -- No session lasts longer than a month at a connector that is still heard.
        AND steps.from_at >= CAST($month AS TIMESTAMPTZ) - INTERVAL 32 DAY
        AND steps.from_at < CAST($next_month AS TIMESTAMPTZ) + INTERVAL 32 DAY
    GROUP BY ALL
),
joined AS (
    SELECT
        coalesce(sessions.session_id, steps.session_id) AS session_id,
        coalesce(sessions.site_id, steps.site_id) AS site_id,
        coalesce(steps.seen_wh, 0) AS seen_wh,
        coalesce(sessions.energy_wh, 0) AS energy_wh,
        CASE
            WHEN sessions.session_id IS NULL THEN 'begun_before'
            WHEN coalesce(steps.step_wh, 0) <> sessions.energy_wh THEN 'steps_differ'
            WHEN coalesce(steps.seen_wh, 0) <> sessions.energy_wh THEN 'seen_later'
        END AS reason
    FROM month_sessions AS sessions
    FULL JOIN steps USING (session_id)
    WHERE sessions.session_id IS NOT NULL OR steps.seen_wh > 0
)
SELECT
    site_id,
    'Wh' AS unit,
    reason,
    reason IS DISTINCT FROM 'steps_differ' AS explained,
    sum(seen_wh) AS left_sum,
    sum(energy_wh) AS right_sum,
    count(*) AS entries,
    min(session_id, 20) AS ids
FROM joined
GROUP BY ALL
