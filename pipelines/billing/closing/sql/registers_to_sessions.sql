-- What the registers told at begin and end of each session, beside its energy.
WITH sessions AS (
    SELECT
        session_id,
        site_id,
        CASE WHEN energy_source IN ('registers', 'periodic_registers', 'signed') THEN end_register_wh - begin_register_wh
        END AS register_wh,
        energy_wh,
        len(flags) > 0 OR grade <> 'ok' AS is_flagged
    FROM month_sessions
),
told AS (
    SELECT
        session_id,
        site_id,
        coalesce(register_wh, 0) AS register_wh,
        energy_wh,
        CASE
            WHEN coalesce(register_wh, 0) = energy_wh THEN NULL
            WHEN register_wh IS NULL THEN 'no_registers'
            WHEN is_flagged THEN 'flagged_registers'
            ELSE 'registers_differ'
        END AS reason
    FROM sessions
)
SELECT
    site_id,
    'Wh' AS unit,
    reason,
    reason IS DISTINCT FROM 'registers_differ' AS explained,
    sum(register_wh) AS left_sum,
    sum(energy_wh) AS right_sum,
    count(*) AS entries,
    min(session_id, 20) AS ids
FROM told
GROUP BY ALL
