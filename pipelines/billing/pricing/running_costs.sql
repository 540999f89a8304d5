-- The priced sessions that go on.
WITH newest AS (
    SELECT session_id, CAST(energy_wh / nullif(epoch(to_at - from_at), 0) * 3600 AS DECIMAL(18, 3)) AS power_w
    FROM all_energy_steps
    SEMI JOIN billing_touched USING (session_id)
    QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY step_no DESC) = 1
)
SELECT
    session_id,
    station_id,
    started_at,
    ended_at,
    energy_wh,
    tariff_id,
    tariff_version,
    currency,
    total_excl_vat,
    total_incl_vat,
    CASE
        WHEN reason IS NOT NULL THEN reason[2]
        WHEN NOT coalesce(has_element, false) THEN 'No element of the tariff matches anything of it yet.'
    END AS reason,
    power_w
FROM billing_candidates
LEFT JOIN billed_totals USING (session_id)
LEFT JOIN newest USING (session_id)
ORDER BY started_at DESC, session_id
