-- Days whose sessions, decisions on them, CDRs or invoice lines changed; all days of a site whose declaration changed (its zone decides
-- what a day is).
WITH changed_sites AS (
    SELECT CAST(row_key AS JSON) ->> 0 AS site_id FROM new_registry_history WHERE table_name = 'sites'
),
decided AS (
    SELECT CAST(row_key AS JSON) ->> 0 AS session_id FROM new_registry_history WHERE table_name = 'session_decisions'
),
sessions AS (
    SELECT site_id, started_at FROM changed_sessions
    UNION ALL
    SELECT site_id, started_at FROM all_sessions SEMI JOIN changed_sites USING (site_id)
    UNION ALL
    SELECT site_id, started_at FROM all_sessions SEMI JOIN decided USING (session_id)
)
SELECT site_id, CAST(timezone(time_zone, started_at) AS DATE) AS local_date
FROM sessions
JOIN revenue_sites USING (site_id)
UNION
SELECT site_id, local_date FROM changed_cdrs
UNION
SELECT site_id, local_date FROM all_cdrs SEMI JOIN changed_invoice_draft_lines USING (cdr_id)
UNION
SELECT site_id, local_date FROM mart.revenue_days SEMI JOIN changed_sites USING (site_id)
