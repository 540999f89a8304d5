-- Each session of the month has a CDR of its energy, or a reason why there is none.
WITH unpriced AS (
    SELECT session_id, CAST(evidence AS JSON) ->> 'reason' AS unpriced_reason
    FROM ops.faults
    WHERE kind = 'unpriced'
),
joined AS (
    SELECT
        coalesce(sessions.session_id, cdrs.session_id) AS session_id,
        coalesce(sessions.site_id, cdrs.site_id) AS site_id,
        coalesce(sessions.energy_wh, 0) AS session_wh,
        coalesce(cdrs.energy_wh, 0) AS cdr_wh,
        CASE
            WHEN sessions.session_id IS NULL THEN 'cdr_without_session'
            WHEN cdrs.cdr_id IS NOT NULL THEN CASE
                WHEN sessions.energy_wh IS NOT DISTINCT FROM cdrs.energy_wh THEN NULL
                WHEN signed.billable AND signed.energy_wh = cdrs.energy_wh THEN 'signed'
                ELSE 'energy_differs'
            END
            WHEN sessions.state = 'active' THEN 'active'
            WHEN unpriced_reason = 'held' THEN 'held'
            WHEN unpriced_reason IS NOT NULL THEN 'unpriced_' || unpriced_reason
            WHEN sessions.grade = 'unbillable' THEN 'unbillable'
            ELSE 'not_priced_yet'
        END AS reason
    FROM month_sessions AS sessions
    FULL JOIN month_cdrs AS cdrs USING (session_id)
    LEFT JOIN unpriced USING (session_id)
    LEFT JOIN core.signed_sessions AS signed USING (session_id)
)
SELECT
    site_id,
    'Wh' AS unit,
    reason,
    reason IS NULL OR reason NOT IN ('cdr_without_session', 'energy_differs', 'not_priced_yet') AS explained,
    sum(session_wh) AS left_sum,
    sum(cdr_wh) AS right_sum,
    count(*) AS entries,
    min(session_id, 20) AS ids
FROM joined
GROUP BY ALL
