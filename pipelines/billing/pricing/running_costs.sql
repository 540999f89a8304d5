-- The priced sessions that go on.
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
    END AS reason
FROM billing_candidates
LEFT JOIN billed_totals USING (session_id)
ORDER BY started_at DESC, session_id
