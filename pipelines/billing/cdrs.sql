-- One CDR per priced session. Its id is made from session and tariff version: the same one is found again.
SELECT
    md5(concat_ws('|', session_id, tariff_id, tariff_version)) AS cdr_id,
    session_id,
    country_code,
    party_id,
    site_id,
    station_id,
    contract_id,
    id_token,
    tariff_id,
    tariff_version,
    currency,
    started_at,
    ended_at,
    local_date,
    energy_wh,
    charging_seconds,
    idle_seconds AS parking_seconds,
    total_excl_vat,
    total_incl_vat,
    grade,
    decision
FROM billing_candidates
JOIN rated_totals USING (session_id)
WHERE reason IS NULL AND has_element
